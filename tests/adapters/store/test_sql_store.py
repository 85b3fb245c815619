"""The store says what was saved: streams, feeds, balances, sums, postings and what is due."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from refund_adapters.store import sql_store
from refund_adapters.store.errors import StoreError
from refund_adapters.store.opening import is_postgres
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.accounts import Account, AccountKind, Posting
from refund_ledger.errors import NotFoundError
from refund_ledger.events import Part
from refund_ledger.postings import postings
from refund_ledger.refund import Waits, refund_id
from support.books import MORNING, Books, a_cash_sale, a_line, an_invoice
from support.stores import dump, save

# --- streams and the feed -------------------------------------------------------------------------


def test_a_stream_is_read_in_order_and_apart_from_others(books: Books) -> None:
    first = books.ask("a", kind="goodwill", customer_id="7", amount=100)
    other = books.ask("b", kind="goodwill", customer_id="7", amount=100)
    books.book(first, Part.INVOICE)
    versions = [event.originator_version for event in books.store.stream(first)]
    assert versions == [1, 2, 3, 4]
    assert [event.TOPIC for event in books.store.stream(other)] == ["refund.requested"]
    assert books.store.stream(UUID(int=9)) == []


def test_an_empty_store_is_at_position_zero(store: SqlStore) -> None:
    assert store.position() == 0
    assert list(store.events()) == []


@pytest.mark.parametrize("grants", [1, 4, 5, 9])
def test_the_feed_goes_on_after_any_position_whatever_the_page(
    books: Books, monkeypatch: pytest.MonkeyPatch, grants: int
) -> None:
    for number in range(grants):
        books.grant(f"g{number}", 5)
    everything = books.events()
    assert books.store.position() == grants
    for page, after, stop in product(range(1, 6), range(13), (None, 1, 3, 9, 12)):
        monkeypatch.setattr(sql_store, "PAGE", page)
        last = grants if stop is None else min(stop, grants)
        found = list(books.store.events(after=after, stop=stop))
        assert [position for position, _ in found] == list(range(after + 1, last + 1))
        assert [event for _, event in found] == everything[after:last]


def test_postings_come_with_their_positions_whatever_the_page(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = books.record(a_cash_sale(1, a_line(1, 100, 17), a_line(2, 50)))
    books.ask("a", original=str(sale))
    expected = [
        (position, posting)
        for position, event in books.store.events()
        for posting in postings(event)
    ]
    assert len(expected) > 9
    for page in range(1, 10):
        monkeypatch.setattr(sql_store, "PAGE", page)
        assert list(books.store.postings("acme")) == expected


def test_an_event_is_found_at_its_position(books: Books) -> None:
    books.grant("a", 5)
    books.grant("b", 6)
    assert [books.store.event_at(position) for position in (1, 2)] == books.events()
    for nowhere in (0, 3, -1):
        with pytest.raises(NotFoundError, match=f"there is no event at position {nowhere}"):
            books.store.event_at(nowhere)


def test_what_is_read_in_one_moment_does_not_move(shared: str) -> None:
    with Books(shared) as books:
        books.grant("a", 5)
        store = books.store
        with store.snapshot(), ThreadPoolExecutor(1) as others:
            before = store.position(), store.sums("acme"), list(store.events())
            others.submit(books.grant, "b", 6).result(30)
            with store.snapshot():
                assert (store.position(), store.sums("acme"), list(store.events())) == before
        assert len(books.events()) == 2


def test_events_saved_while_the_feed_is_read_come_at_its_end(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_store, "PAGE", 1)
    books.grant("a", 5)
    feed = books.store.events()
    assert next(feed)[0] == 1
    books.grant("b", 5)
    assert [position for position, _ in feed] == [2]


# --- balances, sums and totals --------------------------------------------------------------------


def test_columns_narrow_what_is_read(books: Books) -> None:
    store = books.store
    sale = str(books.record(a_cash_sale(1, a_line(1, 100, 17))))
    books.record(an_invoice(2, a_line(1, 70), customer_id="8"))
    line = {"subject": sale, "item": "line/1/vat"}
    found = store.balances("acme", kind=AccountKind.REFUNDABLE, **line)
    vat = Account("acme", AccountKind.REFUNDABLE, sale, item="line/1/vat", unit="ILS")
    assert found == [(vat, 17)]
    assert store.balance(vat) == 17
    assert store.sums("acme", **line) == [(vat, 17)]
    assert [(p, one.amount) for p, one in store.postings("acme", **line)] == [(1, 17)]
    assert store.total("acme", AccountKind.OPEN) == 70
    assert store.total("acme", AccountKind.OPEN, customer="7") == 0


def test_what_came_to_nothing_is_left_out(books: Books) -> None:
    sale = str(books.record(a_cash_sale(1, a_line(1, 100))))
    assert books.store.balances("acme", kind=AccountKind.REFUNDABLE)
    books.ask("a", original=sale)
    assert books.store.balances("acme", kind=AccountKind.REFUNDABLE) == []
    assert books.store.sums("acme", kind=AccountKind.REFUNDABLE) == []
    assert list(books.store.postings("acme", kind=AccountKind.REFUNDABLE))


@pytest.mark.parametrize("name", ["amount; DROP TABLE postings", "position", ""])
def test_a_column_that_there_is_not_is_a_mistake_in_the_code(store: SqlStore, name: str) -> None:
    wrong = {name: "1"}
    with pytest.raises(TypeError, match="postings have no column"):
        store.sums("acme", **wrong)


def test_credits_come_oldest_first_and_without_what_is_used_up(books: Books) -> None:
    for reference, amount in (("z", 5), ("m", 7), ("a", 9)):
        books.grant(reference, amount)
    books.grant("euro", 5, currency="EUR")
    books.grant("other", 5, customer_id="8")
    books.reduce("m", 7)
    books.grant("last", 1)
    expected = [("grant:z", 5), ("grant:a", 9), ("grant:last", 1)]
    assert books.store.credits("acme", "7", "ILS") == expected
    assert books.store.credits("acme", "7", "USD") == []


def test_a_credit_is_as_old_as_its_first_change_and_not_as_the_first_look(
    store: SqlStore,
) -> None:
    looked_at, other = (
        Account("acme", AccountKind.CREDIT, source, customer="7", unit="ILS")
        for source in ("grant:a", "grant:b")
    )
    books = Account("acme", AccountKind.BOOKS, unit="ILS")
    save(store, seen=((looked_at, 0),))
    save(store, Posting(other, -5), Posting(books, 5))
    save(store, Posting(looked_at, -6), Posting(books, 6), seen=((looked_at, 0),))
    assert store.credits("acme", "7", "ILS") == [("grant:b", 5), ("grant:a", 6)]


# --- what is due ----------------------------------------------------------------------------------

ALL = tuple(Waits)


def goodwills(books: Books, count: int) -> list[UUID]:
    """Refunds that wait to be sent, a minute after one another."""
    return [
        books.ask(f"k{number}", kind="goodwill", customer_id="7", amount=10 + number)
        for number in range(count)
    ]


def test_what_is_due_comes_longest_waiting_first(books: Books) -> None:
    refunds = goodwills(books, 4)
    store = books.store
    assert [call.refund for call in store.due("acme", *ALL)] == refunds
    assert [call.refund for call in store.due("acme", Waits.SEND, limit=2)] == refunds[:2]
    assert store.due("acme", Waits.LOOK, Waits.PERSON) == []
    assert store.due("acme") == []
    until = MORNING + timedelta(minutes=2)
    assert [call.refund for call in store.due("acme", *ALL, until=until)] == refunds[:2]
    assert store.due("acme", *ALL)[0].not_before == MORNING + timedelta(minutes=1)


def test_what_a_refund_waits_for_is_replaced_by_its_next_save(books: Books) -> None:
    (refund,) = goodwills(books, 1)
    books.submit(refund, Part.INVOICE)
    (call,) = books.store.due("acme", *ALL)
    assert (call.waits, call.part) == (Waits.PARK, Part.INVOICE)
    books.answer(refund, Part.INVOICE)
    assert books.store.due("acme", *ALL) == []


def taken(store: SqlStore, worker: str, seconds: float = 30, limit: int = 10) -> list[UUID]:
    """What a worker is given in hand."""
    found = store.take("acme", Waits.SEND, worker=worker, seconds=seconds, limit=limit)
    return [call.refund for call in found]


def test_what_one_worker_has_in_hand_another_leaves_alone(address: str | None) -> None:
    clock = [datetime(2026, 4, 1, tzinfo=UTC)]
    with books_at(address, lambda: clock[0]) as books:
        store, refunds = books.store, goodwills(books, 5)
        assert taken(store, "anna", limit=2) == refunds[:2]
        assert taken(store, "boaz", limit=2) == refunds[2:4]
        assert taken(store, "anna", limit=2) == refunds[:2]
        assert taken(store, "anna") == [*refunds[:2], refunds[4]]
        assert taken(store, "carl") == []
        clock[0] += timedelta(seconds=29)
        assert taken(store, "carl") == []
        clock[0] += timedelta(seconds=1)
        assert taken(store, "carl") == refunds


def test_what_is_not_due_yet_is_not_taken(address: str | None) -> None:
    with books_at(address, lambda: MORNING) as books:
        goodwills(books, 1)
        assert taken(books.store, "anna") == []
        assert books.store.take("acme", worker="anna", seconds=1, limit=1) == []


def books_at(address: str | None, now: Callable[[], datetime]) -> Books:
    """Books over a store that asks a clock of the test's."""
    books = Books(address)
    books.store.close()
    on_server = address is not None and is_postgres(address)
    store = PostgresStore(str(address), now=now) if on_server else SqliteStore(address, now=now)
    books.store = books.ledger.store = store
    return books


def test_a_refund_that_moved_on_is_in_nobody_s_hand(books: Books) -> None:
    (refund,) = goodwills(books, 1)
    assert taken(books.store, "anna") == [refund]
    books.submit(refund, Part.INVOICE)
    (call,) = books.store.take("acme", *ALL, worker="boaz", seconds=1, limit=1)
    assert call.waits is Waits.PARK


def test_the_clock_is_the_database_s(store: SqlStore) -> None:
    before = datetime.now(UTC)
    assert before - timedelta(seconds=1) < store.now() < before + timedelta(seconds=30)
    assert store.now().tzinfo is UTC


# --- two companies --------------------------------------------------------------------------------


def test_two_companies_in_one_store_do_not_see_each_other(shared: str) -> None:
    with Books(shared) as ours, Books(shared, company="other") as theirs:
        for books in (ours, theirs):
            sale = a_cash_sale(1, a_line(1, 100), company=books.company)
            books.record(sale)
            books.grant("a", 30, company=books.company)
        before = read(theirs.store, "other")
        refund = ours.ask("k", original="invoice_receipt:2/1")
        ours.finish(refund)
        paid = ours.ask("c", kind="credit", customer_id="7", method="cash")
        assert read(theirs.store, "other") == before
        assert theirs.store.due("other", *ALL) == []
        assert theirs.store.take("other", *ALL, worker="a", seconds=1, limit=9) == []
        assert [call.refund for call in ours.store.due("acme", *ALL)] == [paid]
        for unknown in (refund, refund_id("other", "k")):
            with pytest.raises(NotFoundError):
                theirs.refund(unknown)
        assert theirs.ask("k", original="invoice_receipt:2/1", company="other") != refund


def read(store: SqlStore, company: str) -> list[object]:
    """All that one company can read of a store."""
    return [
        store.balances(company),
        store.sums(company),
        list(store.postings(company)),
        store.credits(company, "7", "ILS"),
        store.total(company, AccountKind.PAID),
        store.due(company, *ALL),
    ]


# --- a store is opened and closed -----------------------------------------------------------------


def test_what_was_saved_is_there_when_the_store_is_opened_again(shared: str) -> None:
    with Books(shared) as books:
        books.ask("a", kind="goodwill", customer_id="7", amount=100)
        before = dump(books.store), books.events()
    with Books(shared) as books:
        assert (dump(books.store), books.events()) == before


def test_a_store_that_was_closed_says_so_at_once(books: Books) -> None:
    books.grant("a", 5)
    books.store.close()
    books.store.close()
    for attempt in (books.store.position, lambda: books.grant("b", 5), books.store.now):
        with pytest.raises(StoreError, match="was closed; open it again"):
            attempt()
    with pytest.raises(StoreError, match="was closed; open it again"), books.store.snapshot():
        pytest.fail("a moment of a closed store was entered")
