"""The weather: what goes wrong with each call, drawn from the seed within what a world allows."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace

from refund_adapters.sandbox import faults
from refund_adapters.sandbox.faults import Answer, Execution, Fault, FaultPlan
from refund_adapters.sandbox.refusals import COMMENTS_TOO_LONG, Refusal
from refund_adapters.sandbox.switches import (
    CancelDeduplication,
    ReferenceCheck,
    SecondCancel,
    Switches,
)

WRITES = ("Document.Cancel", "Document.New", "Receipt.Cancel", "Receipt.New")

REFUSED_PLAINLY = Fault(
    "refused_plainly", Execution.NEVER, Answer.REFUSAL, refusal=COMMENTS_TOO_LONG
)
"""A refusal that stands on the closed list: the caller may rely on it."""

NOT_LET_IN = Fault(
    "not_let_in", Execution.NEVER, Answer.REFUSAL, refusal=Refusal(401, "UNAUTHORIZED")
)
"""The token is refused: nothing was booked, and the call is due again."""

SLOW_BEFORE = faults.slow_before(1)
SLOW_AND_LOST = replace(faults.slow_before(1, Answer.LOST), name="slow_and_lost")
SLOW_AFTER = faults.slow_after(1)
"""Their seconds are drawn for each call."""

ON_WRITES: tuple[tuple[Fault, int], ...] = (
    (faults.ANSWER_LOST, 6),
    (faults.DROPPED_BEFORE, 5),
    (faults.HTML_500_BEFORE, 2),
    (faults.HTML_500_AFTER, 2),
    (faults.TOO_MANY_REQUESTS, 1),
    (faults.UNAVAILABLE, 1),
    (faults.UNAVAILABLE_AFTER, 1),
    (faults.REFUSED, 1),
    (faults.DATABASE_FAILED, 1),
    (faults.DATABASE_FAILED_AFTER, 1),
    (faults.TRUNCATED, 1),
    (faults.CUT, 1),
    (faults.WRONG_CONTENT_TYPE, 1),
    (faults.EMPTY_ANSWER, 1),
    (faults.REPLAYED, 1),
    (REFUSED_PLAINLY, 14),
    (SLOW_BEFORE, 9),
    (SLOW_AND_LOST, 3),
    (SLOW_AFTER, 3),
)
ON_READS = tuple(
    (fault, weight)
    for fault, weight in ON_WRITES
    if fault not in {faults.REPLAYED, REFUSED_PLAINLY, faults.WRONG_CONTENT_TYPE}
)


def makes_one(fault: Fault, method: str, switches: Switches) -> bool:
    """Whether a call with this fault is carried out at most once by this server."""
    if fault.execution is Execution.TWICE:
        return False
    if fault.execution is not Execution.REPLAYED:
        return True
    guarded = switches.reference_check is not ReferenceCheck.RACING
    if method.endswith(".New"):
        return guarded
    by_reference = switches.cancel_deduplication is CancelDeduplication.ON_REFERENCE
    return switches.second_cancel is not SecondCancel.DUPLICATE or (guarded and by_reference)


@dataclass(frozen=True, slots=True)
class Climate:
    """How bad the weather of a world is."""

    writes: float = 0.3
    reads: float = 0.04
    longest_life: float = 120.0
    """Seconds for which the server still works on a request whose client is gone."""
    outages: tuple[tuple[float, float], ...] = ()
    """From when until when nobody listens."""
    executes_twice: float = 0.0
    persists: float = 0.7
    """How often something goes wrong with a write again, after one with which it did."""
    only: Fault | None = None
    """For a matrix: exactly this fault, once, at the first call of `on`."""
    on: str = ""


@dataclass(slots=True)
class Weather(FaultPlan):
    """Draws a fault for each call; `left` is what remains of the caller's time as it arrives."""

    climate: Climate = field(default_factory=Climate)
    switches: Switches = field(default_factory=Switches)
    chance: random.Random = field(default_factory=random.Random)
    calm: bool = False
    left: float = 30.0
    limit: float = 30.0
    seen: Counter[str] = field(default_factory=Counter)
    bad: bool = False
    """Whether something went wrong with the last write."""

    def draw(self, method: str) -> Fault | None:
        """Say what happens to this call."""
        fault = None if self.calm else self._drawn_for(method)
        kind = "write" if method in WRITES else "read"
        if method in WRITES:
            self.bad = fault is not None
        if fault:
            self.seen[f"{kind}: {fault.name}"] += 1
        return fault

    def _drawn_for(self, method: str) -> Fault | None:
        if self.climate.on:
            return self._scripted(method)
        writes = method in WRITES
        if self.chance.random() >= self._likely(writes=writes):
            return None
        if writes and self.chance.random() < self.climate.executes_twice:
            return faults.EXECUTED_TWICE
        table = ON_WRITES if writes else ON_READS
        (fault,) = self.chance.choices([f for f, _ in table], [w for _, w in table])
        if not makes_one(fault, method, self.switches) and not self.climate.executes_twice:
            return faults.ANSWER_LOST
        return self._timed(fault)

    def _likely(self, *, writes: bool) -> float:
        """How likely something goes wrong: bad weather stays over the writes for a while."""
        if not writes:
            return self.climate.reads
        return max(self.climate.writes, self.climate.persists if self.bad else 0.0)

    def _scripted(self, method: str) -> Fault | None:
        if method != self.climate.on or self.seen:
            return None
        return self.climate.only

    def _timed(self, fault: Fault) -> Fault:
        """Give a slow fault its seconds: within the life of a request that nobody waits for."""
        if fault in {SLOW_BEFORE, SLOW_AND_LOST}:
            most = self.left + self.climate.longest_life
            return replace(fault, before=self._seconds(most))
        if fault is SLOW_AFTER:
            return replace(fault, after=self._seconds(2 * self.limit))
        return fault

    def _seconds(self, most: float) -> float:
        """Often just inside or at the limit, where the mistakes are."""
        match self.chance.randrange(4):
            case 0:
                return round(most - 0.01, 2)
            case 1:
                return round(self.chance.uniform(0, self.limit), 2)
            case _:
                return round(self.chance.uniform(0, most), 2)

    def is_out(self, now: float) -> bool:
        """Whether nobody listens at a time."""
        return not self.calm and any(begin <= now < end for begin, end in self.climate.outages)
