"""What has happened, in the past tense and for ever; each event carries every number that it moves.

The one import for events: those recorded of the accounting system, those of a refund's life, those
about what was given back outside, those of comparisons, and the values inside them. `TOPIC` is the
stored name of a class and never changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from refund_ledger.originals import Document, Half
from refund_ledger.outside_events import DiscrepancyExplained, OutsideRefundRecorded
from refund_ledger.reconciled_events import DifferenceAccepted, ReconciliationDone, Tally
from refund_ledger.recorded_events import (
    CreditGranted,
    CreditReduced,
    Event,
    OriginalPaid,
    OriginalRecorded,
    ReceiptLinked,
)
from refund_ledger.refund_events import (
    AlertAcknowledged,
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    InvoicePartCancelled,
    LateSuccessFound,
    PartWatched,
    ReceiptPartCancelled,
    RefundApproved,
    RefundClosed,
    RefundCompleted,
    RefundEvent,
    RefundRejected,
    RefundRequested,
    RefundWithdrawn,
    Resolved,
)
from refund_ledger.values import (
    Backing,
    Comment,
    Decision,
    Digest,
    DocumentId,
    Draw,
    Evidence,
    Fall,
    GivenBack,
    GrantReason,
    How,
    Learned,
    Part,
    ReductionReason,
    RefundKind,
    SourceBack,
    TakenLine,
    TakenPayment,
    Undone,
    Way,
)

__all__ = [
    "AlertAcknowledged",
    "Backing",
    "CallInDoubt",
    "CallNotSent",
    "CallRefused",
    "CallSubmitted",
    "Comment",
    "CreditGranted",
    "CreditReduced",
    "Decision",
    "DifferenceAccepted",
    "Digest",
    "DiscrepancyExplained",
    "DocumentId",
    "Draw",
    "Event",
    "Evidence",
    "Fall",
    "GivenBack",
    "GrantReason",
    "How",
    "InvoicePartCancelled",
    "LateSuccessFound",
    "Learned",
    "OriginalPaid",
    "OriginalRecorded",
    "OutsideRefundRecorded",
    "Part",
    "PartWatched",
    "ReceiptLinked",
    "ReceiptPartCancelled",
    "ReconciliationDone",
    "ReductionReason",
    "RefundApproved",
    "RefundClosed",
    "RefundCompleted",
    "RefundEvent",
    "RefundKind",
    "RefundRejected",
    "RefundRequested",
    "RefundWithdrawn",
    "Resolved",
    "SourceBack",
    "TakenLine",
    "TakenPayment",
    "Tally",
    "Undone",
    "Way",
    "claims",
    "event_classes",
]


def event_classes() -> dict[str, type[Event]]:
    """Every stored event class by its `TOPIC`."""
    return {cls.TOPIC: cls for cls in _leaves(Event)}


def _leaves(cls: type[Event]) -> Iterator[type[Event]]:
    below: list[Any] = cls.__subclasses__()
    if not below:
        yield cls
    for sub in below:
        yield from _leaves(sub)


def claims(event: Event) -> tuple[Document, ...]:
    """The documents that an event takes for itself; one document is taken once in a company."""
    match event:
        case (
            InvoicePartCancelled()
            | ReceiptPartCancelled()
            | LateSuccessFound()
            | OutsideRefundRecorded()
        ):
            return (event.document.key,)
        case DiscrepancyExplained(reversed_by=DocumentId() as document):
            return (document.key,)
        case CreditGranted(document=DocumentId() as document):
            return (document.key,)
        case OriginalRecorded():
            halves = ((Half.DOCUMENT, event.kind.has_sale), (Half.RECEIPT, event.kind.has_money))
            return tuple(event.ref.document(half) for half, has in halves if has)
        case _:
            return ()
