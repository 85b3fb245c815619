"""Rhythm: how dispatching spends its time, what one step of it was, and what came of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from refund_adapters.elapsed import elapsed
from refund_ledger.events import Part


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How the dispatcher spends its time, in seconds."""

    send_window: float = 10.0
    """How long after it was saved a call may begin."""
    max_attempts: int = 4
    """After so many calls of one part without a trace of any, a person decides."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time inside this process; a simulation brings its own."""

    monotonic: Callable[[], float] = elapsed
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done about a part, for whoever watches."""

    refund: UUID
    key: str
    part: Part
    what: str
    detail: str


class Heard(Enum):
    """What the accounting system answered while something was done."""

    NOTHING = "nothing"
    READ = "read"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Progress:
    """Something was done about the part, or somebody else did it."""

    heard: Heard = field(default=Heard.NOTHING, compare=False)
    """For the circuit; to the part it is the same."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing can be done about the part now."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The accounting system did not answer; the part rests for a while."""

    why: str


Outcome = Progress | Nothing | Unreachable
