"""Calls due: what every refund waits for, replayed from its events, and why in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from refund_ledger.errors import InvariantError
from refund_ledger.events import (
    AlertAcknowledged,
    Event,
    LateSuccessFound,
    Part,
    RefundClosed,
    RefundEvent,
    RefundRequested,
    Resolved,
)
from refund_ledger.refund import CallDue, PartStatus, Refund, Status, Waits, calls_due, evolve
from refund_projections.wording import moment, words


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that is not settled: what, since when, why, and what can be done."""

    company: str
    refund: UUID
    key: str
    """The refund's key; empty for an alert, whose refund may be long over."""
    customer_id: str
    part: Part | None
    """None where the refund waits as a whole."""
    status: str
    waits: Waits | None
    """None where it waits for an approval or an acknowledgement, and not for a call."""
    why: str
    since: datetime
    what_to_do: str


class Waiting:
    """The refunds that are not over or still wait for something, and the alerts nobody has seen.

    A refund that is over and waits for nothing is let go, so the size follows the work in progress.
    """

    def __init__(self) -> None:
        self.refunds: dict[UUID, Refund] = {}
        self._alerts: dict[UUID, list[LateSuccessFound]] = {}

    def add(self, event: Event) -> None:
        """Count one event; raises `InvariantError` where a refund's stream has lost its request."""
        if not isinstance(event, RefundEvent):
            return
        self._heed_alerts(event)
        before = self.refunds.get(event.originator_id)
        if before is None and not isinstance(event, RefundRequested):
            if not isinstance(event, _AFTER_THE_END):
                raise InvariantError(
                    f"{event.TOPIC} at version {event.originator_version} of refund "
                    f"{event.originator_id} does not follow a request; the history is damaged"
                )
            return
        refund = evolve(before, event)
        if refund.status.is_over and not calls_due(refund):
            self.refunds.pop(refund.id, None)
        else:
            self.refunds[refund.id] = refund

    def _heed_alerts(self, event: RefundEvent) -> None:
        alerts = self._alerts.setdefault(event.originator_id, [])
        if isinstance(event, LateSuccessFound):
            alerts.append(event)
        if isinstance(event, AlertAcknowledged):
            seen = event.document.key
            alerts[:] = [alert for alert in alerts if alert.document.key != seen]
        if not alerts:
            del self._alerts[event.originator_id]

    @property
    def alerts(self) -> tuple[LateSuccessFound, ...]:
        """Counter-documents that turned up late or twice and that nobody has acknowledged."""
        return tuple(alert for alerts in self._alerts.values() for alert in alerts)

    def due(self, company: str) -> tuple[CallDue, ...]:
        """Everything due of a company, the longest waiting first."""
        found = (
            call
            for refund in self.refunds.values()
            if refund.request.company == company
            for call in calls_due(refund)
        )
        return tuple(sorted(found, key=lambda call: (call.not_before, call.refund, call.part)))

    def pending(self, company: str) -> tuple[Pending, ...]:
        """Everything of a company that is not settled, the longest waiting first."""
        refunds = [one for one in self.refunds.values() if one.request.company == company]
        found = [entry for refund in refunds for entry in pending(refund)]
        found += [_alert(alert) for alert in self.alerts if alert.company == company]
        return tuple(sorted(found, key=lambda entry: (entry.since, entry.refund)))


_AFTER_THE_END = (LateSuccessFound, AlertAcknowledged, Resolved, RefundClosed)
"""What may still follow once a refund is over and waits for nothing; none of it makes a call due."""


def fold(events: Iterable[Event]) -> Waiting:
    """Replay events into what waits now."""
    waiting = Waiting()
    for event in events:
        waiting.add(event)
    return waiting


def pending(refund: Refund) -> tuple[Pending, ...]:
    """Say why a refund is not settled, part by part; its alerts are told by `alerts_of`."""
    if refund.status is Status.AWAITING_APPROVAL:
        return (_awaits_approval(refund),)
    return tuple(_waits(refund, call) for call in calls_due(refund))


def alerts_of(refund: Refund) -> tuple[Pending, ...]:
    """Say which late or second documents of a refund nobody has acknowledged yet."""
    return tuple(_alert(alert) for alert in refund.alerts)


def _awaits_approval(refund: Refund) -> Pending:
    request = refund.request
    return Pending(
        company=request.company,
        refund=refund.id,
        key=request.key,
        customer_id=request.customer_id,
        part=None,
        status=refund.status,
        waits=None,
        why=f"a second person has to agree: {'; '.join(request.needs_approval)}",
        since=request.timestamp,
        what_to_do=f"somebody other than {request.actor} approves or rejects it, or it is withdrawn",
    )


def _alert(alert: LateSuccessFound) -> Pending:
    return Pending(
        company=alert.company,
        refund=alert.originator_id,
        key="",
        customer_id=alert.customer_id,
        part=alert.part,
        status="alert",
        waits=None,
        why=words(alert),
        since=alert.timestamp,
        what_to_do=f"look at {alert.document.key} in the accounting system, then acknowledge the alert",
    )


def _waits(refund: Refund, call: CallDue) -> Pending:
    request, state = refund.request, refund.part(call.part)
    why, since, what_to_do = _reading(refund, call)
    return Pending(
        company=request.company,
        refund=refund.id,
        key=request.key,
        customer_id=request.customer_id,
        part=call.part,
        status=state.status,
        waits=call.waits,
        why=why,
        since=since,
        what_to_do=what_to_do,
    )


def _reading(refund: Refund, call: CallDue) -> tuple[str, datetime, str]:
    """Why a part waits, since when, and what can be done about it."""
    state = refund.part(call.part)
    sent_at = state.submitted.timestamp if state.submitted else call.not_before
    match call.waits:
        case Waits.SEND:
            return (*_sending(refund, call),)
        case Waits.PARK:
            return (
                "a call was announced, and nobody has recorded its answer yet",
                sent_at,
                f"wait; after {moment(call.not_before)} `dispatch` looks what became of it",
            )
        case Waits.LOOK:
            return (
                f"it is not known what became of the call: {state.doubt}",
                sent_at,
                f"from {moment(call.not_before)} on `dispatch` looks for the document",
            )
        case Waits.PERSON if state.status is PartStatus.REFUSED and state.refusal:
            return (
                f"the accounting system refused: {state.refusal.message} (code {state.refusal.code})",
                state.refusal.timestamp,
                "correct what it complains about and `resolve` to send again, or close the refund",
            )
        case _:
            return (
                f"it is not known what became of the call, and looking did not settle it: {state.doubt}",
                sent_at,
                "look in the accounting system, then `resolve`: it happened as a document, "
                "send again, or close",
            )


def _sending(refund: Refund, call: CallDue) -> Iterator[str | datetime]:
    state = refund.part(call.part)
    yield f"the last attempt never left: {state.doubt}" if state.doubt else "it is its turn to be sent"
    yield call.not_before
    yield "`dispatch` sends it" if refund.is_sent else "`dispatch` sends it; until then it can be withdrawn"
