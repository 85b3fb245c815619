"""Several processes find what one finds, at one moment, and say what went wrong in any of them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest

from refund_adapters.store import sharing
from refund_adapters.store.errors import DamagedStoreError, StoreError
from refund_adapters.store.sharing import rebuild_store, shares
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.events import Part
from refund_projections.rebuild import AccountDiffers, Kept, Rebuilt
from support.books import Books, a_cash_sale, a_line
from support.tampering import meddle

EVENTS = 14


@pytest.fixture
def told(shared: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlStore]:
    """A store whose refunds go on over the bounds of shares; each event may be a share."""
    monkeypatch.setattr(sharing, "LEAST_SHARED", 1)
    with Books(shared) as books:
        asked = [
            books.ask(str(n), original=str(books.record(a_cash_sale(n, a_line(1, 100)))))
            for n in (1, 2)
        ]
        for part in Part:
            for refund in asked:
                books.submit(refund, part)
                books.answer(refund, part)
        assert books.store.position() == EVENTS
        yield books.store


def rebuilt(store: SqlStore, workers: int) -> Rebuilt:
    return rebuild_store(store, "acme", lambda _, __: None, workers)


def test_shares_are_the_feed_cut_in_pieces(told: SqlStore) -> None:
    whole = list(told.recorded())
    for workers in (1, 2, 3, EVENTS, 99):
        cut = shares(told, workers)
        assert len(cut) == min(workers, EVENTS)
        read = [one for after, stop in cut for one in told.recorded(after=after, stop=stop)]
        assert read == whole


def test_a_small_ledger_and_one_in_memory_are_read_by_one(
    told: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LEAST_SHARED", EVENTS)
    assert shares(told, 5) == [(0, None)]
    with Books() as books:
        assert books.store.moment() is None
        assert shares(books.store, 5) == [(0, None)]
        assert rebuilt(books.store, 5).equal


def test_three_processes_find_what_one_finds_and_tell_how_far_they_are(told: SqlStore) -> None:
    heard: list[tuple[int, int]] = []
    found = rebuild_store(told, "acme", lambda *now: heard.append(now), 3)
    assert found == rebuilt(told, 1)
    assert (found.equal, found.events, found.position) == (True, EVENTS, EVENTS)
    assert 0 < len(heard) < EVENTS
    assert heard[-1] == (EVENTS, EVENTS)


def test_what_was_altered_is_named_wherever_it_is(told: SqlStore) -> None:
    for position in (1, 7, EVENTS - 1):
        meddle(told, f"UPDATE postings SET amount = amount + 1 WHERE position = {position}")  # noqa: S608
    meddle(told, "DELETE FROM calls_due")
    meddle(told, "UPDATE balances SET balance = balance + side")
    found = rebuilt(told, 3)
    assert found == rebuilt(told, 1)
    assert {
        one.appears_at
        for one in found.differences
        if isinstance(one, AccountDiffers) and one.kept is Kept.POSTINGS
    } <= {1, 7, EVENTS - 1}
    assert len(found.differences) > EVENTS


@pytest.mark.parametrize("position", [2, EVENTS])
def test_an_event_that_cannot_be_read_is_named_wherever_it_is(
    told: SqlStore, position: int
) -> None:
    meddle(told, f"UPDATE stored_events SET topic = 'no' WHERE notification_id = {position}")  # noqa: S608
    with pytest.raises(DamagedStoreError, match=rf"at position {position}: .*unknown kind"):
        rebuilt(told, 2)
    assert multiprocessing.active_children() == []


def test_a_process_that_is_killed_is_said(told: SqlStore) -> None:
    def kill(_: int, __: int) -> None:
        for process in multiprocessing.active_children():
            process.kill()

    with pytest.raises(StoreError, match="was killed; run it again"):
        rebuild_store(told, "acme", kill, 2)


def test_all_processes_see_the_moment_at_which_the_rebuild_began(
    told: SqlStore, shared: str
) -> None:
    def write(_: int, __: int) -> None:
        with Books(shared) as others:
            others.grant(str(len(others.events())), 5)

    with told.snapshot():
        found = rebuild_store(told, "acme", write, 2)
    assert (found.equal, found.events) == (True, EVENTS)
