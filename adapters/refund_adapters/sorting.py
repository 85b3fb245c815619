"""Sorting: more lines than memory holds, in order, by way of temporary files.

What is spilled lies in files without a name, so that nothing is left of it whatever happens.
"""

from __future__ import annotations

import errno
import heapq
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self, TextIO

from refund_adapters.store.errors import StoreError, StoreFullError

IN_MEMORY = 50_000
"""Lines that are sorted at once."""
MOST_FILES = 200
"""Temporary files that are open at once; when there are more they are merged into one."""
TEMPORARY = "temporary files (TMPDIR says where they are)"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def put_aside(where: str) -> Iterator[None]:
    """Say it where what is put aside in files cannot be written or read; raises `StoreError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        if error.errno in _NO_ROOM:
            raise StoreFullError(f"there is no room for {where}: {reason}") from error
        raise StoreError(f"{where} cannot be written and read: {reason}") from error


class SortedLines:
    """Takes lines in any order and gives them in order, as often as they are asked for."""

    def __init__(self, *, in_memory: int = IN_MEMORY, most_files: int = MOST_FILES) -> None:
        self._in_memory = in_memory
        self._most_files = most_files
        self._open = ExitStack()
        self._spilled: list[TextIO] = []
        self._lines: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with put_aside(TEMPORARY):
            self._open.close()

    def add(self, line: str) -> None:
        """Take a line; it holds no line break."""
        self._lines.append(f"{line}\n")
        if len(self._lines) >= self._in_memory:
            self._spill()

    def __iter__(self) -> Iterator[str]:
        """Every line in order, without its end; one reading at a time."""
        self._lines.sort()
        with put_aside(TEMPORARY):
            for file in self._spilled:
                file.seek(0)
            for line in heapq.merge(self._lines, *self._spilled):
                yield line[:-1]

    def _spill(self) -> None:
        self._lines.sort()
        with put_aside(TEMPORARY):
            if len(self._spilled) >= self._most_files:
                self._merge()
            self._spilled.append(self._written(self._lines))
        self._lines = []

    def _merge(self) -> None:
        for file in self._spilled:
            file.seek(0)
        merged = self._written(heapq.merge(*self._spilled))
        for file in self._spilled:
            file.close()
        self._spilled = [merged]

    def _written(self, lines: Iterator[str] | list[str]) -> TextIO:
        new = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - see close
        file = self._open.enter_context(new)
        file.writelines(lines)
        file.flush()  # What has no room is said here, and not where the file is read or closed.
        return file
