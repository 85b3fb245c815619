"""Accounting systems that tell the dispatcher something else than what is known of a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, cast

from refund_adapters.accounting import (
    Absent,
    AccountingSystem,
    Answer,
    Call,
    Doubtful,
    Finding,
    NotSent,
    Refused,
    Submitted,
)
from refund_adapters.rivhit import Rivhit
from refund_ledger.events import Evidence, Part, RefundRequested

NOTHING_SAID = (Evidence(source="nobody", said="nobody was asked"),)


class Broken:
    """Passes everything on to the real one."""

    def __init__(self, real: AccountingSystem) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class SendsFirst(Broken):
    """Sends while it prepares, which is before anything is saved."""

    def __init__(self, real: AccountingSystem) -> None:
        super().__init__(real)
        self._answers: dict[str, Answer] = {}

    def prepare(self, request: RefundRequested, part: Part) -> Call:
        """Prepare the call, and send it at once."""
        call = self._real.prepare(request, part)
        self._answers[call.reference] = self._real.send(call, lambda: True)
        return call

    def send(self, call: Call, may_begin: Callable[[], bool]) -> Answer:
        """Say what was answered earlier."""
        del may_begin
        return self._answers[call.reference]


class DoubtIsRefused(Broken):
    """Takes every timeout and server error for a refusal."""

    def send(self, call: Call, may_begin: Callable[[], bool]) -> Answer:
        """Send, and be sure of too much."""
        answer = self._real.send(call, may_begin)
        return Refused("0", answer.why) if isinstance(answer, Doubtful) else answer


class DoubtIsNotSent(Broken):
    """Takes every timeout and server error for a call that never left."""

    def send(self, call: Call, may_begin: Callable[[], bool]) -> Answer:
        """Send, and be sure of too much."""
        answer = self._real.send(call, may_begin)
        return NotSent(answer.why) if isinstance(answer, Doubtful) else answer


class SeenIsRefused(Broken):
    """Takes "seen before" for a refusal."""

    def send(self, call: Call, may_begin: Callable[[], bool]) -> Answer:
        """Send, and misread one code."""
        answer = self._real.send(call, may_begin)
        seen = isinstance(answer, Doubtful) and "-107" in answer.why
        return Refused("-107", "seen before") if seen else answer


class BlindCancels(Broken):
    """Sends a cancel again without looking."""

    def look(self, submitted: Submitted) -> Finding:
        """Look only for new documents."""
        if submitted.method.endswith(".Cancel"):
            return Absent(NOTHING_SAID)
        return self._real.look(submitted)


class Hasty(Broken):
    """Looks as soon as nothing more may be sent."""

    settle_seconds = 0.0


class EarlyReader(Broken):
    """Reads the evidence as soon as the doubt begins, and judges it after the settle time."""

    read: ClassVar[dict[str, Finding]] = {}
    """What was read for whom; all processes share it."""

    def __init__(self, real: AccountingSystem) -> None:
        super().__init__(real)
        self._requests: dict[str, RefundRequested] = {}

    def prepare(self, request: RefundRequested, part: Part) -> Call:
        """Remember what the call is for."""
        call = self._real.prepare(request, part)
        self._requests[call.reference] = request
        return call

    def send(self, call: Call, may_begin: Callable[[], bool]) -> Answer:
        """Send, and where that leaves a doubt, look at once."""
        answer = self._real.send(call, may_begin)
        if isinstance(answer, Doubtful):
            request = self._requests[call.reference]
            submitted = Submitted(
                part=call.part,
                method=call.method,
                reference=call.reference,
                marker=call.marker,
                request=call.request,
                first_sent_at=cast("Rivhit", self._real)._now(),
                currency=request.currency,
                customer_id=request.customer_id,
            )
            self.read[call.reference] = self._real.look(submitted)
        return answer

    def look(self, submitted: Submitted) -> Finding:
        """Judge what was read then."""
        early = self.read.pop(submitted.reference, None)
        return self._real.look(submitted) if early is None else early


class Parking(Broken):
    """Gives a sender no time to hear its answer before the call is put in doubt."""

    call_limit = -60.0


class Unguarded(Broken):
    """Sends new documents without asking the server to refuse a duplicate, and never looks."""

    def send(self, call: Call, may_begin: Callable[[], bool]) -> Answer:
        """Send without the guard."""
        text = call.request.replace('"prevent_duplicates":true', '"prevent_duplicates":false')
        return self._real.send(replace(call, request=text), may_begin)

    def look(self, submitted: Submitted) -> Finding:
        """Look only for cancels."""
        if submitted.method.endswith(".New"):
            return Absent(NOTHING_SAID)
        return self._real.look(submitted)
