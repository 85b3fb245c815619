"""What every scenario shares: figures as ratios, the machine, servers, and empty ledgers."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import psycopg

from refund_adapters.store.opening import open_store
from refund_adapters.store.sql_store import SqlStore
from support.ledger_servers import new_ledger
from support.postgres import Server
from support.postgres_found import available

COMPANY = "acme"
SQLITE, POSTGRES = "sqlite", "postgresql"
ENGINES = (SQLITE, POSTGRES)
MOST = 200_000
"""Events of the large ledger where nobody says otherwise: all scenarios take half an hour then."""
QUICK = 14_000


class Judged(StrEnum):
    """What a goal speaks of."""

    RATIO = "ratio"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for the ratio, or for our figure itself; at least, or at most."""

    bound: float
    at_most: bool = False
    of: Judged = Judged.RATIO

    def __str__(self) -> str:
        return f"{self.of} {'<=' if self.at_most else '>='} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Result:
    """One figure beside its baseline; each is the median over the rounds."""

    scenario: str
    what: str
    against: str
    ours: float
    baseline: float
    unit: str
    ratio: float
    spread: tuple[float, float]
    """The lowest and the highest ratio."""
    rounds: int
    goal: Goal | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; none where there is no goal."""
        if self.goal is None:
            return None
        value = self.ratio if self.goal.of is Judged.RATIO else self.ours
        return value <= self.goal.bound if self.goal.at_most else value >= self.goal.bound


@dataclass(frozen=True, slots=True)
class Timing:
    """How one run went."""

    rate: float
    """A second."""
    median: float = 0.0
    """Seconds of one call, where calls were timed one by one."""
    p99: float = 0.0


Measure = Callable[[Timing], float]


def rate_of(timing: Timing) -> float:
    """Calls a second."""
    return timing.rate


def p99_of(timing: Timing) -> float:
    """Milliseconds that one call in a hundred takes longer than."""
    return 1000 * timing.p99


def median_of(timing: Timing) -> float:
    """Milliseconds that half of the calls take longer than."""
    return 1000 * timing.median


def microseconds_of(timing: Timing) -> float:
    """Microseconds that each of many takes."""
    return 1e6 / timing.rate


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rounds of one comparison: the baseline, ours, and the baseline again."""

    scenario: str
    what: str
    against: str
    rounds: list[tuple[Timing, Timing, Timing]] = field(default_factory=list)

    def result(
        self, measure: Measure = rate_of, *, unit: str = "/s", goal: Goal | None = None
    ) -> Result:
        """One figure of all rounds."""
        ours = [measure(one) for _, one, _ in self.rounds]
        bases = [statistics.fmean((measure(a), measure(b))) for a, _, b in self.rounds]
        ratios = [one / base for one, base in zip(ours, bases, strict=True)]
        return Result(
            scenario=self.scenario,
            what=self.what + _NAMES.get(measure, ""),
            against=self.against,
            ours=statistics.median(ours),
            baseline=statistics.median(bases),
            unit=unit,
            ratio=statistics.median(ratios),
            spread=(min(ratios), max(ratios)),
            rounds=len(self.rounds),
            goal=goal,
        )


_NAMES: dict[Measure, str] = {p99_of: ", 99th percentile", median_of: ", median"}


def paired(
    scenario: str,
    what: str,
    against: str,
    *,
    ours: Callable[[], Timing],
    baseline: Callable[[], Timing],
    rounds: int,
) -> Pairs:
    """Run something beside its baseline, which runs before and after it, in every round."""
    pairs = Pairs(scenario, what, against)
    for number in range(1, rounds + 1):
        before, one, after = baseline(), ours(), baseline()
        pairs.rounds.append((before, one, after))
        say(
            f"  {scenario}, {what}, round {number}: {one.rate:,.1f} against "
            f"{(before.rate + after.rate) / 2:,.1f} /s"
        )
    return pairs


class BenchError(Exception):
    """What was measured did not do what it should; its figure would say nothing."""


def must(held: bool, what: object) -> None:  # noqa: FBT001 - reads as the assertion that it is
    """Stop where what was measured did not do what it should."""
    if not held:
        raise BenchError(str(what))


def timed(count: int, work: Callable[[], object]) -> Timing:
    """The rate of some work that does so many."""
    begun = time.perf_counter()
    work()
    return Timing(count / (time.perf_counter() - begun))


def percentile(durations: Sequence[float], share: float) -> float:
    """The duration that this share of all does not exceed."""
    ordered = sorted(durations)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def say(words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": [round(one, 1) for one in os.getloadavg()],
        "sqlite": f"{sqlite3.sqlite_version}, WAL, synchronous=FULL",
        "postgresql": f"{available()[0].version}, fsync=on, synchronous_commit=on, unix socket",
        "psycopg": f"{psycopg.__version__} ({psycopg.pq.__impl__})",
    }


@dataclass
class Bench:
    """One run of the bench: how thorough it is, and the server that all scenarios share."""

    rounds: int
    quick: bool = False
    most: int = MOST
    """Events of the large ledger; the small one that it is compared with has a tenth."""
    stack: ExitStack = field(default_factory=ExitStack)
    """What is kept until the end of the run."""
    kept: dict[object, object] = field(default_factory=dict)
    """What several scenarios share."""
    server_given: Server | None = None
    """One that somebody else starts and ends."""
    _server: Server | None = None

    @property
    def least(self) -> int:
        """Events of the small ledger."""
        return self.most // 10

    def size(self, whole: int, quick: int) -> int:
        """How many of something."""
        return quick if self.quick else whole

    @property
    def server(self) -> Server:
        """A durable server, started when it is first needed."""
        if self.server_given:
            return self.server_given
        if self._server is None:
            self._server = Server(durable=True, settings={"max_wal_size": "4GB"})
            self._server.__enter__()
        return self._server

    def close(self) -> None:
        """Take away what was kept, and end the server."""
        self.stack.close()
        if self._server is not None:
            self._server.__exit__(None, None, None)

    @contextmanager
    def ledger(self, engine: str) -> Iterator[str]:
        """The address of an empty ledger, which is gone afterwards."""
        if engine == POSTGRES:
            with new_ledger(self.server) as found:
                yield found
        else:
            with tempfile.TemporaryDirectory() as folder:
                where = f"sqlite:///{Path(folder) / 'refunds.db'}"
                open_store(where).close()
                yield where


@contextmanager
def opened(where: str) -> Iterator[SqlStore]:
    """Open a store, and close it."""
    store = open_store(where)
    try:
        yield store
    finally:
        store.close()
