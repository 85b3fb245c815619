"""The way to the server: each request can be lost, late or cut, and its sender frozen or killed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from refund_adapters.rivhit import wire
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.wire import Drop, Reply
from simulation.stage import Actor, Stage
from simulation.weather import REFUSED_PLAINLY, WRITES, Weather

REFERENCE = re.compile(rb"rl-([0-9a-f-]{36})-(i|r)")


@dataclass(frozen=True, slots=True)
class Sent:
    """One write on its way: who sent it, for which refund and part, and until when it may wait."""

    actor: str
    method: str
    refund: str
    part: str
    until: float


@dataclass(slots=True)
class Ears:
    """Who hears of calls; the auditor listens here."""

    leaves: Callable[[Actor], None] = lambda _: None
    """An actor turns to the outside world: what it knew is saved by now."""
    sent: Callable[[Sent], None] = lambda _: None
    gone: Callable[[Sent], None] = lambda _: None
    """Nobody waits for the answer any more."""
    answered: Callable[[Actor, Sent, Reply], None] = lambda _a, _s, _r: None


@dataclass(slots=True)
class Network(httpx.BaseTransport):
    """One actor's way to the sandbox, on virtual time."""

    stage: Stage
    actor: Actor
    sandbox: Sandbox
    weather: Weather
    chance: random.Random
    limit: float
    ears: Ears = field(default_factory=Ears)
    knows: Callable[[str], str] = str
    """What a refund's id is called in the story."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request there and its answer back, or say how that failed."""
        until = self.stage.now + self.limit
        method, body = request.url.path.partition(".svc/")[2], request.read()
        sent = self._sent(method, body, until)
        self.ears.leaves(self.actor)
        writes = method in WRITES
        name = f"{method} {self.knows(sent.refund)}{sent.part}" if writes else method
        self.stage.effect(self.actor, f"sends: {name}", hot=writes)
        if self.stage.now > until:
            raise httpx.WriteTimeout("the time of the call is over")
        if self.weather.is_out(self.stage.now):
            self.stage.tell(self.actor.name, "nobody listens")
            raise httpx.ConnectError("refused") from ConnectionRefusedError(111, "refused")
        if (state := wire._sending.get()) is not None:
            state.written = True
        if writes:
            self.ears.sent(sent)
        try:
            reply = self._exchange(method, body, until, hot=writes)
        finally:
            if writes:
                self.ears.gone(sent)
        if writes:
            self.ears.answered(self.actor, sent, reply)
            # A refusal that comes late is the one that speaks for a call that is not its own.
            fault = self.sandbox.log.call(reply.order).fault
            self.stage.daze(self.actor, "an answer", hot=fault == REFUSED_PLAINLY.name)
        headers = {"content-type": reply.content_type, **dict(reply.headers)}
        return httpx.Response(reply.status, headers=headers, stream=httpx.ByteStream(reply.body))

    def _exchange(self, method: str, body: bytes, until: float, *, hot: bool) -> Reply:
        self._travel()
        self.weather.left = max(until - self.stage.now, 0.0)
        reply = self.sandbox.handle(method, body)
        fault = self.sandbox.log.call(reply.order).fault
        said = f"the server has it: {fault or 'well'}"
        self.stage.effect(self.actor, said, hot=hot, quiet=not hot and not fault)
        while reply.late:
            self._wait(reply.delay, until)
            reply = self.sandbox.collect(reply.order)
        self._wait(reply.delay, until)
        self._travel()
        self.stage.effect(self.actor, "the answer is there: read", hot=hot, quiet=not hot)
        if self.stage.now > until:
            raise httpx.ReadTimeout("no answer within the limit")
        if reply.drop is not Drop.NONE or reply.announced_length is not None:
            raise httpx.RemoteProtocolError("the server closed the connection")
        return reply

    def _travel(self) -> None:
        seconds = self.chance.choice((0.0, 0.01, 0.08, 0.5))
        if seconds:
            self.stage.sleep(self.actor, seconds)

    def _wait(self, seconds: float, until: float) -> None:
        """Wait for the server, as long as a call may wait."""
        if not seconds:
            return
        left = until - self.stage.now
        if seconds > left:
            self.stage.sleep(self.actor, left)
            raise httpx.ReadTimeout("no answer within the limit")
        self.stage.sleep(self.actor, seconds)

    def _sent(self, method: str, body: bytes, until: float) -> Sent:
        found = REFERENCE.search(body)
        refund, part = (found[1].decode(), found[2].decode()) if found else ("", "")
        return Sent(self.actor.name, method, refund, part, until)
