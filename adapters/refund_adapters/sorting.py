"""Sorting: more lines than memory holds, in order, by way of temporary files.

What is spilled lies in files without a name, so that nothing is left of it whatever happens.
"""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TextIO

IN_MEMORY = 50_000
"""Lines that are sorted at once."""
MOST_FILES = 200
"""Temporary files that are open at once; when there are more they are merged into one."""


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
        self._open.close()

    def add(self, line: str) -> None:
        """Take a line; it holds no line break."""
        self._lines.append(f"{line}\n")
        if len(self._lines) >= self._in_memory:
            self._spill()

    def __iter__(self) -> Iterator[str]:
        """Every line in order, without its end; one reading at a time."""
        self._lines.sort()
        for file in self._spilled:
            file.seek(0)
        for line in heapq.merge(self._lines, *self._spilled):
            yield line[:-1]

    def _spill(self) -> None:
        if len(self._spilled) >= self._most_files:
            self._merge()
        self._lines.sort()
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
        return file
