"""Elapsed: a clock that only goes on, also while the machine sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)
"""Linux stops its monotonic clock while it is suspended, and counts on in this one."""

elapsed: Callable[[], float] = (
    time.monotonic if CLOCK is None else partial(time.clock_gettime, CLOCK)
)
"""Seconds since a moment that this process does not know; never goes back.

A call that was saved before the lid was closed must not begin when it is opened: others may have
looked for it meanwhile and sent it again.
"""
