"""Sending: a call is announced in a save, then sent once, and what is answered is recorded.

An answer, or the doubt where none came, and the announcement of the next call are one save where
they can be. Each is what it is alone: what came of a call is recorded before anything else is done,
and the next call is announced before a byte of it leaves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from refund_adapters.accounting import Answer, Call, Done, Doubtful, NotSent, Refused
from refund_adapters.dispatch.hands import Hands
from refund_adapters.dispatch.rhythm import Heard, Nothing, Outcome, Progress, Unreachable
from refund_adapters.dispatch.together import Together
from refund_adapters.stopping import heed_stop
from refund_adapters.store.errors import StoreError
from refund_ledger import calling
from refund_ledger.application import RefundLedger
from refund_ledger.errors import LedgerError, RefusedError
from refund_ledger.events import Event, Evidence, Learned
from refund_ledger.refund import CallDue, PartStatus, Refund, calls_due, evolve
from refund_ledger.stamps import Stamp
from refund_ledger.storing import Append


@dataclass(frozen=True, slots=True)
class Ready:
    """A call that is prepared and not announced; it is good for one version of its refund."""

    due: CallDue
    refund: Refund
    call: Call
    looked_from: datetime | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Announced:
    """A call that is saved as submitted: it is sent now, once, by whoever holds this."""

    due: CallDue
    refund: Refund
    call: Call
    send_by: datetime
    started: float
    """By the monotonic clock, before the save was begun."""

    @property
    def attempt(self) -> int:
        """Which of the part's calls it is."""
        return self.refund.part(self.call.part).attempts


Next = Announced | Ready | None
"""The call after: announced with the answer before it, only ready, or none."""
Follow = Callable[[], Ready | None]
"""Hands out the call to go on with; asked only after a call whose answer, or silence, it was."""


def nobody() -> None:
    """Follow a call with none."""
    return


@dataclass(slots=True)
class Sending(Hands):
    """Prepares, announces and sends calls, and records their answers."""

    held: deque[tuple[Announced, Answer]] = field(default_factory=deque)
    """Answers that the store could not take when they came, and that nobody else knows."""

    def make_ready(self, due: CallDue) -> Ready | Outcome:
        """Prepare the call of a part that is due; may read, announces and sends nothing."""
        refund = self.ledger.refund(due.refund)
        if refund.status.is_over or refund.part(due.part).status is not PartStatus.DUE:
            # It was taken back or closed after it was found to be due.
            return Nothing()
        try:
            return Ready(due, refund, self.accounting.prepare(refund.request, due.part))
        except RefusedError as error:
            why = str(error)
            stamp = self.stamp(refund)
            self.ledger.act(
                refund.id,
                lambda now, _: calling.unsayable(now, stamp, due.part, why=why),
                on_version=refund.version,
            )
            self.say(refund, due.part, "cannot be sent", why)
            return Progress()

    def announce(self, ready: Ready) -> Announced | Outcome:
        """Save the attempt, unless an excess of the original has to be explained first."""
        if self.excess(ready.refund):
            return Nothing()
        return self.submit(ready)

    def submit(self, ready: Ready) -> Announced:
        """Save the attempt; raises `ConflictError` where its refund has moved.

        Raises `StoppedError` where the dispatcher was asked to stop: what is announced is sent.
        """
        self.pace.wait()
        heed_stop()
        started = self.clock.monotonic()
        stamp = self.stamp(ready.refund)
        saved = self.ledger.act(
            ready.refund.id,
            lambda now, _: self._attempt(now, stamp, ready),
            on_version=ready.refund.version,
            known=ready.refund,
        )
        return self._announced(ready, saved.refund, stamp, started)

    def carry_out(
        self, announced: Announced, follow: Follow = nobody, unanswered: Follow = nobody
    ) -> tuple[Outcome, Next]:
        """Send once and record what came of it, in one save with the call that follows.

        `follow` hands that out after a success, `unanswered` after a call that is in doubt. What
        was refused or never left is saved alone.
        """
        answer = self._send(announced)
        try:
            return self._recorded(announced, answer, follow, unanswered)
        except StoreError:
            # The store is away, full or locked for now; the answer is recorded when it is back.
            self.held.append((announced, answer))
            raise

    def _recorded(
        self, announced: Announced, answer: Answer, follow: Follow, unanswered: Follow
    ) -> tuple[Outcome, Next]:
        """Record an answer, in one save with the call that follows where that can be."""
        ready: Ready | None = None
        if isinstance(answer, Done | Doubtful):
            ready = follow() if isinstance(answer, Done) else unanswered()
        if ready is None or not self._may_ride(ready):
            return self._record(announced, answer, self.ledger), ready
        return self._go_on(announced, answer, ready)

    def _may_ride(self, ready: Ready) -> bool:
        """Whether a call may be announced at once, as far as can be read at the first try."""
        try:
            return self.pace.take() and not self.excess(ready.refund)
        except LedgerError:
            # It is read again when the call is announced alone; the answer is not lost for it.
            return False

    def _go_on(self, announced: Announced, answer: Answer, ready: Ready) -> tuple[Outcome, Next]:
        """Record an answer and announce the next call in one save, or else only the answer."""
        started = self.clock.monotonic()
        stamp = self.stamp(ready.refund)
        try:
            events = self._attempt(ready.refund, stamp, ready)
        except RefusedError:
            # It is refused again when it is announced alone; the answer is not lost for it.
            return self._record(announced, answer, self.ledger), ready
        after = ready.refund
        for event in events:
            after = evolve(after, event)
        together = Together(
            self.ledger.store,
            Append(events, due={after.id: calls_due(after)}),
            originals=self.originals(after),
        )
        ledger = copy(self.ledger)
        ledger.store = together
        outcome = self._record(announced, answer, ledger)
        if not together.has_ridden:
            return outcome, ready
        return outcome, self._announced(ready, after, stamp, started)

    def _attempt(self, refund: Refund, stamp: Stamp, ready: Ready) -> tuple[Event, ...]:
        call = ready.call
        return calling.submit(
            refund,
            stamp,
            call.part,
            method=call.method,
            reference=call.reference,
            marker=call.marker,
            request=call.request,
            digest=call.digest,
            send_by=self._send_by(stamp),
            looked_from=ready.looked_from,
            evidence=ready.evidence,
        )

    def _send_by(self, stamp: Stamp) -> datetime:
        return stamp.at + timedelta(seconds=self.rhythm.send_window)

    def _announced(self, ready: Ready, saved: Refund, stamp: Stamp, started: float) -> Announced:
        call = ready.call
        announced = Announced(ready.due, saved, call, self._send_by(stamp), started)
        words = f"{call.method}, attempt {announced.attempt}, {call.reference}"
        self.say(saved, call.part, "submitted", words)
        return announced

    def _send(self, announced: Announced) -> Answer:
        """Send, unless the time to begin has passed since the save was begun."""
        until = announced.started + self.rhythm.send_window
        return self.accounting.send(announced.call, lambda: self.clock.monotonic() <= until)

    def _record(self, announced: Announced, answer: Answer, ledger: RefundLedger) -> Outcome:
        """Save what an answer means; a fact is saved whatever happened to the refund meanwhile."""
        refund, part, attempt = announced.refund, announced.call.part, announced.attempt
        if isinstance(answer, Done):
            document, booked = answer.document, answer.booked
            learned = Learned.ANSWER
            self.succeeded(refund, part, document, booked, learned=learned, ledger=ledger)
            return Progress(Heard.CALL)
        stamp = self.stamp(refund)
        match answer:
            case Refused(code=code, message=message):
                ledger.fact(
                    refund.id,
                    lambda now, look: calling.refused(
                        now, stamp, part, attempt, code=code, message=message, look=look
                    ),
                    known=refund,
                )
                self.say(refund, part, "refused", f"{code} {message}")
                return Progress(Heard.CALL)
            case NotSent(why=why):
                ledger.fact(
                    refund.id,
                    lambda now, look: calling.not_sent(
                        now, stamp, part, attempt, why=why, look=look
                    ),
                    known=refund,
                )
                self.say(refund, part, "not sent", why)
                return Unreachable(why)
            case Doubtful(why=why):
                look_after = self.settled(announced.send_by)
                ledger.fact(
                    refund.id,
                    lambda now, _: calling.in_doubt(
                        now, stamp, part, attempt, why=why, look_after=look_after
                    ),
                    known=refund,
                )
                self.say(refund, part, "in doubt", why)
                return Unreachable(why)
