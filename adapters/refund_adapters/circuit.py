"""The circuit: stops spending attempts on an accounting system that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Circuit:
    """Opens after failures in a row; while it is open only a probe goes out, ever less often.

    Pauses double with full jitter in their upper half, so that many processes do not probe together
    and one never probes faster than the half of its pause.
    """

    monotonic: Callable[[], float]
    jitter: Callable[[], float]
    threshold: int = 3
    first_pause: float = 2.0
    longest_pause: float = 300.0
    _failures: int = 0
    _opened: int = 0
    _closed_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_open(self) -> bool:
        """Whether calls are held back."""
        return self._opened > 0

    @property
    def waits(self) -> float:
        """Seconds until the next probe may go out."""
        return max(self._closed_until - self.monotonic(), 0.0)

    def failed(self) -> None:
        """Count a call that the system did not answer."""
        with self._lock:
            self._failures += 1
            if self._failures >= self.threshold:
                self._open()

    def answered(self) -> None:
        """The system answered, whatever it said: everything goes out again."""
        with self._lock:
            self._failures = self._opened = 0

    def probe(self, ask: Callable[[], bool]) -> bool:
        """Ask once, if it is time, whether the system is back; true where calls may go out."""
        if not self.is_open:
            return True
        if self.waits:
            return False
        if ask():
            self.answered()
            return True
        with self._lock:
            self._open()
        return False

    def _open(self) -> None:
        pause = min(self.longest_pause, self.first_pause * 2.0**self._opened)
        self._opened += 1
        self._closed_until = self.monotonic() + pause * (0.5 + 0.5 * self.jitter())
