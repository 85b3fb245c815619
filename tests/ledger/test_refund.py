"""A refund is what its events tell, and knows what it waits for."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings

from refund_ledger.events import Part
from refund_ledger.policies import Terms
from refund_ledger.refund import (
    WATCH_AFTER,
    PartStatus,
    Status,
    Waits,
    calls_due,
    evolve,
    fold,
    refund_id,
)
from support.books import Books, a_cash_sale, a_line
from support.histories import histories


def a_refund(books: Books, **fields: object) -> UUID:
    books.record(a_cash_sale(1, a_line(1, 100)))
    return books.ask("a", original="invoice_receipt:2/1", **fields)


def due(books: Books, refund: UUID) -> list[tuple[Part, Waits]]:
    return [(call.part, call.waits) for call in calls_due(books.refund(refund))]


def test_the_id_of_a_refund_follows_from_company_and_key_for_ever() -> None:
    assert refund_id("acme", "order-9") == UUID("44c5398d-33be-5baf-9969-f4056bd6228f")
    assert refund_id("acme", "order-9") != refund_id("other", "order-9")


def test_nothing_is_folded_from_nothing() -> None:
    assert fold([]) is None


def test_a_stream_begins_with_its_request() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        _, *rest = books.store.stream(refund)
        with pytest.raises(ValueError, match="does not begin with its request"):
            fold(rest)


@settings(max_examples=25)
@given(histories)
def test_folding_step_by_step_is_folding_at_once(books: Books) -> None:
    with books:
        for each in books.refund_ids():
            events = books.store.stream(each)
            refund = None
            for event in events:
                refund = evolve(refund, event)
            assert refund == fold(events) == books.refund(each)
            assert refund is not None
            assert refund.version == len(events)


@settings(max_examples=25)
@given(histories)
def test_what_is_due_in_the_store_follows_from_the_events(books: Books) -> None:
    with books:
        stored = set(books.store.due("acme", *Waits))
        folded = {call for each in books.refund_ids() for call in calls_due(books.refund(each))}
        assert stored == folded


def test_an_event_of_another_stream_changes_nothing_but_the_version() -> None:
    with Books() as books:
        refund = a_refund(books)
        other = books.events()[0]
        before = books.refund(refund)
        assert evolve(before, other).status is before.status


# --- what it waits for ----------------------------------------------------------------------------


def test_nothing_is_due_before_a_second_person_has_agreed() -> None:
    with Books(terms=Terms(approval_above={"ILS": 0})) as books:
        refund = a_refund(books)
        assert due(books, refund) == []
        books.approve(refund)
        assert due(books, refund) == [(Part.INVOICE, Waits.SEND)]


def test_the_money_waits_for_the_invoice_part() -> None:
    with Books() as books:
        refund = a_refund(books)
        assert due(books, refund) == [(Part.INVOICE, Waits.SEND)]
        books.submit(refund, Part.INVOICE)
        assert due(books, refund) == [(Part.INVOICE, Waits.PARK)]
        books.answer(refund, Part.INVOICE)
        assert due(books, refund) == [(Part.RECEIPT, Waits.SEND)]
        books.book(refund, Part.RECEIPT)
        assert due(books, refund) == []


def test_a_doubt_is_looked_into_and_then_waits_for_a_person() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        assert due(books, refund) == [(Part.INVOICE, Waits.LOOK)]
        books.doubt(refund, Part.INVOICE, for_person=True)
        assert due(books, refund) == [(Part.INVOICE, Waits.PERSON)]
        books.close(refund)
        assert due(books, refund) == [(Part.INVOICE, Waits.PERSON)]


def test_a_refusal_waits_for_a_person() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.submit(refund, Part.INVOICE)
        books.refuse(refund, Part.INVOICE)
        assert due(books, refund) == [
            (Part.INVOICE, Waits.PERSON),
            (Part.INVOICE, Waits.WATCH),
        ]


def test_what_was_withdrawn_waits_for_nothing() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.withdraw(refund)
        assert due(books, refund) == []


def test_a_plain_answer_is_not_looked_at_again_and_a_doubted_one_is_a_few_times() -> None:
    with Books() as books:
        refund = a_refund(books, parts="invoice")
        books.submit(refund, Part.INVOICE)
        books.doubt(refund, Part.INVOICE)
        books.answer(refund, Part.INVOICE)
        sent = books.refund(refund).invoice.submitted
        assert sent is not None
        for wait in WATCH_AFTER:
            (call,) = calls_due(books.refund(refund))
            assert (call.waits, call.not_before - sent.send_by) == (Waits.WATCH, wait)
            books.watch(refund, Part.INVOICE)
        assert due(books, refund) == []
        assert WATCH_AFTER[0] < timedelta(hours=1)


def test_what_ended_unsent_is_not_watched() -> None:
    with Books() as books:
        refund = a_refund(books)
        books.close(refund)
        assert books.refund(refund).invoice.status is PartStatus.ENDED
        assert books.refund(refund).status is Status.CLOSED
        assert due(books, refund) == []
