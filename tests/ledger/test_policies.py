"""Policies say why not, and why a second person is needed; all reasons at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_ledger.errors import RefusedError
from refund_ledger.policies import Terms
from refund_ledger.refund import Status
from support.books import Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice

CREDIT = {"kind": "credit", "customer_id": "7", "method": "cash"}


def reasons(books: Books, **fields: Any) -> tuple[str, ...]:
    with pytest.raises(RefusedError) as caught:
        books.ask("a", **fields)
    return caught.value.reasons


def approvals(books: Books, key: str, **fields: Any) -> tuple[str, ...]:
    refund = books.refund(books.ask(key, **fields))
    waits = refund.status is Status.AWAITING_APPROVAL
    assert waits == bool(refund.request.needs_approval)
    return refund.request.needs_approval


def test_a_reason_outside_the_catalogue_is_refused_with_the_catalogue() -> None:
    with Books(terms=Terms(reasons={"broken": "it broke"})) as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        found = reasons(books, original=str(sale), reason="whim")
        assert found == ("reason 'whim' is not in the catalogue; use one of broken",)


def test_a_refund_goes_to_the_customer_of_the_original() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        assert reasons(books, original=str(sale), customer_id="8") == (
            "invoice_receipt:2/1 belongs to customer 7, not 8",
        )


def test_a_refund_is_made_in_the_currency_of_the_original() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        assert reasons(books, original=str(sale), currency="USD") == (
            "invoice_receipt:2/1 is in ILS; refund it in that currency",
        )


def test_a_receipt_of_another_customer_is_refused() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=0))
        receipt = books.record(a_receipt(2, a_payment(1, 100), customer_id="8"))
        found = reasons(books, original=str(sale), receipt=str(receipt))
        assert "receipt:1/2 belongs to customer 8, not 7" in found


def test_nothing_is_given_for_an_original_with_unexplained_excess() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        refund = books.ask("more", original=str(sale), amount=10, parts="invoice")
        books.submit(refund, books.refund(refund).parts[0])
        books.answer(refund, books.refund(refund).parts[0], booked=30)
        assert reasons(books, original=str(sale)) == (
            "more was already booked on this original than it came to; explain that first",
        )


def test_money_for_a_sale_that_stays_open_needs_a_second_person() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=40))
        ask = {"original": str(sale), "amount": 30}
        assert approvals(books, "a", **ask, method="cash", pay_back=5) == (
            "0.10 ILS stays open on the sale while money goes back",
        )
        assert approvals(books, "b", **ask, parts="invoice") == ()


def test_money_for_a_sale_whose_debt_is_credited_with_it_needs_nobody() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=40))
        assert approvals(books, "a", original=str(sale), parts="both", method="cash") == ()


def test_money_of_a_receipt_needs_a_second_person_while_its_sales_are_open() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        receipt = books.record(a_receipt(2, a_payment(1, 60), closes=[(sale, 60)]))
        assert approvals(books, "a", original=str(receipt)) == (
            "0.40 ILS stays open on the sale while money goes back",
        )


def test_money_that_pays_nothing_known_needs_a_second_person_while_the_customer_owes() -> None:
    with Books() as books:
        receipt = books.record(a_receipt(2, a_payment(1, 60)))
        assert approvals(books, "a", original=str(receipt), amount=10) == ()
        books.record(an_invoice(1, a_line(1, 100)))
        assert approvals(books, "b", original=str(receipt), amount=10) == (
            "the customer still owes 1.00 ILS",
        )


def test_credit_of_somebody_who_owes_needs_a_second_person() -> None:
    with Books() as books:
        books.grant("old", 500)
        assert approvals(books, "a", **CREDIT, amount=100) == ()
        books.record(an_invoice(1, a_line(1, 100)))
        books.record(an_invoice(2, a_line(1, 5), customer_id="8"))
        assert approvals(books, "b", **CREDIT, amount=100) == ("the customer still owes 1.00 ILS",)


@given(limit=st.integers(0, 300), amount=st.integers(1, 300))
def test_a_refund_above_the_limit_needs_a_second_person(limit: int, amount: int) -> None:
    with Books(terms=Terms(approval_above={"ILS": limit})) as books:
        sale = books.record(a_cash_sale(1, a_line(1, 300)))
        found = approvals(books, "a", original=str(sale), amount=amount)
        assert bool(found) == (amount > limit)


def test_a_limit_holds_for_its_currency_alone() -> None:
    with Books(terms=Terms(approval_above={"USD": 1})) as books:
        sale = books.record(a_cash_sale(1, a_line(1, 300)))
        assert approvals(books, "a", original=str(sale)) == ()


def test_every_reason_is_given_at_once_and_each_once() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        found = reasons(
            books,
            original=str(sale),
            reason="whim",
            customer_id="8",
            lines=[{"line": 1, "amount": 500}, {"line": 9}],
        )
        assert len(found) == len(set(found)) == 4
