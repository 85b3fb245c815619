"""The chain shows that history was changed: one byte, one row, one column."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.events import Part
from support.books import Books, a_cash_sale, a_line
from support.stores import Kept, broken_links, kept_events, rows

EVENT = StoredEvent(UUID(int=7), 3, "refund.approved", b'{"actor":"dana"}')
HASH = "5174bf866360148f2dea28eb1d24e3e3077eb92c6cc9d90536621f30b719d831"
STATES = st.binary(max_size=12)


def test_the_hash_of_an_event_is_the_same_for_ever() -> None:
    assert link(NOTHING_BEFORE, EVENT).hex() == HASH
    assert link(link(NOTHING_BEFORE, EVENT), EVENT).hex() != HASH


@given(st.text("ab1", max_size=4), STATES, st.text("ab1", max_size=4), STATES)
def test_no_two_events_share_a_hash(topic: str, state: bytes, other: str, second: bytes) -> None:
    one = StoredEvent(UUID(int=1), 1, topic, state)
    two = StoredEvent(UUID(int=1), 1, other, second)
    same = (topic, state) == (other, second)
    assert (link(NOTHING_BEFORE, one) == link(NOTHING_BEFORE, two)) is same


@pytest.fixture(scope="module")
def history() -> list[Kept]:
    """Two streams, one of them with several events saved one by one and together."""
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 1_000, 170)))
        books.finish(books.ask("a", original=str(sale)))
        return kept_events(books.store)


def test_every_event_links_to_the_one_before_it_in_its_stream(history: list[Kept]) -> None:
    assert len(history) == 7
    assert broken_links(history) == []


@given(st.data())
def test_one_changed_byte_of_any_event_is_noticed(history: list[Kept], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(history) - 1))
    column = data.draw(st.integers(0, 4))
    event: list[Any] = list(history[at])
    event[column] = changed(event[column], data.draw(st.integers(0, 10_000)))
    stream, version, topic, state, own = event
    after = [*history[:at], (stream, version, topic, state, own), *history[at + 1 :]]
    assert broken_links(after)


@pytest.mark.parametrize("position", [1, 2, 3, 4, 5])
def test_an_event_taken_out_of_its_stream_is_noticed(history: list[Kept], position: int) -> None:
    assert broken_links([*history[:position], *history[position + 1 :]])


def test_two_events_that_change_places_are_noticed(history: list[Kept]) -> None:
    (stream, two, *_), (_, three, *_) = history[2], history[3]
    swapped = [(stream, two, *history[3][2:]), (stream, three, *history[2][2:])]
    assert broken_links([*history[:2], *swapped, *history[4:]])


def test_a_change_behind_the_triggers_is_noticed(store: SqliteStore, books: Books) -> None:
    books.ask("a", kind="goodwill", customer_id="7", amount=100)
    rows(store, "DROP TRIGGER events_stay")
    rows(store, "UPDATE stored_events SET state = CAST(replace(state, '100', '900') AS BLOB)")
    assert broken_links(kept_events(store))


def test_the_chain_goes_on_after_the_file_was_closed(tmp_path: Path) -> None:
    path = str(tmp_path / "refunds.db")
    with Books(path) as books:
        refund = books.ask("a", kind="goodwill", customer_id="7", amount=100)
    with Books(path, minutes=10) as books:
        books.book(refund, Part.INVOICE)
        kept = kept_events(books.store)
    assert [version for _, version, *_ in kept] == [1, 2, 3, 4]
    assert broken_links(kept) == []


def changed(value: Any, where: int) -> Any:
    """The same value with one byte of it changed."""
    if isinstance(value, int):
        return value ^ 1 << where % 8
    at = where % len(value)
    if isinstance(value, bytes):
        return value[:at] + bytes([value[at] ^ 1 + where % 255]) + value[at + 1 :]
    return value[:at] + ("0" if value[at] == "1" else "1") + value[at + 1 :]
