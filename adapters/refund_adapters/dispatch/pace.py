"""Pace: how many calls a process makes in a second, over all its threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from refund_adapters.stopping import wait_unless_stopped


@dataclass(slots=True)
class Pace:
    """Lets at most `per_second` calls begin in any second, evenly spread; none is no limit."""

    per_second: float | None = None
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Wait for the next place, or for a stop; places are given in the order of asking."""
        if self.per_second is None:
            return
        with self._lock:
            now = self.monotonic()
            mine = max(self._next, now)
            self._next = mine + 1.0 / self.per_second
        if mine > now:
            wait_unless_stopped(mine - now, self.sleep)

    def take(self) -> bool:
        """Take the next place if it is free now; never waits."""
        if self.per_second is None:
            return True
        with self._lock:
            now = self.monotonic()
            if self._next > now:
                return False
            self._next = now + 1.0 / self.per_second
            return True
