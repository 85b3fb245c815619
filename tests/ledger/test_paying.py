"""Money goes back out of credit and paid sales, and never out of what was not paid."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_ledger.errors import RefusedError
from refund_ledger.events import Part
from refund_ledger.originals import Method, OriginalRef
from support.books import (
    Books,
    a_cash_sale,
    a_line,
    a_payment,
    a_receipt,
    an_invoice,
)

CREDIT: dict[str, Any] = {"kind": "credit", "customer_id": "7", "method": "cash"}


def backing(books: Books, key: str, **fields: Any) -> dict[str, tuple[int, int]]:
    """Where the money of a request comes from: credit and cover by source."""
    request = books.refund(books.ask(key, **fields)).request
    assert sum(one.from_credit + one.from_cover for one in request.backing) == request.paid_back
    return {one.source: (one.from_credit, one.from_cover) for one in request.backing}


def payments(books: Books, key: str, **fields: Any) -> dict[int, int]:
    request = books.refund(books.ask(key, **fields)).request
    return {payment.payment: payment.amount for payment in request.payments}


def reasons(books: Books, **fields: Any) -> tuple[str, ...]:
    with pytest.raises(RefusedError) as caught:
        books.ask("no", **fields)
    return caught.value.reasons


# --- how much -------------------------------------------------------------------------------------


def test_debt_is_lowered_before_money_goes_back() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=60))
        found = backing(books, "a", original=str(sale), parts="both", method="cash")
        assert found == {str(sale): (0, 40)}


def test_a_credit_that_only_lowers_the_debt_is_asked_for_by_itself() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=60))
        found = reasons(books, original=str(sale), amount=50, parts="both", method="cash")
        assert "0.60 ILS is still open on invoice:1/1" in found[0]


def test_as_much_goes_back_as_is_said() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        refund = books.refund(books.ask("a", original=str(sale), amount=50, pay_back=30))
        assert (refund.request.credited, refund.request.paid_back) == (50, 30)


def test_money_that_goes_back_another_way_names_its_method() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=0))
        assert reasons(books, original=str(sale), parts="both") == (
            "say by which method the money goes back",
        )


def test_payments_belong_to_a_receipt() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=0))
        fields = {"parts": "both", "method": "cash", "payments": [{"payment": 1}]}
        assert reasons(books, original=str(sale), **fields) == (
            "payments belong to a receipt; name the receipt",
        )


# --- which payments -------------------------------------------------------------------------------


def a_mixed_sale(books: Books) -> OriginalRef:
    by_method = (
        a_payment(1, 60, Method.CARD),
        a_payment(2, 30, Method.CASH),
        a_payment(3, 10, Method.CHEQUE),
    )
    return books.record(a_cash_sale(1, a_line(1, 100), payments=by_method))


def test_payments_go_back_in_their_order() -> None:
    with Books() as books:
        sale = str(a_mixed_sale(books))
        assert payments(books, "a", original=sale, amount=70) == {1: 60, 2: 10}
        assert payments(books, "b", original=sale) == {2: 20, 3: 10}


def test_the_payment_made_by_the_method_asked_for_goes_back_first() -> None:
    with Books() as books:
        sale = str(a_mixed_sale(books))
        assert payments(books, "a", original=sale, amount=40, method="cash") == {1: 10, 2: 30}


def test_payments_go_back_as_they_are_named() -> None:
    with Books() as books:
        sale = str(a_mixed_sale(books))
        named = [{"payment": 3}, {"payment": 1, "amount": 5}]
        assert payments(books, "a", original=sale, amount=15, payments=named) == {1: 5, 3: 10}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"payments": [{"payment": 9}]}, "payment 9 is not on invoice_receipt:2/1"),
        ({"payments": [{"payment": 3, "amount": 11}]}, "payment 3: only 0.10 ILS is left"),
        ({"payments": [{"payment": 1}, {"payment": 1}]}, "the same payment is named twice"),
        ({"payments": [{"payment": 3}], "pay_back": 9}, "come to 0.10 ILS, not 0.09 ILS"),
        ({"pay_back": 101}, "only 1.00 ILS is left to pay back on invoice_receipt:2/1, 1.01 ILS"),
    ],
)
def test_more_than_was_paid_or_something_else_is_refused(
    fields: dict[str, Any], reason: str
) -> None:
    with Books() as books:
        found = reasons(books, original=str(a_mixed_sale(books)), **fields)
        assert any(reason in each for each in found), found


def test_named_payments_come_to_the_amount_that_is_said() -> None:
    with Books() as books:
        receipt = books.record(a_receipt(1, a_payment(1, 60), a_payment(2, 40)))
        fields = {"original": str(receipt), "payments": [{"payment": 1}]}
        assert reasons(books, **fields, amount=50) == (
            "0.60 ILS would be paid back, not the amount of 0.50 ILS",
        )
        assert payments(books, "a", **fields, amount=60) == {1: 60}


@given(amounts=st.lists(st.integers(1, 50), min_size=1, max_size=4), data=st.data())
def test_any_sequence_of_paybacks_makes_the_receipt_to_the_last_unit(
    amounts: list[int], data: st.DataObject
) -> None:
    with Books() as books:
        paid = [a_payment(number, amount) for number, amount in enumerate(amounts, 1)]
        receipt = str(books.record(a_receipt(1, *paid)))
        back = dict.fromkeys(range(1, len(amounts) + 1), 0)
        for step in range(20):
            left = books.left_in_all(receipt)[1]
            if not left:
                break
            amount = data.draw(st.none() | st.integers(1, left))
            for number, share in payments(
                books, f"k{step}", original=receipt, amount=amount
            ).items():
                back[number] += share
        whole = dict(enumerate(amounts, 1))
        assert back == whole or all(back[number] <= whole[number] for number in whole)
        assert sum(back.values()) + books.left_in_all(receipt)[1] == sum(amounts)


def test_nothing_is_left_of_a_receipt_that_went_back() -> None:
    with Books() as books:
        receipt = books.record(a_receipt(1, a_payment(1, 100)))
        books.ask("a", original=str(receipt))
        assert reasons(books, original=str(receipt)) == (
            "nothing is left to pay back on receipt:1/1",
        )
        named = reasons(books, original=str(receipt), payments=[{"payment": 1}])
        assert named == ("payment 1: only 0.00 ILS is left to pay back",)


# --- out of what ----------------------------------------------------------------------------------


def test_a_sale_gives_its_own_credit_then_its_cover_then_other_credit() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        grant = books.grant("old", 500)
        kept = books.ask("kept", original=str(sale), amount=30, parts="invoice")
        books.finish(kept)
        found = backing(books, "a", original=str(sale), parts="receipt")
        assert found == {str(sale): (30, 70)}
        other = books.record(an_invoice(2, a_line(1, 100), unpaid=80))
        fields = {"original": str(other), "method": "cash", "parts": "both", "pay_back": 60}
        assert backing(books, "b", **fields) == {str(other): (0, 20), grant: (40, 0)}


def test_what_was_never_paid_is_not_paid_back() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        found = reasons(books, original=str(sale), parts="both", method="cash", pay_back=10)
        assert "only 0.00 ILS of 0.10 ILS is there to pay back" in found[0]


def test_credit_is_paid_out_oldest_first() -> None:
    with Books() as books:
        older, newer = books.grant("older", 30), books.grant("newer", 50)
        assert backing(books, "a", **CREDIT, amount=40) == {older: (30, 0), newer: (10, 0)}
        assert backing(books, "b", **CREDIT) == {newer: (40, 0)}


def test_credit_is_paid_out_as_it_is_named_and_each_once() -> None:
    with Books() as books:
        older, newer = books.grant("older", 30), books.grant("newer", 50)
        assert backing(books, "a", **CREDIT, credits=[newer, newer]) == {newer: (50, 0)}
        assert reasons(books, **CREDIT, credits=[newer, "grant:never", older]) == (
            "customer 7 has no credit under 'grant:newer'",
            "customer 7 has no credit under 'grant:never'",
        )


def test_no_credit_is_no_refund() -> None:
    with Books() as books:
        assert reasons(books, **CREDIT) == ("customer 7 has no credit in ILS to pay out",)
        found = reasons(books, **CREDIT, amount=5)
        assert "only 0.00 ILS of 0.05 ILS is there to pay back" in found[0]


def test_no_more_credit_than_there_is() -> None:
    with Books() as books:
        books.grant("old", 30)
        assert "only 0.30 ILS of 0.31 ILS" in reasons(books, **CREDIT, amount=31)[0]


def test_a_goodwill_promises_its_own_money_and_no_more() -> None:
    with Books() as books:
        gift = {"kind": "goodwill", "customer_id": "7", "method": "cash", "amount": 50}
        refund = books.ask("a", **gift, parts="both")
        request = books.refund(refund).request
        assert [(one.source, one.from_cover) for one in request.backing] == [
            (f"refund:{refund}", 50)
        ]
        assert reasons(books, **gift, pay_back=51) == (
            "more would be paid back than the goodwill grants",
        )


# --- receipts of several sales --------------------------------------------------------------------


def two_sales(books: Books) -> tuple[OriginalRef, OriginalRef]:
    return (
        books.record(an_invoice(1, a_line(1, 100))),
        books.record(an_invoice(2, a_line(1, 100))),
    )


def test_a_receipt_gives_back_of_each_sale_what_it_paid_of_it() -> None:
    with Books() as books:
        first, second = two_sales(books)
        books.record(a_receipt(3, a_payment(1, 50), closes=[(first, 50)]))
        receipt = books.record(a_receipt(4, a_payment(1, 100), closes=[(first, 50), (second, 50)]))
        found = backing(books, "a", original=str(receipt))
        assert found == {str(first): (0, 50), str(second): (0, 50)}


def test_what_a_receipt_paid_of_its_first_sale_goes_back_of_that_one_alone() -> None:
    with Books() as books:
        first, second = two_sales(books)
        receipt = books.record(a_receipt(4, a_payment(1, 100), closes=[(first, 60), (second, 40)]))
        assert backing(books, "a", original=str(receipt), amount=60) == {str(first): (0, 60)}


def test_what_a_receipt_gave_back_before_is_not_taken_from_the_same_sale_again() -> None:
    with Books() as books:
        first, second = two_sales(books)
        books.record(a_receipt(3, a_payment(1, 50), closes=[(first, 50)]))
        receipt = books.record(a_receipt(4, a_payment(1, 90), closes=[(first, 50), (second, 40)]))
        asks = [backing(books, f"k{n}", original=str(receipt), amount=30) for n in range(3)]
        assert asks == [
            {str(first): (0, 30)},
            {str(first): (0, 20), str(second): (0, 10)},
            {str(second): (0, 30)},
        ]


def test_a_receipt_gives_back_first_what_it_paid_too_much() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100)))
        receipt = books.record(a_receipt(2, a_payment(1, 120), closes=[(sale, 100)], overpaid=20))
        assert backing(books, "a", original=str(receipt), amount=20) == {
            f"grant:{receipt}": (20, 0)
        }
        assert backing(books, "b", original=str(receipt), amount=10) == {str(sale): (0, 10)}


def test_where_a_sale_no_longer_has_it_another_one_of_the_receipt_gives() -> None:
    with Books() as books:
        first, second = two_sales(books)
        receipt = books.record(a_receipt(4, a_payment(1, 150), closes=[(first, 50), (second, 100)]))
        ask = {"original": str(second), "method": "cash", "parts": "both", "amount": 100}
        books.finish(books.ask("by hand", **ask))
        found = reasons(books, original=str(receipt), amount=60)
        assert "only 0.50 ILS of 0.60 ILS" in found[0]
        assert backing(books, "a", original=str(receipt), amount=50) == {str(first): (0, 50)}


def test_a_receipt_that_does_not_pay_the_sale_pays_nothing_back_for_it() -> None:
    with Books() as books:
        first, second = two_sales(books)
        receipt = books.record(a_receipt(3, a_payment(1, 150), closes=[(first, 90), (second, 60)]))
        other = books.record(a_receipt(4, a_payment(1, 40), closes=[(second, 40)]))
        assert "receipt:1/4 paid 0.00 ILS of invoice:1/1, 0.90 ILS was asked" in reasons(
            books, original=str(first), receipt=str(other)
        )
        fields = {"original": str(second), "receipt": str(receipt)}
        assert "receipt:1/3 paid 0.60 ILS of invoice:1/2, 1.00 ILS was asked" in reasons(
            books, **fields
        )
        assert payments(books, "a", **fields, amount=60) == {1: 60}


def test_a_receipt_that_names_no_sale_may_pay_any() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=0))
        receipt = books.record(a_receipt(2, a_payment(1, 100)))
        refund = books.ask("a", original=str(sale), receipt=str(receipt))
        assert books.refund(refund).parts == (Part.INVOICE, Part.RECEIPT)
