"""Sharing: a rebuild whose events are read by several processes, each a share, at one moment.

Processes and not threads, since decoding holds the interpreter. They are spawned and not forked,
so that a program with threads and connections of its own may ask for it; as with every spawned
process, such a program keeps what it runs under `if __name__ == "__main__":`.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice, pairwise
from multiprocessing.connection import Connection
from typing import Any

from refund_adapters.sorting import SortedLines
from refund_adapters.store.errors import StoreError
from refund_adapters.store.replaying import Heard, live_side, posted_at
from refund_adapters.store.sql_store import Moment, SqlStore
from refund_ledger.accounts import Account
from refund_ledger.events import Event
from refund_projections.calls_due import Waiting
from refund_projections.net import Net
from refund_projections.rebuild import Rebuilt, compared, rebuild
from refund_projections.replay import Found, Replay
from refund_projections.unsettled import Unsettled

LEAST_SHARED = 20_000
"""Events of a share; fewer are read sooner than another process is there."""
CHUNK = 500
_CONTEXT = multiprocessing.get_context("spawn")
Share = tuple[int, int | None]
"""After which position it begins, and with which it ends."""


def rebuild_store(store: SqlStore, company: str, heard: Heard, workers: int) -> Rebuilt:
    """Replay a company's events and compare with what is live, by as many processes as are asked.

    Fewer where the ledger is small, and one where it is in memory.
    """
    with store.snapshot(), SortedLines() as aside, ExitStack() as stack:
        moment = store.moment() if workers > 1 else None
        *others, (begin, _) = shares(store, workers)
        if moment is None or not others:
            return rebuild(live_side(store, company, heard), company=company, aside=aside)

        told = [stack.enter_context(_elsewhere(moment, company, share)) for share in others]

        def hear(number: int, total: int) -> None:
            heard(min(number * (len(told) + 1), total), total)

        live = live_side(store, company, hear)
        net, waiting, unsettled = Net(aside), Waiting(), Unsettled()
        mine = Replay(company, net, rows=live.rows, follow=unsettled.add)
        for one in live.recorded(begin):
            mine.add(one)

        replay = Replay(company, net, rows=live.rows, follow=waiting.add)
        for pipe in told:
            for account, amount in _received(pipe):
                net.add(account, amount)
            for event in _received(pipe):
                waiting.add(event)
            for found in _received(pipe):
                replay.join(found)
        for event in unsettled.events():
            waiting.add(event)
        replay.join(mine.found)
        return compared(live, replay, waiting)


def shares(store: SqlStore, workers: int) -> list[Share]:
    """The events in about equal shares, in the order of the feed; the last one has no end."""
    newest = store.position()
    many = max(1, min(workers, newest // LEAST_SHARED))
    ends = store.in_order([newest * number // many for number in range(1, many)])
    return [*pairwise([0, *ends]), (ends[-1] if ends else 0, None)]


@contextmanager
def _elsewhere(moment: Moment, company: str, share: Share) -> Iterator[Connection]:
    """Read a share in another process; what it finds comes by the pipe."""
    here, there = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_read, args=(there, moment, company, share), daemon=True)
    process.start()
    there.close()
    try:
        with here:
            yield here
    finally:
        process.terminate()
        process.join()


def _read(pipe: Connection, moment: Moment, company: str, share: Share) -> None:
    """Read a share, and send what was found: sums, events that matter later, and the rest."""
    try:
        with moment() as store, SortedLines() as aside:
            unsettled = Unsettled()
            net = Net(aside)
            rows = partial(posted_at, store)
            replay = Replay(company, net, rows=rows, follow=unsettled.add)
            for one in store.recorded(after=share[0], stop=share[1]):
                replay.add(one)
            for found in (net.left(), unsettled.events(), [replay.found]):
                _send(pipe, found)
    except Exception as error:  # noqa: BLE001 - said where the result is waited for
        pipe.send(error)


def _send(pipe: Connection, found: Iterable[tuple[Account, int] | Event | Found]) -> None:
    """Send things in pieces, and an empty list where they end."""
    left = iter(found)
    while some := list(islice(left, CHUNK)):
        pipe.send(some)
    pipe.send([])


def _received(pipe: Connection) -> Iterator[Any]:
    """What was sent together; raises what went wrong there."""
    while True:
        try:
            some = pipe.recv()
        except EOFError as error:
            raise StoreError("a process of the rebuild was killed; run it again") from error
        if isinstance(some, Exception):
            raise some
        if not some:
            return
        yield from some
