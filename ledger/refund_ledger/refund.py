"""A refund as its events tell it: the state, how events change it, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypedDict
from uuid import UUID

from refund_ledger.events import (
    AlertAcknowledged,
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    Draw,
    Event,
    GivenBack,
    InvoicePartCancelled,
    LateSuccessFound,
    Part,
    PartWatched,
    ReceiptPartCancelled,
    RefundApproved,
    RefundClosed,
    RefundCompleted,
    RefundRejected,
    RefundRequested,
    RefundWithdrawn,
    Resolved,
)
from refund_ledger.originals import stream_id
from refund_ledger.parts import NO_PART, PartState, PartStatus, changed, evolve_part

__all__ = [
    "CallDue",
    "PartState",
    "PartStatus",
    "Refund",
    "SourceLeft",
    "Status",
    "Waits",
    "calls_due",
    "evolve",
    "fold",
    "refund_id",
]


class Status(StrEnum):
    """Where a refund stands."""

    AWAITING_APPROVAL = "awaiting approval"
    IN_PROGRESS = "in progress"
    COMPLETED = "completed"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be sent."""
        return self is not Status.IN_PROGRESS and self is not Status.AWAITING_APPROVAL


@dataclass(frozen=True, slots=True)
class SourceLeft:
    """What a refund still has of one source: held credit, and a claim on the promised pool."""

    held: int
    cover: int


@dataclass(frozen=True)
class Refund:
    """A refund, rebuilt from its events; `left_*` is what it still reserves."""

    id: UUID
    version: int
    status: Status
    request: RefundRequested
    invoice: PartState = NO_PART
    receipt: PartState = NO_PART
    left_sale: int = 0
    left_quantity: int = 0
    left_money: int = 0
    left_sources: Mapping[str, SourceLeft] = field(default_factory=dict)
    approved_by: str = ""
    alerts: tuple[LateSuccessFound, ...] = ()
    """Late successes that nobody has acknowledged yet."""

    def part(self, part: Part) -> PartState:
        """One of the two halves."""
        return self.invoice if part is Part.INVOICE else self.receipt

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that this refund has, in the order in which they are sent."""
        return tuple(part for part in Part if self.request.way(part))

    @property
    def is_sent(self) -> bool:
        """Whether any call may have left, or was refused after it did."""
        return any(self.part(part).may_have_left for part in Part)


def refund_id(company: str, key: str) -> UUID:
    """The id of the refund that a caller's idempotency key names."""
    return stream_id(company, "refund", key)


def fold(events: Iterable[Event]) -> Refund | None:
    """Rebuild a refund from its stream; none where the stream is empty."""
    refund: Refund | None = None
    for event in events:
        refund = evolve(refund, event)
    return refund


def evolve(refund: Refund | None, event: Event) -> Refund:
    """Apply one event; never refuses, since what happened has happened."""
    if isinstance(event, RefundRequested):
        return _requested(event)
    if refund is None:
        raise ValueError(
            f"the stream of refund {event.originator_id} does not begin with its request"
        )
    return changed(refund, version=event.originator_version, **_changes(refund, event))


_ENDS: dict[type[Event], Status] = {
    RefundRejected: Status.REJECTED,
    RefundWithdrawn: Status.WITHDRAWN,
    RefundCompleted: Status.COMPLETED,
}


class _Changes(TypedDict, total=False):
    """New values of a refund's fields, by name."""

    status: Status
    approved_by: str
    alerts: tuple[LateSuccessFound, ...]
    invoice: PartState
    receipt: PartState
    left_sale: int
    left_quantity: int
    left_money: int
    left_sources: Mapping[str, SourceLeft]


def _changes(refund: Refund, event: Event) -> _Changes:
    """What an event makes of a refund that is there, its version aside."""
    match event:
        case (
            CallSubmitted()
            | CallNotSent()
            | CallInDoubt()
            | CallRefused()
            | Resolved()
            | PartWatched()
        ):
            return _of_part(event.part, evolve_part(refund.part(event.part), event))
        case InvoicePartCancelled() | ReceiptPartCancelled():
            return _cancelled(refund, event)
        case RefundApproved():
            return {"status": Status.IN_PROGRESS, "approved_by": event.actor}
        case RefundRejected() | RefundWithdrawn() | RefundCompleted():
            return {"status": _ENDS[type(event)], **_given_back(refund, event.given_back)}
        case RefundClosed():
            return _closed(refund, event)
        case LateSuccessFound():
            return _late(refund, event)
        case AlertAcknowledged():
            seen = event.document.key
            return {"alerts": tuple(one for one in refund.alerts if one.document.key != seen)}
        case _:
            return {}


def _of_part(part: Part, state: PartState) -> _Changes:
    return {"invoice": state} if part is Part.INVOICE else {"receipt": state}


def _closed(refund: Refund, event: RefundClosed) -> _Changes:
    """End every part that is neither booked nor still in doubt."""
    over = {PartStatus.DUE, PartStatus.REFUSED, PartStatus.IN_DOUBT}
    changes: _Changes = {"status": Status.CLOSED, **_given_back(refund, event.given_back)}
    for part in refund.parts:
        state = refund.part(part)
        if state.status in over and part not in event.in_doubt:
            ended = changed(state, status=PartStatus.ENDED, for_person=False)
            changes.update(_of_part(part, ended))
    return changes


def _requested(event: RefundRequested) -> Refund:
    due = PartState(PartStatus.DUE)
    return Refund(
        id=event.originator_id,
        version=event.originator_version,
        status=Status.AWAITING_APPROVAL if event.needs_approval else Status.IN_PROGRESS,
        request=event,
        invoice=due if event.invoice_way else NO_PART,
        receipt=due if event.receipt_way else NO_PART,
        left_sale=event.credited,
        left_quantity=sum(line.quantity for line in event.lines) if event.sale else 0,
        left_money=sum(payment.amount for payment in event.payments),
        left_sources={b.source: SourceLeft(b.from_credit, b.from_cover) for b in event.backing},
    )


def _cancelled(refund: Refund, event: InvoicePartCancelled | ReceiptPartCancelled) -> _Changes:
    if isinstance(event, InvoicePartCancelled):
        return {
            "invoice": _booked(refund.invoice, event),
            "left_sale": refund.left_sale - event.from_reserved,
            "left_quantity": refund.left_quantity - event.quantity,
        }
    return {
        "receipt": _booked(refund.receipt, event),
        "left_money": refund.left_money - event.from_reserved,
        "left_sources": _drawn(refund.left_sources, event.draws),
    }


def _booked(part: PartState, event: InvoicePartCancelled | ReceiptPartCancelled) -> PartState:
    return changed(
        part,
        status=PartStatus.CANCELLED,
        documents=(*part.documents, event.document),
        booked=event.booked,
        for_person=False,
        doubt="",
    )


def _late(refund: Refund, event: LateSuccessFound) -> _Changes:
    part = refund.part(event.part)
    found = changed(
        part,
        status=PartStatus.CANCELLED,
        documents=(*part.documents, event.document),
        booked=part.booked if part.documents else event.booked,
        for_person=False,
        doubt="",
    )
    sale = event.part is Part.INVOICE
    return {
        **_of_part(event.part, found),
        "alerts": (*refund.alerts, event),
        "left_sale": refund.left_sale - (event.from_reserved if sale else 0),
        "left_quantity": refund.left_quantity - event.quantity,
        "left_money": refund.left_money - (0 if sale else event.from_reserved),
        "left_sources": _drawn(refund.left_sources, event.draws),
    }


def _drawn(left: Mapping[str, SourceLeft], draws: Iterable[Draw]) -> dict[str, SourceLeft]:
    after = dict(left)
    for draw in draws:
        was = after.get(draw.source, SourceLeft(0, 0))
        after[draw.source] = SourceLeft(
            was.held - draw.held, was.cover - draw.promised - draw.reopens
        )
    return after


def _given_back(refund: Refund, back: GivenBack) -> _Changes:
    sources = dict(refund.left_sources)
    for source in back.sources:
        was = sources[source.source]
        sources[source.source] = SourceLeft(
            was.held - source.held, was.cover - source.cover - source.promised
        )
    return {
        "left_sale": refund.left_sale - sum(line.gross for line in back.lines) - back.goodwill,
        "left_quantity": refund.left_quantity - sum(line.quantity for line in back.lines),
        "left_money": refund.left_money - sum(payment.amount for payment in back.payments),
        "left_sources": sources,
    }


# --- what it waits for ----------------------------------------------------------------------------


class Waits(StrEnum):
    """What a part waits for."""

    SEND = "send"
    PARK = "park"
    """Its sender is gone: from a time on, anybody may declare the call in doubt."""
    LOOK = "look"
    PERSON = "person"
    WATCH = "watch"
    """It is over, but not beyond all doubt: a document of it that nobody knows is an alert."""


WATCH_AFTER = (timedelta(minutes=15), timedelta(hours=6), timedelta(days=3))
"""How long after its latest call a part that was not plainly answered is looked at again."""


@dataclass(frozen=True, slots=True)
class CallDue:
    """One thing that a dispatcher (or a person) has to do about a part, and from when on."""

    company: str
    refund: UUID
    part: Part
    waits: Waits
    not_before: datetime


def calls_due(refund: Refund) -> tuple[CallDue, ...]:
    """What is due on a refund: the invoice part first, the receipt part when that is cancelled."""
    if refund.status is Status.AWAITING_APPROVAL:
        return ()
    due: list[CallDue] = []
    for part in refund.parts:
        state = refund.part(part)
        for waits, at in (*_waits_for(refund, state), *_watch_of(state)):
            due.append(CallDue(refund.request.company, refund.id, part, waits, at))
        if state.status is not PartStatus.CANCELLED:
            break
    return tuple(due)


def _waits_for(refund: Refund, state: PartState) -> tuple[tuple[Waits, datetime], ...]:
    at = refund.request.timestamp
    if state.status is PartStatus.SUBMITTED and state.submitted:
        return ((Waits.PARK, state.submitted.send_by),)
    if state.status is PartStatus.IN_DOUBT:
        return ((Waits.PERSON if state.for_person else Waits.LOOK, state.look_after or at),)
    if refund.status.is_over:
        return ()
    if state.status is PartStatus.DUE:
        return ((Waits.SEND, at),)
    if state.status is PartStatus.REFUSED:
        return ((Waits.PERSON, state.refusal.timestamp if state.refusal else at),)
    return ()


def _watch_of(state: PartState) -> tuple[tuple[Waits, datetime], ...]:
    """When a part that is over is looked at again; one clean answer leaves nothing to watch."""
    over = state.status in {PartStatus.CANCELLED, PartStatus.REFUSED, PartStatus.ENDED}
    clean = state.status is PartStatus.CANCELLED and state.attempts == 1 and not state.was_doubted
    if not over or clean or state.submitted is None or state.watches >= len(WATCH_AFTER):
        return ()
    return ((Waits.WATCH, state.submitted.send_by + WATCH_AFTER[state.watches]),)
