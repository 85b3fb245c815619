"""One refund request per durable transaction: rules, event, postings, balances and chain."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any, Protocol

from benches.common import (
    COMPANY,
    ENGINES,
    POSTGRES,
    SQLITE,
    Bench,
    Goal,
    Judged,
    Pairs,
    Result,
    Timing,
    must,
    opened,
    p99_of,
    paired,
    percentile,
)
from benches.material import a_request, requests_saved, sales_saved, stamp
from benches.raw import Raw, RawSqlite
from benches.raw_postgres import RawPostgres
from refund_adapters.store.opening import open_store
from refund_ledger.application import RefundLedger

CONTEXT = multiprocessing.get_context("fork")
WARM = 8
"""Calls of each client before the clock runs, for plans and caches."""
GOALS = {(POSTGRES, 1): Goal(0.75), (SQLITE, 1): Goal(0.6), (POSTGRES, 8): Goal(0.75)}
P99_GOALS = {
    (POSTGRES, 8): Goal(2, at_most=True),
    (SQLITE, 8): Goal(20, at_most=True, of=Judged.OURS),
}


class Client(Protocol):
    """Somebody who makes one call after another."""

    def prepare(self, number: int) -> Any:
        """What the call about this number needs, made before the clock runs."""
        ...

    def call(self, prepared: Any) -> object:
        """Make the call."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class Ours:
    """The ledger."""

    def __init__(self, where: str) -> None:
        self._store = open_store(where)
        self._ledger = RefundLedger(self._store, COMPANY)

    def prepare(self, number: int) -> Any:
        """A request for a sale."""
        return a_request(number)

    def call(self, prepared: Any) -> object:
        """Request it."""
        return self._ledger.request(prepared, stamp())

    def close(self) -> None:
        """Close the store."""
        self._store.close()


class Plain:
    """Plain SQL for the rows that a request saves."""

    def __init__(self, where: str, count: int) -> None:
        self._raw = raw(where)
        self._rows = requests_saved(count)

    def prepare(self, number: int) -> Any:
        """The rows of the request for a sale."""
        return self._rows[number - 1]

    def call(self, prepared: Any) -> object:
        """Save them."""
        self._raw.save(prepared)
        return None

    def close(self) -> None:
        """Close the connection."""
        self._raw.close()


def raw(where: str) -> Raw:
    """A bare connection to a ledger's tables."""
    if where.startswith("postgresql:"):
        return RawPostgres(where)
    return RawSqlite(where.removeprefix("sqlite:///"))


def requests(bench: Bench) -> Iterator[Result]:
    """Measure on both stores with one client and with eight."""
    for engine in ENGINES:
        for clients in (1, 8):
            pairs = compared(bench, engine, clients)
            yield pairs.result(goal=GOALS.get((engine, clients)))
            yield pairs.result(p99_of, unit="ms", goal=P99_GOALS.get((engine, clients)))


def compared(bench: Bench, engine: str, clients: int) -> Pairs:
    """One engine and number of clients; both sides take turns in one ledger."""
    share = bench.size(150 if clients == 1 else 60, 20) + WARM
    rounds = bench.rounds * (3 if clients == 1 else 1)
    count = 3 * rounds * share * clients
    prepared = requests_saved(count)
    turns = iter(range(0, count, share * clients))

    def turn(make: Callable[[], Client]) -> Timing:
        first = next(turns) + 1
        return together(make, clients, range(first, first + share * clients))

    with bench.ledger(engine) as where:
        fill(where, count)
        return paired(
            f"one request per transaction, {engine}",
            f"{clients} client{'s' if clients > 1 else ''}",
            "plain SQL for the same rows",
            ours=lambda: turn(lambda: Ours(where)),
            baseline=lambda: turn(lambda: Plain(where, len(prepared))),
            rounds=rounds,
        )


def fill(where: str, count: int) -> None:
    """Put the sales from 1 on into a ledger."""
    connection = raw(where)
    connection.save_many(sales_saved(count))
    if where.startswith("postgresql:"):
        connection.connection.execute("ANALYZE")
    connection.close()
    with opened(where) as store:
        must(store.position() >= count, "the sales are not there")


# --- clients at work ------------------------------------------------------------------------------


def together(make: Callable[[], Client], clients: int, numbers: Sequence[int]) -> Timing:
    """Have clients make their calls at once; one is this process, more are processes of their own.

    The rate is over the time from the first call of any to the end of the last.
    """
    ready = CONTEXT.Barrier(clients)
    if clients == 1:
        return _timing([_work(make, numbers, ready)])
    pipes: list[Connection] = []
    started = []
    for number in range(clients):
        here, there = CONTEXT.Pipe(duplex=False)
        process = CONTEXT.Process(
            target=_report, args=(there, make, numbers[number::clients], ready), daemon=True
        )
        process.start()
        there.close()
        pipes.append(here)
        started.append(process)
    runs = [pipe.recv() for pipe in pipes]
    for process in started:
        process.join()
    must(not any(process.exitcode for process in started), "a client failed")
    return _timing(runs)


_Run = tuple[float, float, list[float]]
"""When the first call began, when the last one ended, and how long each took."""


def _work(make: Callable[[], Client], numbers: Sequence[int], ready: Barrier) -> _Run:
    client = make()
    try:
        calls = [client.prepare(number) for number in numbers]
        for call in calls[:WARM]:
            client.call(call)
        ready.wait()
        times = [time.perf_counter()]
        for call in calls[WARM:]:
            client.call(call)
            times.append(time.perf_counter())
    finally:
        client.close()
    return times[0], times[-1], [after - before for before, after in pairwise(times)]


def _report(
    pipe: Connection, make: Callable[[], Client], numbers: Sequence[int], ready: Barrier
) -> None:
    try:
        pipe.send(_work(make, numbers, ready))
    except BaseException:
        ready.abort()
        raise
    finally:
        pipe.close()


def _timing(runs: Sequence[_Run]) -> Timing:
    durations = [one for _, _, own in runs for one in own]
    seconds = max(ended for _, ended, _ in runs) - min(begun for begun, _, _ in runs)
    return Timing(
        rate=len(durations) / seconds,
        median=percentile(durations, 0.5),
        p99=percentile(durations, 0.99),
    )
