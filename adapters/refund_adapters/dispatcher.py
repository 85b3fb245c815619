"""The dispatcher: turns what is due into calls, each sent at most once, and records what came of it.

A call is saved as submitted before a byte of it leaves, and only its saver sends it. Whatever is not
plainly a success or a refusal is in doubt: it is looked for after the settle time, and sent again only
on proof of absence that is saved together with the new attempt. What a look cannot settle waits for a
person.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

from refund_adapters.accounting import (
    Absent,
    AccountingSystem,
    Answer,
    Call,
    Done,
    Doubtful,
    Finding,
    Found,
    NotSent,
    Refused,
    Submitted,
    UnavailableError,
    Unclear,
)
from refund_ledger import calling
from refund_ledger.accounts import AccountKind
from refund_ledger.application import RefundLedger, Result
from refund_ledger.errors import ClaimedError, ConflictError, RefusedError
from refund_ledger.events import DocumentId, Evidence, Learned, Part, Way
from refund_ledger.refund import CallDue, PartStatus, Refund, Waits
from refund_ledger.stamps import Stamp


class DueStore(Protocol):
    """What the dispatcher reads of a store."""

    def due(
        self, company: str, *waits: Waits, until: datetime | None = None, limit: int = 1000
    ) -> list[CallDue]:
        """What waits to be done, the longest waiting first."""
        ...

    def now(self) -> datetime:
        """The time by the store's clock."""
        ...


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How the dispatcher spends its time, in seconds."""

    send_window: float = 10.0
    """How long after it was saved a call may begin."""
    max_attempts: int = 4
    max_waits: int = 6
    """How often in one run something is tried again while the accounting system cannot be reached."""
    pause: float = 1.0
    """The first pause after such a failure; it doubles, with full jitter, up to a minute."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time inside this process; a simulation brings its own."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the dispatcher did, for whoever watches."""

    refund: UUID
    key: str
    part: Part
    what: str
    detail: str


@dataclass(slots=True)
class Dispatcher:
    """One worker; any number may run at once over one store."""

    ledger: RefundLedger
    store: DueStore
    accounting: AccountingSystem
    rhythm: Rhythm = field(default_factory=Rhythm)
    clock: Clock = field(default_factory=Clock)
    watch: Callable[[Step], None] = lambda _: None
    actor: str = "dispatcher"
    resend_cancels: bool = False
    """Whether a Cancel may be sent again on proof of absence; otherwise a person decides."""
    stop: Callable[[], bool] = lambda: False
    _failures: dict[tuple[UUID, Part], int] = field(default_factory=dict)
    _rest_until: dict[tuple[UUID, Part], float] = field(default_factory=dict)

    # --- rounds -----------------------------------------------------------------------------------

    def run(self, *, forever: bool = False, patience: float = 30.0, poll: float = 1.0) -> int:
        """Work until nothing is left that this run can do; returns how many steps were taken.

        What waits for a person, for a time more than `patience` seconds away, or for an accounting
        system that stays unreachable is left. With `forever`, goes on until `stop`.
        """
        steps = 0
        while not self.stop():
            done = self.round()
            steps += done
            if done:
                continue
            wait = self._until_next()
            if not forever and (wait is None or wait > patience):
                return steps
            self.clock.sleep(min(poll, wait) if wait is not None else poll)
        return steps

    def round(self) -> int:
        """Do once what is due now; returns how many steps were taken."""
        due = self.store.due(self.ledger.company, Waits.SEND, Waits.PARK, Waits.LOOK)
        return sum(self._handle(call) for call in due if not self.stop() and self._is_ripe(call))

    def _handle(self, call: CallDue) -> int:
        refund = self.ledger.refund(call.refund)
        try:
            match call.waits:
                case Waits.SEND:
                    return self._send_due(refund, call.part)
                case Waits.PARK:
                    return self._park(refund, call.part)
                case _:
                    return self._look(refund, call.part)
        except ConflictError:
            # Somebody else acted on this refund first; what is due now is in the store.
            return 1
        except UnavailableError as error:
            self._rest(refund, call.part, str(error))
            return 0

    def _is_ripe(self, call: CallDue) -> bool:
        key = (call.refund, call.part)
        if self._failures.get(key, 0) > self.rhythm.max_waits:
            return False
        if self.clock.monotonic() < self._rest_until.get(key, 0.0):
            return False
        return self.store.now() >= self._ripe_at(call)

    def _ripe_at(self, call: CallDue) -> datetime:
        if call.waits is Waits.PARK:
            return call.not_before + timedelta(seconds=self.accounting.call_limit)
        return call.not_before

    def _until_next(self) -> float | None:
        """Seconds until something that this run waits for is ripe; none where nothing is."""
        now, clock = self.store.now(), self.clock.monotonic()
        waits: list[float] = []
        for call in self.store.due(self.ledger.company, Waits.SEND, Waits.PARK, Waits.LOOK):
            key = (call.refund, call.part)
            if self._failures.get(key, 0) > self.rhythm.max_waits or self._is_held(call):
                continue
            rest = self._rest_until.get(key, 0.0) - clock
            waits.append(max((self._ripe_at(call) - now).total_seconds(), rest, 0.01))
        return min(waits, default=None)

    def _is_held(self, call: CallDue) -> bool:
        """Whether a call waits for somebody to explain an excess of its original."""
        return call.waits is Waits.SEND and self._excess(self.ledger.refund(call.refund)) != 0

    def _rest(self, refund: Refund, part: Part, why: str) -> None:
        """Leave a part alone for a while: the accounting system cannot be reached."""
        key = (refund.id, part)
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        pause = min(60.0, self.rhythm.pause * 2.0 ** (failures - 1)) * self.clock.jitter()
        self._rest_until[key] = self.clock.monotonic() + pause
        self._say(refund, part, "waits", f"{why}; tries again in {pause:.1f} s")

    # --- sending ----------------------------------------------------------------------------------

    def _send_due(self, refund: Refund, part: Part) -> int:
        if refund.part(part).status is not PartStatus.DUE or self._excess(refund):
            return 0
        try:
            call = self.accounting.prepare(refund.request, part)
        except RefusedError as error:
            why = str(error)
            stamp = self._stamp(refund)
            self.ledger.act(
                refund.id,
                lambda now, _: calling.unsayable(now, stamp, part, why=why),
                on_version=refund.version,
            )
            self._say(refund, part, "cannot be sent", why)
            return 1
        self._submit_and_send(refund, part, call)
        return 1

    def _submit_and_send(
        self,
        refund: Refund,
        part: Part,
        call: Call,
        *,
        looked_from: datetime | None = None,
        evidence: tuple[Evidence, ...] = (),
    ) -> None:
        """Save the attempt, then send it once; past `send_by` it is not sent."""
        started = self.clock.monotonic()
        send_by = self.store.now() + timedelta(seconds=self.rhythm.send_window)
        stamp = self._stamp(refund)
        saved = self.ledger.act(
            refund.id,
            lambda now, _: calling.submit(
                now,
                stamp,
                part,
                method=call.method,
                reference=call.reference,
                marker=call.marker,
                request=call.request,
                digest=call.digest,
                send_by=send_by,
                looked_from=looked_from,
                evidence=evidence,
            ),
            on_version=refund.version,
        )
        attempt = saved.refund.part(part).attempts
        self._say(refund, part, "submitted", f"{call.method}, attempt {attempt}, {call.reference}")
        if self.clock.monotonic() - started > self.rhythm.send_window:
            answer: Answer = NotSent("the time to send had passed before the call began")
        else:
            answer = self.accounting.send(call)
        self._record(saved.refund, part, attempt, send_by, answer)

    def _record(
        self, refund: Refund, part: Part, attempt: int, send_by: datetime, answer: Answer
    ) -> None:
        """Save what an answer means; a fact is saved whatever happened to the refund meanwhile."""
        stamp = self._stamp(refund)
        look_after = send_by + timedelta(seconds=self.accounting.settle_seconds)
        match answer:
            case Done(document=document, booked=booked):
                self._succeeded(refund, part, document, booked, Learned.ANSWER, ())
            case Refused(code=code, message=message):
                self.ledger.fact(
                    refund.id,
                    lambda now, _: calling.refused(
                        now, stamp, part, attempt, code=code, message=message
                    ),
                )
                self._say(refund, part, "refused", f"{code} {message}")
            case Doubtful(why=why):
                self.ledger.fact(
                    refund.id,
                    lambda now, _: calling.in_doubt(
                        now, stamp, part, attempt, why=why, look_after=look_after
                    ),
                )
                self._say(refund, part, "in doubt", why)
            case NotSent(why=why):
                self.ledger.fact(
                    refund.id,
                    lambda now, _: calling.not_sent(now, stamp, part, attempt, why=why),
                )
                self._rest(refund, part, why)

    def _succeeded(
        self,
        refund: Refund,
        part: Part,
        document: DocumentId,
        booked: int | None,
        learned: Learned,
        evidence: tuple[Evidence, ...],
    ) -> None:
        stamp = self._stamp(refund)
        try:
            self.ledger.fact(
                refund.id,
                lambda now, look: calling.succeeded(
                    now,
                    stamp,
                    part,
                    document,
                    booked=booked,
                    learned=learned,
                    look=look,
                    evidence=evidence,
                ),
            )
        except ClaimedError as error:
            self._for_person(refund, part, str(error), evidence)
            return
        self._failures.pop((refund.id, part), None)
        self._say(refund, part, "cancelled", f"as {document.key} ({learned})")

    # --- doubt ------------------------------------------------------------------------------------

    def _park(self, refund: Refund, part: Part) -> int:
        """Declare a call in doubt whose sender had its whole time and said nothing."""
        state = refund.part(part)
        if state.status is not PartStatus.SUBMITTED or state.submitted is None:
            return 0
        attempt, send_by = state.attempts, state.submitted.send_by
        stamp = self._stamp(refund)
        look_after = send_by + timedelta(seconds=self.accounting.settle_seconds)
        why = "its sender did not say what became of it"
        self.ledger.act(
            refund.id,
            lambda now, _: calling.in_doubt(
                now, stamp, part, attempt, why=why, look_after=look_after
            ),
            on_version=refund.version,
        )
        self._say(refund, part, "in doubt", why)
        return 1

    def _look(self, refund: Refund, part: Part) -> int:
        """Look for the document of a call in doubt, from the start, after the settle time."""
        state = refund.part(part)
        if state.status is not PartStatus.IN_DOUBT or state.submitted is None:
            return 0
        looked_from = self.store.now()
        if state.look_after is not None and looked_from < state.look_after:
            return 0
        finding = self.accounting.look(submitted(refund, part))
        match finding:
            case Found(document=document, booked=booked, evidence=evidence):
                self._succeeded(refund, part, document, booked, Learned.LOOK_UP, evidence)
            case Absent(evidence=evidence):
                return self._absent(refund, part, looked_from, evidence)
            case Unclear(for_person=True):
                self._for_person(refund, part, finding.why, finding.evidence)
            case Unclear():
                self._rest(refund, part, finding.why)
                return 0
        return 1

    def _absent(
        self, refund: Refund, part: Part, looked_from: datetime, evidence: tuple[Evidence, ...]
    ) -> int:
        """Send again on proof of absence, where that is allowed; proof and attempt are one save."""
        state = refund.part(part)
        if refund.status.is_over:
            self._rest(refund, part, "closed while in doubt; no document has turned up")
            return 0
        may = (
            refund.request.way(part) is Way.NEW or self.resend_cancels or state.resend_allowed
        )
        if not may:
            why = "no document was found; a Cancel is not sent again without a person's word"
        elif state.attempts >= self.rhythm.max_attempts and not state.resend_allowed:
            why = f"no document was found after {state.attempts} attempts"
        else:
            call = self.accounting.prepare(refund.request, part)
            self._submit_and_send(refund, part, call, looked_from=looked_from, evidence=evidence)
            return 1
        self._for_person(refund, part, why, evidence)
        return 1

    def _for_person(
        self, refund: Refund, part: Part, why: str, evidence: tuple[Evidence, ...]
    ) -> None:
        stamp = self._stamp(refund)
        now = self.store.now()
        self.ledger.fact(
            refund.id,
            lambda current, _: calling.in_doubt(
                current,
                stamp,
                part,
                current.part(part).attempts,
                why=why,
                look_after=now,
                for_person=True,
                evidence=evidence,
            ),
        )
        self._say(refund, part, "waits for a person", why)

    # --- helpers ----------------------------------------------------------------------------------

    def _excess(self, refund: Refund) -> int:
        """What was booked beyond the originals of a refund: its calls wait until it is explained."""
        request = refund.request
        return sum(
            self.ledger.store.total(
                request.company, AccountKind.EXCESS, subject=original, unit=request.currency
            )
            for original in {request.sale, request.receipt} - {""}
        )

    def _stamp(self, refund: Refund) -> Stamp:
        return Stamp(
            at=self.store.now(),
            actor=self.actor,
            command_id=str(uuid4()),
            correlation_id=refund.request.correlation_id,
            causation_id=str(refund.request.event_id),
        )

    def _say(self, refund: Refund, part: Part, what: str, detail: str) -> None:
        self.watch(Step(refund.id, refund.request.key, part, what, detail))


def submitted(refund: Refund, part: Part) -> Submitted:
    """What a look needs to know of the calls of a part; raises `RefusedError` where none was sent."""
    state = refund.part(part)
    if state.submitted is None or state.first_sent_at is None:
        raise RefusedError(f"nothing was ever sent for the {part} part")
    return Submitted(
        part=part,
        method=state.submitted.method,
        reference=state.submitted.reference,
        marker=state.submitted.marker,
        request=state.submitted.request,
        first_sent_at=state.first_sent_at,
        currency=refund.request.currency,
        customer_id=refund.request.customer_id,
    )


def finding_in_words(finding: Finding) -> str:
    """What a look came to, for a person."""
    match finding:
        case Found(document=document):
            return f"{document.key} carries our reference"
        case Absent():
            return "no document was found"
        case Unclear(why=why):
            return why


__all__ = ["Clock", "Dispatcher", "Result", "Rhythm", "Step", "finding_in_words", "submitted"]
