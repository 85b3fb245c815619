"""What is read ahead is what the store itself would answer, of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given, settings

from refund_adapters.store import prefetch
from refund_adapters.store.errors import DamagedStoreError
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.events import Event
from refund_ledger.storing import Store, Wanted
from support.books import Books, a_cash_sale, a_line, a_request
from support.histories import CASH_SALE, INVOICE, RECEIPT, histories
from support.stores import rows

SALE = "invoice_receipt:2/1"
NOTHING = Wanted()


def answers(store: Store, books: Books) -> list[object]:
    """Everything that commands ask."""
    streams = [event.originator_id for event in books.events()]
    accounts = [account for account, _ in books.store.balances("acme")]
    refs = [str(ref) for ref in (INVOICE, RECEIPT, CASH_SALE)]
    customers, units = ("7", "8", ""), ("ILS", "USD")
    return [
        [store.stream(stream) for stream in streams],
        [store.balance(account) for account in accounts],
        [store.credits("acme", *both) for both in product(customers, units)],
        [store.total("acme", AccountKind.EXCESS, subject=ref, unit="ILS") for ref in refs],
        [
            store.total("acme", AccountKind.OPEN, customer=customer, unit=unit)
            for customer, unit in product(customers, units)
        ],
        store.total("acme", AccountKind.OPEN, subject=str(INVOICE)),
        store.total("other", AccountKind.OPEN, customer="7", unit="ILS"),
        store.credits("other", "7", "ILS"),
    ]


def wanted(books: Books) -> Wanted:
    """Everything that there is."""
    subjects = {account.subject for account, _ in books.store.balances("acme")}
    refs = {str(ref) for ref in (INVOICE, RECEIPT, CASH_SALE)}
    return Wanted(frozenset(subjects | refs), frozenset({("7", "ILS"), ("8", "ILS")}))


@given(histories)
@settings(max_examples=15)
def test_what_is_read_ahead_is_what_the_store_says(books: Books) -> None:
    streams = [event.originator_id for event in books.events()]
    ahead = books.store.ahead("acme", streams, lambda _: wanted(books))
    assert answers(ahead, books) == answers(books.store, books)
    nothing = books.store.ahead("acme", [], lambda _: NOTHING)
    assert answers(nothing, books) == answers(books.store, books)
    books.store.close()


def test_many_names_are_asked_so_many_at_a_time(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefetch, "MOST_NAMES", 2)
    for number in range(1, 8):
        books.record(a_cash_sale(number, a_line(1, number), customer_id=str(number)))
        books.grant(f"g{number}", number, customer_id=str(number))
    streams = [event.originator_id for event in books.events()]
    subjects = frozenset(f"invoice_receipt:2/{number}" for number in range(1, 8))
    customers = frozenset((str(number), "ILS") for number in range(1, 8))
    ahead = books.store.ahead("acme", streams, lambda _: Wanted(subjects, customers))
    assert [ahead.stream(stream)[0] for stream in streams] == books.events()
    for number in range(1, 8):
        left = Account(
            "acme",
            AccountKind.REFUNDABLE,
            f"invoice_receipt:2/{number}",
            item="payment/1",
            unit="ILS",
        )
        assert ahead.balance(left) == number
        assert ahead.credits("acme", str(number), "ILS") == [(f"grant:g{number}", number)]


@pytest.mark.parametrize("address", ["file", "server"], indirect=True)
def test_it_is_all_of_one_moment(address: str, books: Books) -> None:
    sale = books.record(a_cash_sale(1, a_line(1, 100)))
    left = Account("acme", AccountKind.REFUNDABLE, SALE, item="payment/1", unit="ILS")

    def somebody_asks(found: Mapping[UUID, list[Event]]) -> Wanted:
        assert len(found[sale.stream("acme")]) == 1
        with Books(address) as other:
            other.ask("a", original=SALE, amount=40)
        return Wanted(frozenset({SALE}))

    ahead = books.store.ahead("acme", [sale.stream("acme")], somebody_asks)
    assert (ahead.balance(left), books.store.balance(left)) == (100, 60)


def test_what_is_saved_is_saved_below() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        ahead = books.store.ahead("acme", [sale.stream("acme")], lambda _: NOTHING)
        refund = books.ledger.on(ahead).request(a_request("a", original=SALE), books.stamp())
        assert books.refund(refund.refund.id) == refund.refund


def test_a_row_that_the_store_never_wrote_is_damage() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        rows(books.store, "DROP TRIGGER events_stay")
        rows(books.store, "UPDATE stored_events SET state = 'text'")
        with pytest.raises(DamagedStoreError):
            books.store.ahead("acme", [sale.stream("acme")], lambda _: NOTHING)
