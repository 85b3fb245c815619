"""One refund request per durable transaction: rules, event, postings, balances, chain, calls due."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier

from benches.common import COMPANY, ENGINES, POSTGRES, SQLITE, Result, address, opened, paired
from benches.material import a_request, record, saves, stamp
from benches.raw import RawPostgres, RawSqlite
from refund_ledger.application import RefundLedger
from support.postgres import Server

Work = Callable[[str, Sequence[int], Barrier], None]
CONTEXT = multiprocessing.get_context("fork")
GOALS = {(POSTGRES, 1): 0.75, (SQLITE, 1): 0.6, (POSTGRES, 8): 0.75}


def raw(where: str) -> RawPostgres | RawSqlite:
    """A bare connection to a ledger's tables."""
    if where.startswith("postgresql:"):
        return RawPostgres(where)
    return RawSqlite(where.removeprefix("sqlite:///"))


def requests(server: Server, *, rounds: int, count: int) -> list[Result]:
    """Measure on both stores with one client and with eight."""
    return [
        measured(engine, server, clients=clients, rounds=rounds, count=count)
        for engine in ENGINES
        for clients in (1, 8)
    ]


def measured(engine: str, server: Server, *, clients: int, rounds: int, count: int) -> Result:
    """One engine and number of clients."""
    numbers = range(1, count + 1)
    prepared = saves(numbers)

    def run(work: Work) -> float:
        with address(engine, server) as where:
            with opened(where) as store:
                record(store, numbers)
            return together(clients, count, lambda share, ready: work(where, share, ready))

    def ours(where: str, share: Sequence[int], ready: Barrier) -> None:
        asks = [a_request(number) for number in share]
        with opened(where) as store:
            ledger = RefundLedger(store, COMPANY)
            ready.wait()
            for ask in asks:
                ledger.request(ask, stamp())

    def plain(where: str, share: Sequence[int], ready: Barrier) -> None:
        connection = raw(where)
        rows = [prepared[number - 1] for number in share]
        ready.wait()
        for one in rows:
            connection.save(one)
        connection.close()

    return paired(
        f"one request per transaction, {engine}",
        f"{clients} client{'s' if clients > 1 else ''}",
        "plain SQL for the same rows",
        ours=lambda: run(ours),
        baseline=lambda: run(plain),
        rounds=rounds,
        goal=GOALS.get((engine, clients)),
    )


def together(clients: int, count: int, work: Callable[[Sequence[int], Barrier], None]) -> float:
    """Run so many processes at once; the rate from when all are ready to when all are done."""
    ready = CONTEXT.Barrier(clients + 1)
    shares = [range(1 + number, count + 1, clients) for number in range(clients)]
    started = [
        CONTEXT.Process(target=work, args=(share, ready), daemon=True) for share in shares
    ]
    for process in started:
        process.start()
    ready.wait()
    begun = time.perf_counter()
    for process in started:
        process.join()
    assert not any(process.exitcode for process in started)
    return count / (time.perf_counter() - begun)


__all__ = ["measured", "raw", "requests", "together"]
