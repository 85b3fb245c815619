"""Known documents: what the ledger's events say of documents in the accounting system.

One pass over the events. What is remembered meanwhile are refunds that are not over, or that did
not go plainly; everything else is handed on at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from refund_ledger.events import (
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    CreditGranted,
    DifferenceAccepted,
    DiscrepancyExplained,
    DocumentId,
    Event,
    InvoicePartCancelled,
    LateSuccessFound,
    OriginalRecorded,
    OutsideRefundRecorded,
    Part,
    ReceiptPartCancelled,
    RefundClosed,
    RefundCompleted,
    RefundEvent,
    RefundRejected,
    RefundRequested,
    RefundWithdrawn,
    Resolved,
)
from refund_ledger.originals import Document, Half, OriginalRef
from refund_ledger.parts import NO_PART, PartState, PartStatus, changed, evolve_part
from refund_projections.sides import (
    Conventions,
    Credited,
    Explained,
    Known,
    Role,
    Told,
    Unbooked,
)


@dataclass(slots=True)
class _Part:
    marker: str
    sent: datetime
    state: PartState
    booked: bool = False


@dataclass(slots=True)
class _Refund:
    request: RefundRequested
    parts: dict[Part, _Part] = field(default_factory=dict)
    plain: bool = True
    """Whether every part was sent once and answered."""
    credited: bool = False
    """Whether it was told that its originals were credited."""


class KnownDocuments:
    """Reads a company's events in the order of the feed."""

    def __init__(self, company: str, conventions: Conventions) -> None:
        self.accepted: dict[tuple[Document, str, str], DifferenceAccepted] = {}
        """By document, kind and digest of the difference."""
        self._company = company
        self._conventions = conventions
        self._refunds: dict[UUID, _Refund] = {}

    def read(self, events: Iterable[Event]) -> Iterator[Told]:
        """Every document that the events name, and what they say about others; then the rest.

        What is left of refunds in progress is in `unbooked` once this has come to its end.
        """
        for event in events:
            if event.company != self._company:
                continue
            if isinstance(event, RefundEvent):
                yield from self._of_refund(event)
            else:
                yield from self._recorded(event)
        for one in self.unbooked():
            yield from self._credits(self._refunds[one.refund])

    def unbooked(self) -> list[Unbooked]:
        """Parts that were announced and have no document, in the order of their requests."""
        return [
            self._unbooked(refund, part, state)
            for refund in self._refunds.values()
            for part, state in refund.parts.items()
            if not state.booked
        ]

    def _unbooked(self, refund: _Refund, part: Part, state: _Part) -> Unbooked:
        request, day = refund.request, self._conventions.day(state.sent)
        return Unbooked(
            refund=request.originator_id,
            key=request.key,
            part=part,
            marker=state.marker,
            customer_id=request.customer_id,
            currency=request.currency,
            asked=request.asked(part),
            since=day - self._slack,
            anchor=day,
            in_doubt=state.state.status is PartStatus.IN_DOUBT,
        )

    @property
    def _slack(self) -> timedelta:
        return timedelta(days=self._conventions.slack_days)

    # --- refunds ----------------------------------------------------------------------------------

    def _of_refund(self, event: RefundEvent) -> Iterator[Told]:
        match event:
            case RefundRequested():
                self._refunds[event.originator_id] = _Refund(event)
            case CallSubmitted() | CallNotSent() | CallRefused() | CallInDoubt() | Resolved():
                self._called(event)
            case RefundClosed():
                self._closed(event)
            case InvoicePartCancelled() | ReceiptPartCancelled():
                yield from self._booked(event)
            case LateSuccessFound():
                yield from self._late(event)
            case RefundRejected() | RefundWithdrawn() | RefundCompleted():
                if self._refunds[event.originator_id].plain:
                    del self._refunds[event.originator_id]
            case _:
                pass

    def _called(
        self, event: CallSubmitted | CallNotSent | CallRefused | CallInDoubt | Resolved
    ) -> None:
        refund = self._refunds[event.originator_id]
        if part := refund.parts.get(event.part):
            part.state = evolve_part(part.state, event)
            refund.plain = False
        elif isinstance(event, CallSubmitted):
            state = evolve_part(NO_PART, event)
            refund.parts[event.part] = _Part(event.marker, event.timestamp, state)
        else:
            refund.plain = False

    def _closed(self, event: RefundClosed) -> None:
        """Of a part that was proven absent nothing is in doubt any more."""
        for name, part in self._refunds[event.originator_id].parts.items():
            if name not in event.in_doubt:
                part.state = changed(part.state, status=PartStatus.ENDED)

    def _booked(self, event: InvoicePartCancelled | ReceiptPartCancelled) -> Iterator[Told]:
        part = Part.INVOICE if isinstance(event, InvoicePartCancelled) else Part.RECEIPT
        refund = self._refunds[event.originator_id]
        state = refund.parts.get(part)
        if state:
            state.booked = True
        yield self._made(event, refund, part=part, role=Role.ISSUED)
        yield from self._credits(refund)

    def _late(self, event: LateSuccessFound) -> Iterator[Told]:
        refund = self._refunds.get(event.originator_id)
        if refund and (state := refund.parts.get(event.part)):
            state.booked = True
        twin = str(event.duplicate_of.key) if event.duplicate_of else ""
        yield self._made(event, refund, part=event.part, role=Role.LATE, twin=twin)
        if refund:
            yield from self._credits(refund)

    def _credits(self, refund: _Refund) -> Iterator[Credited]:
        """What a refund gives back of, told once."""
        if not refund.credited:
            refund.credited = True
            yield from _credited(refund.request.sale, refund.request.receipt)

    def _made(
        self,
        event: InvoicePartCancelled | ReceiptPartCancelled | LateSuccessFound,
        refund: _Refund | None,
        *,
        part: Part,
        role: Role,
        twin: str = "",
    ) -> Known:
        """A document that a call of ours made, or may have made."""
        state = refund.parts.get(part) if refund else None
        day = self._conventions.day
        return Known(
            document=event.document.key,
            role=role,
            customer_id=event.customer_id,
            currency=event.currency,
            amount=event.booked,
            at=event.timestamp,
            stream=event.originator_id,
            anchor=day(event.timestamp),
            first=day(state.sent) - self._slack if state else None,
            last=day(event.timestamp) + self._slack,
            way=refund.request.way(part) if refund else None,
            marker=state.marker if state else "",
            duplicate_of=twin,
        )

    # --- everything else --------------------------------------------------------------------------

    def _recorded(self, event: Event) -> Iterator[Told]:
        match event:
            case OriginalRecorded():
                for half, amount in halves_of(event):
                    document = event.ref.document(half)
                    yield self._dated(event, document, Role.ORIGINAL, amount, event.issued_on)
            case OutsideRefundRecorded():
                document, amount = event.document.key, event.booked
                yield self._dated(event, document, Role.OUTSIDE, amount, event.issued_on)
                yield from _credited(event.original)
            case CreditGranted(document=DocumentId() as made):
                yield self._undated(event, made.key, Role.GRANT, event.amount)
            case DiscrepancyExplained():
                if event.document:
                    subject = event.document.key
                    yield Explained(subject, event.actor, event.why, event.timestamp)
                if event.reversed_by:
                    yield self._undated(event, event.reversed_by.key, Role.REVERSAL, event.amount)
                yield from _credited(event.counts_on)
            case DifferenceAccepted():
                self.accepted[event.document.key, event.difference, event.digest] = event
            case _:
                pass

    def _dated(
        self, event: Event, document: Document, role: Role, amount: int, issued: date
    ) -> Known:
        """A document whose date was read."""
        return Known(
            document=document,
            role=role,
            customer_id=event.customer_id,
            currency=event.currency,
            amount=amount,
            at=event.timestamp,
            stream=event.originator_id,
            anchor=issued,
            first=issued,
            last=issued,
        )

    def _undated(self, event: Event, document: Document, role: Role, amount: int) -> Known:
        """A document whose date nobody said; it was there when it was named."""
        day = self._conventions.day(event.timestamp)
        return Known(
            document=document,
            role=role,
            customer_id=event.customer_id,
            currency=event.currency,
            amount=amount,
            at=event.timestamp,
            stream=event.originator_id,
            anchor=day,
            last=day + self._slack,
        )


def halves_of(event: OriginalRecorded) -> Iterator[tuple[Half, int]]:
    """The documents that an original is in the accounting system, with their amounts."""
    if event.lines:
        yield Half.DOCUMENT, sum(line.gross for line in event.lines)
    if event.payments:
        yield Half.RECEIPT, sum(payment.amount for payment in event.payments)


def _credited(*originals: str) -> Iterator[Credited]:
    """Both halves of what was given back: cancelling one may mark the other."""
    for name in originals:
        if name:
            ref = OriginalRef.parse(name)
            if ref.kind.has_sale:
                yield Credited(ref.document(Half.DOCUMENT))
            if ref.kind.has_money:
                yield Credited(ref.document(Half.RECEIPT))
