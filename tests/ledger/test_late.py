"""A document that turns up late is taken as it is: it counts once, and a second one pays nobody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from refund_ledger.accounts import AccountKind
from refund_ledger.events import Draw, Fall, LateSuccessFound, Part
from refund_ledger.originals import OriginalRef
from refund_ledger.refund import PartStatus, Status
from support.books import ONE, Books, a_cash_sale, a_line


def late(books: Books) -> LateSuccessFound:
    event = [event for event in books.events() if isinstance(event, LateSuccessFound)][-1]
    assert isinstance(event, LateSuccessFound)
    return event


def a_sale(books: Books) -> OriginalRef:
    return books.record(a_cash_sale(1, a_line(1, 60, 10, quantity=2 * ONE), a_line(2, 30)))


def closed_in_doubt(books: Books, part: Part, *absent: Part, **fields: Any) -> UUID:
    """A refund whose part was in doubt when somebody ended it."""
    refund = books.ask("a", **fields)
    for each in books.refund(refund).parts:
        books.submit(refund, each)
        if each is part:
            books.doubt(refund, each)
            books.close(refund, *absent)
            break
        books.answer(refund, each)
    assert books.refund(refund).status is Status.CLOSED
    return refund


def test_a_late_document_says_what_was_booked_and_ends_the_doubt() -> None:
    with Books() as books:
        refund = closed_in_doubt(books, Part.INVOICE, original=str(a_sale(books)))
        books.answer(refund, Part.INVOICE, booked=70)
        state = books.refund(refund).invoice
        assert (state.status, state.booked, state.doubt) == (PartStatus.CANCELLED, 70, "")
        assert state.was_doubted
        books.answer(refund, Part.INVOICE, booked=30)
        assert books.refund(refund).invoice.booked == 70


# --- what a closed refund still held --------------------------------------------------------------


def test_a_late_credit_uses_what_was_kept_for_it() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = closed_in_doubt(books, Part.INVOICE, original=str(sale))
        assert books.total(AccountKind.RESERVED, item="sale") == 100
        assert books.total(AccountKind.RESERVED, item="money") == 0
        books.answer(refund, Part.INVOICE)
        found = late(books)
        assert (found.from_reserved, found.lines, found.excess) == (100, (), 0)
        assert found.quantity == 3 * ONE
        assert found.fall == Fall(source=str(sale), credit=100)
        assert books.position(sale) == (0, 0, 100)
        books.check()
        books.check_sale(sale)


def test_what_a_late_credit_leaves_of_it_goes_back_in_the_same_save() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = closed_in_doubt(books, Part.INVOICE, original=str(sale))
        books.answer(refund, Part.INVOICE, booked=30)
        assert [event.TOPIC for event in books.events()][-2:] == [
            "refund.late_success_found",
            "refund.closed",
        ]
        assert sum(books.left_in_all(str(sale))) == 70 + 100
        assert books.refund(refund).left_sale == 0
        books.check()
        books.check_sale(sale)


def test_a_late_credit_of_more_than_was_kept_takes_no_quantity_twice() -> None:
    with Books() as books:
        sale = a_sale(books)
        lines = [{"line": 1, "quantity": ONE}]
        refund = closed_in_doubt(books, Part.INVOICE, original=str(sale), lines=lines)
        books.answer(refund, Part.INVOICE, booked=50)
        found = late(books)
        assert (found.from_reserved, found.quantity) == (35, ONE)
        assert [(line.gross, line.quantity) for line in found.lines] == [(15, 0)]
        assert books.left(sale)["line/1/quantity"] == ONE
        books.check()
        books.check_sale(sale)


def test_late_money_uses_what_was_kept_for_it() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = closed_in_doubt(books, Part.RECEIPT, original=str(sale))
        books.answer(refund, Part.RECEIPT, booked=60)
        found = late(books)
        assert (found.from_reserved, found.payments, found.excess) == (60, (), 0)
        assert found.draws == (Draw(source=str(sale), promised=60),)
        assert books.position(sale) == (0, 0, 40)
        assert books.left(sale) == {"payment/1": 40}
        books.check()


def test_late_money_of_more_than_was_kept_takes_the_rest_of_what_is_left() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = closed_in_doubt(books, Part.RECEIPT, original=str(sale), amount=60)
        books.answer(refund, Part.RECEIPT, booked=70)
        found = late(books)
        taken = [(each.payment, each.amount) for each in found.payments]
        assert (found.from_reserved, taken, found.excess) == (60, [(1, 10)], 0)
        assert found.draws == (Draw(source=str(sale), promised=60, uncovers=10),)
        assert books.left(sale)["payment/1"] == 30
        books.check()


def test_a_goodwill_that_turned_up_late_is_credit() -> None:
    with Books() as books:
        gift = {"kind": "goodwill", "customer_id": "7", "amount": 50}
        refund = closed_in_doubt(books, Part.INVOICE, **gift)
        books.answer(refund, Part.INVOICE)
        assert books.position(f"refund:{refund}") == (0, 0, 50)
        books.check()


# --- what nothing was held for any more -----------------------------------------------------------


def test_a_late_credit_takes_amounts_and_quantities_that_are_still_there() -> None:
    with Books() as books:
        sale = a_sale(books)
        lines = [{"line": 1, "quantity": ONE}, {"line": 2}]
        refund = closed_in_doubt(books, Part.INVOICE, Part.INVOICE, original=str(sale), lines=lines)
        assert books.refund(refund).invoice.status is PartStatus.ENDED
        books.answer(refund, Part.INVOICE)
        taken = [(line.line, line.net, line.vat, line.quantity) for line in late(books).lines]
        assert taken == [(1, 30, 5, ONE), (2, 30, 0, ONE)]
        assert books.left(sale) == {
            "line/1/net": 30,
            "line/1/vat": 5,
            "line/1/quantity": ONE,
            "payment/1": 100,
        }
        assert books.position(sale) == (0, 35, 65)
        books.check()
        books.check_sale(sale)


def test_what_the_line_no_longer_has_is_taken_of_the_refund_s_other_lines() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = closed_in_doubt(books, Part.INVOICE, Part.INVOICE, original=str(sale), amount=50)
        books.finish(books.ask("b", original=str(sale), lines=[{"line": 1}], parts="invoice"))
        books.answer(refund, Part.INVOICE)
        found = late(books)
        assert [(line.line, line.gross) for line in found.lines] == [(2, 30)]
        assert found.excess == 20
        assert found.fall == Fall(source=str(sale), credit=30, exceeds=20)
        assert books.total(AccountKind.UNEXPLAINED, sale) == 20
        books.check()
        books.check_sale(sale)


def test_late_money_comes_out_of_free_credit_then_cover_then_nowhere() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = closed_in_doubt(
            books, Part.RECEIPT, Part.RECEIPT, original=str(sale), amount=60, parts="receipt"
        )
        books.finish(books.ask("b", original=str(sale), amount=20, parts="invoice"))
        books.finish(books.ask("c", original=str(sale), amount=45, parts="receipt"))
        books.answer(refund, Part.RECEIPT)
        found = late(books)
        assert found.draws == (Draw(source=str(sale), uncovers=55, exceeds=5),)
        assert [(each.payment, each.amount) for each in found.payments] == [(1, 55)]
        assert found.excess == 5
        books.check()
        books.check_sale(sale)


def test_late_money_out_of_free_credit_is_not_owed_any_more() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = closed_in_doubt(books, Part.RECEIPT, Part.RECEIPT, original=str(sale))
        assert books.position(sale) == (0, 0, 100)
        books.answer(refund, Part.RECEIPT)
        assert late(books).draws == (Draw(source=str(sale), credit=100),)
        assert books.position(sale) == (0, 0, 0)
        books.check()


def test_late_credit_paid_out_comes_out_of_the_credit() -> None:
    with Books() as books:
        grant = books.grant("old", 50)
        ask = {"kind": "credit", "customer_id": "7", "method": "cash"}
        refund = closed_in_doubt(books, Part.RECEIPT, Part.RECEIPT, **ask)
        books.answer(refund, Part.RECEIPT, booked=60)
        found = late(books)
        assert found.draws == (Draw(source=grant, credit=50, exceeds=10),)
        assert (found.excess, found.payments) == (0, ())
        books.check()


def test_a_goodwill_that_was_given_up_is_unexplained_when_it_turns_up() -> None:
    with Books() as books:
        gift = {"kind": "goodwill", "customer_id": "7", "amount": 50}
        refund = closed_in_doubt(books, Part.INVOICE, Part.INVOICE, **gift)
        books.answer(refund, Part.INVOICE)
        source = f"refund:{refund}"
        assert late(books).fall == Fall(source=source, exceeds=50)
        assert books.total(AccountKind.EXCESS, source) == 50
        assert books.position(source) == (0, 0, 0)
        books.check()


# --- duplicates -----------------------------------------------------------------------------------


def payable(books: Books) -> int:
    kinds = (AccountKind.CREDIT, AccountKind.HELD_CREDIT, AccountKind.PROMISED_CREDIT)
    return sum(books.total(kind) for kind in kinds)


@pytest.mark.parametrize("part", list(Part))
@pytest.mark.parametrize("finished", [False, True])
def test_a_second_document_is_an_alert_and_never_payable(part: Part, *, finished: bool) -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), amount=40)
        first = {Part.INVOICE: books.book(refund, Part.INVOICE)}
        if finished or part is Part.RECEIPT:
            first[Part.RECEIPT] = books.book(refund, Part.RECEIPT)
        before = payable(books)
        second = books.answer(refund, part)
        found = late(books)
        assert found.duplicate_of == first[part]
        assert payable(books) == before
        sign = 1 if part is Part.INVOICE else -1
        assert books.total(AccountKind.UNEXPLAINED, sale) == sign * 40
        assert [alert.document for alert in books.refund(refund).alerts] == [second]
        books.check()


def test_a_duplicate_uses_up_what_is_left_so_that_no_more_is_given_than_the_original() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), amount=70, parts="invoice")
        books.book(refund, Part.INVOICE)
        books.answer(refund, Part.INVOICE)
        assert late(books).excess == 40
        assert books.left_in_all(str(sale))[0] == 0
        assert books.total(AccountKind.ISSUED, sale, item="sale") == 140


def test_the_same_document_again_is_nothing() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), parts="invoice")
        document = books.book(refund, Part.INVOICE)
        before = books.store.position()
        books.answer(refund, Part.INVOICE, document=document)
        assert books.store.position() == before


def test_a_refund_that_goes_on_is_not_ended_by_a_duplicate() -> None:
    with Books() as books:
        refund = books.ask("a", original=str(a_sale(books)), amount=40)
        books.book(refund, Part.INVOICE)
        books.answer(refund, Part.INVOICE)
        books.book(refund, Part.RECEIPT)
        assert books.refund(refund).status is Status.COMPLETED
        books.check()


def test_a_part_that_is_still_in_doubt_keeps_what_it_holds_when_the_other_turns_up() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale))
        books.book(refund, Part.INVOICE)
        books.submit(refund, Part.RECEIPT)
        books.doubt(refund, Part.RECEIPT)
        books.close(refund)
        books.answer(refund, Part.INVOICE)
        assert books.refund(refund).left_money == 100
        books.close(refund, Part.RECEIPT)
        assert books.refund(refund).left_money == 0
        books.check()
