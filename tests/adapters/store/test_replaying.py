"""The live side is read whole, whatever the page, on every store."""

from __future__ import annotations

import pytest

from refund_adapters.store import sql_store
from refund_adapters.store.errors import DamagedStoreError
from refund_adapters.store.replaying import balances, live_side, posted_at, strays
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.accounts import GUARDED
from refund_ledger.postings import postings
from refund_ledger.refund import Waits
from refund_projections.replay import is_told
from support.books import Books, a_cash_sale, a_line
from support.tampering import meddle


@pytest.fixture
def told(books: Books) -> SqlStore:
    """A store of a sale, a credit and two refunds."""
    sale = books.record(a_cash_sale(1, a_line(1, 100, 17), a_line(2, 50)))
    books.grant("b", 5)
    books.grant("a", 5)
    books.ask("a", original=str(sale), amount=10)
    books.ask("b", kind="goodwill", customer_id="7", amount=100)
    return books.store


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
def test_each_event_comes_with_its_postings_as_they_are_stored(
    told: SqlStore, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(sql_store, "PAGE", page)
    with told.snapshot():
        recorded = list(told.recorded())
    assert [(one.position, one.event) for one in recorded] == list(told.events())
    assert all(is_told(postings(one.event), one.lines, one.text) for one in recorded)
    assert [posted_at(told, one.position) for one in recorded] == [
        [(*account, amount) for account, amount in postings(one.event)] for one in recorded
    ]
    assert sum(one.lines for one in recorded) == len(list(told.postings("acme")))


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_the_live_side_is_what_the_store_says(
    told: SqlStore, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    wanted = told.balances("acme")
    everything = list(told.postings("acme"))
    monkeypatch.setattr(sql_store, "PAGE", page)
    heard: list[tuple[int, int]] = []
    live = live_side(told, "acme", lambda *now: heard.append(now))
    assert sorted(live.balances()) == sorted(wanted)
    assert {account.kind for account, _ in wanted} <= GUARDED
    assert live.lines() == len(everything)
    assert list(live.strays()) == []
    assert list(live.due()) == told.due("acme", *Waits)
    assert [list(live.posted(posting.account)) for _, posting in everything] == [
        [one for one in everything if one[1].account == posting.account]
        for _, posting in everything
    ]
    assert len(list(live.recorded())) == 5
    assert heard == [(number, 5) for number in range(1, 6)]
    assert list(balances(told, "other")) == []


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_a_posting_without_an_event_is_a_stray(
    shared: str, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    with Books(shared) as books:
        for number in range(1, 6):
            books.grant(str(number), number)
        store = books.store
        lost = [one for one in store.postings("acme") if one[0] in {2, 4}]
        meddle(store, "DELETE FROM stored_events WHERE notification_id IN (2, 4)")
        monkeypatch.setattr(sql_store, "PAGE", page)
        assert list(strays(store, "acme")) == lost != []
        assert list(strays(store, "other")) == []


def test_an_event_that_cannot_be_read_is_named_by_its_position(shared: str) -> None:
    with Books(shared) as books:
        for number in range(1, 6):
            books.grant(str(number), number)
        meddle(books.store, "UPDATE stored_events SET topic = 'no' WHERE notification_id = 3")
        with pytest.raises(DamagedStoreError, match=r"at position 3: event 1 of .*unknown kind"):
            list(books.store.recorded())
