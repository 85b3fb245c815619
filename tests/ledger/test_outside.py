"""What was given back outside counts once against its original, and pays nobody by itself."""

from __future__ import annotations

from typing import Any

import pytest

from refund_ledger.accounts import AccountKind
from refund_ledger.errors import (
    ClaimedError,
    InvalidInputError,
    KeyReusedError,
    NotFoundError,
    RefusedError,
)
from refund_ledger.events import Draw, Fall, GrantReason, OutsideRefundRecorded, Part
from refund_ledger.originals import OriginalRef
from support.books import ONE, Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice
from support.outsides import an_outside, left, outside, record


def last(books: Books) -> OutsideRefundRecorded:
    event = books.events()[-1]
    assert isinstance(event, OutsideRefundRecorded)
    return event


def a_sale(books: Books) -> OriginalRef:
    return books.record(a_cash_sale(1, a_line(1, 60, 10, quantity=2 * ONE), a_line(2, 30)))


def test_a_credit_note_by_hand_counts_against_its_sale_and_becomes_credit() -> None:
    with Books() as books:
        sale = a_sale(books)
        outside(books, 9, 70, original=sale, items=[{"number": 1, "amount": 70}])
        found = last(books)
        taken = [(line.line, line.net, line.vat, line.quantity) for line in found.lines]
        assert taken == [(1, 60, 10, 2 * ONE)]
        assert (found.booked, found.net, found.vat, found.excess) == (70, 60, 10, 0)
        assert found.fall == Fall(source=str(sale), credit=70)
        assert books.position(sale) == (0, 30, 70)
        assert books.left(sale) == {"line/2/net": 30, "line/2/quantity": ONE, "payment/1": 100}
        assert books.total(AccountKind.ISSUED, sale, item="sale") == 70
        books.check()
        books.check_sale(sale)


def test_a_credit_note_by_hand_lowers_the_debt_first_then_what_is_promised() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 100), unpaid=40))
        receipt = books.record(a_receipt(2, a_payment(1, 60), closes=[(sale, 60)]))
        refund = books.ask("a", original=str(receipt), amount=50)
        books.approve(refund)
        outside(books, 9, 90, original=sale)
        assert last(books).fall == Fall(source=str(sale), opened=40, promised=50)
        books.finish(refund)
        assert books.position(sale) == (0, 10, 0)
        books.check()
        books.check_sale(sale)


def test_what_a_refund_under_way_holds_is_not_there_for_it_and_is_excess() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), amount=80)
        made = outside(books, 9, 50, original=sale)
        assert last(books).excess == 30
        assert left(books, made) == (30, 30)
        assert books.total(AccountKind.EXCESS, sale) == 30
        assert books.total(AccountKind.UNEXPLAINED, sale) == 30
        books.withdraw(refund)
        assert left(books, made) == (30, 30)
        books.check()
        books.check_sale(sale)


def test_the_vat_of_the_excess_follows_the_sale_unless_it_is_said() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100, 18)))
        outside(books, 9, 236, original=sale)
        assert (last(books).net, last(books).vat) == (200, 36)
        other = books.record(a_cash_sale(2, a_line(1, 100, 18)))
        outside(books, 10, 118, original=other, vat=17)
        assert (last(books).net, last(books).vat) == (101, 17)
        free = books.record(an_invoice(3, a_line(1, 0)))
        outside(books, 11, 5, original=free)
        assert (last(books).net, last(books).vat, last(books).excess) == (5, 0, 5)
        books.check()


def test_a_credit_note_without_an_original_is_nobody_s_credit() -> None:
    with Books() as books:
        made = outside(books, 9, 118, vat=18)
        found = last(books)
        assert (found.net, found.vat, found.excess, found.original) == (100, 18, 0, "")
        assert left(books, made) == (0, 118)
        assert books.total(AccountKind.UNEXPLAINED, "outside:document 3/9") == 118
        assert books.store.credits("acme", "7", "ILS") == []
        with pytest.raises(RefusedError, match=r"only 0\.00 ILS of 1\.18 ILS is there"):
            books.ask("a", kind="credit", customer_id="7", amount=118, method="cash")
        books.check()


def test_money_paid_back_by_hand_comes_out_of_credit_then_of_what_was_paid() -> None:
    with Books() as books:
        sale = a_sale(books)
        books.finish(books.ask("a", original=str(sale), amount=30, parts="invoice"))
        outside(books, 9, 70, Part.RECEIPT, original=sale, source_account="till")
        found = last(books)
        assert found.draws == (Draw(source=str(sale), credit=30, uncovers=40),)
        assert [(each.payment, each.amount) for each in found.payments] == [(1, 70)]
        assert books.position(sale) == (40, 30, 0)
        assert books.total(AccountKind.PAID, "till") == 70
        books.check()
        books.check_sale(sale)


def test_money_back_beyond_the_payments_or_their_money_is_unexplained() -> None:
    with Books() as books:
        sale = a_sale(books)
        books.ask("a", original=str(sale), amount=80, parts="receipt")
        made = outside(books, 9, 50, Part.RECEIPT, original=sale)
        assert last(books).draws == (Draw(source=str(sale), uncovers=20, exceeds=30),)
        assert left(books, made) == (30, 30)
        invoice = books.record(an_invoice(2, a_line(1, 60)))
        receipt = books.record(a_receipt(3, a_payment(1, 60), closes=[(invoice, 60)]))
        books.finish(books.ask("b", original=str(invoice), parts="invoice"))
        payout = books.ask("c", kind="credit", customer_id="7", method="cash")
        books.approve(payout)
        books.finish(payout)
        without = outside(books, 10, 60, Part.RECEIPT, original=receipt)
        assert last(books).draws == (Draw(source=str(receipt), exceeds=60),)
        assert left(books, without) == (0, 60)
        books.check()


def test_money_back_of_a_receipt_comes_from_its_overpayment_before_its_sales() -> None:
    with Books() as books:
        invoice = books.record(an_invoice(1, a_line(1, 60)))
        receipt = books.record(a_receipt(2, a_payment(1, 100), closes=[(invoice, 60)], overpaid=30))
        outside(books, 9, 95, Part.RECEIPT, original=receipt)
        assert last(books).draws == (
            Draw(source=f"grant:{receipt}", credit=30),
            Draw(source=str(receipt), uncovers=10),
            Draw(source=str(invoice), uncovers=55),
        )
        assert books.position(invoice) == (55, 5, 0)
        books.check()


def test_money_back_takes_of_a_sale_no_more_than_the_receipt_paid_of_it() -> None:
    with Books() as books:
        invoice = books.record(an_invoice(1, a_line(1, 100)))
        receipt = books.record(a_receipt(2, a_payment(1, 100), closes=[(invoice, 60)]))
        books.record(a_receipt(3, a_payment(1, 40), closes=[(invoice, 40)]))
        books.grant("too much", 40, why=GrantReason.OVERPAYMENT, receipt=str(receipt))
        made = outside(books, 9, 100, Part.RECEIPT, original=receipt)
        assert last(books).draws == (
            Draw(source=str(receipt), exceeds=40),
            Draw(source=str(invoice), uncovers=60),
        )
        assert left(books, made) == (0, 40)
        books.check()


def test_money_back_without_an_original_is_unexplained() -> None:
    with Books() as books:
        books.grant("old", 500)
        made = outside(books, 9, 40, Part.RECEIPT)
        assert last(books).draws == (Draw(source="outside:receipt 3/9", exceeds=40),)
        assert left(books, made) == (0, 40)
        assert books.total(AccountKind.UNEXPLAINED, "outside:receipt 3/9") == -40
        books.check()


# --- once -----------------------------------------------------------------------------------------


def test_the_same_document_is_recorded_once_wherever_it_is_read_again() -> None:
    with Books() as books:
        found = an_outside(9, 40)
        assert record(books, found)
        again = found.model_copy(update={"read_from": "a list", "comment": "x", "identity": "ab"})
        assert not record(books, again)
        with pytest.raises(KeyReusedError, match=r"^document 3/9 was recorded before") as caught:
            record(books, an_outside(9, 41))
        assert caught.value.first_digest == found.digest
        assert str(caught.value).endswith("; what was recorded stands"), "there is no key to change"
        assert len(books.events()) == 1


def test_the_digest_of_what_was_made_outside_is_the_same_for_ever() -> None:
    assert an_outside(9, 40).digest == (
        "2c10fadefed5f5067212030d2667b69624e81cbc765cebe06a888eeb0384dbae"
    )


def test_a_document_that_serves_a_refund_or_an_original_is_not_outside() -> None:
    with Books() as books:
        sale = a_sale(books)
        document = books.book(books.ask("a", original=str(sale), amount=10), Part.INVOICE)
        with pytest.raises(ClaimedError, match="document 3/481 is already taken"):
            outside(books, document.number, 10)
        with pytest.raises(ClaimedError, match="document 2/1 is already taken"):
            outside(books, 1, 10, series=2)
        outside(books, 10, 5)
        with pytest.raises(ClaimedError, match="document 3/10 is already taken"):
            books.grant("g", 5, document_half="document", document_series=3, document_number=10)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"currency": "ABC"}, "currency: 'ABC' is not an ISO 4217 code"),
        ({"part": Part.RECEIPT, "vat": 1}, "vat: belongs to a credit note"),
        ({"vat": 41}, "vat: is more than the amount"),
        ({"items": [{"number": 1, "amount": 5}]}, "items: belong to an original"),
        (
            {"original": "invoice:1/1", "items": [{"number": 1, "amount": 5}] * 2},
            "items: the same one appears twice",
        ),
        (
            {"original": "invoice:1/1", "items": [{"number": 1, "amount": 41}]},
            "items: come to more than the amount",
        ),
        (
            {
                "part": Part.RECEIPT,
                "original": "receipt:1/1",
                "items": [{"number": 1, "amount": 5, "quantity": ONE}],
            },
            "items: a payment has no quantity",
        ),
        ({"original": "invoice-1"}, "original: expected kind:series/number"),
        ({"company": "other"}, "company: this ledger is 'acme', not 'other'"),
    ],
)
def test_fields_that_contradict_each_other_are_named(fields: dict[str, Any], problem: str) -> None:
    with Books() as books:
        with pytest.raises(InvalidInputError, match=problem):
            record(books, an_outside(9, 40, **fields))
        assert books.events() == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"original": "invoice:1/5"}, "invoice:1/5 is another customer's"),
        ({"original": "invoice:1/6", "part": Part.RECEIPT}, "has no receipt part to give back"),
        (
            {"original": "invoice:1/6", "items": [{"number": 4, "amount": 5}]},
            "4 is not on invoice:1/6",
        ),
    ],
)
def test_an_original_that_it_cannot_give_back_is_refused(
    fields: dict[str, Any], problem: str
) -> None:
    with Books() as books:
        books.record(an_invoice(5, a_line(1, 60), customer_id="8"))
        books.record(an_invoice(6, a_line(1, 60)))
        with pytest.raises(RefusedError, match=problem):
            record(books, an_outside(9, 40, **fields))
        assert len(books.events()) == 2


def test_an_original_that_is_not_recorded_is_said_to_be_so() -> None:
    with Books() as books, pytest.raises(NotFoundError, match="invoice:1/5 is not recorded"):
        outside(books, 9, 40, original="invoice:1/5")
