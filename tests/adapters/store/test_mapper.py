"""What was stored is read for ever, and what is stored today looks as it did yesterday.

`golden_events.jsonl` holds events as they were stored: one stream, every class at least once, every
field filled. It is only ever added to: a class that gets a field gets a new line at the end.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent

from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.errors import DamagedStoreError
from refund_adapters.store.mapper import EventMapper, NoTranscoder
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.events import Event, event_classes
from support.books import Books
from support.stores import broken_links, kept_events

STREAM = UUID(int=1)
LINES = [
    json.loads(line)
    for line in (Path(__file__).parent / "golden_events.jsonl").read_text("utf-8").splitlines()
]
GOLDEN = [
    StoredEvent(STREAM, version, line["topic"], line["state"].encode())
    for version, line in enumerate(LINES, start=1)
]
LATEST = {stored.topic: stored for stored in GOLDEN}
MAPPER = EventMapper()


@pytest.mark.parametrize("stored", GOLDEN, ids=lambda it: f"{it.topic} {it.originator_version}")
def test_an_event_of_yesterday_is_read_today(stored: StoredEvent) -> None:
    event = MAPPER.to_domain_event(stored)
    assert isinstance(event, event_classes()[stored.topic])
    assert (event.originator_id, event.originator_version) == (STREAM, stored.originator_version)
    assert event.actor == "dana"


@pytest.mark.parametrize("stored", LATEST.values(), ids=lambda stored: stored.topic)
def test_an_event_is_stored_in_the_same_bytes_as_ever(stored: StoredEvent) -> None:
    assert MAPPER.to_stored_event(MAPPER.to_domain_event(stored)) == stored


def test_every_class_has_its_golden_event() -> None:
    assert sorted(LATEST) == sorted(event_classes())


@pytest.mark.parametrize("stored", LATEST.values(), ids=lambda stored: stored.topic)
def test_a_golden_event_fills_every_field(stored: StoredEvent) -> None:
    cls = event_classes()[stored.topic]
    state = json.loads(stored.state)
    assert set(state) == set(cls.model_fields) - {"originator_id", "originator_version"}
    assert [name for name, value in state.items() if value in (None, "", [])] == []


def test_hashes_of_yesterday_are_recomputed_today() -> None:
    previous = NOTHING_BEFORE
    for stored, line in zip(GOLDEN, LINES, strict=True):
        previous = link(previous, stored)
        assert previous.hex() == line["hash"], stored.topic


def test_a_store_chains_the_golden_events_as_they_were(store: SqlStore) -> None:
    store.recorder.insert_events(GOLDEN)
    kept = kept_events(store)
    assert [own.hex() for *_, own in kept] == [line["hash"] for line in LINES]
    assert broken_links(kept) == []
    assert [event for _, event in store.events()] == [MAPPER.to_domain_event(e) for e in GOLDEN]


def test_nothing_but_whole_numbers_text_and_truth_is_stored() -> None:
    for stored in GOLDEN:
        json.loads(stored.state, parse_float=lambda number: pytest.fail(f"a float: {number}"))


def test_what_a_newer_writer_added_is_left_out() -> None:
    for stored in LATEST.values():
        newer = replace(stored, state=b'{"mood":"fine",' + stored.state[1:])
        assert MAPPER.to_domain_event(newer) == MAPPER.to_domain_event(stored)


def test_what_a_newer_writer_added_inside_a_value_is_left_out_too() -> None:
    stored = LATEST["credit.granted"]
    newer = replace(stored, state=stored.state.replace(b'{"half"', b'{"mood":"fine","half"'))
    assert newer != stored
    assert MAPPER.to_domain_event(newer) == MAPPER.to_domain_event(stored)


def test_what_an_older_writer_did_not_know_has_its_default() -> None:
    stored = LATEST["credit.granted"]
    state = json.loads(stored.state)
    unknown = {"receipt": "", "from_cover": 0, "comment": "", "document": None}
    older = {name: value for name, value in state.items() if name not in unknown}
    event = MAPPER.to_domain_event(replace(stored, state=json.dumps(older).encode()))
    assert event == MAPPER.to_domain_event(stored).model_copy(update=unknown)


@pytest.mark.parametrize("place", [0, -1])
def test_the_columns_say_which_event_it_is_whatever_the_state_says(place: int) -> None:
    for stored in LATEST.values():
        members = list(json.loads(stored.state).items())
        members.insert(place % len(members), ("originator_id", str(UUID(int=7))))
        members.insert(place % len(members), ("originator_version", 7))
        told = replace(stored, state=json.dumps(dict(members)).encode())
        assert MAPPER.to_domain_event(told) == MAPPER.to_domain_event(stored)


def test_an_unknown_kind_asks_for_newer_software() -> None:
    unknown = StoredEvent(STREAM, 4, "refund.forgiven", b"{}")
    with pytest.raises(DamagedStoreError, match=r"event 4 of .* unknown kind 'refund\.forgiven'"):
        MAPPER.to_domain_event(unknown)


@pytest.mark.parametrize(
    "state",
    [b"", b"{", b"[]", b"7", b"\xff", b"{}", b'{"timestamp":"now"}', 7, "{}"],
    ids=repr,
)
def test_a_state_that_cannot_be_read_names_its_event(state: Any) -> None:
    damaged = StoredEvent(STREAM, 2, "refund.approved", state)
    with pytest.raises(DamagedStoreError, match=f"event 2 of stream {STREAM} cannot be read"):
        MAPPER.to_domain_event(damaged)


def test_an_unknown_kind_stops_a_reader_where_it_stands(books: Books) -> None:
    books.grant("a", 5)
    books.store.recorder.insert_events([StoredEvent(STREAM, 1, "refund.forgiven", b"{}")])
    seen: list[Event] = []
    with pytest.raises(DamagedStoreError, match="update before reading on"):
        seen.extend(event for _, event in books.store.events())
    assert [event.TOPIC for event in seen] == ["credit.granted"]


def test_the_library_s_transcoder_is_not_used() -> None:
    with pytest.raises(TypeError):
        NoTranscoder().encode(object())
    with pytest.raises(TypeError):
        NoTranscoder().decode(b"")
