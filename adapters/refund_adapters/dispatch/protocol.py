"""The call protocol: how one part of a refund is sent at most once, and what each answer means.

A call is saved as submitted before a byte of it leaves, and only its saver sends it. Whatever is
not plainly a success or a refusal is in doubt: it is looked for after the settle time, and sent
again only on proof of absence that is saved together with the new attempt. What a look cannot
settle waits for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from refund_adapters.accounting import Absent, AnsweredError, Found, UnavailableError, Unclear
from refund_adapters.dispatch.hands import StoreClock
from refund_adapters.dispatch.looking import submitted
from refund_adapters.dispatch.rhythm import (
    Clock,
    Heard,
    Nothing,
    Outcome,
    Progress,
    Rhythm,
    Step,
    Unreachable,
)
from refund_adapters.dispatch.sending import Announced, Ready, Sending
from refund_adapters.stopping import StoppedError, heeding
from refund_ledger import calling
from refund_ledger.balances import Look
from refund_ledger.errors import ConflictError, RefusedError
from refund_ledger.events import Event, Evidence, Learned, Part, Way
from refund_ledger.refund import CallDue, PartStatus, Refund, Waits, calls_due

T = TypeVar("T")

LONGEST_SILENCE = timedelta(days=1)
"""For so long a call in doubt is looked for that cannot be; then a person is told as well."""
ENOUGH_LOOKS = 3
"""So many looks must have failed in a row: one that comes late is no long silence."""

__all__ = ["CallProtocol", "Clock", "Rhythm", "Step", "StoreClock", "submitted"]


@dataclass(slots=True)
class CallProtocol(Sending):
    """Carries out what is due on one part; safe to run anywhere, any number of times."""

    resend_cancels: bool = False
    """Whether a Cancel may be sent again on proof of absence; otherwise a person decides."""
    stop: Callable[[], bool] = lambda: False
    """Once it says so, nothing is read or announced; what is announced is sent and recorded."""

    def record_held(self) -> Iterator[tuple[CallDue, Outcome]]:
        """Record the answers that the store could not take when they came, one after another."""
        while self.held:
            announced, answer = self.held[0]
            record = partial(self._record, announced, answer, self.ledger)
            outcome = self.guarded(announced.due, record)
            self.held.popleft()
            yield announced.due, outcome

    def handle(self, due: CallDue, *, tries: int = 0) -> Outcome:
        """Do what is due; loads the refund anew, since it may have moved.

        `tries` says how often in a row nothing came of it before.
        """
        return self.guarded(due, lambda: self._handle(due, tries))

    def guarded(self, due: CallDue, work: Callable[[], T]) -> T | Outcome:
        """Do some work on a part; say what it means where others or the system stop it."""
        try:
            with heeding(self.stop):
                return work()
        except ConflictError:
            # Somebody else acted on this refund first; what is due now is in the store.
            return Progress()
        except StoppedError:
            return Nothing()
        except UnavailableError as error:
            self.say(self.ledger.refund(due.refund), due.part, "waits", str(error))
            return self._unread(str(error), answered=isinstance(error, AnsweredError))

    @staticmethod
    def _unread(why: str, *, answered: bool) -> Outcome:
        """Leave it for later; a system that answers is no outage, whatever it says of one thing."""
        return Nothing() if answered else Unreachable(why)

    def _handle(self, due: CallDue, tries: int) -> Outcome:
        match due.waits:
            case Waits.SEND:
                return self._send_due(due)
            case Waits.PARK:
                return self._park(self.ledger.refund(due.refund), due.part)
            case Waits.LOOK:
                return self._look(self.ledger.refund(due.refund), due, tries)
            case Waits.WATCH:
                return self._watch(self.ledger.refund(due.refund), due.part)
            case Waits.PERSON:
                return Nothing()

    def _send_due(self, due: CallDue) -> Outcome:
        ready = self.make_ready(due)
        if not isinstance(ready, Ready):
            return ready
        announced = self.announce(ready)
        return self.carry_out(announced)[0] if isinstance(announced, Announced) else announced

    def is_held(self, due: CallDue) -> bool:
        """Whether a call waits until somebody explains an excess of its original."""
        return due.waits is Waits.SEND and self.excess(self.ledger.refund(due.refund)) != 0

    # --- doubt ------------------------------------------------------------------------------------

    def _park(self, refund: Refund, part: Part) -> Outcome:
        """Declare a call in doubt whose sender had its whole time and said nothing."""
        state = refund.part(part)
        if state.status is not PartStatus.SUBMITTED or state.submitted is None:
            return Nothing()
        attempt, send_by = state.attempts, state.submitted.send_by
        if self.store.now() < send_by + timedelta(seconds=self.accounting.call_limit):
            return Nothing()
        stamp = self.stamp(refund)
        look_after = self.settled(send_by)
        why = "its sender did not say what became of it"
        self.ledger.act(
            refund.id,
            lambda now, _: calling.in_doubt(
                now, stamp, part, attempt, why=why, look_after=look_after
            ),
            on_version=refund.version,
        )
        self.say(refund, part, "in doubt", why)
        return Progress()

    def _look(self, refund: Refund, due: CallDue, tries: int) -> Outcome:
        """Look for the document of a call in doubt, from the start, after the settle time."""
        part = due.part
        state = refund.part(part)
        if state.status is not PartStatus.IN_DOUBT or state.submitted is None:
            return Nothing()
        looked_from = self.store.now()
        if state.look_after is not None and looked_from < state.look_after:
            return Nothing()
        finding = self.accounting.look(submitted(refund, part))
        match finding:
            case Found(document=document, booked=booked, evidence=evidence):
                self.succeeded(
                    refund, part, document, booked, learned=Learned.LOOK_UP, evidence=evidence
                )
                return Progress(Heard.READ)
            case Absent(evidence=evidence):
                return self._absent(refund, due, looked_from, evidence)
            case Unclear(for_person=True):
                self.for_person(refund, part, finding.why, finding.evidence)
                return Progress(Heard.READ)
            case Unclear() if tries >= ENOUGH_LOOKS and looked_from >= (
                self.settled(state.submitted.send_by) + LONGEST_SILENCE
            ):
                why = f"{finding.why} for a day and longer"
                self.for_person(refund, part, why, finding.evidence)
                return Progress()
            case Unclear():
                self.say(refund, part, "waits", finding.why)
                return self._unread(finding.why, answered=finding.answered)

    def _absent(
        self, refund: Refund, due: CallDue, looked_from: datetime, evidence: tuple[Evidence, ...]
    ) -> Outcome:
        """Send again on proof of absence, where that is allowed; proof and attempt are one save."""
        part = due.part
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
        elif self.excess(refund):
            why = (
                "no document was found; explain what was booked beyond its original before it is "
                "sent again"
            )
        else:
            try:
                call = self.accounting.prepare(refund.request, part)
            except RefusedError as error:
                why = f"no document was found, and it cannot be said any more: {error}"
            else:
                ready = Ready(due, refund, call, looked_from, evidence)
                return self.carry_out(self.submit(ready))[0]
        self.for_person(refund, part, why, evidence)
        return Progress(Heard.READ)

    def _watch(self, refund: Refund, part: Part) -> Outcome:
        """Look again at a part that is over; a document of it that nobody knew is recorded."""
        state = refund.part(part)
        looked_from = self.store.now()
        if state.submitted is None or looked_from < self.settled(state.submitted.send_by):
            return Nothing()
        if state.watches and not any(
            call.part is part and call.waits is Waits.WATCH and call.not_before <= looked_from
            for call in calls_due(refund)
        ):
            # Another dispatcher came to it first; the next watch is due later, or none is.
            return Nothing()
        traces = self.accounting.traces(submitted(refund, part))
        known = {document.key for document in state.documents}
        new = [(doc, booked) for doc, booked in traces.documents if doc.key not in known]
        for document, booked in new:
            self.succeeded(
                refund, part, document, booked, learned=Learned.LOOK_UP, evidence=traces.evidence
            )
        if not traces.complete:
            return self._unread("not every source could be read", answered=traces.answered)
        stamp = self.stamp(refund)

        def once(now: Refund, _: Look) -> tuple[Event, ...]:
            then = now.part(part)
            if (then.attempts, then.watches) != (state.attempts, state.watches):
                return ()  # Another dispatcher looked at the same time: that was one watch.
            return calling.watched(
                now, stamp, part, looked_from=looked_from, evidence=traces.evidence
            )

        self.ledger.fact(refund.id, once)
        return Progress(Heard.READ)
