"""Dispatch: 8 dispatcher processes over one SQLite file, while a fifth of all answers is lost.

Beside them 8 bare httpx loops make the same calls of the same server. It answers at once, which
takes it about a millisecond; with `--latency 0 20` it is measured a second time with answers that
come 20 ms later, as over the internet.
"""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier, Event

import httpx

from benches.common import Bench, Goal, Pairs, Result, Timing, must, say
from refund_adapters.accounting import Wanted
from refund_adapters.desk import Desk
from refund_adapters.protocol import Rhythm
from refund_adapters.rivhit import Rivhit, RivhitSettings
from refund_adapters.sandbox import faults
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import FaultPlan
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.server import real_time, seeded, serving
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.events import (
    CallInDoubt,
    CallSubmitted,
    InvoicePartCancelled,
    OriginalRecorded,
    Part,
)
from refund_ledger.originals import Original, OriginalRef
from refund_ledger.refund import Waits

TOKEN = "7d1a4c1e-0000-4000-8000-00000000cafe"  # noqa: S105 - opens the sandbox of this run
ORIGINAL = "invoice_receipt:2/6926"
MOST_SECONDS = 600
OF_EACH = 10
"""Refunds of each sale."""
LOST = 0.2
CONTEXT = multiprocessing.get_context("spawn")
GOAL = Goal(0.7)


@dataclass(frozen=True, slots=True)
class Shape:
    """How much is dispatched, and by how many."""

    parts: int = 1000
    processes: int = 8
    concurrency: int = 1
    """Calls that each process has out at once."""
    latencies: tuple[float, ...] = (0.0,)
    """Seconds by which a write is answered later; measured one after another."""


def dispatch(bench: Bench, *, shape: Shape | None = None) -> Iterator[Result]:
    """Measure with each latency."""
    shape = shape or Shape(parts=bench.size(1000, 80))
    for latency in shape.latencies:
        yield _compared(bench, shape, latency).result(goal=GOAL)


def _compared(bench: Bench, shape: Shape, latency: float) -> Pairs:
    answers = f"answers {latency * 1000:.0f} ms later" if latency else "answers at once"
    what = f"{shape.processes} processes x {shape.concurrency}, {shape.parts} parts, {answers}"
    pairs = Pairs("dispatch", f"{what}, 20 % lost", "bare HTTP loops that make the same calls")
    for number in range(1, bench.rounds + 1):
        pairs.rounds.append(_round(shape, latency, number))
    return pairs


def _round(shape: Shape, latency: float, number: int) -> tuple[Timing, Timing, Timing]:
    parts, processes = shape.parts, shape.processes
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/refunds.db"
        bodies: list[str] = []

        def prepare(url: str) -> float:
            fill(path, url, parts)
            bodies.extend(bodies_of(path, url))
            return 0.0

        with_server(prepare, lost=0.0)
        before, _ = with_server(bare(bodies, processes), latency=latency)
        out = Dispatched()
        sending = ours(path, processes, shape.concurrency, parts, out)
        _, (made, most, reads) = with_server(sending, latency=latency)
        after, _ = with_server(bare(bodies, processes), latency=latency)
    say(
        f"  dispatch, round {number}: bare {2 * parts / (before + after):.0f}/s, "
        f"ours {parts / out.first_answers:.0f}/s to the last first answer; all booked after "
        f"{out.drained:.1f} s; {out.doubts} in doubt; {made} documents for {parts} parts, "
        f"at most {most} each; {reads} reads"
    )
    must((made, most) == (parts, 1), "a part is not exactly once in the books")
    return Timing(parts / before), Timing(parts / out.first_answers), Timing(parts / after)


# --- the server, in a process of its own ----------------------------------------------------------


def serve(pipe: Connection, lost: float, latency: float) -> None:
    """Serve the demo company's books, losing a share of the answers, until told to stop.

    An answer to a write, and the loss of one, comes `latency` seconds after it was carried out.
    """
    sandbox = Sandbox(token=TOKEN, now=real_time, rng=seeded())
    load_demo(sandbox.books)
    sandbox.faults = FaultPlan(
        rng=seeded(3),
        chances={
            faults.slow_after(latency, faults.Answer.LOST): lost,
            faults.slow_after(latency): 1.0 - lost,
        },
        methods={"Document.New"},
    )
    with serving(sandbox):
        pipe.send(sandbox.api_url)
        pipe.recv()
        made = Counter(
            json.loads(call.body).get("request_reference")
            for call in sandbox.log.calls
            if call.method == "Document.New"
            for _ in call.made
        )
        reads = sum(call.method != "Document.New" for call in sandbox.log.calls)
        pipe.send((len(made), max(made.values(), default=0), reads))


def with_server(
    work: Callable[[str], float], *, lost: float = LOST, latency: float = 0.0
) -> tuple[float, tuple[int, int, int]]:
    """Run some work against a fresh server; returns its seconds and what the server saw."""
    here, there = CONTEXT.Pipe()
    process = CONTEXT.Process(target=serve, args=(there, lost, latency), daemon=True)
    process.start()
    seconds = work(here.recv())
    here.send("stop")
    seen: tuple[int, int, int] = here.recv()
    process.join(30)
    return seconds, seen


# --- both sides -----------------------------------------------------------------------------------


def settings(url: str) -> RivhitSettings:
    """An account on the sandbox, with times that suit a server on the same machine."""
    return RivhitSettings(
        company="bench",
        token=TOKEN,  # type: ignore[arg-type]
        base_url=url,
        call_limit=5.0,
        abandoned_life=0.5,
        lists_lag=0.0,
        clock_error=0.1,
    )


def open_desk(path: str, url: str) -> Desk:
    """One process's desk."""
    return Desk(
        SqliteStore(path),
        company="bench",
        actor="bench",
        accounting=Rivhit(settings(url)),
        rhythm=Rhythm(send_window=2.0),
        owns_accounting=True,
    )


def dispatch_worker(path: str, url: str, concurrency: int, ready: Barrier, over: Event) -> None:
    """One dispatcher process: starts with the others, works until told that it is over."""
    with open_desk(path, url) as desk:
        dispatcher = desk.dispatcher(stop=over.is_set)
        dispatcher.concurrency = concurrency
        ready.wait()
        dispatcher.run(forever=True, poll=0.1)


def bare_worker(url: str, bodies: list[str], ready: Barrier) -> None:
    """One bare loop: posts its bodies one after another and forgets them."""
    with httpx.Client(headers={"content-type": "application/json"}, timeout=5.0) as client:
        ready.wait()
        for body in bodies:
            try:
                client.post(f"{url}/Document.New", content=body).read()
            except httpx.HTTPError:
                continue


def bodies_of(path: str, url: str) -> list[str]:
    """The bodies that our dispatchers would send, with references of their own."""
    with open_desk(path, url) as desk:
        rivhit = desk.accounting
        calls = [
            rivhit.prepare(desk.ledger.refund(due.refund).request, Part.INVOICE)
            for due in desk.store.due("bench", Waits.SEND, limit=100_000)
        ]
    out = []
    for call in calls:
        body = {**json.loads(call.request), **dict(call.private), "api_token": TOKEN}
        out.append(json.dumps(body))
    return out


def fill(path: str, url: str, parts: int) -> None:
    """Ask for as many refunds of one part each, ten of each sale."""
    with open_desk(path, url) as desk:
        (told,) = desk.import_wanted(Wanted(refs=(OriginalRef.parse(ORIGINAL),)))
        sale = desk.ledger.original(OriginalRef.parse(told.name)).recorded
        for number in range(parts):
            if number % OF_EACH == 0:
                ref = OriginalRef(sale.kind, sale.series, sale.number + 1 + number // OF_EACH)
                desk.ledger.record_original(like(sale, ref), desk.stamp(), read_from="bench")
            desk.request(
                key=f"k{number}",
                original=str(ref),
                parts="invoice",
                amount="1.00",
                reason="complaint",
            )


def like(sale: OriginalRecorded, ref: OriginalRef) -> Original:
    """A sale to the same customer under another number."""
    fields = sale.model_dump(include=set(Original.model_fields))
    return Original.model_validate({**fields, **ref._asdict()})


def bare(bodies: list[str], processes: int) -> Callable[[str], float]:
    """The baseline: the same calls by bare loops."""

    def work(url: str) -> float:
        ready = CONTEXT.Barrier(processes + 1)
        shares = [bodies[index::processes] for index in range(processes)]
        started = [
            CONTEXT.Process(target=bare_worker, args=(url, share, ready), daemon=True)
            for share in shares
        ]
        for process in started:
            process.start()
        ready.wait()
        begun = time.perf_counter()
        for process in started:
            process.join()
        return time.perf_counter() - begun

    return work


@dataclass(slots=True)
class Dispatched:
    """What came of one dispatch of many parts."""

    first_answers: float = 0.0
    drained: float = 0.0
    doubts: int = 0
    sent_twice: int = 0


def ours(
    path: str, processes: int, concurrency: int, parts: int, out: Dispatched
) -> Callable[[str], float]:
    """Our dispatchers over one store, until every part is booked."""

    def work(url: str) -> float:
        ready, over = CONTEXT.Barrier(processes + 1), CONTEXT.Event()
        started = [
            CONTEXT.Process(
                target=dispatch_worker, args=(path, url, concurrency, ready, over), daemon=True
            )
            for _ in range(processes)
        ]
        for process in started:
            process.start()
        ready.wait()
        begun = time.perf_counter()
        with open_desk(path, url) as desk:
            while booked(path) < parts and time.perf_counter() - begun < MOST_SECONDS:
                time.sleep(0.05)
            out.drained = time.perf_counter() - begun
            over.set()
            for process in started:
                process.join(30)
            measure(desk, out)
        return out.first_answers

    return work


def booked(path: str) -> int:
    """How many parts are booked, without decoding an event."""
    connection = sqlite3.connect(path, timeout=30)
    try:
        counted = connection.execute(
            "SELECT count(*) FROM stored_events WHERE topic = ?", (InvoicePartCancelled.TOPIC,)
        )
        return int(counted.fetchone()[0])
    finally:
        connection.close()


def measure(desk: Desk, out: Dispatched) -> None:
    """Read from the events when the last first attempt was answered, by whatever answer."""
    submitted: list[float] = []
    answered: list[float] = []
    attempts: Counter[object] = Counter()
    waiting: set[object] = set()
    for _, event in desk.store.events():
        if isinstance(event, CallSubmitted):
            attempts[event.originator_id] += 1
            if event.attempt == 1:
                submitted.append(event.timestamp.timestamp())
                waiting.add(event.originator_id)
        elif isinstance(event, InvoicePartCancelled | CallInDoubt):
            out.doubts += isinstance(event, CallInDoubt)
            if event.originator_id in waiting:
                waiting.discard(event.originator_id)
                answered.append(event.timestamp.timestamp())
    out.first_answers = max(answered) - min(submitted)
    out.sent_twice = sum(count > 1 for count in attempts.values())
