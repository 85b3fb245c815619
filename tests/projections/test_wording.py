"""Every event has words that an accountant understands."""

import pytest

from projections.examples import AT, BACK, COUNTER_RECEIPT, CREDIT_NOTE, EXAMPLES, make
from refund_ledger.errors import InvariantError
from refund_ledger.events import (
    CallInDoubt,
    CallRefused,
    CreditGranted,
    CreditReduced,
    DifferenceAccepted,
    DiscrepancyExplained,
    Event,
    GivenBack,
    How,
    InvoicePartCancelled,
    LateSuccessFound,
    OriginalPaid,
    OriginalRecorded,
    OutsideRefundRecorded,
    Part,
    ReceiptLinked,
    ReceiptPartCancelled,
    ReconciliationDone,
    RefundClosed,
    RefundCompleted,
    RefundKind,
    RefundRequested,
    RefundWithdrawn,
    event_classes,
)
from refund_projections.wording import amount, document_of, moment, named, words

NOTHING_BACK = GivenBack(kind=RefundKind.ORIGINAL)


def changed(cls: type[Event], **fields: object) -> Event:
    return EXAMPLES[cls.TOPIC].model_copy(update=fields)


def test_there_is_an_example_of_every_event() -> None:
    assert EXAMPLES.keys() == event_classes().keys()


@pytest.mark.parametrize("topic", sorted(event_classes()))
def test_every_event_has_words_of_its_own(topic: str) -> None:
    event = EXAMPLES[topic]
    said = words(event)
    assert said[0].isupper() or said.startswith((event.actor, "3.50"))
    assert "None" not in said
    assert type(event) in words.registry


def test_an_event_without_words_is_a_mistake_in_the_code() -> None:
    with pytest.raises(InvariantError, match="Event has no words"):
        words(make(Event))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            EXAMPLES[OriginalRecorded.TOPIC],
            (
                "Invoice 1/2345 of 2026-02-28 was read from the accounting system: 11.70 ILS sold, "
                "11.70 ILS paid by it, 1.70 ILS still open, 0.05 ILS paid too much"
            ),
        ),
        (
            changed(OriginalRecorded, lines=(), payments=(), open_amount=0, overpaid=0),
            "Invoice 1/2345 of 2026-02-28 was read from the accounting system: nothing of value",
        ),
        (
            EXAMPLES[OriginalPaid.TOPIC],
            (
                "Receipt 1/77 pays 5.00 ILS of invoice 1/2345; 1.00 ILS of it is more than was "
                "owed and became credit"
            ),
        ),
        (changed(OriginalPaid, credit=0), "Receipt 1/77 pays 5.00 ILS of invoice 1/2345"),
        (
            changed(OriginalPaid, credit=0, receipt="grant:2026-17"),
            "The credit 2026-17 pays 5.00 ILS of invoice 1/2345",
        ),
        (
            changed(OriginalPaid, paid=0),
            "Receipt 1/77 pays 6.00 ILS of invoice 1/2345, known before",
        ),
        (
            EXAMPLES[ReceiptLinked.TOPIC],
            (
                "Receipt 1/77 was read again from the accounting system: it was said to pay "
                "5.00 ILS of invoice 1/2345 and 1.00 ILS of invoice 1/2346 too"
            ),
        ),
        (
            EXAMPLES[CreditGranted.TOPIC],
            "A credit of 5.00 ILS was recorded (2026-17): an open credit note",
        ),
        (
            EXAMPLES[CreditReduced.TOPIC],
            (
                "3.50 ILS of the credit 2026-17 was used to pay invoice 1/2345; 0.50 ILS of it was "
                "gone already and stands unexplained; 2.50 ILS of it is money of receipt 1/77 again"
            ),
        ),
        (
            changed(CreditReduced, why="expired", sale="", exceeds=0, to_cover=0),
            "3.00 ILS of the credit 2026-17 expired",
        ),
    ],
)
def test_what_the_accounting_system_holds_is_told(event: Event, said: str) -> None:
    assert words(event) == said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {},
            (
                "11.70 ILS of invoice 1/2345 to be credited and 11.70 ILS of receipt 1/77 to be "
                "paid back; 1.70 ILS of credit is set aside for it"
            ),
        ),
        ({"paid_back": 0, "backing": ()}, "11.70 ILS of invoice 1/2345 to be credited"),
        ({"credited": 0, "receipt": "", "backing": ()}, "11.70 ILS to be paid back"),
        (
            {"kind": RefundKind.CREDIT, "credited": 0, "backing": ()},
            "11.70 ILS of the customer's credit to be paid out",
        ),
        (
            {"kind": RefundKind.GOODWILL, "sale": "", "paid_back": 0, "backing": ()},
            "11.70 ILS of goodwill to be credited",
        ),
    ],
)
def test_a_request_says_what_is_wanted(fields: dict[str, object], said: str) -> None:
    assert words(changed(RefundRequested, **fields)) == (
        f"A refund was requested (returned_goods): {said}"
    )


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            changed(RefundWithdrawn, why=""),
            "The request was withdrawn; what it had reserved is free again",
        ),
        (
            EXAMPLES[RefundClosed.TOPIC],
            (
                "The refund was closed before every part was booked: no use; the invoice part was "
                "proven absent; of the receipt part it is still not known what became of it"
            ),
        ),
        (
            changed(RefundClosed, in_doubt=(Part.INVOICE, Part.RECEIPT), absent=()),
            (
                "The refund was closed before every part was booked: no use; of the invoice and "
                "receipt part it is still not known what became of it"
            ),
        ),
        (
            changed(RefundClosed, in_doubt=(), absent=()),
            "The refund was closed before every part was booked: no use",
        ),
        (
            EXAMPLES[RefundCompleted.TOPIC],
            "Every part is booked; the refund is complete; what it did not need is free again",
        ),
        (
            changed(RefundCompleted, given_back=NOTHING_BACK),
            "Every part is booked; the refund is complete",
        ),
        (
            EXAMPLES[CallInDoubt.TOPIC],
            (
                "Attempt 2 to book the invoice part may have been carried out or not: no answer in "
                "time; a person has to decide"
            ),
        ),
        (
            changed(CallInDoubt, for_person=False),
            (
                "Attempt 2 to book the invoice part may have been carried out or not: no answer in "
                "time; it will be looked for"
            ),
        ),
        (
            EXAMPLES[CallRefused.TOPIC],
            (
                "Attempt 2 to book the invoice part was refused: no such customer (code -12); "
                "nothing was booked"
            ),
        ),
        (
            changed(CallRefused, attempt=0),
            "The invoice part cannot be sent as it is: no such customer; nothing was booked",
        ),
        (
            EXAMPLES[InvoicePartCancelled.TOPIC],
            "Document 3/481 credits 11.70 ILS (asked for were 11.00 ILS) of invoice 1/2345",
        ),
        (
            changed(InvoicePartCancelled, asked=1_170, sale=""),
            "Document 3/481 credits 11.70 ILS of a goodwill",
        ),
        (
            changed(ReceiptPartCancelled, asked=1_170),
            "Receipt 1/91 pays back 11.70 ILS of receipt 1/77",
        ),
        (
            changed(ReceiptPartCancelled, asked=1_170, receipt=""),
            "Receipt 1/91 pays back 11.70 ILS",
        ),
        (
            EXAMPLES[LateSuccessFound.TOPIC],
            (
                "Document 3/481 over 11.70 ILS turned up beside receipt 1/91 for the same invoice "
                "part: it stands unexplained until a person says what it is"
            ),
        ),
        (
            changed(LateSuccessFound, duplicate_of=None),
            (
                "Document 3/481 over 11.70 ILS turned up for the invoice part after the refund was "
                "over; look at it"
            ),
        ),
    ],
)
def test_the_life_of_a_refund_is_told(event: Event, said: str) -> None:
    assert words(event) == said


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            EXAMPLES[OutsideRefundRecorded.TOPIC],
            (
                "Document 3/481, made outside this ledger and read from the accounting system, "
                "credits 11.70 ILS of invoice 1/2345, 0.70 ILS more than it had"
            ),
        ),
        (
            changed(
                OutsideRefundRecorded,
                document=COUNTER_RECEIPT,
                part=Part.RECEIPT,
                original="",
                excess=0,
            ),
            (
                "Receipt 1/91, made outside this ledger and read from the accounting system, pays "
                "back 11.70 ILS; nobody knows of what"
            ),
        ),
        (
            EXAMPLES[DiscrepancyExplained.TOPIC],
            (
                "dana explained 0.70 ILS of document 3/481: it was reversed there by document "
                "3/490: cancelled by hand"
            ),
        ),
        (
            changed(DiscrepancyExplained, how=How.BELONGS_ELSEWHERE, reversed_by=None),
            (
                "dana explained 0.70 ILS of document 3/481: it gives back invoice 1/2346: "
                "cancelled by hand"
            ),
        ),
        (
            changed(
                DiscrepancyExplained, how=How.WRITTEN_OFF, reversed_by=None, subject="grant:old"
            ),
            "dana explained 0.70 ILS of grant old: the company bears it: cancelled by hand",
        ),
    ],
)
def test_what_was_given_back_outside_is_told(event: Event, said: str) -> None:
    assert words(event) == said


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            EXAMPLES[ReconciliationDone.TOPIC],
            (
                "Dana compared 2026-02-01 to 2026-02-28 with rivhit: 9 documents match, "
                "2 differences beside 1 accepted before"
            ),
        ),
        (
            changed(ReconciliationDone, differences=(), accepted=()),
            (
                "Dana compared 2026-02-01 to 2026-02-28 with rivhit: 9 documents match, "
                "nothing differs"
            ),
        ),
        (
            EXAMPLES[DifferenceAccepted.TOPIC],
            ("dana accepted a difference of document 3/481 (amount differs): rounded by hand"),
        ),
    ],
)
def test_what_was_compared_is_told(event: Event, said: str) -> None:
    assert words(event) == said


def test_an_event_names_the_document_that_it_is_about() -> None:
    found = {topic: document_of(event) for topic, event in EXAMPLES.items()}
    assert {topic: document for topic, document in found.items() if document} == {
        "credit.granted": "document 3/481",
        "discrepancy.explained": "document 3/481",
        "original.paid": "receipt 1/77",
        "original.receipt_linked": "receipt 1/77",
        "original.recorded": "invoice 1/2345",
        "outside.refund_recorded": "document 3/481",
        "reconciliation.difference_accepted": "document 3/481",
        "refund.alert_acknowledged": "document 3/481",
        "refund.invoice_part_cancelled": "document 3/481",
        "refund.late_success_found": "document 3/481",
        "refund.receipt_part_cancelled": "receipt 1/91",
    }
    assert document_of(changed(CreditGranted, document=None)) == ""
    assert document_of(changed(OriginalPaid, receipt="grant:2026-17")) == ""


def test_amounts_keep_the_places_of_their_currency() -> None:
    assert amount(-1_234_567_890_123_456_789, "ILS") == "-12345678901234567.89 ILS"
    assert (amount(1_234, "JPY"), amount(5, "BHD")) == ("1234 JPY", "0.005 BHD")


def test_references_and_times_read_like_text() -> None:
    assert named("invoice_receipt:2/6923") == "invoice-receipt 2/6923"
    assert named("grant:2026-17") == "grant 2026-17"
    assert moment(AT) == "2026-03-01 09:30:00+00:00"
    assert BACK.sources
    assert CREDIT_NOTE.number == 481
