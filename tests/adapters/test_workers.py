"""A bounded number of threads does the work, and hands back results in order, or the error."""

from __future__ import annotations

import threading

import pytest

from refund_adapters.workers import Workers


class NoGoodError(Exception):
    """What a job of a test raises."""


def test_results_come_in_the_order_of_the_items() -> None:
    with Workers(3) as workers:
        assert workers.map(lambda item: item * item, range(50)) == [n * n for n in range(50)]
        assert workers.map(str, []) == []
        assert workers.map(str, [7]) == ["7"]


def test_as_many_work_at_once_as_there_are_threads_and_no_more() -> None:
    together = threading.Barrier(4, timeout=10)
    lock, now, most = threading.Lock(), [0], [0]

    def job(_: int) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        # Passes only when four are here at once.
        together.wait()
        with lock:
            now[0] -= 1

    with Workers(4) as workers:
        workers.map(job, range(8))

    assert most == [4]


def test_the_first_error_is_raised_when_all_have_ended() -> None:
    done: list[int] = []

    def job(item: int) -> None:
        if item % 2:
            raise NoGoodError(item)
        done.append(item)

    with Workers(2) as workers, pytest.raises(NoGoodError):
        workers.map(job, range(10))

    assert sorted(done) == [0, 2, 4, 6, 8]


def test_the_threads_end_with_the_block_and_never_keep_a_process() -> None:
    with Workers(2) as workers:
        threads = workers._threads
        assert all(thread.daemon and thread.is_alive() for thread in threads)

    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
