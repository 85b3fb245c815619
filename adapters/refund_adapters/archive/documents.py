"""The documents that a single event names, for a comparison with the accounting system at scale."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from refund_ledger.events import (
    CreditGranted,
    DiscrepancyExplained,
    DocumentId,
    Event,
    InvoicePartCancelled,
    LateSuccessFound,
    OriginalRecorded,
    OutsideRefundRecorded,
    ReceiptPartCancelled,
)
from refund_ledger.originals import Document
from refund_projections.known_documents import halves_of
from refund_projections.sides import Role


class Named(NamedTuple):
    """A document as one event names it."""

    role: Role
    document: Document
    amount: int
    """In minor units, without sign."""
    dated: date | None = None
    """None where nobody read its date."""


def documents_of(event: Event) -> Iterator[Named]:
    """The documents that an event names with an amount; it says all of it by itself."""
    match event:
        case OriginalRecorded():
            for half, amount in halves_of(event):
                yield Named(Role.ORIGINAL, event.ref.document(half), amount, event.issued_on)
        case InvoicePartCancelled() | ReceiptPartCancelled():
            yield Named(Role.ISSUED, event.document.key, event.booked)
        case LateSuccessFound():
            yield Named(Role.LATE, event.document.key, event.booked)
        case OutsideRefundRecorded():
            yield Named(Role.OUTSIDE, event.document.key, event.booked, event.issued_on)
        case CreditGranted(document=DocumentId() as made):
            yield Named(Role.GRANT, made.key, event.amount)
        case DiscrepancyExplained(reversed_by=DocumentId() as other):
            yield Named(Role.REVERSAL, other.key, event.amount)
        case _:
            pass
