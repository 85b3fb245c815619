"""Stopping: whoever is asked to stop begins nothing more, however deep in its work it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from refund_adapters.accounting import UnavailableError

SLICE = 0.5
"""Seconds after which a wait looks up, to hear whether it shall end."""

_stop: ContextVar[Callable[[], bool] | None] = ContextVar("stop", default=None)


class StoppedError(UnavailableError):
    """Asked to stop: nothing more is read or sent."""

    def __init__(self) -> None:
        super().__init__("asked to stop")


@contextmanager
def heeding(stop: Callable[[], bool]) -> Iterator[None]:
    """Let what this thread does inside hear when it is asked to stop."""
    before = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(before)


def heed_stop() -> None:
    """Begin nothing more once this thread was asked to stop; raises `StoppedError` then."""
    stop = _stop.get()
    if stop is not None and stop():
        raise StoppedError


def wait_unless_stopped(seconds: float, sleep: Callable[[float], None]) -> None:
    """Sleep so long, and no longer once this thread is asked to stop."""
    stop = _stop.get()
    if stop is None:
        sleep(seconds)
        return
    while seconds > 0 and not stop():
        sleep(min(seconds, SLICE))
        seconds -= SLICE
