"""The call protocol: how one part of a refund is sent at most once, and what each answer means.

A call is saved as submitted before a byte of it leaves, and only its saver sends it. Whatever is
not plainly a success or a refusal is in doubt: it is looked for after the settle time, and sent
again only on proof of absence that is saved together with the new attempt. What a look cannot
settle waits for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from refund_adapters.accounting import (
    Absent,
    AccountingSystem,
    Answer,
    Call,
    Done,
    Doubtful,
    Found,
    NotSent,
    Refused,
    UnavailableError,
    Unclear,
)
from refund_adapters.looking import submitted
from refund_adapters.pace import Pace
from refund_adapters.rhythm import Clock, Nothing, Outcome, Progress, Rhythm, Step, Unreachable
from refund_ledger import calling
from refund_ledger.accounts import AccountKind
from refund_ledger.application import RefundLedger
from refund_ledger.errors import ClaimedError, ConflictError, RefusedError
from refund_ledger.events import DocumentId, Evidence, Learned, Part, Way
from refund_ledger.refund import CallDue, PartStatus, Refund, Waits
from refund_ledger.stamps import Stamp

__all__ = ["CallProtocol", "Clock", "Rhythm", "Step", "StoreClock", "submitted"]


class StoreClock(Protocol):
    """What the protocol reads of a store."""

    def now(self) -> datetime:
        """The time by the store's clock."""
        ...


@dataclass(slots=True)
class CallProtocol:
    """Carries out what is due on one part; safe to run anywhere, any number of times."""

    ledger: RefundLedger
    store: StoreClock
    accounting: AccountingSystem
    rhythm: Rhythm = field(default_factory=Rhythm)
    clock: Clock = field(default_factory=Clock)
    pace: Pace = field(default_factory=Pace)
    tell: Callable[[Step], None] = lambda _: None
    """Hears of every step."""
    actor: str = "dispatcher"
    resend_cancels: bool = False
    """Whether a Cancel may be sent again on proof of absence; otherwise a person decides."""

    def handle(self, due: CallDue) -> Outcome:
        """Do what is due; loads the refund anew, since it may have moved."""
        refund = self.ledger.refund(due.refund)
        try:
            match due.waits:
                case Waits.SEND:
                    return self._send_due(refund, due.part)
                case Waits.PARK:
                    return self._park(refund, due.part)
                case Waits.LOOK:
                    return self._look(refund, due.part)
                case Waits.WATCH:
                    return self._watch(refund, due.part)
                case Waits.PERSON:
                    return Nothing()
        except ConflictError:
            # Somebody else acted on this refund first; what is due now is in the store.
            return Progress()
        except UnavailableError as error:
            self._say(refund, due.part, "waits", str(error))
            return Unreachable(str(error))

    def is_held(self, due: CallDue) -> bool:
        """Whether a call waits until somebody explains an excess of its original."""
        return due.waits is Waits.SEND and self._excess(self.ledger.refund(due.refund)) != 0

    # --- sending ----------------------------------------------------------------------------------

    def _send_due(self, refund: Refund, part: Part) -> Outcome:
        if refund.status.is_over or refund.part(part).status is not PartStatus.DUE:
            # It was taken back or closed after it was found to be due.
            return Nothing()
        if self._excess(refund):
            return Nothing()
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
            return Progress()
        return self._submit_and_send(refund, part, call)

    def _submit_and_send(
        self,
        refund: Refund,
        part: Part,
        call: Call,
        *,
        looked_from: datetime | None = None,
        evidence: tuple[Evidence, ...] = (),
    ) -> Outcome:
        """Save the attempt, then send it once; past `send_by` it is not sent."""
        self.pace.wait()
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
            known=refund,
        )
        attempt = saved.refund.part(part).attempts
        self._say(refund, part, "submitted", f"{call.method}, attempt {attempt}, {call.reference}")
        answer = self._send(call, started)
        return self._record(saved.refund, part, attempt, send_by, answer)

    def _send(self, call: Call, started: float) -> Answer:
        """Send, unless the time to begin has passed since the save was begun."""
        if self.clock.monotonic() - started > self.rhythm.send_window:
            return NotSent("the time to send had passed before the call began")
        return self.accounting.send(call)

    def _record(
        self, refund: Refund, part: Part, attempt: int, send_by: datetime, answer: Answer
    ) -> Outcome:
        """Save what an answer means; a fact is saved whatever happened to the refund meanwhile."""
        stamp = self._stamp(refund)
        match answer:
            case Done(document=document, booked=booked):
                self._succeeded(refund, part, document, booked, learned=Learned.ANSWER)
            case Refused(code=code, message=message):
                self.ledger.fact(
                    refund.id,
                    lambda now, look: calling.refused(
                        now, stamp, part, attempt, code=code, message=message, look=look
                    ),
                )
                self._say(refund, part, "refused", f"{code} {message}")
            case Doubtful(why=why):
                self._doubt(refund, part, attempt, why, self._settled(send_by))
                return Unreachable(why)
            case NotSent(why=why):
                self.ledger.fact(
                    refund.id,
                    lambda now, look: calling.not_sent(
                        now, stamp, part, attempt, why=why, look=look
                    ),
                )
                self._say(refund, part, "not sent", why)
                return Unreachable(why)
        return Progress()

    def _succeeded(
        self,
        refund: Refund,
        part: Part,
        document: DocumentId,
        booked: int | None,
        *,
        learned: Learned,
        evidence: tuple[Evidence, ...] = (),
    ) -> None:
        """Record a document of the part, unless it is another's: then a person has to look."""
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
                known=refund,
            )
        except ClaimedError as error:
            self._for_person(refund, part, str(error), evidence)
            return
        self._say(refund, part, "cancelled", f"as {document.key} ({learned})")

    # --- doubt ------------------------------------------------------------------------------------

    def _park(self, refund: Refund, part: Part) -> Outcome:
        """Declare a call in doubt whose sender had its whole time and said nothing."""
        state = refund.part(part)
        if state.status is not PartStatus.SUBMITTED or state.submitted is None:
            return Nothing()
        attempt, send_by = state.attempts, state.submitted.send_by
        if self.store.now() < send_by + timedelta(seconds=self.accounting.call_limit):
            return Nothing()
        stamp = self._stamp(refund)
        look_after = self._settled(send_by)
        why = "its sender did not say what became of it"
        self.ledger.act(
            refund.id,
            lambda now, _: calling.in_doubt(
                now, stamp, part, attempt, why=why, look_after=look_after
            ),
            on_version=refund.version,
        )
        self._say(refund, part, "in doubt", why)
        return Progress()

    def _look(self, refund: Refund, part: Part) -> Outcome:
        """Look for the document of a call in doubt, from the start, after the settle time."""
        state = refund.part(part)
        if state.status is not PartStatus.IN_DOUBT or state.submitted is None:
            return Nothing()
        looked_from = self.store.now()
        if state.look_after is not None and looked_from < state.look_after:
            return Nothing()
        finding = self.accounting.look(submitted(refund, part))
        match finding:
            case Found(document=document, booked=booked, evidence=evidence):
                self._succeeded(
                    refund, part, document, booked, learned=Learned.LOOK_UP, evidence=evidence
                )
                return Progress()
            case Absent(evidence=evidence):
                return self._absent(refund, part, looked_from, evidence)
            case Unclear(for_person=True):
                self._for_person(refund, part, finding.why, finding.evidence)
                return Progress()
            case Unclear():
                self._say(refund, part, "waits", finding.why)
                return Unreachable(finding.why)

    def _absent(
        self, refund: Refund, part: Part, looked_from: datetime, evidence: tuple[Evidence, ...]
    ) -> Outcome:
        """Send again on proof of absence, where that is allowed; proof and attempt are one save."""
        state = refund.part(part)
        if refund.status.is_over:
            why = "the refund was closed, and no document has turned up; close it again to free it"
        elif not (
            refund.request.way(part) is Way.NEW or self.resend_cancels or state.resend_allowed
        ):
            why = "no document was found; a Cancel is not sent again without a person's word"
        elif len(state.maybe_sent) >= self.rhythm.max_attempts and not state.resend_allowed:
            # An attempt that never left is not spent.
            why = f"no document was found after {len(state.maybe_sent)} attempts"
        else:
            try:
                call = self.accounting.prepare(refund.request, part)
            except RefusedError as error:
                why = f"no document was found, and it cannot be said any more: {error}"
            else:
                return self._submit_and_send(
                    refund, part, call, looked_from=looked_from, evidence=evidence
                )
        self._for_person(refund, part, why, evidence)
        return Progress()

    def _watch(self, refund: Refund, part: Part) -> Outcome:
        """Look again at a part that is over; a document of it that nobody knew is recorded."""
        state = refund.part(part)
        looked_from = self.store.now()
        if state.submitted is None or looked_from < self._settled(state.submitted.send_by):
            return Nothing()
        traces = self.accounting.traces(submitted(refund, part))
        known = {document.key for document in state.documents}
        new = [(doc, booked) for doc, booked in traces.documents if doc.key not in known]
        for document, booked in new:
            self._succeeded(
                refund, part, document, booked, learned=Learned.LOOK_UP, evidence=traces.evidence
            )
        if not traces.complete:
            return Unreachable("not every source could be read")
        stamp = self._stamp(refund)
        self.ledger.fact(
            refund.id,
            lambda now, _: calling.watched(
                now, stamp, part, looked_from=looked_from, evidence=traces.evidence
            ),
        )
        return Progress()

    def _doubt(
        self,
        refund: Refund,
        part: Part,
        attempt: int,
        why: str,
        look_after: datetime,
    ) -> None:
        stamp = self._stamp(refund)
        self.ledger.fact(
            refund.id,
            lambda now, _: calling.in_doubt(
                now, stamp, part, attempt, why=why, look_after=look_after
            ),
        )
        self._say(refund, part, "in doubt", why)

    def _for_person(
        self, refund: Refund, part: Part, why: str, evidence: tuple[Evidence, ...]
    ) -> None:
        """Let a person decide; dropped where the refund has moved since the evidence was sought."""
        stamp, state = self._stamp(refund), refund.part(part)
        now = self.store.now()
        proves = self._settled(state.submitted.send_by) if state.submitted else now
        self.ledger.act(
            refund.id,
            lambda current, _: calling.in_doubt(
                current,
                stamp,
                part,
                state.attempts,
                why=why,
                look_after=max(now, proves),
                for_person=True,
                evidence=evidence,
            ),
            on_version=refund.version,
        )
        self._say(refund, part, "waits for a person", why)

    # --- helpers ----------------------------------------------------------------------------------

    def _settled(self, send_by: datetime) -> datetime:
        """From when on a look at a call of this fence proves something."""
        return send_by + timedelta(seconds=self.accounting.settle_seconds)

    def _excess(self, refund: Refund) -> int:
        """What was booked beyond a refund's originals: its calls wait until it is explained."""
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
        self.tell(Step(refund.id, refund.request.key, part, what, detail))
