"""The clock of a call goes on while the machine sleeps."""

from __future__ import annotations

import time

import pytest

from refund_adapters.dispatch.rhythm import Clock
from refund_adapters.elapsed import elapsed
from refund_adapters.rivhit.wire import sending


def test_the_clock_only_goes_on() -> None:
    times = [elapsed() for _ in range(1000)]

    assert times == sorted(times)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="the system has no such clock")
def test_the_clock_counts_the_time_that_the_machine_slept() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    at = elapsed()

    assert before <= at <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_the_fence_and_the_limit_of_a_call_run_by_this_clock() -> None:
    assert Clock().monotonic is elapsed

    before = elapsed()
    with sending(30.0) as state:
        assert before + 30.0 <= state.until <= elapsed() + 30.0
