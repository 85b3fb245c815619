"""Output: tables for people on a terminal, plain columns in a pipe, JSON for machines.

Amounts are decimal text and never floats; what other systems wrote is shown without control
characters, so that no text can move the cursor or turn the reading direction of a row.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SLOW = 1.0
"""Seconds after which a progress bar appears."""

Tick = Callable[[int, int | None], None]
"""Hears how much is done, and out of how much where that is known."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; free text stands last, so that its direction turns no number around."""

    name: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command's answer goes: stdout, for people or for machines."""

    json: bool = False

    def shape(self, of: Mapping[str, Any]) -> None:
        """Print one JSON object on a line of its own."""
        utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
        _write(json.dumps(of, ensure_ascii=not utf8) + "\n")

    def line(self, text: str = "") -> None:
        """Print a line for people."""
        if not self.json:
            _write(f"{visible(text)}\n")

    def note(self, text: str) -> None:
        """Tell people something that is not part of the answer."""
        if not self.json:
            with contextlib.suppress(OSError):
                sys.stderr.write(f"{visible(text)}\n")
                sys.stderr.flush()

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
        """Print a table for people; numbers are never cut, and nothing is no table."""
        texts = [[visible(str(cell)) for cell in row] for row in rows]
        if self.json or not texts:
            return
        if sys.stdout.isatty():
            _rich_table(columns, texts)
        else:
            _plain_table(columns, texts)

    def flush(self) -> None:
        """Hand over what was printed, so that whoever reads sees it now."""
        try:
            sys.stdout.flush()
        except OSError as error:
            raise unwritten(error) from error

    @contextlib.contextmanager
    def progress(self, what: str) -> Iterator[Tick]:
        """Show a bar on stderr where this takes longer than a second and a person is watching."""
        if self.json or not sys.stderr.isatty():
            yield lambda _, __: None
            return
        bar = _Bar(what)
        try:
            yield bar.tick
        finally:
            bar.close()


class _Bar:
    """A progress bar that appears once the work turns out to be slow."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._since = time.monotonic()
        self._shown: Any = None
        self._task: Any = None

    def tick(self, done: int, total: int | None) -> None:
        if self._shown is None:
            if time.monotonic() - self._since < SLOW:
                return
            self._show(total)
        self._shown.update(self._task, completed=done, total=total)

    def close(self) -> None:
        if self._shown is not None:
            self._shown.stop()

    def _show(self, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._shown = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._shown.add_task(self._what, total=total)
        self._shown.start()


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise unwritten(error) from error


def unwritten(error: OSError) -> Exception:
    """What it means that stdout takes nothing; that nobody reads it any more is no error."""
    from refund_adapters.exports.files import NotWrittenError

    if isinstance(error, BrokenPipeError):
        return error
    why = error.strerror or error
    return NotWrittenError(f"the output cannot be written: {why}; what was saved before stands")


def visible(text: str) -> str:
    """Text on one line, without characters that control the terminal or turn its direction."""
    if text.isprintable():
        return text
    shown = (_shown(character) for character in text)
    return "".join(shown)


def _shown(character: str) -> str:
    if character in "\n\t\r\u2028\u2029":
        return " "
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}:
        return ""
    return character


def _rich_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        widest = max((cell_len(row[index]) for row in rows), default=0)
        table.add_column(
            Text(column.name),
            justify="right" if column.number else "left",
            no_wrap=column.number,
            min_width=max(widest, cell_len(column.name)) if column.number else None,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(file=sys.stdout).print(table, crop=False)


def _plain_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich.cells import cell_len

    lines = [[column.name for column in columns], *rows]
    widths = [max(cell_len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = [
            _padded(cell, width - cell_len(cell), column)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ]
        _write("  ".join(cells).rstrip() + "\n")


def _padded(cell: str, blanks: int, column: Column) -> str:
    return " " * blanks + cell if column.number else cell + " " * blanks
