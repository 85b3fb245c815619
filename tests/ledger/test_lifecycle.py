"""People approve, reject, take back, close, send again and acknowledge, each in its time."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from refund_ledger.errors import InvalidInputError, RefusedError
from refund_ledger.events import DocumentId, Part, RefundClosed
from refund_ledger.originals import Half
from refund_ledger.policies import Terms
from refund_ledger.refund import PartStatus, Status, Waits, calls_due
from support.books import Books, a_cash_sale, a_line
from support.calls import LOOKED

STRICT = Terms(approval_above={"ILS": 0})
MARKED = "a\u202eb"


def a_refund(books: Books, key: str = "a", **fields: object) -> UUID:
    if not books.store.position():
        books.record(a_cash_sale(1, a_line(1, 100)))
    return books.ask(key, original="invoice_receipt:2/1", **fields)


def refuses(books: Books, command: Callable[[], object], problem: str) -> None:
    """The command is refused in these words, and nothing is written."""
    before = books.store.position()
    with pytest.raises(RefusedError, match=problem):
        command()
    assert books.store.position() == before


# --- approval -------------------------------------------------------------------------------------


def test_a_second_person_approves_exactly_the_request_once() -> None:
    with Books(terms=STRICT) as books:
        refund = a_refund(books)
        assert books.refund(refund).status is Status.AWAITING_APPROVAL
        books.approve(refund, "avi")
        after = books.refund(refund)
        assert (after.status, after.approved_by) == (Status.IN_PROGRESS, "avi")
        for written in ("avi", " Avi"):
            books.approve(refund, written)
        assert books.refund(refund) == after
        refuses(books, lambda: books.approve(refund, "noa"), "nothing waits for approval")


@pytest.mark.parametrize("actor", ["dana", "Dana", " DANA "])
def test_nobody_approves_what_they_asked_for(actor: str) -> None:
    with Books(terms=STRICT) as books:
        refund = a_refund(books)
        refuses(books, lambda: books.approve(refund, actor), "ask a second person")


def test_an_approval_of_another_content_is_refused() -> None:
    with Books(terms=STRICT) as books:
        refund = a_refund(books)
        stamp = books.stamp("avi")

        def approve() -> None:
            books.ledger.approve(refund, stamp, digest="0" * 64)

        refuses(books, approve, "approve what you see")
        books.approve(refund, "avi")
        refuses(books, approve, "approve what you see")


def test_a_rejected_request_holds_nothing_and_is_rejected_once() -> None:
    with Books(terms=STRICT) as books:
        refund = a_refund(books)
        books.reject(refund)
        books.reject(refund)
        assert books.refund(refund).status is Status.REJECTED
        assert len(books.events()) == 3
        assert sum(books.left_in_all("invoice_receipt:2/1")) == 200
        books.check()
        refuses(books, lambda: books.approve(refund), "nothing waits for approval")


def test_one_may_reject_what_one_asked_for_oneself() -> None:
    with Books(terms=STRICT) as books:
        refund = a_refund(books)
        books.ledger.reject(refund, books.stamp("dana"), why="asked by mistake")
        assert books.refund(refund).status is Status.REJECTED


def test_what_needs_no_approval_is_neither_approved_nor_rejected() -> None:
    with Books() as books:
        refund = a_refund(books)
        refuses(books, lambda: books.approve(refund), "nothing waits for approval")
        refuses(books, lambda: books.reject(refund), "nothing waits for approval")


# --- withdrawal -----------------------------------------------------------------------------------


def test_a_request_is_taken_back_while_nothing_was_sent() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.withdraw(refund)
        books.withdraw(refund)
        assert books.refund(refund).status is Status.WITHDRAWN
        assert books.position("invoice_receipt:2/1") == (0, 100, 0)
        books.check()


def test_a_request_is_taken_back_after_its_approval_too() -> None:
    with Books(terms=STRICT) as books:
        refund = a_refund(books)
        books.approve(refund)
        books.withdraw(refund)
        assert books.refund(refund).status is Status.WITHDRAWN
        refuses(books, lambda: books.reject(refund), "the refund is withdrawn")
        books.check()


def test_a_call_that_never_left_does_not_hinder_it() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.not_sent(refund, Part.INVOICE)
        books.withdraw(refund)
        assert books.refund(refund).status is Status.WITHDRAWN


def test_what_was_sent_is_not_taken_back() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        refuses(books, lambda: books.withdraw(refund), "partly sent")
        books.refuse(refund, Part.INVOICE)
        refuses(books, lambda: books.withdraw(refund), "partly sent")
        books.send_again(refund, Part.INVOICE)
        refuses(books, lambda: books.withdraw(refund), "partly sent")
        books.finish(refund)
        refuses(books, lambda: books.withdraw(refund), "the refund is completed")


def test_what_was_refused_is_closed_and_watched_though_it_might_have_been_sent_again() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.refuse(refund, Part.INVOICE)
        books.send_again(refund, Part.INVOICE)
        books.close(refund)
        assert [due.waits for due in calls_due(books.refund(refund))] == [Waits.WATCH]


# --- closing --------------------------------------------------------------------------------------


def test_a_refund_half_done_is_closed_and_gives_back_the_rest() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.book(refund, Part.INVOICE)
        books.close(refund)
        after = books.refund(refund)
        assert after.status is Status.CLOSED
        assert (after.invoice.status, after.receipt.status) == (
            PartStatus.CANCELLED,
            PartStatus.ENDED,
        )
        assert books.position("invoice_receipt:2/1") == (0, 0, 100)
        books.check()


def test_a_part_in_doubt_keeps_its_hold_until_it_is_proven_absent() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.close(refund)
        assert books.refund(refund).left_sale == 100
        version = books.refund(refund).version
        books.close(refund)
        assert books.refund(refund).version == version
        books.close(refund, Part.INVOICE)
        after = books.refund(refund)
        assert (after.left_sale, after.invoice.status) == (0, PartStatus.ENDED)
        books.close(refund, Part.INVOICE)
        assert books.refund(refund).version == after.version
        books.check()


def test_a_close_keeps_what_it_was_decided_on() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        seen = books.refund(refund).version
        both = frozenset(Part)  # Only what was in doubt is proven by the proof.
        books.ledger.close(
            refund, books.stamp(), why="no use", seen_version=seen, absent=both, evidence=LOOKED
        )
        closed = books.events()[-1]
        assert isinstance(closed, RefundClosed)
        assert (closed.absent, closed.in_doubt) == ((Part.INVOICE,), ())
        assert (closed.seen_version, closed.evidence) == (seen, LOOKED)


def test_what_an_answer_frees_of_a_closed_refund_no_person_decided() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.close(refund)
        books.refuse(refund, Part.INVOICE)
        closed = books.events()[-1]
        assert isinstance(closed, RefundClosed)
        assert (closed.absent, closed.seen_version, closed.evidence) == ((), None, ())
        assert books.refund(refund).left_sale == 0


def test_closed_in_doubt_then_found_then_closed_again_is_nothing_new() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.close(refund)
        books.answer(refund, Part.INVOICE)
        before = books.store.position()
        books.close(refund, Part.INVOICE)
        assert books.store.position() == before
        books.check()


def test_a_call_on_its_way_is_waited_for() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        refuses(books, lambda: books.close(refund), "a call is on its way")


def test_what_is_over_is_not_closed() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.finish(refund)
        refuses(books, lambda: books.close(refund), "completed already")


def test_a_decision_names_the_version_that_was_seen() -> None:
    with Books() as books:
        refund = a_refund(books)
        seen = books.refund(refund).version
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)

        def close() -> None:
            books.ledger.close(
                refund, books.stamp(), why="no use", seen_version=seen, absent=frozenset()
            )

        refuses(books, close, "has moved from version 1 to 3")


# --- one more attempt -----------------------------------------------------------------------------


def test_a_refused_call_is_sent_again_at_once() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.refuse(refund, Part.INVOICE)
        books.send_again(refund, Part.INVOICE)
        assert books.refund(refund).invoice.status is PartStatus.DUE


def test_a_call_in_doubt_is_sent_again_after_a_fresh_look() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE, for_person=True)
        books.send_again(refund, Part.INVOICE)
        state = books.refund(refund).invoice
        assert (state.status, state.resend_allowed, state.for_person) == (
            PartStatus.IN_DOUBT,
            True,
            False,
        )


def test_only_a_part_that_waits_for_a_person_is_sent_again() -> None:
    with Books() as books:
        refund = a_refund(books)
        refuses(books, lambda: books.send_again(refund, Part.INVOICE), "does not wait")
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.close(refund)
        refuses(books, lambda: books.send_again(refund, Part.INVOICE), "the refund is closed")


# --- what a person says ---------------------------------------------------------------------------


def test_what_happened_is_recorded_on_a_person_s_word() -> None:
    with Books() as books:
        refund = a_refund(books, parts="invoice")
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE, for_person=True)
        document = books.happened(refund, Part.INVOICE, 100)
        after = books.refund(refund)
        assert (after.status, after.invoice.documents) == (Status.COMPLETED, (document,))
        assert [event.TOPIC for event in books.events()][-3:] == [
            "refund.resolved",
            "refund.invoice_part_cancelled",
            "refund.completed",
        ]
        books.check()


def test_what_happened_after_all_is_recorded_though_the_refund_was_closed() -> None:
    with Books() as books:
        refund = a_refund(books, parts="invoice")
        books.submit(refund, Part.INVOICE)
        books.refuse(refund, Part.INVOICE)
        books.close(refund)
        books.happened(refund, Part.INVOICE, 100)
        assert len(books.refund(refund).alerts) == 1
        books.check()


def test_an_alert_is_acknowledged_once() -> None:
    with Books() as books:
        refund = a_refund(books, parts="invoice")
        books.book(refund, Part.INVOICE)
        second = books.answer(refund, Part.INVOICE)
        for _ in range(2):
            books.ledger.acknowledge(refund, books.stamp("avi"), second, why="cancelled there")
        assert books.refund(refund).alerts == ()
        assert [event.TOPIC for event in books.events()].count("refund.alert_acknowledged") == 1


def test_hidden_characters_are_kept_out_of_what_people_say() -> None:
    with Books(terms=STRICT) as books:
        refund = a_refund(books)
        stamp = books.stamp("avi")
        document = DocumentId(half=Half.DOCUMENT, series=3, number=1)
        commands: list[Callable[[], object]] = [
            lambda: books.ledger.reject(refund, stamp, why=MARKED),
            lambda: books.ledger.withdraw(refund, stamp, why=MARKED),
            lambda: books.ledger.close(
                refund, stamp, why=MARKED, seen_version=1, absent=frozenset()
            ),
        ]
        for command in commands:
            with pytest.raises(InvalidInputError, match="why: holds the invisible"):
                command()
        books.approve(refund)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        version = books.refund(refund).version
        for command in (
            lambda: books.ledger.send_again(
                refund, stamp, Part.INVOICE, why=MARKED, seen_version=version
            ),
            lambda: books.ledger.happened(
                refund, stamp, Part.INVOICE, document, booked=1, why=MARKED, seen_version=version
            ),
        ):
            with pytest.raises(InvalidInputError, match="why: holds the invisible"):
                command()
