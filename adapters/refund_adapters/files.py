"""Files: rows of CSV and JSON Lines, each read alone; one that cannot be read ends nothing."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self, TextIO

import simplejson

from refund_adapters.fields import short
from refund_ledger.errors import InvalidInputError

LONGEST_LINE = 1_000_000
"""Characters of one line; a longer one is not a row."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How a file begins that a spreadsheet saved as "Unicode text"."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A row of a file with the number of its first line, or why it cannot be read."""

    number: int
    row: Row | None
    problem: str = ""


def rows_of(path: Path, *, columns: Collection[str] = ()) -> Iterator[Numbered]:
    """Read a CSV or JSON Lines file row by row; a row that cannot be read says why.

    A CSV without one of these columns is refused, also where no row follows its heading.
    """
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".jsonl", ".ndjson"}:
        raise InvalidInputError("file", f"{path.name}: expected a name that ends in .csv or .jsonl")
    with _opened(path) as file:
        yield from _csv_rows(file, columns) if suffix == ".csv" else _json_rows(file)


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """Open a text file; what is not UTF-8 in it is carried along, so that its row can say so."""
    try:
        if not path.is_file():
            raise InvalidInputError("file", f"{path} does not exist or is not a file")
        with path.open("rb") as raw:
            if raw.read(2) in UTF_16:
                raise InvalidInputError("file", f"{path.name} is UTF-16 text; save it as UTF-8")
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield file
    except OSError as error:
        raise InvalidInputError("file", f"{path} cannot be read: {error.strerror}") from error


class _Lines:
    """The lines of a file, counted; of one that is too long or no text only its quotes are given.

    So what reads them still knows where a row ends that such a line is in the middle of.
    """

    def __init__(self, file: TextIO, *, longest_row: int = LONGEST_LINE + 1) -> None:
        self._file = file
        self._longest = longest_row
        self._size = 0
        self._open = False
        self.number = 0
        self.problem = ""
        """Why a line of the row is no text of a row."""

    def begin_row(self) -> int:
        """Read the lines of another row; returns the number of its first line."""
        self._size, self._open, self.problem = 0, False, ""
        return self.number + 1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        while True:
            line, quotes, problem = self._line()
            was_open, self._open = self._open, self._open != bool(quotes % 2)
            if not problem:
                return line
            self.problem = self.problem or problem
            if self._open != was_open:
                return '"\n'
            if not was_open:
                return "\n"
            # In the middle of a text, of which nothing is kept.

    def _line(self) -> tuple[str, int, str]:
        """A line, how many quotes are in it, and why it is no text of a row."""
        line = self._file.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._size += len(line)
        quotes = line.count('"')
        if len(line) > LONGEST_LINE and not line.endswith("\n"):
            rest = line
            while rest and not rest.endswith("\n"):
                rest = self._file.readline(LONGEST_LINE)
                quotes += rest.count('"')
            return line, quotes, f"the line is longer than {LONGEST_LINE} characters"
        if self._size > self._longest:
            return line, quotes, f"the row is longer than {self._longest} characters"
        try:
            line.encode()
        except UnicodeEncodeError:
            return line, quotes, "the line is not UTF-8 text; save the file as UTF-8"
        return line, quotes, ""


# --- CSV ------------------------------------------------------------------------------------------


def _csv_rows(file: TextIO, columns: Collection[str]) -> Iterator[Numbered]:
    """Rows under their heading; blank lines and rows of empty cells are no rows.

    After a row that cannot be read the next line begins another; of a text that has its quotes
    doubled, as it should, nothing is taken for a row.
    """
    lines = _Lines(file, longest_row=csv.field_size_limit())
    reader = csv.reader(lines, strict=True)
    heading: list[str] | None = None
    while True:
        first, problem, cells = lines.begin_row(), "", None
        try:
            cells = next(reader, None)
        except csv.Error as error:
            problem = str(error)
        if problem := lines.problem or problem:
            if heading is None:
                raise InvalidInputError("file", f"the heading cannot be read: {problem}")
            yield Numbered(first, None, _up_to(first, lines, "cannot be read as CSV", problem))
            continue
        if cells is None:
            if heading is None:
                _require(columns, ())
            return
        if not any(cell.strip() for cell in cells):
            continue
        if heading is None:
            heading = _heading(cells)
            _require(columns, heading)
        else:
            row = _csv_row(first, heading, cells)
            if row.row is None:
                row = Numbered(first, None, _up_to(first, lines, row.problem))
            yield row


def _up_to(first: int, lines: _Lines, what: str, why: str = "") -> str:
    """Say what is wrong with a row and where it ends: a quote may have been left open."""
    if lines.number > first:
        what += f", with all lines up to {lines.number}"
    return f"{what}: {why}" if why else what


def _heading(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(names) == 1 and ";" in names[0]:
        raise InvalidInputError("file", "the cells are parted by semicolons; use commas")
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise InvalidInputError("file", f"the heading names {short(twice[0])} more than once")
    return names


def _require(columns: Collection[str], heading: Collection[str]) -> None:
    if missing := [name for name in columns if name not in heading]:
        raise InvalidInputError("file", f"the heading lacks {', '.join(missing)}")


def _csv_row(number: int, heading: list[str], cells: list[str]) -> Numbered:
    if len(cells) != len(heading):
        how = "more" if len(cells) > len(heading) else "fewer"
        return Numbered(number, None, f"has {how} cells than the heading")
    row = {name: cell for name, cell in zip(heading, cells, strict=True) if cell.strip()}
    if "" in row:
        return Numbered(number, None, "has a cell under no name; name its column in the heading")
    return Numbered(number, row)


# --- JSON Lines -----------------------------------------------------------------------------------


class _NoRowError(ValueError):
    """What is wrong with a row, in our words."""


def _json_rows(file: TextIO) -> Iterator[Numbered]:
    lines = _Lines(file)
    for line in lines:
        if lines.problem:
            yield Numbered(lines.number, None, f"cannot be read: {lines.problem}")
        elif line.strip():
            yield _json_row(lines.number, line)
        lines.begin_row()


def _json_row(number: int, line: str) -> Numbered:
    try:
        row = simplejson.loads(
            line, use_decimal=True, parse_constant=_no_number, object_pairs_hook=_each_name_once
        )
    except simplejson.JSONDecodeError as error:
        what = f"{error.msg} at character {error.pos + 1}"
        return Numbered(number, None, f"cannot be read as JSON: {what}")
    except RecursionError:
        return Numbered(number, None, "cannot be read as JSON: it is nested too deeply")
    except _NoRowError as error:
        return Numbered(number, None, f"cannot be read as JSON: {error}")
    except (ValueError, ArithmeticError):
        return Numbered(number, None, "cannot be read as JSON: a number in it is too large")
    if not isinstance(row, dict):
        return Numbered(number, None, "is not a JSON object")
    return Numbered(number, row)


def _no_number(word: str) -> NoReturn:
    raise _NoRowError(f"{word} is not a number")


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(
            name for name, count in Counter(name for name, _ in pairs).items() if count > 1
        )
        raise _NoRowError(f"{short(twice)} is said more than once")
    return found
