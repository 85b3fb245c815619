"""Rests: what could not be done is left alone for a while, and longer each time."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from refund_adapters.dispatch.circuit import DOUBLINGS
from refund_adapters.dispatch.rhythm import Clock
from refund_ledger.events import Part
from refund_ledger.refund import CallDue, Waits

LONGEST_REST = 60.0

Key = tuple[UUID, Part, Waits]


def _key(call: CallDue) -> Key:
    return call.refund, call.part, call.waits


@dataclass(slots=True)
class Rest:
    """A thing that could not be done: how often, and until when it is left alone."""

    tries: int = 0
    failures: int = 0
    """How many of the tries the accounting system did not answer."""
    until: float = 0.0


@dataclass(slots=True)
class Rests:
    """What this process could not do lately; threads may share it."""

    clock: Clock
    known: dict[Key, Rest] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, call: CallDue) -> Rest:
        """How a thing rests; one that was never tried does not."""
        return self.known.get(_key(call)) or Rest()

    def begin(self, call: CallDue, *, unanswered: bool) -> None:
        """Leave a thing alone, with full jitter twice as long as the last time."""
        with self._lock:
            rest = self.known.setdefault(_key(call), Rest())
            rest.tries += 1
            rest.failures += unanswered
            pause = min(LONGEST_REST, 2.0 ** min(rest.tries - 1, DOUBLINGS))
            rest.until = self.clock.monotonic() + pause * self.clock.jitter()

    def end(self, call: CallDue) -> None:
        """Something came of it: it is new again."""
        with self._lock:
            self.known.pop(_key(call), None)

    def keep_only(self, calls: Iterable[CallDue]) -> None:
        """Let go of everything else."""
        keys = {_key(call) for call in calls}
        with self._lock:
            self.known = {key: rest for key, rest in self.known.items() if key in keys}

    def most_failures(self) -> int:
        """How often the thing was tried that the accounting system answered least."""
        with self._lock:
            return max((rest.failures for rest in self.known.values()), default=0)
