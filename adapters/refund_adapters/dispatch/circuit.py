"""The circuit: stops spending attempts on an accounting system that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

DOUBLINGS = 30
"""After so many a pause has long reached its limit, and the number would only grow."""
FREE_PROBES = 1
"""How many probes go out without a pause, since a call was last answered."""


@dataclass(slots=True)
class Circuit:
    """Opens after failures in a row; while it is open only a probe goes out, ever less often.

    The first probe goes out at once: a few answers lost in a row are not yet an outage. Once a
    probe has failed, or the circuit opens anew before a call was answered, pauses double with full
    jitter in their upper half, so that many processes do not probe together and one never probes
    faster than the half of its pause. A probe that is answered closes the circuit; only a call that
    is answered makes the pauses short again, since a system may well answer reads and no writes.
    """

    monotonic: Callable[[], float]
    jitter: Callable[[], float]
    threshold: int = 3
    first_pause: float = 2.0
    longest_pause: float = 300.0
    _failures: int = 0
    _is_open: bool = False
    _opened: int = 0
    """How often it has opened since a call was answered."""
    _closed_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_open(self) -> bool:
        """Whether calls are held back."""
        return self._is_open

    @property
    def opens_next(self) -> bool:
        """Whether calls are held back after one more that the system does not answer."""
        return self._is_open or self._failures + 1 >= self.threshold

    @property
    def stays_open(self) -> bool:
        """Whether it opened again after a pause: the system is not back soon."""
        return self._is_open and self._opened > FREE_PROBES + 1

    @property
    def waits(self) -> float:
        """Seconds until the next probe may go out; none while nothing is held back."""
        return max(self._closed_until - self.monotonic(), 0.0) if self._is_open else 0.0

    def failed(self) -> None:
        """Count a call that the system did not answer."""
        with self._lock:
            self._failures += 1
            # What was under way when it opened fails too, and says nothing new.
            if self._failures >= self.threshold and not self._is_open:
                self._open()

    def answered(self) -> None:
        """The system answered a call, whatever it said: everything goes out again."""
        with self._lock:
            self._close()
            self._opened = 0

    def was_read(self) -> None:
        """The system answered reads, as it does a probe."""
        with self._lock:
            self._close()

    def probe(self, ask: Callable[[], bool]) -> bool:
        """Ask once, if it is time, whether the system is back; true where calls may go out."""
        if not self.is_open:
            return True
        if self.waits:
            return False
        answered = ask()
        with self._lock:
            if answered:
                self._close()
            else:
                self._open()
        return answered

    def _close(self) -> None:
        self._failures, self._is_open = 0, False

    def _open(self) -> None:
        doublings = self._opened - FREE_PROBES
        pause = min(self.longest_pause, self.first_pause * 2.0 ** min(doublings, DOUBLINGS))
        if doublings < 0:
            pause = 0.0
        self._opened += 1
        self._is_open = True
        self._closed_until = self.monotonic() + pause * (0.5 + 0.5 * self.jitter())
