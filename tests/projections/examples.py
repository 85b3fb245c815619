"""Examples: one event of every kind with every field filled, as no real one ever is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from refund_ledger.events import (
    AlertAcknowledged,
    Backing,
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    CreditGranted,
    CreditReduced,
    Decision,
    DifferenceAccepted,
    DiscrepancyExplained,
    DocumentId,
    Draw,
    Event,
    Evidence,
    Fall,
    GivenBack,
    GrantReason,
    How,
    InvoicePartCancelled,
    LateSuccessFound,
    Learned,
    OriginalPaid,
    OriginalRecorded,
    OutsideRefundRecorded,
    Part,
    PartWatched,
    ReceiptPartCancelled,
    ReconciliationDone,
    ReductionReason,
    RefundApproved,
    RefundClosed,
    RefundCompleted,
    RefundKind,
    RefundRejected,
    RefundRequested,
    RefundWithdrawn,
    Resolved,
    SourceBack,
    TakenLine,
    TakenPayment,
    Tally,
    Way,
)
from refund_ledger.originals import Closes, Half, Kind, Line, Method, Payment, PaymentDetails

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SALE = "invoice:1/2345"
RECEIPT = "receipt:1/77"
BY_BANK = PaymentDetails(bank=12, branch=600, account="123456", number=4711)
LINE = TakenLine(
    line=1,
    description="a lamp",
    item="L-1",
    net=1_000,
    vat=170,
    quantity=2_000_000,
    returned=1_000_000,
)
PAYMENT = TakenPayment(payment=1, amount=1_170, method=Method.CHEQUE, details=BY_BANK)
FALL = Fall(source=SALE, opened=100, promised=200, credit=300, granted=400, exceeds=170)
DRAW = Draw(source=SALE, held=100, promised=200, reopens=300, credit=150, uncovers=250, exceeds=170)
CREDIT_NOTE = DocumentId(half=Half.DOCUMENT, series=3, number=481, identity="8f3a")
COUNTER_RECEIPT = DocumentId(half=Half.RECEIPT, series=1, number=91)
SAID = (Evidence(source="Document.List", said="one document carries our marker"),)
BACK = GivenBack(
    kind=RefundKind.ORIGINAL,
    sale=SALE,
    lines=(LINE,),
    receipt=RECEIPT,
    payments=(PAYMENT,),
    sources=(SourceBack(source=SALE, held=10, cover=20, promised=30),),
    goodwill=40,
)
DIGEST = "0123456789abcdef" * 4


def make(cls: type[Event], **fields: Any) -> Event:
    """Make an event of refund 1 of customer 7."""
    return cls.model_validate(
        {
            "originator_id": UUID(int=1),
            "originator_version": 5,
            "timestamp": AT,
            "event_id": UUID(int=2),
            "command_id": "command-1",
            "correlation_id": "correlation-1",
            "causation_id": "cause-1",
            "actor": "dana",
            "company": "acme",
            "currency": "ILS",
            "customer_id": "7",
            **fields,
        }
    )


_RECORDED = [
    make(
        OriginalRecorded,
        kind=Kind.INVOICE,
        series=1,
        number=2345,
        issued_on=date(2026, 2, 28),
        exchange_rate="3.7",
        lines=(
            Line(
                number=1,
                description="a lamp",
                item="L-1",
                quantity=2_000_000,
                unit_price="5.85",
                discount=30,
                net=1_000,
                vat=170,
            ),
        ),
        payments=(Payment(number=1, method=Method.CHEQUE, amount=1_170, details=BY_BANK),),
        closes=(Closes(sale="invoice:1/2", amount=500),),
        open_amount=170,
        covered=1_000,
        overpaid=5,
        read_from="the accounting system",
        digest=DIGEST,
    ),
    make(OriginalPaid, sale=SALE, receipt=RECEIPT, closes=600, paid=500, credit=100),
    make(
        CreditGranted,
        reference="2026-17",
        why=GrantReason.CREDIT_NOTE,
        amount=500,
        granted_on=date(2026, 1, 1),
        document=CREDIT_NOTE,
        receipt=RECEIPT,
        from_cover=100,
        comment="as agreed",
        digest=DIGEST,
    ),
    make(
        CreditReduced,
        reference="2026-17",
        why=ReductionReason.USED_ON_SALE,
        amount=300,
        exceeds=50,
        sale=SALE,
        pays=350,
        comment="set off",
    ),
]
_PEOPLE = [
    make(
        RefundRequested,
        key="return-1",
        digest=DIGEST,
        kind=RefundKind.ORIGINAL,
        reason="returned_goods",
        comment="broken",
        sale=SALE,
        receipt=RECEIPT,
        lines=(LINE,),
        payments=(PAYMENT,),
        credited=1_170,
        paid_back=1_170,
        backing=(Backing(source=SALE, from_credit=170, from_cover=1_000),),
        method=Method.BANK_TRANSFER,
        source_account="main bank",
        details=BY_BANK,
        invoice_way=Way.CANCEL,
        receipt_way=Way.NEW,
        exchange_rate="3.7",
        needs_approval=("it is above the limit",),
    ),
    make(RefundApproved, request_digest=DIGEST),
    make(RefundRejected, why="too late", given_back=BACK),
    make(RefundWithdrawn, why="a mistake", given_back=BACK),
    make(
        Resolved,
        part=Part.INVOICE,
        decision=Decision.SEND_AGAIN,
        why="nothing was there",
        seen_version=4,
        evidence=SAID,
    ),
    make(RefundClosed, why="no use", given_back=BACK, in_doubt=(Part.INVOICE, Part.RECEIPT)),
    make(AlertAcknowledged, document=CREDIT_NOTE, why="cancelled by hand"),
]
_CALLS = [
    make(
        CallSubmitted,
        part=Part.INVOICE,
        attempt=2,
        method="Document.New",
        reference="reference-1",
        marker="marker-1",
        request='{"customer_id":7}',
        digest=DIGEST,
        send_by=AT + timedelta(seconds=10),
        looked_from=AT - timedelta(seconds=10),
        evidence=SAID,
    ),
    make(CallNotSent, part=Part.INVOICE, attempt=2, why="connection refused"),
    make(
        CallInDoubt,
        part=Part.INVOICE,
        attempt=2,
        why="no answer in time",
        look_after=AT + timedelta(minutes=5),
        for_person=True,
        evidence=SAID,
    ),
    make(CallRefused, part=Part.INVOICE, attempt=2, code="-12", message="no such customer"),
    make(PartWatched, part=Part.INVOICE, looked_from=AT, evidence=SAID),
]
_BOOKED = [
    make(
        InvoicePartCancelled,
        document=CREDIT_NOTE,
        learned=Learned.LOOK_UP,
        asked=1_100,
        booked=1_170,
        net=1_000,
        vat=170,
        from_reserved=1_100,
        excess=70,
        quantity=2_000_000,
        sale=SALE,
        fall=FALL,
        evidence=SAID,
    ),
    make(
        ReceiptPartCancelled,
        document=COUNTER_RECEIPT,
        learned=Learned.PERSON,
        asked=1_100,
        booked=1_170,
        from_reserved=1_100,
        excess=70,
        receipt=RECEIPT,
        method=Method.BANK_TRANSFER,
        source_account="main bank",
        draws=(DRAW,),
        evidence=SAID,
    ),
    make(RefundCompleted, given_back=BACK),
    make(
        LateSuccessFound,
        part=Part.INVOICE,
        document=CREDIT_NOTE,
        learned=Learned.ANSWER,
        booked=1_170,
        net=1_000,
        vat=170,
        original=SALE,
        lines=(LINE,),
        payments=(PAYMENT,),
        from_reserved=100,
        quantity=1_000_000,
        excess=70,
        source_account="main bank",
        fall=FALL,
        draws=(DRAW,),
        duplicate_of=COUNTER_RECEIPT,
        evidence=SAID,
    ),
]
_OUTSIDE = [
    make(
        OutsideRefundRecorded,
        part=Part.INVOICE,
        document=CREDIT_NOTE,
        issued_on=date(2026, 3, 2),
        booked=1_170,
        net=1_000,
        vat=170,
        original=SALE,
        lines=(LINE,),
        payments=(PAYMENT,),
        excess=70,
        source_account="main bank",
        fall=FALL,
        draws=(DRAW,),
        read_from="the accounting system",
        comment="made by hand",
        digest=DIGEST,
    ),
    make(
        DiscrepancyExplained,
        reference="explained-1",
        subject="document 3/481",
        part=Part.INVOICE,
        document=CREDIT_NOTE,
        how=How.REVERSED,
        amount=70,
        why="cancelled by hand",
        reversed_by=DocumentId(half=Half.DOCUMENT, series=3, number=490),
        original=SALE,
        source=SALE,
        excess=60,
        unexplained=70,
        allowed=10,
        restored_lines=(LINE,),
        restored_payments=(PAYMENT,),
        pays=5,
        credit=6,
        counts_on="invoice:1/2346",
        lines=(LINE,),
        payments=(PAYMENT,),
        fall=FALL,
        draws=(DRAW,),
        digest=DIGEST,
    ),
]

_COMPARED = [
    make(
        ReconciliationDone,
        since=date(2026, 2, 1),
        until=date(2026, 2, 28),
        position=4711,
        read_from="rivhit",
        documents_here=12,
        documents_there=13,
        matched=9,
        differences=(Tally(kind="amount differs", count=2),),
        accepted=(Tally(kind="missing there", count=1),),
        not_judged=3,
        digest_here=DIGEST,
        digest_there=DIGEST[::-1],
    ),
    make(
        DifferenceAccepted,
        document=CREDIT_NOTE,
        difference="amount differs",
        digest=DIGEST,
        why="rounded by hand",
    ),
]

EXAMPLES: dict[str, Event] = {
    event.TOPIC: event for event in [*_RECORDED, *_PEOPLE, *_CALLS, *_BOOKED, *_OUTSIDE, *_COMPARED]
}
"""By stored name."""
