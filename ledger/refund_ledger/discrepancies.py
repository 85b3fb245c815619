"""Discrepancies: what was booked beyond an original or found no place, until somebody explains it.

Each is kept by the document that caused it, so that it is explained once and no further. A credit
that was reduced elsewhere by more than it held is kept by the credit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from refund_ledger.errors import InvariantError
from refund_ledger.events import (
    CreditReduced,
    DiscrepancyExplained,
    DocumentId,
    Draw,
    Event,
    Fall,
    InvoicePartCancelled,
    LateSuccessFound,
    OutsideRefundRecorded,
    Part,
    ReceiptPartCancelled,
    TakenLine,
    TakenPayment,
)

Booking = InvoicePartCancelled | ReceiptPartCancelled | LateSuccessFound | OutsideRefundRecorded
"""An event that books a counter-document."""

Key = tuple[str, str]
"""Company and subject."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """What is left to explain of one document, in minor units."""

    cause: Event
    """The event that booked it: its company, customer, currency and time are the discrepancy's."""
    subject: str
    """The document ("document 3/482") or the credit ("grant:old")."""
    part: Part
    document: DocumentId | None
    original: str
    """The original that the excess is kept under; empty where none is known."""
    source: str
    """The source that the unexplained amount is kept under."""
    excess: int
    unexplained: int
    """Of a credited sale what nobody got; of money, what left without a reason."""
    lines: tuple[TakenLine, ...] = ()
    """What the document took of the original although its money found no place."""
    payments: tuple[TakenPayment, ...] = ()

    @property
    def left(self) -> int:
        """What there is left to explain; one amount may be both, excess and unexplained."""
        return max(self.excess, self.unexplained)

    @property
    def key(self) -> Key:
        """What names it among all companies."""
        return self.cause.company, self.subject

    def after(self, event: DiscrepancyExplained) -> Discrepancy:
        """What is left of it when a part is explained."""
        lines = {line.line: line for line in event.restored_lines}
        payments = {payment.payment: payment for payment in event.restored_payments}
        return replace(
            self,
            excess=self.excess - event.excess,
            unexplained=self.unexplained - event.unexplained,
            lines=tuple(_less_line(line, lines.get(line.line)) for line in self.lines),
            payments=tuple(_less(each, payments.get(each.payment)) for each in self.payments),
        )


def _less_line(line: TakenLine, restored: TakenLine | None) -> TakenLine:
    if restored is None:
        return line
    names = ("net", "vat", "quantity")
    return line.model_copy(
        update={name: getattr(line, name) - getattr(restored, name) for name in names}
    )


def _less(payment: TakenPayment, restored: TakenPayment | None) -> TakenPayment:
    if restored is None:
        return payment
    return payment.model_copy(update={"amount": payment.amount - restored.amount})


def fold(events: Iterable[Event]) -> dict[Key, Discrepancy]:
    """What events leave to explain; a cause comes before its explanations."""
    known: dict[Key, Discrepancy] = {}
    for event in events:
        count(known, event)
    return known


def count(known: dict[Key, Discrepancy], event: Event) -> None:
    """Count one event; raises `InvariantError` where it explains what never was."""
    if isinstance(event, DiscrepancyExplained):
        before = known.get((event.company, event.subject))
        if before is None and event.undone:
            return  # All of the document had its place, and was reversed all the same.
        if before is None:
            raise InvariantError(
                f"{event.TOPIC} of {event.subject} explains what was never booked; the history is "
                "damaged"
            )
        left = before.after(event)
    else:
        found = _found(event)
        if found is None:
            return
        more = known.get(found.key)
        left = replace(more, unexplained=more.unexplained + found.unexplained) if more else found
    if left.left:
        known[left.key] = left
    else:
        del known[left.key]


def concerns(event: Event) -> bool:
    """Whether an event leaves something to explain, or explains it."""
    return isinstance(event, DiscrepancyExplained) or _found(event) is not None


_MAY_EXCEED = frozenset(
    {
        InvoicePartCancelled,
        ReceiptPartCancelled,
        LateSuccessFound,
        OutsideRefundRecorded,
        CreditReduced,
    }
)


def _found(event: Event) -> Discrepancy | None:
    """What an event leaves to explain; none where everything found its place."""
    if type(event) not in _MAY_EXCEED:
        return None
    match event:
        case (
            InvoicePartCancelled()
            | ReceiptPartCancelled()
            | LateSuccessFound()
            | OutsideRefundRecorded()
        ):
            found = booked_by(event)
            return found if found.left else None
        case CreditReduced(exceeds=exceeds) if exceeds:
            return Discrepancy(
                cause=event,
                subject=event.source,
                part=Part.RECEIPT,
                document=None,
                original="",
                source=event.source,
                excess=0,
                unexplained=exceeds,
            )
        case _:
            return None


def booked_by(event: Booking) -> Discrepancy:
    """What a document leaves to explain, which may be nothing."""
    match event:
        case InvoicePartCancelled():
            return _of(event, Part.INVOICE, event.fall.source, (event.fall,))
        case ReceiptPartCancelled():
            return _of(event, Part.RECEIPT, event.receipt, event.draws)
        case _:
            placed = (event.fall,) if event.fall else event.draws
            found = _of(event, event.part, event.original, placed)
            return replace(found, lines=event.lines, payments=event.payments)


def _of(
    event: Booking, part: Part, original: str, placed: tuple[Fall, ...] | tuple[Draw, ...]
) -> Discrepancy:
    unexplained = sum(each.exceeds for each in placed)
    sources = [each.source for each in placed if each.exceeds] or [each.source for each in placed]
    return Discrepancy(
        cause=event,
        subject=str(event.document.key),
        part=part,
        document=event.document,
        original=original,
        source=sources[0] if sources else original,
        excess=event.excess,
        unexplained=unexplained,
    )
