"""A document that was reversed there is as if it had never been made, whatever of it fitted."""

from __future__ import annotations

import pytest

from refund_ledger.accounts import AccountKind
from refund_ledger.errors import NotFoundError, RefusedError
from refund_ledger.events import Fall, How, Part
from refund_ledger.originals import OriginalRef
from support.books import ONE, Books, a_line, a_payment, a_receipt, an_invoice
from support.outsides import (
    a_duplicate,
    a_sale,
    explain,
    last,
    left,
    outside,
    reverse,
    settled,
)

OF_THE_BOOKS = (AccountKind.RETURNS, AccountKind.VAT, AccountKind.PAID, AccountKind.EXPLAINED)


def as_if_never_made(books: Books, *sales: OriginalRef) -> None:
    """Nothing is credited or paid back, nothing waits, nothing can be asked for."""
    settled(books, *sales)
    assert [books.total(kind) for kind in OF_THE_BOOKS] == [0, 0, 0, 0]
    assert [books.total(AccountKind.ISSUED, sale) for sale in sales] == [0] * len(sales)
    assert books.total(AccountKind.CREDIT) == 0
    assert books.total(AccountKind.ALLOWED) == 0


# --- made outside ---------------------------------------------------------------------------------


def test_a_credit_note_of_more_than_its_sale_leaves_no_credit_when_it_is_reversed() -> None:
    with Books() as books:
        sale = a_sale(books)
        before = books.left(sale)
        made = outside(books, 9, 130, original=sale)
        assert books.position(sale) == (0, 0, 100)
        assert reverse(books, made)
        found = last(books)
        assert (found.amount, found.excess, found.unexplained) == (130, 30, 30)
        assert books.position(sale) == (0, 100, 0)
        assert books.left(sale) == before
        as_if_never_made(books, sale)


def test_a_credit_note_that_fitted_can_be_reversed_and_the_debt_is_back() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 85, 15, quantity=ONE), unpaid=40))
        before = books.left(sale)
        made = outside(books, 9, 100, original=sale)
        assert books.position(sale) == (0, 0, 60)
        assert reverse(books, made)
        assert books.position(sale) == (40, 60, 0)
        assert books.left(sale) == before
        as_if_never_made(books, sale)


def test_credit_that_was_paid_out_meanwhile_is_owed_on_the_sale() -> None:
    with Books() as books:
        sale = a_sale(books)
        made = outside(books, 9, 100, original=sale)
        books.finish(books.ask("a", kind="credit", customer_id="7", amount=70, method="cash"))
        assert reverse(books, made)
        assert books.position(sale) == (70, 30, 0)
        settled(books, sale)


def test_what_was_allowed_beyond_the_sale_and_paid_out_is_owed_for_the_document() -> None:
    with Books() as books:
        sale = a_sale(books)
        made = outside(books, 9, 130, original=sale)
        explain(books, made, How.ACCEPTED)
        books.finish(books.ask("a", kind="credit", customer_id="7", amount=120, method="cash"))
        assert reverse(books, made)
        assert books.position(sale) == (90, 10, 0)
        assert books.total(AccountKind.OPEN, "document 3/9") == 30
        assert books.total(AccountKind.ALLOWED) == 0
        settled(books, sale)


def test_a_credit_note_of_nothing_known_that_was_accepted_takes_its_credit_back() -> None:
    with Books() as books:
        made = outside(books, 9, 118, vat=18)
        explain(books, made, How.ACCEPTED, amount=100)
        assert reverse(books, made)
        as_if_never_made(books)


def test_what_was_written_off_before_is_borne_by_nobody_any_more() -> None:
    with Books() as books:
        sale = a_sale(books)
        made = outside(books, 9, 130, original=sale)
        explain(books, made, How.WRITTEN_OFF)
        assert reverse(books, made)
        assert books.left_in_all(str(sale)) == (100, 100)
        as_if_never_made(books, sale)


def test_what_was_said_to_belong_elsewhere_is_free_there_again() -> None:
    with Books() as books:
        sale = a_sale(books)
        other = books.record(an_invoice(5, a_line(1, 170, 30), unpaid=15))
        made = outside(books, 9, 130, original=sale)
        explain(books, made, How.BELONGS_ELSEWHERE, original=other)
        assert books.position(other) == (0, 170, 15)
        assert reverse(books, made)
        there = last(books)
        assert (there.original, there.amount, there.reversed_by) == (str(other), 30, None)
        assert books.position(sale) == (0, 100, 0)
        assert books.position(other) == (15, 185, 0)
        assert books.left_in_all(str(other))[0] == 200
        as_if_never_made(books, sale, other)


def test_money_that_came_back_pays_the_debt_that_it_had_left() -> None:
    with Books() as books:
        sale = a_sale(books)
        made = outside(books, 9, 130, Part.RECEIPT, original=sale, source_account="till")
        assert books.position(sale) == (100, 0, 0)
        assert books.total(AccountKind.PAID, "till") == 130
        assert reverse(books, made)
        assert books.position(sale) == (0, 100, 0)
        assert books.total(AccountKind.PAID, "till") == 0
        assert books.left_in_all(str(sale)) == (100, 100)
        as_if_never_made(books, sale)


def test_money_that_belonged_elsewhere_comes_back_to_where_it_was_taken() -> None:
    with Books() as books:
        receipt = books.record(a_receipt(2, a_payment(1, 50)))
        books.grant("old", 10)
        made = outside(books, 9, 60, Part.RECEIPT)
        explain(books, made, How.BELONGS_ELSEWHERE, original=receipt, amount=50, reference="a")
        explain(books, made, How.ACCEPTED, reference="b")
        assert reverse(books, made)
        assert books.position(receipt) == (0, 50, 0)
        assert books.store.credits("acme", "7", "ILS") == [("grant:old", 10)]
        assert books.left_in_all(str(receipt))[1] == 50
        settled(books)
        assert [books.total(kind) for kind in OF_THE_BOOKS] == [0, 0, 0, 0]


def test_what_was_given_back_once_by_a_write_off_does_not_come_back_twice() -> None:
    with Books() as books:
        receipt = books.record(a_receipt(2, a_payment(1, 50), overpaid=20))
        refund = books.ask("a", original=str(receipt), amount=50)
        books.submit(refund, Part.RECEIPT)
        books.doubt(refund, Part.RECEIPT)
        books.close(refund, Part.RECEIPT)
        again = books.ask("b", original=str(receipt), amount=50)
        made = books.answer(refund, Part.RECEIPT)
        books.withdraw(again)
        net = books.total(AccountKind.CREDIT) - books.total(AccountKind.OPEN)
        explain(books, made, How.WRITTEN_OFF, amount=30)
        assert reverse(books, made, refund=refund)
        assert books.total(AccountKind.CREDIT) - books.total(AccountKind.OPEN) >= net
        assert books.total(AccountKind.PAID) == 0
        settled(books)


# --- made by this ledger --------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [[Part.INVOICE, Part.RECEIPT], [Part.RECEIPT, Part.INVOICE]])
def test_both_documents_of_a_refund_are_reversed_in_any_order(parts: list[Part]) -> None:
    with Books() as books:
        sale = a_sale(books)
        before = books.left(sale)
        lines = [{"line": 1, "quantity": ONE}, {"line": 2, "amount": 10}]
        refund = books.ask("a", original=str(sale), lines=lines)
        books.finish(refund)
        made = [books.refund(refund).part(part).documents[0] for part in parts]
        assert reverse(books, made[0], 9_001, refund=refund)
        owed = 45 if parts[0] is Part.INVOICE else 0
        assert books.position(sale) == (owed, 55, 45 - owed)
        assert reverse(books, made[1], 9_002, refund=refund)
        assert books.position(sale) == (0, 100, 0)
        assert books.left(sale) == before
        as_if_never_made(books, sale)


def test_a_document_of_less_than_was_asked_gives_back_what_it_took() -> None:
    with Books() as books:
        sale = a_sale(books)
        before = books.left(sale)
        refund = books.ask("a", original=str(sale))
        note, money = books.book(refund, Part.INVOICE, 93), books.book(refund, Part.RECEIPT, 41)
        reverse(books, note, 9_001, refund=refund)
        reverse(books, money, 9_002, refund=refund)
        assert books.position(sale) == (0, 100, 0)
        assert books.left(sale) == before
        as_if_never_made(books, sale)


def test_a_late_document_that_its_refund_still_held_lines_for_is_reversed() -> None:
    with Books() as books:
        sale = a_sale(books)
        before = books.left(sale)
        refund = books.ask("a", original=str(sale), amount=80)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.close(refund)
        made = books.answer(refund, Part.INVOICE, booked=90)
        assert reverse(books, made, refund=refund)
        assert books.left(sale) == before
        as_if_never_made(books, sale)


def test_the_first_of_two_may_be_the_one_that_was_reversed() -> None:
    with Books() as books:
        sale = a_sale(books)
        second = a_duplicate(books, sale, Part.INVOICE)
        refund = books.refund_ids()[0]
        first = books.refund(refund).part(Part.INVOICE).documents[0]
        assert reverse(books, first, refund=refund)
        assert left(books, second) == (40, 70)
        explain(books, second, How.ACCEPTED)
        assert books.total(AccountKind.ISSUED, sale, item="sale") == 70
        assert books.left_in_all(str(sale))[0] == 30
        # The money of it went out before, so nothing is left to ask for.
        assert books.position(sale) == (0, 30, 0)
        settled(books, sale)


@pytest.mark.parametrize("paid", [0, 50])
def test_a_goodwill_that_was_reversed_is_credit_no_more(paid: int) -> None:
    with Books() as books:
        refund = books.ask("a", kind="goodwill", customer_id="7", amount=50)
        books.finish(refund)
        if paid:
            books.finish(books.ask("b", kind="credit", customer_id="7", method="cash"))
        made = books.refund(refund).part(Part.INVOICE).documents[0]
        assert reverse(books, made, refund=refund)
        assert books.position(f"refund:{refund}") == (paid, 0, 0)
        assert books.total(AccountKind.ALLOWED) == 0
        assert books.total(AccountKind.ISSUED) == 0
        assert books.total(AccountKind.RETURNS) == 0
        settled(books)


def test_what_fell_upon_the_promise_of_another_refund_stays_promised_to_it() -> None:
    with Books() as books:
        sale = a_sale(books)
        money = books.ask("a", original=str(sale), amount=100, parts="receipt")
        made = outside(books, 9, 60, original=sale)
        assert books.total(AccountKind.PROMISED_CREDIT, sale) == 60
        reverse(books, made)
        found = last(books).undone
        assert found is not None
        assert found.fall == Fall(source=str(sale), promised=60)
        assert books.total(AccountKind.PROMISED_COVER, sale) == 100
        books.withdraw(money)
        as_if_never_made(books, sale)


# --- what cannot be -------------------------------------------------------------------------------


def test_a_document_is_reversed_as_a_whole_and_once() -> None:
    with Books() as books:
        sale = a_sale(books)
        made = outside(books, 9, 130, original=sale)
        with pytest.raises(RefusedError, match=r"as a whole, document 3/9 with 1\.30 ILS: leave"):
            explain(books, made, How.REVERSED, amount=30)
        assert explain(books, made, How.REVERSED, amount=130)
        assert not explain(books, made, How.REVERSED, amount=130)
        with pytest.raises(RefusedError, match="document 3/9 was reversed before"):
            reverse(books, made, 9_001)
        with pytest.raises(RefusedError, match="nothing of document 3/9 is left"):
            explain(books, made, How.ACCEPTED, reference="else")
        as_if_never_made(books, sale)


def test_money_that_may_still_go_out_is_stopped_before_its_credit_is_reversed() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), amount=70)
        made = books.book(refund, Part.INVOICE)
        with pytest.raises(RefusedError, match="may still go out: close refund a first"):
            reverse(books, made, refund=refund)
        books.close(refund)
        assert reverse(books, made, refund=refund)
        as_if_never_made(books, sale)


def test_a_document_of_no_refund_is_not_reversed_here() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale))
        books.finish(refund)
        with pytest.raises(NotFoundError, match=r"document 3/77.*`credit reduce`"):
            reverse(books, "document 3/77")
        with pytest.raises(NotFoundError, match="document 3/77"):
            reverse(books, "document 3/77", refund=refund)
