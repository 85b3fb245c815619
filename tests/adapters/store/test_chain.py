"""The chain shows that history was changed: one byte, one row, one column."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_ledger.events import Part
from support.books import Books, a_cash_sale, a_line
from support.stores import broken_links, rows

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


@pytest.fixture
def history(books: Books) -> Books:
    """Two streams, one of them with several events saved one by one and together."""
    sale = books.record(a_cash_sale(1, a_line(1, 1_000, 170)))
    refund = books.ask("a", original=str(sale))
    for part in Part:
        books.book(refund, part)
    return books


def test_every_event_links_to_the_one_before_it_in_its_stream(history: Books) -> None:
    assert len(history.events()) == 7
    assert broken_links(history.store) == []


CHANGES = {
    "originator_id": "'f' || substr(originator_id, 2)",
    "originator_version": "originator_version + 100",
    "topic": "topic || ' '",
    "state": "CAST(replace(CAST(state AS TEXT), 'acme', 'acne') AS BLOB)",
    "hash": "CAST(x'00' || substr(hash, 2) AS BLOB)",
}


@pytest.mark.parametrize("column", CHANGES)
@pytest.mark.parametrize("position", range(1, 8))
def test_a_change_of_any_event_is_noticed(history: Books, column: str, position: int) -> None:
    rows(history.store, "DROP TRIGGER events_stay")
    statement = f"UPDATE stored_events SET {column} = {CHANGES[column]} WHERE notification_id = ?"  # noqa: S608
    rows(history.store, statement, position)
    assert broken_links(history.store)


@pytest.mark.parametrize("position", range(2, 7))
def test_an_event_taken_out_of_its_stream_is_noticed(history: Books, position: int) -> None:
    rows(history.store, "DROP TRIGGER events_remain")
    rows(history.store, "DELETE FROM stored_events WHERE notification_id = ?", position)
    assert broken_links(history.store)


def test_two_events_that_change_places_are_noticed(history: Books) -> None:
    rows(history.store, "DROP TRIGGER events_stay")
    version = "UPDATE stored_events SET originator_version = ? WHERE notification_id = ?"
    for number, position in ((99, 3), (2, 4), (3, 3)):
        rows(history.store, version, number, position)
    assert broken_links(history.store)


def test_the_chain_goes_on_after_the_file_was_closed(tmp_path: Path) -> None:
    path = str(tmp_path / "refunds.db")
    with Books(path) as books:
        refund = books.ask("a", kind="goodwill", customer_id="7", amount=100)
    with Books(path, minutes=10) as books:
        books.book(refund, Part.INVOICE)
        assert broken_links(books.store) == []
