"""A part remembers which of its calls may have left, and what is known of them."""

from __future__ import annotations

from uuid import UUID

from refund_ledger.events import Part
from refund_ledger.parts import NO_PART, PartState, PartStatus
from support.books import Books, a_cash_sale, a_line


def a_refund(books: Books) -> UUID:
    books.record(a_cash_sale(1, a_line(1, 100)))
    return books.ask("a", original="invoice_receipt:2/1", parts="invoice")


def invoice(books: Books, refund: UUID) -> PartState:
    return books.refund(refund).invoice


def test_a_part_that_is_not_there_was_never_called() -> None:
    assert NO_PART.status is PartStatus.NONE
    assert NO_PART.attempts == 0
    assert not NO_PART.may_have_left


def test_a_submitted_call_may_have_left() -> None:
    with Books() as books:
        refund = a_refund(books)
        assert not invoice(books, refund).may_have_left
        books.submit(refund, Part.INVOICE)
        state = invoice(books, refund)
        assert (state.status, state.attempts) == (PartStatus.SUBMITTED, 1)
        assert (state.unexplained, state.maybe_sent) == (frozenset({1}), frozenset({1}))
        assert state.may_have_left


def test_a_call_that_never_left_is_due_again_and_did_not_leave() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.not_sent(refund, Part.INVOICE)
        state = invoice(books, refund)
        assert (state.status, state.attempts, state.doubt) == (
            PartStatus.DUE,
            1,
            "connection refused",
        )
        assert not state.may_have_left


def test_a_resend_that_never_left_lets_the_earlier_call_be_looked_for_anew() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.submit(refund, Part.INVOICE)
        assert invoice(books, refund).unexplained == {2}
        books.not_sent(refund, Part.INVOICE)
        state = invoice(books, refund)
        assert (state.status, state.unexplained, state.maybe_sent) == (
            PartStatus.IN_DOUBT,
            frozenset({1}),
            frozenset({1}),
        )


def test_a_resend_that_was_refused_is_allowed_again_after_a_look_for_the_earlier_call() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.submit(refund, Part.INVOICE)
        books.refuse(refund, Part.INVOICE)
        assert invoice(books, refund).status is PartStatus.REFUSED
        books.send_again(refund, Part.INVOICE)
        state = invoice(books, refund)
        assert (state.status, state.unexplained) == (PartStatus.IN_DOUBT, frozenset({1}))
        assert (state.resend_allowed, state.refusal) == (True, None)


def test_a_doubt_says_why_and_when_a_look_can_prove_something() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE, for_person=True)
        state = invoice(books, refund)
        assert (state.doubt, state.for_person, state.was_doubted) == (
            "no answer in time",
            True,
            True,
        )
        assert state.look_after is not None
        assert state.look_after > books.stamp().at


def test_a_refusal_is_kept_with_its_code() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.refuse(refund, Part.INVOICE)
        state = invoice(books, refund)
        assert state.status is PartStatus.REFUSED
        assert state.refusal is not None
        assert state.refusal.code == "-12"
        assert not state.maybe_sent
        assert state.may_have_left


def test_a_refused_call_did_leave_even_once_it_may_be_sent_again() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.refuse(refund, Part.INVOICE)
        books.send_again(refund, Part.INVOICE)
        state = invoice(books, refund)
        assert (state.status, state.refusal, state.may_have_left) == (PartStatus.DUE, None, True)
        books.submit(refund, Part.INVOICE)
        books.not_sent(refund, Part.INVOICE)
        assert invoice(books, refund).may_have_left
