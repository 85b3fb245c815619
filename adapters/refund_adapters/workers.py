"""Workers: a bounded number of threads that never keep a process from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Workers:
    """Runs a function over items in a few threads and hands back results in order.

    The threads are daemons: a process that is told to stop does not wait for a call that hangs.
    """

    def __init__(self, count: int) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _ in self._threads:
            self._jobs.put(None)

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Apply a function to every item; the first error is raised when all have ended."""
        results: dict[int, R] = {}
        errors: list[BaseException] = []
        done = threading.Semaphore(0)

        def job(index: int, item: T) -> Callable[[], None]:
            def run() -> None:
                try:
                    results[index] = function(item)
                except BaseException as error:  # noqa: BLE001 - handed to the caller below
                    errors.append(error)
                finally:
                    done.release()

            return run

        for index, item in enumerate(items):
            self._jobs.put(job(index, item))
        for _ in items:
            done.acquire()
        if errors:
            raise errors[0]
        return [results[index] for index in range(len(items))]

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
