"""What a reading of the accounting system has brought so far, so that it can go on where it was.

A file of JSON Lines: what is read, the documents of each page and then the name of the page, and
documents that were opened one by one. A page whose name does not follow counts as not read.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from refund_adapters.reconcile.rows import OPENED, line_of
from refund_adapters.sorting import TEMPORARY, put_aside
from refund_ledger.errors import InvalidInputError
from refund_projections.sides import Listed, Period

FIELD = "keep"
BEGINNING = b'{"reading": '
"""Of every such file; nothing else is touched."""
LISTED = b'{"listed": '
"""Of a row whose page is read whole only when its name follows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read; a file of another reading is not gone on with."""

    company: str
    period: Period
    read_from: str

    def shape(self, started: datetime) -> dict[str, str]:
        """The first line of the file."""
        return {
            "company": self.company,
            "since": self.period.since.isoformat(),
            "until": self.period.until.isoformat(),
            "read_from": self.read_from,
            "started": started.isoformat(),
        }


class Kept:
    """Rows that were read, in a file that somebody named or in one without a name."""

    def __init__(self, reading: Reading, *, started: datetime, path: Path | None = None) -> None:
        """Go on with the file if it is there; raises `InvalidInputError` where it is another's."""
        self.started = started
        """When the first reading began, by the ledger's clock."""
        self.pages: set[str] = set()
        self._open = ExitStack()
        self._where = TEMPORARY if path is None else str(path)
        self._file: IO[bytes] = self._open.enter_context(_opened(path))
        try:
            with put_aside(self._where):
                self._begin(reading, path)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def keep_page(self, name: str, rows: Iterable[Listed]) -> None:
        """Keep a page that was read whole; it is on the disk when this returns."""
        lines = [{"listed": line_of(row)} for row in rows]
        self._write(*lines, {"page": name})
        self.pages.add(name)

    def keep_opened(self, row: Listed) -> None:
        """Keep what a document itself said; it replaces its row of the list."""
        self._write({"opened": line_of(row, letter=OPENED)}, durable=False)

    def lines(self) -> Iterator[str]:
        """The rows of every page that was read whole, and every document that was opened."""
        page: list[str] = []
        with put_aside(self._where):
            for kept in self._read():
                match kept:
                    case {"listed": str() as line}:
                        page.append(line)
                    case {"opened": str() as line}:
                        yield line
                    case {"page": str()}:
                        yield from page
                        page = []

    def _close(self) -> None:
        with put_aside(self._where):
            self._open.close()

    def _begin(self, reading: Reading, path: Path | None) -> None:
        self._file.seek(0)
        begins = self._file.read(len(BEGINNING))
        if not BEGINNING.startswith(begins):
            raise InvalidInputError(
                FIELD, f"{path} is not what a comparison kept; name another file"
            )
        self._drop_what_is_unfinished()
        first = next(self._read(), None)
        if first is None:
            self._write({"reading": reading.shape(self.started)})
            return
        known: Any = first.get("reading")
        try:
            started = datetime.fromisoformat(known["started"])
        except (TypeError, KeyError, ValueError):
            raise InvalidInputError(
                FIELD, f"{path} is not what a comparison kept; name another file"
            ) from None
        if known != reading.shape(started):
            raise InvalidInputError(
                FIELD, f"{path} holds another company or period; name another file"
            )
        self.started = started
        self.pages = {kept["page"] for kept in self._read() if "page" in kept}

    def _drop_what_is_unfinished(self) -> None:
        """Cut off what a process that died had not written to its end: a line, or a page.

        Left there, the rows of such a page would be given out with the page that is kept next.
        """
        whole = end = 0
        self._file.seek(0)
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            end += len(line)
            if not line.startswith(LISTED):
                whole = end
        self._file.truncate(whole)

    def _read(self) -> Iterator[dict[str, Any]]:
        """Every line from the start; what is being written meanwhile is not among them."""
        self._file.seek(0, os.SEEK_END)
        end, at = self._file.tell(), 0
        while at < end:
            self._file.seek(at)
            line = self._file.readline()
            at += len(line)
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            if not isinstance(found, dict):
                raise InvalidInputError(FIELD, "the file is damaged; name another one")
            yield found

    def _write(self, *rows: dict[str, Any], durable: bool = True) -> None:
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        with put_aside(self._where):
            self._file.seek(0, os.SEEK_END)
            self._file.write(text.encode())
            if durable:
                self._file.flush()
                os.fsync(self._file.fileno())


def _opened(path: Path | None) -> IO[bytes]:
    """The file for reading and writing; made if it is missing, for its owner alone."""
    if path is None:
        with put_aside(TEMPORARY):
            return tempfile.TemporaryFile("w+b")
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return os.fdopen(number, "r+b")
    except OSError as error:
        raise InvalidInputError(FIELD, f"{path} cannot be written: {error.strerror}") from error
