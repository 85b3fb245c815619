"""What is known to pay an original is what its stream says, and counts from the sale's day on."""

from __future__ import annotations

from datetime import date

import pytest

from refund_ledger.events import OriginalPaid, ReductionReason
from refund_ledger.originals import Closes
from refund_ledger.paid import fold_original
from support.books import Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice


def test_nothing_is_folded_from_an_empty_stream() -> None:
    assert fold_original([]) is None


def test_an_original_is_kept_as_it_was_read_first_beside_what_is_known_by_now() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=70))
        receipt = books.record(a_receipt(2, a_payment(1, 90), closes=[(sale, 20)]))
        books.record(a_receipt(2, a_payment(1, 90), closes=[(sale, 50)]))
        found, paid = books.ledger.original(receipt), books.ledger.original(sale)
        assert found.first.closes == (Closes(sale=str(sale), amount=20),)
        assert found.recorded.closes == (Closes(sale=str(sale), amount=50),)
        assert (found.version, found.read_paid) == (2, 0)
        assert paid.recorded == paid.first
        assert (paid.read_paid, dict(paid.closed_by)) == (30, {str(receipt): 50})
        assert books.position(sale) == (50, 50, 0)


def test_credit_used_on_a_cash_sale_pays_what_is_owed_on_it_again() -> None:
    """Its own payments are no other's, so that nothing of the credit was known before."""
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        books.finish(books.ask("bounced", original=str(sale), amount=60, parts="receipt"))
        books.grant("old", 70)
        books.reduce("old", 70, why=ReductionReason.USED_ON_SALE, sale=sale)
        assert books.position(sale) == (0, 100, 10)
        books.check()
        books.check_sale(sale)


@pytest.mark.parametrize(
    ("sold", "counts"),
    [(date(2026, 2, 1), date(2026, 2, 28)), (date(2026, 3, 9), date(2026, 3, 9))],
)
def test_a_payment_counts_from_the_later_of_two_days_on(sold: date, counts: date) -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), issued_on=sold))
        books.record(a_receipt(2, a_payment(1, 60), closes=[(sale, 60)]))
        paid = books.events()[-1]
        assert isinstance(paid, OriginalPaid)
        assert paid.issued_on == counts
