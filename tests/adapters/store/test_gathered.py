"""What is gathered for one decision is what the store itself would answer."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings

from refund_ledger.accounts import AccountKind
from refund_ledger.storing import Store
from support.books import Books, a_cash_sale, a_line
from support.histories import CASH_SALE, INVOICE, RECEIPT, histories

REFS = [str(ref) for ref in (INVOICE, RECEIPT, CASH_SALE)]


def answers(store: Store, books: Books) -> list[object]:
    """Everything that decisions ask."""
    streams = [event.originator_id for event in books.events()]
    both = list(product(("7", "8"), ("ILS", "USD")))
    return [
        [store.stream(stream) for stream in streams],
        [store.balance(account) for account, _ in books.store.balances("acme")],
        [store.credits("acme", *one) for one in both],
        [store.total("acme", AccountKind.EXCESS, subject=ref, unit="ILS") for ref in REFS],
        [store.total("acme", AccountKind.OPEN, customer=c, unit=u) for c, u in both],
    ]


@given(histories)
@settings(max_examples=15)
def test_what_is_gathered_is_what_the_store_says(books: Books) -> None:
    streams = [event.originator_id for event in books.events()]
    gathered = books.store.about("acme", streams, REFS)
    assert answers(gathered, books) == answers(books.store, books)
    books.store.close()


def test_companies_that_share_a_store_do_not_see_each_others_credit(books: Books) -> None:
    books.record(a_cash_sale(1, a_line(1, 100)))
    sale = a_cash_sale(1, a_line(1, 100), company="other")
    books.grant("ours", 5)
    books.ledger.company = "other"
    books.ledger.record_original(sale, books.stamp(), read_from="a file")
    theirs = books.store.about("other", [sale.ref.stream("other")], [str(sale.ref)])
    assert theirs.credits("other", "7", "ILS") == []
    ours = books.store.about("acme", [sale.ref.stream("acme")], [str(sale.ref)])
    assert ours.credits("acme", "7", "ILS") == [("grant:ours", 5)]
