"""Dispatch: 8 dispatcher processes over one store, while a fifth of all answers is lost.

Beside them 8 bare httpx loops make the same calls of the same server. It answers at once, which
takes it about a millisecond, and in a second measurement 20 ms later, as over the internet. Both
sides are measured alike: every process is open and has asked the server something, then all begin
together, and the last answer to a first call ends it.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from ctypes import c_bool
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Protocol

import httpx

from benches.common import ENGINES, Bench, Goal, Pairs, Result, Timing, must, say
from refund_adapters.accounting import Wanted
from refund_adapters.desk import Desk
from refund_adapters.dispatch.protocol import Rhythm
from refund_adapters.rivhit import Rivhit, RivhitSettings
from refund_adapters.sandbox import faults
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import FaultPlan
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.server import real_time, seeded, serving
from refund_adapters.store.opening import open_store
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
POLL = 0.2
"""Seconds between two looks at whether all is booked: looking costs what is measured."""
CONTEXT = multiprocessing.get_context("spawn")
GOAL = Goal(0.7)


class Over(Protocol):
    """Whether the dispatchers have done enough."""

    value: bool


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
    for engine in ENGINES:
        for latency in shape.latencies:
            yield _compared(bench, engine, shape, latency).result(goal=GOAL)


def _compared(bench: Bench, engine: str, shape: Shape, latency: float) -> Pairs:
    answers = f"answers {latency * 1000:.0f} ms later" if latency else "answers at once"
    many = f"{shape.processes} processes x {shape.concurrency}, {shape.parts} parts"
    what = f"{engine}, {many}, {answers}, 20 % lost"
    pairs = Pairs("dispatch", what, "bare HTTP loops that make the same calls")
    for number in range(1, bench.rounds + 1):
        pairs.rounds.append(_round(bench, engine, shape, latency, number))
    return pairs


def _round(
    bench: Bench, engine: str, shape: Shape, latency: float, number: int
) -> tuple[Timing, Timing, Timing]:
    parts, processes = shape.parts, shape.processes
    with bench.ledger(engine) as where:
        bodies: list[str] = []

        def prepare(url: str) -> float:
            fill(where, url, parts)
            bodies.extend(bodies_of(where, url))
            return 0.0

        with_server(prepare, lost=0.0)
        before, _ = with_server(bare(bodies, processes), latency=latency)
        out = Dispatched()
        sending = ours(where, processes, shape.concurrency, parts, out)
        _, (made, most, reads) = with_server(sending, latency=latency)
        after, _ = with_server(bare(bodies, processes), latency=latency)
    say(
        f"  dispatch on {engine}, round {number}: bare {2 * parts / (before + after):.0f}/s, "
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


def open_desk(where: str, url: str) -> Desk:
    """One process's desk."""
    return Desk(
        open_store(where),
        company="bench",
        actor="bench",
        accounting=Rivhit(settings(url)),
        rhythm=Rhythm(send_window=2.0),
        owns_accounting=True,
    )


def dispatch_worker(where: str, url: str, concurrency: int, ready: Barrier, over: Over) -> None:
    """One dispatcher process: starts with the others, works until told that it is over."""
    with open_desk(where, url) as desk:
        # A plain look, as the command has one; an event would be a lock that all of them share.
        dispatcher = desk.dispatcher(stop=lambda: bool(over.value))
        dispatcher.concurrency = concurrency
        desk.accounting.is_reachable()
        ready.wait()
        dispatcher.run(forever=True, poll=0.1)


def bare_worker(url: str, bodies: list[str], ready: Barrier, ended: Queue[float]) -> None:
    """One bare loop: posts its bodies one after another, and says when it was done."""
    with httpx.Client(headers={"content-type": "application/json"}, timeout=5.0) as client:
        client.post(f"{url}/Document.TypeList", content=json.dumps({"api_token": TOKEN})).read()
        ready.wait()
        for body in bodies:
            try:
                client.post(f"{url}/Document.New", content=body).read()
            except httpx.HTTPError:
                continue
        ended.put(time.time())


def bodies_of(where: str, url: str) -> list[str]:
    """The bodies that our dispatchers would send, with references of their own."""
    with open_desk(where, url) as desk:
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


def fill(where: str, url: str, parts: int) -> None:
    """Ask for as many refunds of one part each, ten of each sale."""
    with open_desk(where, url) as desk:
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
        ready, ended = CONTEXT.Barrier(processes + 1), _times()
        shares = [bodies[index::processes] for index in range(processes)]
        started = [
            CONTEXT.Process(target=bare_worker, args=(url, share, ready, ended), daemon=True)
            for share in shares
        ]
        for process in started:
            process.start()
        ready.wait()
        begun = time.time()
        last = max(ended.get(timeout=MOST_SECONDS) for _ in started)
        for process in started:
            process.join()
        return last - begun

    return work


def _times() -> Queue[float]:
    return CONTEXT.Queue()


@dataclass(slots=True)
class Dispatched:
    """What came of one dispatch of many parts."""

    first_answers: float = 0.0
    drained: float = 0.0
    doubts: int = 0
    sent_twice: int = 0


def ours(
    where: str, processes: int, concurrency: int, parts: int, out: Dispatched
) -> Callable[[str], float]:
    """Our dispatchers over one store, until every part is booked."""

    def work(url: str) -> float:
        ready, over = CONTEXT.Barrier(processes + 1), CONTEXT.RawValue(c_bool)
        started = [
            CONTEXT.Process(
                target=dispatch_worker, args=(where, url, concurrency, ready, over), daemon=True
            )
            for _ in range(processes)
        ]
        for process in started:
            process.start()
        with open_desk(where, url) as desk:
            ready.wait()
            begun = time.time()
            while booked(desk) < parts and time.time() - begun < MOST_SECONDS:
                time.sleep(POLL)
            out.drained = time.time() - begun
            over.value = True
            for process in started:
                process.join(30)
            measure(desk, begun, out)
        return out.first_answers

    return work


def booked(desk: Desk) -> int:
    """How many parts are booked, without decoding an event."""
    counted = desk.store.ask(
        "SELECT count(*) FROM stored_events WHERE topic = ?", (InvoicePartCancelled.TOPIC,)
    )
    return int(counted[0][0])


def measure(desk: Desk, begun: float, out: Dispatched) -> None:
    """Read from the events when the last first attempt was answered, by whatever answer."""
    last = begun
    attempts: Counter[object] = Counter()
    waiting: set[object] = set()
    for _, event in desk.store.events():
        if isinstance(event, CallSubmitted):
            attempts[event.originator_id] += 1
            if event.attempt == 1:
                waiting.add(event.originator_id)
        elif isinstance(event, InvoicePartCancelled | CallInDoubt):
            out.doubts += isinstance(event, CallInDoubt)
            if event.originator_id in waiting:
                waiting.discard(event.originator_id)
                last = max(last, event.timestamp.timestamp())
    out.first_answers = last - begun
    out.sent_twice = sum(count > 1 for count in attempts.values())
