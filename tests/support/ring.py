"""The whole ring for tests: desk, dispatcher, adapter and sandbox on one clock, no waiting."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx

from refund_adapters.accounting import Wanted
from refund_adapters.desk import Desk
from refund_adapters.dispatch.protocol import Clock as Hands
from refund_adapters.dispatch.protocol import Rhythm, Step
from refund_adapters.rivhit import Rivhit, RivhitSettings
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import FaultPlan
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.switches import Switches
from refund_adapters.sandbox.wire import Drop
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.policies import Terms

COMPANY = "acme"
TOKEN = "7d1a4c1e-0000-4000-8000-00000000cafe"
START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """Time that passes only where something waits."""

    moment: datetime = START

    def __call__(self) -> datetime:
        """The time now."""
        return self.moment

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return (self.moment - START).total_seconds()


@dataclass(slots=True)
class Network(httpx.BaseTransport):
    """The way to the sandbox: what is slow or lost there is slow or lost here."""

    sandbox: Sandbox
    clock: Clock
    limit: float
    is_down: bool = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request there and its answer back, or say how that failed."""
        if self.is_down:
            raise httpx.ConnectError("refused") from ConnectionRefusedError(111, "refused")
        method = request.url.path.partition(".svc/")[2]
        reply = self.sandbox.handle(method, request.read())
        while reply.late:
            self._wait(reply.delay)
            reply = self.sandbox.collect(reply.order)
        self._wait(reply.delay)
        if reply.drop is not Drop.NONE or reply.announced_length is not None:
            raise httpx.RemoteProtocolError("the server closed the connection")
        headers = {"content-type": reply.content_type, **dict(reply.headers)}
        return httpx.Response(reply.status, headers=headers, stream=httpx.ByteStream(reply.body))

    def _wait(self, seconds: float) -> None:
        if seconds > self.limit:
            self.clock.advance(self.limit)
            raise httpx.ReadTimeout("no answer within the limit")
        self.clock.advance(seconds)


@dataclass(slots=True)
class Ring:
    """Everything that turns, and what was seen to happen."""

    desk: Desk
    sandbox: Sandbox
    network: Network
    clock: Clock
    rivhit: Rivhit
    steps: list[Step] = field(default_factory=list)

    def dispatch(self, *, patience: float = 1000.0) -> int:
        """Dispatch until nothing more can be done within the patience."""
        return self.desk.dispatch(watch=self.steps.append, patience=patience)

    def import_all(self) -> None:
        """Record every original of the sandbox."""
        wanted = Wanted(issued_from=date(2024, 1, 1), issued_to=date(2026, 12, 31))
        refused = [one for one in self.desk.import_wanted(wanted) if one.outcome == "refused"]
        assert refused == []


@contextmanager
def ring(
    path: Path | str | None = None,
    *,
    switches: Switches | None = None,
    faults: FaultPlan | None = None,
    terms: Terms | None = None,
    resend_cancels: bool = False,
    call_limit: float = 30.0,
) -> Iterator[Ring]:
    """Build the ring over a file, or in memory, with the demo company's books."""
    clock = Clock()
    sandbox = Sandbox(
        token=TOKEN,
        now=clock,
        rng=random.Random(7),
        switches=switches,
        faults=faults,
    )
    load_demo(sandbox.books)
    network = Network(sandbox, clock, call_limit)
    settings = RivhitSettings(
        company=COMPANY,
        token=TOKEN,  # type: ignore[arg-type]
        base_url="https://sandbox.test/online/RivhitOnlineAPI.svc",
        call_limit=call_limit,
        read_attempts=1,
    )
    hands = Hands(monotonic=clock.monotonic, sleep=clock.advance, jitter=lambda: 1.0)
    with Rivhit(settings, transport=network, now=clock) as rivhit:
        store: SqlStore = (
            PostgresStore(path, now=clock)
            if isinstance(path, str)
            else SqliteStore(None if path is None else str(path), now=clock)
        )
        with Desk(
            store,
            company=COMPANY,
            actor="dana",
            accounting=rivhit,
            terms=terms,
            rhythm=Rhythm(),
            clock=hands,
            resend_cancels=resend_cancels,
        ) as desk:
            yield Ring(desk, sandbox, network, clock, rivhit)
