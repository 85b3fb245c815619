"""Turns: several writers of one SQLite file on one machine, let in in the order in which they came.

SQLite lets in whoever looks first for its lock, so that of many writers one may wait for long. Here
the first in line looks, and the others sleep behind it. Nothing rests on this but fairness: the
lock of SQLite itself decides who writes.

The line is a semaphore of System V: the system wakes its sleepers in order, lets nobody sleep
longer than it said, and gives up the place of a process that dies. All stores share one set of
semaphores, so that no store leaves one behind. Two may share a line by chance, and who is first in
it may be stopped: so nobody should wait in line for long; see `sqlite_connections`.
"""

from __future__ import annotations

import ctypes
import os
import zlib
from functools import lru_cache
from typing import Any

KEY = 0x52464C32
"""Of the set of semaphores ("RFL2")."""
LINES = 128
_CREATE, _RIGHTS = 0o1000, 0o600
_UNDO, _NO_WAIT = 0x1000, 0o4000


class _Operation(ctypes.Structure):
    _fields_ = (
        ("number", ctypes.c_ushort),
        ("change", ctypes.c_short),
        ("flags", ctypes.c_short),
    )


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class Line:
    """The line at one store's file; for a store in memory, or on another system, there is none."""

    def __init__(self, store: str | None) -> None:
        number = 0 if store is None else zlib.crc32(store.encode()) % LINES
        # Wait until it is zero and make it one, in one step: a new semaphore is zero.
        self._joining = _operations((number, 0, 0), (number, 1, _UNDO))
        self._leaving = _operations((number, -1, _UNDO | _NO_WAIT))
        self._is_there = store is not None

    def join(self, seconds: float) -> bool:
        """Sleep until first in line; false where there is no line, or that took too long."""
        return self._is_there and _did(self._joining, _limit(max(seconds, 0)))

    def leave(self) -> None:
        """Let the next one in; only after a `join` that was true."""
        if self._is_there:
            _did(self._leaving, None)


def _operations(*each: tuple[int, int, int]) -> ctypes.Array[_Operation]:
    return (_Operation * len(each))(*(_Operation(*one) for one in each))


@lru_cache(maxsize=8)
def _limit(seconds: float) -> Any:
    whole = int(seconds)
    return ctypes.byref(_Time(whole, int((seconds - whole) * 1_000_000_000)))


def _did(operations: ctypes.Array[_Operation], limit: Any) -> bool:
    system = _system()
    if system is None:
        return False
    semaphores, operate = system
    return bool(operate(semaphores, operations, len(operations), limit) == 0)


@lru_cache(maxsize=1)
def _system() -> tuple[int, Any] | None:
    """The set of semaphores and the call that works on it; none where the system has none of it."""
    try:
        library = ctypes.CDLL(None)
        get, operate = library.semget, library.semtimedop
    except (OSError, AttributeError, TypeError):
        return None
    semaphores = get(KEY ^ os.getuid(), LINES, _CREATE | _RIGHTS)
    return None if semaphores < 0 else (semaphores, operate)
