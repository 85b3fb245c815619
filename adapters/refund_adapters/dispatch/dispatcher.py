"""The dispatcher: finds what is due, hands it to the call protocol, and knows when to wait.

Any number may run at once over one store, in threads, processes and hosts: who may send is decided
by the save of the call, and what is in hand elsewhere is left alone for a while.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from refund_adapters.accounting import AccountingSystem
from refund_adapters.dispatch.circuit import DOUBLINGS, Circuit
from refund_adapters.dispatch.pace import Pace
from refund_adapters.dispatch.protocol import CallProtocol
from refund_adapters.dispatch.rests import Rests
from refund_adapters.dispatch.rhythm import (
    Clock,
    Heard,
    Outcome,
    Progress,
    Rhythm,
    Step,
    Unreachable,
)
from refund_adapters.dispatch.sending import Announced, Next, Ready
from refund_adapters.store.errors import (
    EraError,
    ReadOnlyStoreError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreGoneError,
)
from refund_adapters.workers import Workers
from refund_ledger.application import RefundLedger
from refund_ledger.refund import WATCH_AFTER, CallDue, Waits

MACHINES_WORK = (Waits.SEND, Waits.PARK, Waits.LOOK, Waits.WATCH)
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
"""Seconds between tries of a store that cannot be used now, at most."""
PATIENCE = 30.0
IN_HAND = 8
"""Things that a round takes in hand for each call under way."""
IN_OTHER_HANDS = 0.25
"""Seconds after which a thing that another dispatcher has in hand is asked for again."""
LONGEST_BUSY = 60.0
"""Seconds after which what is done in a pause no longer waits for one."""
MOST_DUE = 1000
"""Things due that are looked at to know how long to wait."""


class DueStore(Protocol):
    """What the dispatcher needs of a store."""

    def due(
        self, company: str, *waits: Waits, until: datetime | None = None, limit: int = 1000
    ) -> list[CallDue]:
        """What waits to be done, the longest waiting first."""
        ...

    def take(
        self, company: str, *waits: Waits, worker: str, seconds: float, limit: int
    ) -> list[CallDue]:
        """Take what is due now in hand, so that other workers leave it alone for a while."""
        ...

    def now(self) -> datetime:
        """The time by the store's clock."""
        ...


MENDED_ELSEWHERE = (StoreGoneError, StoreBusyError, EraError, ReadOnlyStoreError, StoreFullError)
"""What ends without this process: a server comes back, a person adopts, makes room or grants."""
Line = deque[Ready]
"""Calls that are prepared, in the order in which they are sent."""


@dataclass(slots=True)
class Dispatcher:
    """One process's dispatcher; `concurrency` calls are under way at once."""

    ledger: RefundLedger
    store: DueStore
    accounting: AccountingSystem
    rhythm: Rhythm = field(default_factory=Rhythm)
    clock: Clock = field(default_factory=Clock)
    pace: Pace = field(default_factory=Pace)
    watch: Callable[[Step], None] = lambda _: None
    actor: str = "dispatcher"
    resend_cancels: bool = False
    stop: Callable[[], bool] = lambda: False
    concurrency: int = 1
    most_tries: int = 5
    """How often one run tries something again that the accounting system did not answer."""
    worker: str = field(default_factory=lambda: uuid4().hex)
    circuit: Circuit = field(init=False)
    protocol: CallProtocol = field(init=False)
    rests: Rests = field(init=False)
    idle: Callable[[], None] = lambda: None
    """Called after each round that found nothing to do, and now and then where every one does."""
    away: Callable[[StoreError], None] = lambda _: None
    """Hears that the store cannot be used now; with `forever`, the run waits and goes on."""
    taken: int = 0
    """Steps that were taken so far."""
    _paused_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.circuit = Circuit(self.clock.monotonic, self.clock.jitter)
        self.rests = Rests(self.clock)
        self.protocol = CallProtocol(
            ledger=self.ledger,
            store=self.store,
            accounting=self.accounting,
            rhythm=self.rhythm,
            clock=self.clock,
            pace=self.pace,
            tell=self.watch,
            actor=self.actor,
            resend_cancels=self.resend_cancels,
            stop=self._is_asked_to_stop,
        )

    # --- running ----------------------------------------------------------------------------------

    def run(self, *, forever: bool = False, patience: float = PATIENCE, poll: float = 1.0) -> int:
        """Work until nothing is left that this run can do; returns how many steps were taken.

        What waits for a person, for a time more than `patience` seconds away, for an accounting
        system that stays unreachable, or in another dispatcher's hands is left. With `forever`,
        goes on until `stop`, over outages of the store, and then finishes the calls that are under
        way within the time limit of one. What was answered while the store could not be written is
        recorded before anything else is begun, and tried once more at the end.
        """
        before, idle_from, failures = self.taken, self.clock.monotonic(), 0
        self._paused_at = idle_from
        while not self.stop():
            try:
                done = self.round()
                wait = None if done else self._until_next()
                self._pause(is_due=not done)
            except MENDED_ELSEWHERE as error:
                if not forever:
                    raise
                self.away(error)
                pause = min(LONGEST_PAUSE, 2.0**failures)
                self._sleep(pause * (0.5 + 0.5 * self.clock.jitter()))
                failures = min(failures + 1, DOUBLINGS)
                continue
            failures = 0
            if done:
                idle_from = self.clock.monotonic()
                continue
            if not forever:
                idle = self.clock.monotonic() - idle_from
                if wait is None or idle + wait > patience or self._gave_up():
                    break
            # What is ripe may be in hand elsewhere: ask again soon, and not at once.
            self._sleep(poll if wait is None else min(poll, max(wait, SHORTEST_PAUSE)))
        with suppress(*MENDED_ELSEWHERE):
            # What cannot be recorded even now is in doubt: it is looked for when the store is back.
            self._record_held()
        return self.taken - before

    def _pause(self, *, is_due: bool) -> None:
        """Do what is done while there is nothing to send, at the latest after a while."""
        now = self.clock.monotonic()
        if is_due or now - self._paused_at >= LONGEST_BUSY:
            self._paused_at = now
            self.idle()

    def round(self) -> int:
        """Do once what is due now; returns how many steps were taken."""
        recorded = self._record_held()
        if not self.circuit.probe(self.accounting.is_reachable):
            return recorded
        ripe = self._take()
        sends = deque(call for call in ripe if call.waits is Waits.SEND)
        others = [call for call in ripe if call.waits is not Waits.SEND]
        line: Line = deque()
        if self.concurrency == 1:
            steps = recorded + self._send_due(sends, line)
            return steps + sum(self._work_on(call) for call in others)
        with Workers(self.concurrency) as workers:
            shares = workers.map(lambda _: self._send_due(sends, line), range(self.concurrency))
            return recorded + sum(shares) + sum(workers.map(self._work_on, others))

    def _record_held(self) -> int:
        """Record what was answered while the store could not be written."""
        return sum(self._learn(*one) for one in self.protocol.record_held())

    def _send_due(self, sends: deque[CallDue], line: Line) -> int:
        """Prepare and send what is due until none is left; returns how many steps were taken.

        Several calls are prepared before the first of them is sent, so that each can be announced
        with the answer to the one before it, and nothing has to be read in between.
        """
        steps = 0
        while (sends or line) and self._may_go_on():
            stopped = self._prepare(sends, line)
            steps += self._send_all(line)
            if stopped is not None:
                steps += self._learn(*stopped)
        return steps

    def _prepare(self, sends: deque[CallDue], line: Line) -> tuple[CallDue, Outcome] | None:
        """Put calls in line up to the first that cannot be prepared; that one is handed back.

        What is in line goes out first: it does not suffer for what cannot be read.
        """
        for _ in range(IN_HAND):
            try:
                call = sends.popleft()
            except IndexError:
                return None
            ready = self._ready(call)
            if not isinstance(ready, Ready):
                return call, ready
            line.append(ready)
        return None

    def _ready(self, call: CallDue) -> Ready | Outcome:
        return self.protocol.guarded(call, lambda: self.protocol.make_ready(call))

    def _send_all(self, line: Line) -> int:
        """Send what stands in line, one call after another; returns how many steps were taken."""
        steps = 0
        at: Next = self._next(line)
        while at is not None:
            stepped, at = self._advance(at, line)
            steps += stepped
        return steps

    def _advance(self, at: Announced | Ready, line: Line) -> tuple[bool, Next]:
        """Announce what is ready, or send what is announced; says what is next."""
        if isinstance(at, Ready):
            came = self.protocol.guarded(at.due, lambda: self.protocol.announce(at))
            if isinstance(came, Announced):
                return False, came
            return self._learn(at.due, came), self._next(line)
        sent = self.protocol.guarded(
            at.due,
            lambda: self.protocol.carry_out(
                at, lambda: self._next(line), lambda: self._next_after_silence(line)
            ),
        )
        outcome, after = sent if isinstance(sent, tuple) else (sent, None)
        return self._learn(at.due, outcome), after or self._next(line)

    def _next(self, line: Line) -> Ready | None:
        """Who is next in line, unless nothing is to be begun any more."""
        try:
            return line.popleft() if self._may_go_on() else None
        except IndexError:
            return None

    def _next_after_silence(self, line: Line) -> Ready | None:
        """Who is next after a call that was not answered, unless that one opens the circuit."""
        return None if self.circuit.opens_next else self._next(line)

    def _take(self) -> list[CallDue]:
        """Take in hand what can be done now, what was never tried first.

        What only waits, rests or failed before is looked past: however much of it is older, what
        is new goes on.
        """
        limit = IN_HAND * self.concurrency
        while True:
            taken = self.store.take(
                self.ledger.company,
                *MACHINES_WORK,
                worker=self.worker,
                seconds=self.rhythm.send_window + 2 * self.accounting.call_limit,
                limit=limit,
            )
            now = self.store.now()
            ripe = [call for call in taken if self._is_ripe(call, now)]
            new = sum(not self.rests.of(call).tries for call in ripe)
            if new >= self.concurrency or len(taken) < limit:
                return sorted(ripe, key=lambda call: self.rests.of(call).tries)
            limit *= 2

    def _may_go_on(self) -> bool:
        return not (self.stop() or self.circuit.is_open or self.protocol.held)

    def _is_asked_to_stop(self) -> bool:
        return self.stop()

    def _work_on(self, call: CallDue) -> bool:
        """Carry out one thing, unless nothing is to be begun any more."""
        return self._may_go_on() and self._do(call)

    def _do(self, call: CallDue) -> bool:
        """Carry out one thing; true where something came of it."""
        tries = self.rests.of(call).tries
        return self._learn(call, self.protocol.handle(call, tries=tries))

    def _learn(self, call: CallDue, outcome: Outcome) -> bool:
        """Remember what came of a thing; true where something did."""
        if isinstance(outcome, Progress):
            self.rests.end(call)
            self._hear(outcome.heard)
            with self._lock:
                self.taken += 1
            return True
        self.rests.begin(call, unanswered=isinstance(outcome, Unreachable))
        if isinstance(outcome, Unreachable):
            self.circuit.failed()
        return False

    def _hear(self, heard: Heard) -> None:
        """Tell the circuit what the accounting system answered; much is done without asking it."""
        match heard:
            case Heard.CALL:
                self.circuit.answered()
            case Heard.READ:
                self.circuit.was_read()
            case Heard.NOTHING:
                pass

    # --- waiting ----------------------------------------------------------------------------------

    def _is_ripe(self, call: CallDue, now: datetime) -> bool:
        if self.clock.monotonic() < self.rests.of(call).until:
            return False
        return now >= self._ripe_at(call)

    def _ripe_at(self, call: CallDue) -> datetime:
        """When a thing can be done, by the times that the accounting system needs.

        A call is parked only after its whole time limit; a watch begins when a look proves
        something.
        """
        if call.waits is Waits.PARK:
            return call.not_before + timedelta(seconds=self.accounting.call_limit)
        if call.waits is Waits.WATCH:
            settle = timedelta(seconds=self.accounting.settle_seconds)
            return call.not_before + max(settle - WATCH_AFTER[0], timedelta(0))
        return call.not_before

    def _until_next(self) -> float | None:
        """Seconds until something that is left becomes ripe; none where nothing is left."""
        due = self.store.due(self.ledger.company, *MACHINES_WORK, limit=MOST_DUE)
        self._forget_all_but(due)
        now, clock = self.store.now(), self.clock.monotonic()
        waits: list[float] = []
        for call in due:
            rest = self.rests.of(call)
            if rest.tries > rest.failures and self.protocol.is_held(call):
                continue
            ripe = (self._ripe_at(call) - now).total_seconds()
            left = max(ripe, rest.until - clock)
            waits.append(left if left > 0 else IN_OTHER_HANDS)
        if not waits:
            return None
        return max(min(waits), self.circuit.waits)

    def _forget_all_but(self, due: list[CallDue]) -> None:
        """Let go of what is due no more: somebody else has done it."""
        if len(due) < MOST_DUE:
            self.rests.keep_only(due)

    def _gave_up(self) -> bool:
        """Whether the accounting system stayed silent for as often as this run tries."""
        return self.rests.most_failures() >= self.most_tries or self.circuit.stays_open

    def _sleep(self, seconds: float) -> None:
        """Sleep in slices, so that a stop is heard soon."""
        until = self.clock.monotonic() + seconds
        while not self.stop() and (left := until - self.clock.monotonic()) > 0:
            self.clock.sleep(min(left, 0.5))
