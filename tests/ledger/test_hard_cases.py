"""Stories in which the same money is asked for twice, arrives late, or goes where it came from."""

from __future__ import annotations

from typing import Any

import pytest

from refund_ledger.accounts import AccountKind
from refund_ledger.errors import RefusedError
from refund_ledger.events import GrantReason, Part, ReductionReason
from refund_ledger.originals import Method
from refund_ledger.refund import Status
from support.books import ONE, Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice

CREDIT: dict[str, Any] = {"kind": "credit", "customer_id": "7", "method": "cash"}


def refused(books: Books, **fields: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        books.ask("refused", **fields)
    return str(caught.value)


def test_two_refunds_of_a_part_paid_invoice_pay_back_what_was_paid_and_no_more() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=60))
        lines = books.ask("lines", original=str(sale), amount=50)
        money = {"original": str(sale), "parts": "both", "method": "cash", "pay_back": 40}
        both = books.ask("both", **money)
        books.approve(both)
        books.finish(both)
        books.finish(lines)
        assert books.position(sale) == (0, 0, 0)
        assert books.total(AccountKind.PAID) == 40
        assert "only 0.00 ILS of 0.01 ILS is there" in refused(books, **CREDIT, amount=1)
        books.check()
        books.check_sale(sale)


def test_an_overpayment_goes_back_by_the_credit_or_by_the_receipt_and_not_by_both() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        receipt = books.record(a_receipt(2, a_payment(1, 130), closes=[(sale, 100)], overpaid=30))
        books.finish(books.ask("credit", **CREDIT))
        assert "only 1.00 ILS of 1.30 ILS is there" in refused(books, original=str(receipt))
        books.finish(books.ask("rest", original=str(receipt), amount=100))
        assert books.position(sale) == (100, 0, 0)
        books.check()


def test_an_overpayment_seen_later_is_not_there_twice_either() -> None:
    with Books() as books:
        receipt = books.record(a_receipt(2, a_payment(1, 130)))
        money = books.ask("money", original=str(receipt), amount=110)
        with pytest.raises(RefusedError, match=r"only 0\.20 ILS of receipt:1/2 pays for nothing"):
            books.grant("late", 30, why=GrantReason.OVERPAYMENT, receipt=str(receipt))
        books.grant("late", 20, why=GrantReason.OVERPAYMENT, receipt=str(receipt))
        books.finish(money)
        assert books.total(AccountKind.OPEN, receipt) == 110
        credit = books.ask("credit", **CREDIT, credits=["grant:late"])
        books.approve(credit)
        books.finish(credit)
        assert books.total(AccountKind.PAID) == 130
        books.check()


def test_credit_that_was_used_elsewhere_while_a_refund_held_it_is_unexplained() -> None:
    with Books() as books:
        source = books.grant("old", 50)
        sale = books.record(an_invoice(1, a_line(1, 80)))
        refund = books.ask("a", **CREDIT, amount=30)
        books.approve(refund)
        books.reduce("old", 50, why=ReductionReason.USED_ON_SALE, sale=sale)
        assert books.total(AccountKind.CREDIT, source) == 0
        assert books.total(AccountKind.UNEXPLAINED, source) == -30
        assert books.position(sale) == (30, 50, 0)
        books.finish(refund)
        assert books.total(AccountKind.PAID) == 30
        books.check()


def test_debt_that_money_back_reopened_is_paid_and_given_back_again() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        first = books.record(a_receipt(2, a_payment(1, 100), closes=[(sale, 100)]))
        bounced = books.ask("bounced", original=str(first), reason="bounced_payment")
        books.finish(bounced)
        assert books.position(sale) == (100, 0, 0)
        second = books.record(
            a_receipt(3, a_payment(1, 100, Method.BANK_TRANSFER), closes=[(sale, 100)])
        )
        assert books.position(sale) == (0, 100, 0)
        books.finish(books.ask("return", original=str(sale), receipt=str(second)))
        assert books.position(sale) == (0, 0, 0)
        assert books.total(AccountKind.PAID) == 200
        books.check()
        books.check_sale(sale)


def test_a_payment_on_its_way_when_the_sale_was_credited_is_paid_out_as_credit() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        books.finish(books.ask("return", original=str(sale)))
        books.record(a_receipt(2, a_payment(1, 100), closes=[(sale, 100)]))
        assert books.position(sale) == (0, 0, 100)
        books.finish(books.ask("money", original="receipt:1/2"))
        assert books.position(sale) == (0, 0, 0)
        assert books.left_in_all("receipt:1/2") == (0, 0)
        books.check()
        books.check_sale(sale)


def test_a_withdrawal_after_approval_gives_back_to_every_source() -> None:
    with Books() as books:
        grant = books.grant("old", 30)
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=80))
        ask = {"original": str(sale), "parts": "both", "method": "cash", "pay_back": 45}
        refund = books.ask("a", **ask, amount=10)
        books.approve(refund)
        books.withdraw(refund)
        assert books.position(sale) == (80, 20, 0)
        assert books.position(grant) == (0, 0, 30)
        books.check()


def test_the_smallest_amounts_are_given_back_one_by_one() -> None:
    with Books() as books:
        lines = (a_line(1, 1, 1, quantity=3 * ONE), a_line(2, 0), a_line(3, 1, exempt=True))
        sale = books.record(a_cash_sale(1, *lines, currency="JPY"))
        for number in range(3):
            ask = {"original": str(sale), "amount": 1, "currency": "JPY"}
            books.finish(books.ask(f"k{number}", **ask))
        assert books.left_in_all(str(sale)) == (0, 0)
        assert "nothing is left to refund" in refused(books, original=str(sale), currency="JPY")
        assert books.position(sale) == (0, 0, 0)
        books.check()


def test_what_is_left_in_quantity_alone_cannot_be_asked_for_by_itself() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100, quantity=2 * ONE), a_line(2, 50)))
        books.finish(books.ask("a", original=str(sale), lines=[{"line": 1, "amount": 99}]))
        books.finish(books.ask("b", original=str(sale), lines=[{"line": 1, "quantity": ONE}]))
        assert books.left(sale)["line/1/quantity"] == ONE
        assert "come to nothing" in refused(books, original=str(sale), lines=[{"line": 1}])
        books.finish(books.ask("c", original=str(sale)))
        assert books.left(sale) == {}
        books.check()


def test_credit_of_one_currency_pays_nothing_in_another() -> None:
    with Books() as books:
        books.grant("dollars", 50, currency="USD")
        books.grant("shekels", 70)
        refund = books.ask("a", **CREDIT)
        assert books.refund(refund).request.paid_back == 70
        assert "only 0.00 ILS" in refused(books, **CREDIT, amount=1)
        books.finish(books.ask("b", **CREDIT, currency="USD"))
        books.check()


def test_a_goodwill_closed_half_done_leaves_its_credit_to_the_customer() -> None:
    with Books() as books:
        gift = {"kind": "goodwill", "customer_id": "7", "amount": 60, "method": "cash"}
        refund = books.ask("a", **gift, parts="both")
        books.book(refund, Part.INVOICE)
        books.submit(refund, Part.RECEIPT)
        books.refuse(refund, Part.RECEIPT)
        books.close(refund)
        assert books.position(f"refund:{refund}") == (0, 0, 60)
        books.finish(books.ask("b", **CREDIT, credits=[f"refund:{refund}"]))
        assert books.refund(refund).status is Status.CLOSED
        assert books.total(AccountKind.PAID) == 60
        books.check()
