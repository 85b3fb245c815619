"""The chain shows that history was changed: one byte, one row, one column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.events import Part
from support.books import Books, a_cash_sale, a_line
from support.ledger_servers import owner_connection
from support.stores import Kept, broken_links, kept_events, rows

EVENT = StoredEvent(UUID(int=7), 3, "refund.approved", b'{"actor":"dana"}')
HASH = "5174bf866360148f2dea28eb1d24e3e3077eb92c6cc9d90536621f30b719d831"
Owner = psycopg.Connection[tuple[Any, ...]]
STATES = st.binary(max_size=12)


def test_the_hash_of_an_event_is_the_same_for_ever() -> None:
    assert link(NOTHING_BEFORE, EVENT).hex() == HASH
    assert link(link(NOTHING_BEFORE, EVENT), EVENT).hex() != HASH


TOPICS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(min_size=32, max_size=32),
    st.builds(
        StoredEvent,
        st.uuids(),
        st.integers(-(2**63), 2**63 - 1),
        TOPICS,
        TOPICS.map(str.encode) | st.binary(max_size=40),
    ),
)
def test_both_databases_come_to_the_same_hash(
    owner: Owner, previous: bytes, event: StoredEvent
) -> None:
    row = owner.execute(
        "SELECT link(%b, %b, %b::bigint, %b, %b)",
        (previous, event.originator_id, event.originator_version, event.topic, event.state),
    ).fetchone()
    assert row == (link(previous, event),)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TOPICS, TOPICS.map(str.encode)), min_size=1, max_size=5))
def test_a_server_links_any_text_as_python_does(
    server: PostgresStore, events: list[tuple[str, bytes]]
) -> None:
    stream = uuid4()
    server.recorder.insert_events(
        [StoredEvent(stream, version, *event) for version, event in enumerate(events, 1)]
    )
    kept = [one for one in kept_events(server) if one[0] == stream.hex]
    assert [(topic, state) for _, _, topic, state, _ in kept] == events
    assert broken_links(kept) == []


@pytest.fixture
def owner(postgres_ledger: str) -> Iterator[Owner]:
    """The owner of a ledger on a server."""
    with owner_connection(postgres_ledger) as connection:
        yield connection


@pytest.fixture
def server(postgres_ledger: str) -> Iterator[PostgresStore]:
    """An empty store on a server."""
    store = PostgresStore(postgres_ledger)
    yield store
    store.close()


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


def test_a_change_behind_the_triggers_is_noticed(store: SqlStore, books: Books) -> None:
    books.ask("a", kind="goodwill", customer_id="7", amount=100)
    assert broken_links(kept_events(store)) == []
    ((version, state),) = rows(store, "SELECT originator_version, state FROM stored_events")
    on_server = isinstance(store, PostgresStore)
    rows(store, "DROP TRIGGER events_stay" + " ON stored_events" * on_server)
    rows(store, "UPDATE stored_events SET state = ?", state.replace(b"100", b"900"))
    assert broken_links(kept_events(store)) == [(store_name(books), version)]


def store_name(books: Books) -> str:
    """The stream of the only refund, as its row names it."""
    (refund,) = books.refund_ids()
    return refund.hex


def test_the_chain_goes_on_after_the_store_was_closed(shared: str) -> None:
    with Books(shared) as books:
        refund = books.ask("a", kind="goodwill", customer_id="7", amount=100)
    with Books(shared, minutes=10) as books:
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
