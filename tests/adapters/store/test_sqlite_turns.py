"""Writers of one file come in the order in which they lined up, and none waits for ever."""

from __future__ import annotations

import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from refund_adapters.store import sqlite_connections, sqlite_turns
from refund_adapters.store.sqlite_turns import Line
from support.books import Books

LONG = 30.0


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "refunds.db")


def test_who_came_first_is_first(store: str) -> None:
    came: list[int] = []
    ready = [threading.Event() for _ in range(5)]

    def come(number: int) -> None:
        line = Line(store)
        ready[number].set()
        assert line.join(LONG)
        came.append(number)
        line.leave()

    waiting = [threading.Thread(target=come, args=(number,)) for number in range(5)]
    with held(store):
        for number, thread in enumerate(waiting):
            thread.start()
            assert ready[number].wait(LONG)
            until(lambda: sleeps(thread))  # noqa: B023 - asked at once
        assert came == []
    for thread in waiting:
        thread.join(LONG)
    assert came == [0, 1, 2, 3, 4]


def test_nobody_waits_longer_than_it_said(store: str) -> None:
    with held(store):
        began = time.monotonic()
        assert not Line(store).join(0.05)
        assert time.monotonic() - began >= 0.05
        assert not Line(store).join(-1)
    assert is_free(store)


def test_two_stores_have_lines_of_their_own(store: str) -> None:
    with held(store):
        assert is_free(f"{store}-other")


def test_a_process_that_dies_in_line_lets_the_next_one_in(store: str) -> None:
    code = (
        "import sys\n"
        "from refund_adapters.store.sqlite_turns import Line\n"
        f"print(Line({store!r}).join(30), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"True\n"
        assert not is_free(store)
        other.kill()
    assert is_free(store)


def test_there_is_no_line_in_memory_or_where_the_system_has_none(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(None)
    assert not line.join(LONG)
    line.leave()
    monkeypatch.setattr(sqlite_turns, "_system", lambda: None)
    assert not Line(store).join(LONG)
    with Books(store) as books:
        books.grant("g", 5)
        assert len(books.events()) == 1


def test_leaving_a_line_that_one_is_not_in_does_nothing(store: str) -> None:
    Line(store).leave()
    with held(store):
        assert not is_free(store)
    assert is_free(store)


def test_a_writer_lines_up_only_until_it_has_the_lock(store: str) -> None:
    with Books(store) as books:
        datastore = books.store.recorder.datastore  # type: ignore[attr-defined]
        with datastore.writing():
            assert is_free(store)


def test_a_writer_goes_on_when_the_first_in_line_takes_too_long(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Books(store) as books:
        monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.05)
        with held(store):
            books.grant("g", 5)
        assert len(books.events()) == 1


def test_a_writer_waits_in_line_for_a_while_only(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sqlite_connections.LONGEST_IN_LINE <= 1.0 < sqlite_connections.BUSY_SECONDS
    with Books(store) as books:
        monkeypatch.setattr(sqlite_connections, "LONGEST_IN_LINE", 0.05)
        # Somebody who was stopped in line, at this store or at one that shares the line.
        with held(store):
            began = time.monotonic()
            books.grant("g", 5)
            assert time.monotonic() - began < sqlite_connections.BUSY_SECONDS / 2
        assert len(books.events()) == 1


@contextmanager
def held(store: str) -> Iterator[None]:
    """Somebody is the first in line, and does not go on."""
    line = Line(store)
    assert line.join(LONG)
    try:
        yield
    finally:
        line.leave()


def is_free(store: str) -> bool:
    """Whether nobody is in line."""
    line = Line(store)
    if joined := line.join(0):
        line.leave()
    return joined


def sleeps(thread: threading.Thread) -> bool:
    """Whether a thread of this process sleeps at a semaphore."""
    place = Path(f"/proc/self/task/{thread.native_id}/syscall")
    return place.read_text("utf-8").startswith(f"{SEMTIMEDOP} ")


SEMTIMEDOP = 220 if platform.machine() == "x86_64" else 192
"""The number of the call on this kind of processor."""


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + LONG
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)
