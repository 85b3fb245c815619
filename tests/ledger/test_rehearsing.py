"""What is rehearsed stays in memory, on top of a store that nobody writes to."""

from __future__ import annotations

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.application import RefundLedger
from refund_ledger.rehearsing import RehearsalStore
from refund_ledger.storing import Wanted
from support.books import Books, a_cash_sale, a_grant, a_line, a_request, an_invoice

SALE = "invoice_receipt:2/1"


def test_what_is_rehearsed_is_on_top_of_what_is_read_ahead_too() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100, 18)))
        top = RehearsalStore(books.store)
        refund = RefundLedger(top, "acme").request(
            a_request("a", original=SALE, amount=59), books.stamp()
        )
        streams = [sale.stream("acme"), refund.refund.id]
        ahead = top.ahead("acme", streams, lambda _: Wanted(subjects=frozenset({SALE})))
        left = Account("acme", AccountKind.REFUNDABLE, SALE, item="payment/1", unit="ILS")
        assert (ahead.balance(left), books.store.balance(left)) == (59, 118)
        assert ahead.stream(refund.refund.id) == [refund.refund.request]
        assert books.store.stream(refund.refund.id) == []


def test_a_rehearsal_over_one_that_cannot_read_ahead_answers_itself() -> None:
    with Books() as books:
        first = RehearsalStore(books.store)
        plain = RehearsalStore(first.about("acme", [], []))
        only = RehearsalStore(_OnlyAStore(plain))
        assert only.ahead("acme", [], lambda _: Wanted()) is only


class _OnlyAStore:
    """A store without what groups need."""

    def __init__(self, below: RehearsalStore) -> None:
        self.append, self.about = below.append, below.about
        self.stream, self.balance = below.stream, below.balance
        self.credits, self.total = below.credits, below.total


def test_sums_and_credits_include_what_was_rehearsed_of_each_customer() -> None:
    with Books() as books:
        books.grant("old", 500)
        books.grant("dollars", 900, currency="USD")
        top = RehearsalStore(books.store)
        ledger = RefundLedger(top, "acme")
        ledger.record_original(an_invoice(5, a_line(1, 700)), books.stamp(), read_from="a file")
        ledger.grant_credit(a_grant("new", 70), books.stamp())
        out = a_request("a", kind="credit", customer_id="7", amount=510, method="cash")
        ledger.request(out, books.stamp())

        assert top.credits("acme", "7", "ILS") == [("grant:new", 60)]
        assert top.credits("acme", "7", "USD") == [("grant:dollars", 900)]
        assert top.total("acme", AccountKind.OPEN, customer="7", unit="ILS") == 700
        assert top.total("acme", AccountKind.OPEN, customer="8", unit="ILS") == 0
        assert books.store.credits("acme", "7", "ILS") == [("grant:old", 500)]
