"""Reading all of a ledger: the feed and the rebuild, beside a bare cursor, the library, and a sum.

The same runs also say whether an event takes longer in a ledger ten times as large.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import NamedTuple

from pydantic_core import from_json

from benches.common import (
    COMPANY,
    ENGINES,
    POSTGRES,
    SQLITE,
    Bench,
    Goal,
    Pairs,
    Result,
    Timing,
    microseconds_of,
    must,
    opened,
    say,
    timed,
)
from benches.filling import EVENTS, TOGETHER, Filled, filled
from benches.projecting import projected
from benches.requesting import raw
from refund_adapters.feed import feed
from refund_adapters.questions import Questions

REBUILD_GOAL = Goal(0.8)
LIBRARY_GOALS = {POSTGRES: Goal(200)}
"""The library has no runner for SQLite; its projection without one stands there for comparison."""
GROWTH_GOAL = Goal(1.15, at_most=True)
PROJECTED = TOGETHER * EVENTS
"""Events that the library's projection folds, the first whole lives; the others take as long."""
_ALL = "SELECT topic, state FROM stored_events ORDER BY notification_id"
_KEY = "company, kind, subject, refund, customer, item, unit"
_SUM = (
    f"SELECT count(*) FROM (SELECT {_KEY} FROM postings GROUP BY {_KEY} "  # noqa: S608 - of constants
    "HAVING sum(amount) <> 0) AS sums"
)


def reading(bench: Bench) -> Iterator[Result]:
    """Measure both on both stores."""
    for engine in ENGINES:
        small, large = (filled(bench, engine, size) for size in (bench.least, bench.most))
        yield from _fed(bench, engine, small, large)
        yield from _replayed(bench, engine, small, large)


def _fed(bench: Bench, engine: str, small: Filled, large: Filled) -> Iterator[Result]:
    beside = _Beside(f"feed, {engine}", large, _feed)
    beside.add("bare cursor and JSON decode", lambda: timed(large.events, lambda: _decoded(large)))
    beside.add_growth(small)
    bare, growth = beside.run(bench.rounds)
    yield bare.result()
    yield growth.result(microseconds_of, unit="us", goal=GROWTH_GOAL)


def _replayed(bench: Bench, engine: str, small: Filled, large: Filled) -> Iterator[Result]:
    count = min(bench.size(PROJECTED, PROJECTED // 10), large.events)
    folding = "bare cursor, JSON decode and a fold into a dict"
    fold = partial(timed, large.events, lambda: _folded(large))
    cores = os.cpu_count() or 1
    beside = _Beside(
        f"rebuild on {cores} cores, {engine}", large, lambda each: _rebuild(each, cores)
    )
    beside.add(folding, fold)
    how = "ProjectionRunner" if engine == POSTGRES else "Projection, its events pulled in pages"
    # It takes so long that once in a round is enough.
    beside.add(
        f"the eventsourcing library's {how}, a durable transaction for each event; extrapolated "
        f"from {count:,} events",
        lambda: projected(bench, engine, large.where, count),
        twice=False,
    )
    beside.add(
        "SUM of stored postings by account", lambda: timed(large.events, lambda: _summed(large))
    )
    bare, library, sums = beside.run(bench.rounds)
    yield bare.result(goal=REBUILD_GOAL)
    yield library.result(goal=LIBRARY_GOALS.get(engine))
    yield sums.result()
    # A small log is replayed by one process whoever asks, so growth is that of one.
    alone = _Beside(f"rebuild on one, {engine}", large, lambda each: _rebuild(each, 1))
    alone.add(folding, fold)
    alone.add_growth(small)
    bare, growth = alone.run(bench.rounds)
    yield bare.result()
    yield growth.result(microseconds_of, unit="us", goal=GROWTH_GOAL)


class _Side(NamedTuple):
    """A baseline, and the rounds in which it was measured."""

    pairs: Pairs
    baseline: Callable[[], Timing]
    twice: bool = True
    """Whether it runs after ours as well as before."""


class _Beside:
    """One work on a large ledger, beside several baselines, one of which may be a small ledger.

    In each round all baselines run before it and after it, since the machine is never as quiet
    twice.
    """

    def __init__(self, name: str, large: Filled, work: Callable[[Filled], object]) -> None:
        self._name, self._large, self._work = name, large, work
        self._what = f"{large.events:,} events"
        self._sides: list[_Side] = []

    def add(self, against: str, baseline: Callable[[], Timing], *, twice: bool = True) -> None:
        """Compare with this, too; a baseline that is not measured twice stands on both sides."""
        self._sides.append(_Side(Pairs(self._name, self._what, against), baseline, twice))

    def add_growth(self, small: Filled) -> None:
        """Compare with the same work on a small ledger, event by event."""
        pairs = Pairs(self._name, f"{self._what}, each", f"each at {small.events:,} events")
        self._sides.append(_Side(pairs, lambda: timed(small.events, lambda: self._work(small))))

    def run(self, rounds: int) -> list[Pairs]:
        """Measure the baselines in the order in which they were added."""
        sides = self._sides
        for number in range(1, rounds + 1):
            before = [side.baseline() for side in sides]
            ours = timed(self._large.events, lambda: self._work(self._large))
            after = [
                side.baseline() if side.twice else one
                for side, one in zip(sides, before, strict=True)
            ]
            for side, one, other in zip(sides, before, after, strict=True):
                side.pairs.rounds.append((one, ours, other))
            others = ", ".join(
                f"{(one.rate + other.rate) / 2:,.0f}"
                for one, other in zip(before, after, strict=True)
            )
            which = f"{self._name}, {self._what}, round {number}"
            say(f"  {which}: {ours.rate:,.0f} against {others} /s")
        return [side.pairs for side in sides]


def _feed(ledger: Filled) -> None:
    with opened(ledger.where) as store:
        deque(feed(store), 0)


def _rebuild(ledger: Filled, workers: int) -> None:
    with opened(ledger.where) as store:
        rebuilt = Questions(store, COMPANY).rebuild(workers=workers)
    must(rebuilt.equal, rebuilt.differences[:3])


def _states(ledger: Filled) -> Iterator[tuple[str, bytes]]:
    with closing(raw(ledger.where)) as bare:
        if ledger.where.startswith(SQLITE):
            yield from bare.connection.execute(_ALL)
            return
        with bare.connection.transaction(), bare.connection.cursor("all", binary=True) as cursor:
            cursor.itersize = 1000
            yield from cursor.execute(_ALL)


def _decoded(ledger: Filled) -> None:
    for _, state in _states(ledger):
        from_json(state)


def _folded(ledger: Filled) -> None:
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for topic, state in _states(ledger):
        event = from_json(state)
        amount = event.get("booked", 0) + event.get("paid_back", 0)
        sums[event["customer_id"], event["currency"], topic] += amount
    must(bool(sums), "nothing was read")


def _summed(ledger: Filled) -> None:
    with closing(raw(ledger.where)) as bare:
        if not ledger.where.startswith(SQLITE):
            # What is best for single rows is not for all of them.
            bare.connection.execute("SET enable_seqscan = on; SET work_mem = '256MB'")
        (accounts,) = bare.connection.execute(_SUM).fetchone()
    must(accounts > 0, "nothing was summed")
