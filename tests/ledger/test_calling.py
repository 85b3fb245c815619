"""A call is announced, answered, doubted or refused; a fact is recorded whenever it comes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from refund_ledger import calling
from refund_ledger.balances import Look
from refund_ledger.errors import ClaimedError, InvalidInputError, WrongStateError
from refund_ledger.events import Learned, Part
from refund_ledger.refund import PartStatus, Status
from support.books import Books, a_cash_sale, a_line
from support.calls import LOOKED

PART = Part.INVOICE


def a_refund(books: Books, key: str = "a", **fields: object) -> UUID:
    if not books.store.position():
        books.record(a_cash_sale(1, a_line(1, 100)))
    return books.ask(key, original="invoice_receipt:2/1", **fields)


def topics(books: Books, refund: UUID) -> list[str]:
    return [event.TOPIC.removeprefix("refund.") for event in books.store.stream(refund)]


# --- announcing -----------------------------------------------------------------------------------


def test_a_part_that_is_due_is_submitted_once() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        with pytest.raises(WrongStateError, match="the invoice part is submitted"):
            books.submit(refund, Part.INVOICE)


def test_the_money_is_not_sent_before_the_invoice_part_is_booked() -> None:
    with Books() as books:
        refund = a_refund(books)
        with pytest.raises(WrongStateError, match="waits until the invoice part is cancelled"):
            books.submit(refund, Part.RECEIPT)


def test_money_alone_waits_for_nothing() -> None:
    with Books() as books:
        refund = a_refund(books, parts="receipt")
        books.submit(refund, Part.RECEIPT)
        assert books.refund(refund).receipt.status is PartStatus.SUBMITTED


def test_what_is_over_is_not_sent() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.withdraw(refund)
        with pytest.raises(WrongStateError, match="the refund is withdrawn"):
            books.submit(refund, Part.INVOICE)


def test_a_call_in_doubt_goes_out_again_only_with_the_proof() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        stamp = books.stamp("dispatcher")
        for looked_from, evidence in ((None, ()), (stamp.at, ()), (None, LOOKED)):
            with pytest.raises(WrongStateError):
                calling.submit(
                    books.refund(refund),
                    stamp,
                    PART,
                    method="Document.New",
                    reference="ref",
                    marker="mark",
                    request="{}",
                    digest="a" * 64,
                    send_by=stamp.at + timedelta(seconds=9),
                    looked_from=looked_from,
                    evidence=evidence,
                )
        books.submit(refund, Part.INVOICE)
        assert books.refund(refund).invoice.attempts == 2


# --- answers --------------------------------------------------------------------------------------


def test_the_last_answer_completes_the_refund_in_the_same_save() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.book(refund, Part.INVOICE)
        books.book(refund, Part.RECEIPT)
        assert topics(books, refund) == [
            *("requested", "call_submitted", "invoice_part_cancelled"),
            *("call_submitted", "receipt_part_cancelled", "completed"),
        ]


def test_an_answer_without_an_amount_booked_what_was_asked() -> None:
    with Books() as books:
        refund = a_refund(books, amount=30)
        books.book(refund, Part.INVOICE)
        assert books.refund(refund).invoice.booked == 30


def test_an_answer_to_an_earlier_attempt_answers_the_part() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.submit(refund, Part.INVOICE)
        first = books.answer(refund, Part.INVOICE)
        assert books.refund(refund).invoice.documents == (first,)
        second = books.answer(refund, Part.INVOICE)
        (alert,) = books.refund(refund).alerts
        assert (alert.document, alert.duplicate_of) == (second, first)


def test_a_document_serves_one_part() -> None:
    with Books() as books:
        first, second = a_refund(books, "a", amount=10), a_refund(books, "b", amount=20)
        document = books.book(first, Part.INVOICE)
        books.submit(second, Part.INVOICE)
        with pytest.raises(ClaimedError, match="document 3/481 is already taken by refund"):
            books.answer(second, Part.INVOICE, document=document)
        assert books.refund(second).invoice.status is PartStatus.SUBMITTED


def test_an_answer_comes_although_nobody_submitted_anything() -> None:
    """A fact is never refused: whoever booked it, it is booked."""
    with Books() as books:
        refund = a_refund(books, parts="invoice")
        books.answer(refund, Part.INVOICE)
        assert books.refund(refund).status is Status.COMPLETED


def test_a_part_that_the_refund_does_not_have_has_no_answer() -> None:
    with Books() as books:
        refund = a_refund(books, parts="invoice")
        with pytest.raises(WrongStateError, match="has no receipt part"):
            books.answer(refund, Part.RECEIPT)


@pytest.mark.parametrize("part", list(Part))
def test_a_document_of_the_other_half_answers_no_part(part: Part) -> None:
    other = Part.RECEIPT if part is Part.INVOICE else Part.INVOICE
    with Books() as books:
        refund = a_refund(books, parts=str(part))
        books.submit(refund, part)
        with pytest.raises(InvalidInputError, match=rf"document: .* of the {part} part"):
            books.answer(refund, part, document=books.document(other))


def test_an_answer_of_a_negative_amount_is_none() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        with pytest.raises(InvalidInputError, match="booked"):
            books.answer(refund, Part.INVOICE, booked=-1)


def test_an_answer_of_nothing_gives_everything_back() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.book(refund, Part.INVOICE, booked=0)
        books.book(refund, Part.RECEIPT, booked=0)
        assert books.refund(refund).status is Status.COMPLETED
        assert books.position("invoice_receipt:2/1") == (0, 100, 0)
        books.check()


# --- everything else ------------------------------------------------------------------------------


def test_a_refusal_speaks_for_the_attempt_that_is_out() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.refuse(refund, Part.INVOICE)
        assert topics(books, refund) == ["requested"]
        books.submit(refund, Part.INVOICE)
        books.refuse(refund, Part.INVOICE)
        books.refuse(refund, Part.INVOICE)
        assert topics(books, refund)[2:] == ["call_refused"]


def test_a_refusal_of_an_attempt_that_is_not_the_latest_says_nothing() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.submit(refund, Part.INVOICE)
        now, stamp, look = books.refund(refund), books.stamp(), Look(books.store.balance)
        assert calling.refused(now, stamp, PART, 1, code="-1", message="no", look=look) == ()
        assert calling.not_sent(now, stamp, PART, 1, why="no", look=look) == ()
        look_after = stamp.at
        assert calling.in_doubt(now, stamp, Part.INVOICE, 1, why="", look_after=look_after) == ()


def test_nothing_is_in_doubt_of_what_was_answered() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.book(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        assert topics(books, refund)[-1] == "invoice_part_cancelled"


def test_what_cannot_be_said_waits_for_a_person_and_was_not_sent() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.not_sent(refund, Part.INVOICE)
        stamp = books.stamp("dispatcher")
        for _ in range(2):
            books.ledger.fact(
                refund, lambda now, _: calling.unsayable(now, stamp, PART, why="too long")
            )
        state = books.refund(refund).invoice
        assert (state.status, state.may_have_left) == (PartStatus.REFUSED, False)
        assert topics(books, refund)[-2:] == ["call_not_sent", "call_refused"]
        books.withdraw(refund)


def test_how_a_success_became_known_is_kept() -> None:
    with Books() as books:
        refund = a_refund(books, parts="invoice")
        document, stamp = books.document(Part.INVOICE), books.stamp("dispatcher")
        books.ledger.fact(
            refund,
            lambda now, look: calling.succeeded(
                now,
                stamp,
                Part.INVOICE,
                document,
                booked=None,
                learned=Learned.LOOK_UP,
                look=look,
                evidence=LOOKED,
            ),
        )
        event = books.store.stream(refund)[1]
        assert event.model_dump()["learned"] == "look_up"
        assert event.model_dump()["evidence"][0]["said"] == "nothing fits"
