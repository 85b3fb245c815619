"""Calls begin evenly, at most so many in a second, whichever thread makes them."""

from __future__ import annotations

import threading

from refund_adapters.dispatch.pace import Pace


def test_without_a_limit_nobody_waits() -> None:
    slept: list[float] = []
    pace = Pace(monotonic=lambda: 0.0, sleep=slept.append)

    for _ in range(100):
        pace.wait()

    assert slept == []


def test_places_are_spread_evenly_over_all_threads() -> None:
    slept: list[float] = []
    pace = Pace(per_second=4.0, monotonic=lambda: 100.0, sleep=slept.append)

    def calls() -> None:
        for _ in range(10):
            pace.wait()

    threads = [threading.Thread(target=calls) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(slept) == [place / 4 for place in range(1, 40)]


def test_time_that_passed_unused_is_not_saved_up() -> None:
    now = [0.0]
    slept: list[float] = []
    pace = Pace(per_second=2.0, monotonic=lambda: now[0], sleep=slept.append)

    pace.wait()
    now[0] = 60.0
    for _ in range(3):
        pace.wait()

    assert slept == [0.5, 1.0]


def test_a_place_is_taken_without_waiting_or_not_at_all() -> None:
    now = [0.0]
    slept: list[float] = []
    pace = Pace(per_second=2.0, monotonic=lambda: now[0], sleep=slept.append)

    assert [pace.take(), pace.take()] == [True, False]
    now[0] = 0.5
    assert pace.take()
    # What was refused took no place, and what was taken is one.
    pace.wait()
    assert slept == [0.5]

    unlimited = Pace(monotonic=lambda: 0.0, sleep=slept.append)
    assert all(unlimited.take() for _ in range(100))
