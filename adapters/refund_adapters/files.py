"""Files: rows of CSV and JSON Lines, each read alone; one that cannot be read ends nothing."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
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


def rows_of(path: Path) -> Iterator[Numbered]:
    """Read a CSV or JSON Lines file row by row; a row that cannot be read says why."""
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".jsonl", ".ndjson"}:
        raise InvalidInputError("file", f"{path.name}: expected a name that ends in .csv or .jsonl")
    with _opened(path) as file:
        yield from _csv_rows(_Lines(file)) if suffix == ".csv" else _json_rows(_Lines(file))


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
    """The lines of a file, counted; one that is too long or no text is an error of its own."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LONGEST_LINE and not line.endswith("\n"):
            while (rest := self._file.readline(LONGEST_LINE)) and not rest.endswith("\n"):
                pass
            raise csv.Error(f"the line is longer than {LONGEST_LINE} characters")
        try:
            line.encode()
        except UnicodeEncodeError:
            raise csv.Error("the line is not UTF-8 text; save the file as UTF-8") from None
        return line


# --- CSV ------------------------------------------------------------------------------------------


def _csv_rows(lines: _Lines) -> Iterator[Numbered]:
    """Rows under their heading; blank lines and rows of empty cells are no rows."""
    reader = csv.reader(lines, strict=True)
    heading: list[str] | None = None
    while True:
        first = lines.number + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if heading is None:
                raise InvalidInputError("file", f"the heading cannot be read: {error}") from None
            yield Numbered(first, None, f"cannot be read as CSV: {error}")
            continue
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if heading is None:
            heading = _heading(cells)
        else:
            yield _csv_row(first, heading, cells)


def _heading(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(names) == 1 and ";" in names[0]:
        raise InvalidInputError("file", "the cells are parted by semicolons; use commas")
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise InvalidInputError("file", f"the heading names {short(twice[0])} more than once")
    return names


def _csv_row(number: int, heading: list[str], cells: list[str]) -> Numbered:
    if len(cells) != len(heading):
        how = "more" if len(cells) > len(heading) else "fewer"
        return Numbered(number, None, f"has {how} cells than the heading")
    row = {name: cell for name, cell in zip(heading, cells, strict=True) if cell.strip()}
    if "" in row:
        return Numbered(number, None, "has a cell under no name; name its column in the heading")
    return Numbered(number, row)


# --- JSON Lines -----------------------------------------------------------------------------------


def _json_rows(lines: _Lines) -> Iterator[Numbered]:
    while True:
        try:
            line = next(lines, None)
        except csv.Error as error:
            yield Numbered(lines.number, None, f"cannot be read: {error}")
            continue
        if line is None:
            return
        if line.strip():
            yield _json_row(lines.number, line)


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
    except ValueError as error:
        return Numbered(number, None, f"cannot be read as JSON: {error}")
    if not isinstance(row, dict):
        return Numbered(number, None, "is not a JSON object")
    return Numbered(number, row)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(
            name for name, count in Counter(name for name, _ in pairs).items() if count > 1
        )
        raise ValueError(f"{short(twice)} is said more than once")
    return found
