"""Calls due: what every refund waits for, replayed from its events, and why in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from refund_ledger.discrepancies import Discrepancy, Key, count
from refund_ledger.errors import InvariantError
from refund_ledger.events import (
    AlertAcknowledged,
    Event,
    LateSuccessFound,
    Part,
    PartWatched,
    RefundClosed,
    RefundEvent,
    RefundRequested,
    Resolved,
)
from refund_ledger.refund import CallDue, PartStatus, Refund, Status, Waits, calls_due, evolve
from refund_projections.wording import amount, moment, named, words


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that is not settled: what, since when, why, and what can be done."""

    company: str
    refund: UUID | None
    """None where no refund of this ledger caused it."""
    key: str
    """The refund's key; empty where a replay let the refund go and only an alert is left of it."""
    customer_id: str
    part: Part | None
    """None where the refund waits as a whole."""
    status: str
    waits: Waits | None
    """None where it waits for an approval or an acknowledgement, and not for a call."""
    why: str
    since: datetime
    what_to_do: str
    document: str = ""
    """What is to be explained: a document, or a reduced credit."""


MOST_OVER = 1000
"""Refunds that are over and kept until their command is read to its end; few change as many."""


def is_settled(refund: Refund) -> bool:
    """Whether a refund is over, waits for nothing, and never will."""
    return refund.status.is_over and not calls_due(refund) and not _may_be_watched(refund)


def _may_be_watched(refund: Refund) -> bool:
    """A call that was taken back before it left: a document of it that turns up is watched."""
    parts = (refund.part(part) for part in refund.parts)
    return any(part.submitted and part.status is PartStatus.DUE for part in parts)


class Waiting:
    """The refunds that are not over or still wait for something, and the alerts nobody has seen.

    A refund that is over and waits for nothing is let go, so the size follows the work in progress.
    """

    def __init__(self) -> None:
        self.refunds: dict[UUID, Refund] = {}
        self._alerts: dict[UUID, list[LateSuccessFound]] = {}
        self._discrepancies: dict[Key, Discrepancy] = {}
        self._command = ""
        self._over: list[UUID] = []
        """Refunds that are over and were changed by the command that is being read."""

    def add(self, event: Event) -> None:
        """Count one event; raises `InvariantError` where a refund's stream has lost its request."""
        count(self._discrepancies, event)
        if event.command_id != self._command:
            if self._over:
                self.let_go()
            self._command = event.command_id
        elif len(self._over) > MOST_OVER:
            self.let_go(but=event.originator_id)
        if not isinstance(event, RefundEvent):
            return
        if isinstance(event, LateSuccessFound | AlertAcknowledged):
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
        self.refunds[refund.id] = refund
        if refund.status.is_over:
            self._over.append(refund.id)

    def let_go(self, *, but: UUID | None = None) -> None:
        """Forget what waits for nothing, now that a command is read to its end.

        Between two events of one command a refund may wait for nothing, and then for something.
        """
        for refund in self._over:
            if refund != but and refund in self.refunds and is_settled(self.refunds[refund]):
                del self.refunds[refund]
        self._over = [refund for refund in self._over if refund == but]

    def _heed_alerts(self, event: LateSuccessFound | AlertAcknowledged) -> None:
        alerts = self._alerts.setdefault(event.originator_id, [])
        if isinstance(event, LateSuccessFound):
            alerts.append(event)
        else:
            seen = event.document.key
            alerts[:] = [alert for alert in alerts if alert.document.key != seen]
        if not alerts:
            del self._alerts[event.originator_id]

    @property
    def alerts(self) -> tuple[LateSuccessFound, ...]:
        """Counter-documents that turned up late or twice and that nobody has acknowledged."""
        return tuple(alert for alerts in self._alerts.values() for alert in alerts)

    @property
    def discrepancies(self) -> tuple[Discrepancy, ...]:
        """What was booked beyond an original or found no place, and nobody has explained."""
        return tuple(self._discrepancies.values())

    def due(self, company: str) -> tuple[CallDue, ...]:
        """Everything due of a company, the longest waiting first."""
        self.let_go()
        found = (
            call
            for refund in self.refunds.values()
            if refund.request.company == company
            for call in calls_due(refund)
        )
        return tuple(sorted(found, key=_by_age))

    def pending(self, company: str) -> tuple[Pending, ...]:
        """Everything of a company that is not settled, the longest waiting first."""
        self.let_go()
        refunds = [one for one in self.refunds.values() if one.request.company == company]
        unexplained = [one for one in self.discrepancies if one.cause.company == company]
        beyond = {one.original for one in unexplained if one.excess}
        found = [entry for refund in refunds for entry in _unsettled(refund, beyond)]
        found += [_to_explain(one, self._refund_of(one)) for one in unexplained]
        found += [
            _alert(alert, refund.request.key if refund else "")
            for alert in self.alerts
            if alert.company == company
            for refund in [self.refunds.get(alert.originator_id)]
        ]
        return tuple(sorted(found, key=_by_time))

    def _refund_of(self, one: Discrepancy) -> Refund | None:
        return self.refunds.get(one.cause.originator_id)


_AFTER_THE_END = (LateSuccessFound, AlertAcknowledged, Resolved, RefundClosed, PartWatched)
"""What may follow once a refund is over and waits for nothing; none of it makes a call due."""


def _by_time(entry: Pending) -> tuple[datetime, str, str]:
    return entry.since, str(entry.refund or ""), entry.document


def _by_age(call: CallDue) -> tuple[datetime, UUID, Part, Waits]:
    return call.not_before, call.refund, call.part, call.waits


def fold(events: Iterable[Event]) -> Waiting:
    """Replay events into what waits now."""
    waiting = Waiting()
    for event in events:
        waiting.add(event)
    waiting.let_go()
    return waiting


def pending(refund: Refund, beyond: Collection[str] = ()) -> tuple[Pending, ...]:
    """Say why a refund is not settled: what its parts wait for, and the alerts nobody has seen.

    `beyond` names originals of which more was booked than they had; calls of theirs wait.
    """
    alerts = (_alert(alert, refund.request.key) for alert in refund.alerts)
    return (*_unsettled(refund, beyond), *alerts)


def _unsettled(refund: Refund, beyond: Collection[str]) -> tuple[Pending, ...]:
    if refund.status is Status.AWAITING_APPROVAL:
        return (_awaits_approval(refund),)
    # A part that is only watched is settled: whatever the watch finds is an alert of its own.
    waits = (call for call in calls_due(refund) if call.waits is not Waits.WATCH)
    return tuple(_waits(refund, call, beyond) for call in waits)


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
        what_to_do=f"somebody else than {request.actor} approves it, or anybody rejects it",
    )


def _alert(alert: LateSuccessFound, key: str) -> Pending:
    return Pending(
        company=alert.company,
        refund=alert.originator_id,
        key=key,
        customer_id=alert.customer_id,
        part=alert.part,
        status="alert",
        waits=None,
        why=words(alert),
        since=alert.timestamp,
        what_to_do=f"look at {alert.document.key} in the accounting system, then acknowledge this",
    )


def _to_explain(one: Discrepancy, refund: Refund | None) -> Pending:
    """What a person has to explain, and by which command."""
    cause, currency = one.cause, one.cause.currency
    told = []
    if one.excess:
        told.append(f"{amount(one.excess, currency)} beyond what {named(one.original)} had")
    if one.unexplained:
        told.append(f"{amount(one.unexplained, currency)} without a place in the books")
    document = f"{one.document.series}/{one.document.number}" if one.document else ""
    subject = f"{one.part} {document}" if document else one.subject.replace(":", " ", 1)
    return Pending(
        company=cause.company,
        refund=cause.originator_id if isinstance(cause, RefundEvent) else None,
        key=refund.request.key if refund else "",
        customer_id=cause.customer_id,
        part=one.part if one.document else None,
        status="unexplained",
        waits=None,
        why=f"{named(one.subject)}: {' and '.join(told)}",
        since=cause.timestamp,
        what_to_do=f"look at it in the accounting system, then `discrepancy explain {subject}`",
        document=one.subject,
    )


def _waits(refund: Refund, call: CallDue, beyond: Collection[str]) -> Pending:
    request, state = refund.request, refund.part(call.part)
    why, since, what_to_do = _reading(refund, call)
    held = sorted({request.sale, request.receipt} & set(beyond))
    if held and call.waits is Waits.SEND:
        why = f"more was booked than {' and '.join(map(named, held))} had; no call goes out"
        what_to_do = "explain what was booked beyond it; then `dispatch` sends it"
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
    state, after = refund.part(call.part), moment(call.not_before)
    since = state.submitted.timestamp if state.submitted else call.not_before
    match call.waits:
        case Waits.SEND:
            before = f"the last attempt was not carried out: {state.doubt}"
            why = before if state.doubt else "it is its turn to be sent"
            withdraw = "" if refund.is_sent else "; until then it can be withdrawn"
            return why, call.not_before, f"`dispatch` sends it{withdraw}"
        case Waits.PARK:
            why = "a call was announced, and nobody has recorded its answer yet"
            return why, since, f"wait; after {after} `dispatch` looks what became of it"
        case Waits.LOOK:
            why = f"it is not known what became of the call: {state.doubt}"
            return why, since, f"from {after} on `dispatch` looks for the document"
        case Waits.PERSON if state.status is PartStatus.REFUSED and state.refusal:
            what_to_do = "put right what it complains about, then `resolve` to send again, or close"
            return words(state.refusal), state.refusal.timestamp, what_to_do
        case _:
            why = f"looking did not settle what became of the call: {state.doubt}"
            what_to_do = (
                "look yourself, then `resolve`: it happened as a document, send again, or close"
            )
            return why, since, what_to_do
