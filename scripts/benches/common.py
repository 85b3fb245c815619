"""What every scenario shares: figures as ratios, the machine, servers, and material to work on."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from refund_adapters.store.opening import open_store
from refund_adapters.store.sql_store import SqlStore
from support.ledger_servers import new_ledger
from support.postgres import Server, available

COMPANY = "acme"
SQLITE, POSTGRES = "sqlite", "postgresql"
ENGINES = (SQLITE, POSTGRES)


@dataclass(frozen=True, slots=True)
class Result:
    """One figure beside its baseline; `ratio` is the median over the rounds."""

    scenario: str
    what: str
    against: str
    ours: float
    baseline: float
    unit: str
    ratio: float
    spread: tuple[float, float]
    goal: float | None = None
    """The ratio to reach; where `at_most`, not to exceed."""
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; none where there is no goal."""
        if self.goal is None:
            return None
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal


def paired(
    scenario: str,
    what: str,
    against: str,
    *,
    ours: Callable[[], float],
    baseline: Callable[[], float],
    rounds: int,
    unit: str = "/s",
    goal: float | None = None,
) -> Result:
    """Measure a rate beside its baseline, which is run before and after it, in every round."""
    ratios, rates, bases = list[float](), list[float](), list[float]()
    for number in range(1, rounds + 1):
        before = baseline()
        rate = ours()
        base = statistics.fmean((before, baseline()))
        rates.append(rate)
        bases.append(base)
        ratios.append(rate / base)
        say(f"  {scenario}, {what}, round {number}: {rate:,.0f} against {base:,.0f} {unit}")
    return Result(
        scenario=scenario,
        what=what,
        against=against,
        ours=statistics.median(rates),
        baseline=statistics.median(bases),
        unit=unit,
        ratio=statistics.median(ratios),
        spread=(min(ratios), max(ratios)),
        goal=goal,
    )


def rate(count: int, work: Callable[[], object]) -> float:
    """How many a second."""
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


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


@contextmanager
def servers() -> Iterator[Server]:
    """One durable server for the whole run."""
    with Server(durable=True) as server:
        yield server


@contextmanager
def address(engine: str, server: Server | None) -> Iterator[str]:
    """The address of an empty ledger."""
    if engine == POSTGRES:
        assert server is not None
        with new_ledger(server) as found:
            yield found
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'refunds.db'}"


@contextmanager
def opened(where: str) -> Iterator[SqlStore]:
    """Open a store, and close it."""
    store = open_store(where)
    try:
        yield store
    finally:
        store.close()


def shares(items: Sequence[int], count: int) -> list[Sequence[int]]:
    """Deal items out to so many workers."""
    return [items[number::count] for number in range(count)]
