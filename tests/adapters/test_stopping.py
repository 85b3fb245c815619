"""Whoever is asked to stop begins nothing more, and waits no longer."""

from __future__ import annotations

import threading

import pytest

from refund_adapters.accounting import UnavailableError
from refund_adapters.stopping import SLICE, StoppedError, heed_stop, heeding, wait_unless_stopped


def test_where_nobody_can_ask_to_stop_a_wait_is_one_sleep() -> None:
    slept: list[float] = []

    wait_unless_stopped(7.25, slept.append)
    heed_stop()

    assert slept == [7.25]


def test_a_wait_is_as_long_as_was_asked_for_and_looks_up_now_and_then() -> None:
    slept: list[float] = []

    with heeding(lambda: False):
        wait_unless_stopped(7.25, slept.append)
        heed_stop()

    assert sum(slept) == 7.25
    assert max(slept) == SLICE


def test_a_wait_ends_soon_after_a_stop_and_nothing_is_begun_then() -> None:
    slept: list[float] = []

    with heeding(lambda: len(slept) == 3):
        wait_unless_stopped(100.0, slept.append)
        with pytest.raises(StoppedError, match="asked to stop") as stopped:
            heed_stop()

    assert slept == [SLICE] * 3
    assert isinstance(stopped.value, UnavailableError)
    heed_stop()


def test_a_stop_is_heard_by_those_whom_it_is_for() -> None:
    heard: list[str] = []

    def another() -> None:
        heed_stop()
        heard.append("goes on")

    with heeding(lambda: True):
        thread = threading.Thread(target=another)
        thread.start()
        thread.join()
        with heeding(lambda: False):
            heed_stop()
        with pytest.raises(StoppedError):
            heed_stop()

    assert heard == ["goes on"]
