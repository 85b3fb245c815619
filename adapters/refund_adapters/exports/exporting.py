"""Exporting: a company's events, postings and journal to a file or a stream.

exports = Exports(desk.store, desk.company)
exports.events(TableFormat.PARQUET, Path("events.parquet"))
exports.journal(JournalFormat.BEANCOUNT, Path("refunds.beancount"))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from refund_adapters.exports import beancount, hledger
from refund_adapters.exports.files import Sink, Written, save, stream
from refund_adapters.exports.parquet import arrow_modules, parquet_table
from refund_adapters.exports.rows import EventRow, PostingRow, Source, event_rows, posting_rows
from refund_adapters.exports.texts import AnyRow, csv_table, json_lines
from refund_ledger.accounts import Book
from refund_ledger.errors import InvalidInputError
from refund_ledger.events import RefundRequested
from refund_projections.chart import Chart
from refund_projections.journal import Journal, Transaction

R = TypeVar("R", bound=AnyRow | Transaction)
Out = Path | BinaryIO


class TableFormat(StrEnum):
    """How rows are written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class JournalFormat(StrEnum):
    """Which tool reads the journal."""

    BEANCOUNT = "beancount"
    HLEDGER = "hledger"


class Exports:
    """What a company's ledger holds, for other programs; nothing is kept in memory but a page."""

    def __init__(
        self, source: Source, company: str, *, heard: Callable[[int], None] | None = None
    ) -> None:
        """`heard` is told after each row how many there are."""
        self._source = source
        self._company = company
        self._heard = heard or (lambda _: None)

    def events(self, how: TableFormat, out: Out, *, after: int = 0) -> Written:
        """Write every event after a position; those of other companies are left out."""
        rows = event_rows(self._source, self._company, after=_position(after))
        return self._table(EventRow, how, out, rows, after)

    def postings(self, how: TableFormat, out: Out, *, after: int = 0) -> Written:
        """Write what every event after a position posts; other companies are left out."""
        rows = posting_rows(self._source, self._company, after=_position(after))
        return self._table(PostingRow, how, out, rows, after)

    def journal(
        self,
        how: JournalFormat,
        out: Out,
        *,
        chart: Chart | None = None,
        zone: tzinfo = UTC,
        rights: bool = False,
    ) -> Written:
        """Write what moved money as a journal; with `rights` what may still be given, too."""
        books = tuple(Book) if rights else (Book.MONEY,)
        journal = Journal(self._company, chart=chart, zone=zone, books=books, key_of=self._key_of)

        heard = _Heard(journal.transactions(self._source.events()), self._heard)

        def write(sink: Sink) -> int:
            _journal(journal, how, heard, sink)
            return heard.count

        done = save(out, write) if isinstance(out, Path) else stream(out, write)
        return done._replace(last=heard.last)

    def _table(
        self,
        kind: type[AnyRow],
        how: TableFormat,
        out: Out,
        rows: Iterable[AnyRow],
        after: int,
    ) -> Written:
        heard = _Heard(rows, self._heard, after)
        return _table(kind, how, out, heard)._replace(last=heard.last)

    def _key_of(self, refund: UUID) -> str:
        """Look a refund's key up; its first event is its request."""
        found = (one for one in self._source.stream(refund) if isinstance(one, RefundRequested))
        return next((one.key for one in found), "")


def time_zone(name: str) -> tzinfo:
    """Find a time zone by its name; raises `InvalidInputError` where there is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidInputError(
            "timezone", f"{name!r} is no time zone; use a name such as Asia/Jerusalem or UTC"
        ) from None


def _position(after: int) -> int:
    if after < 0:
        raise InvalidInputError("after", f"expected a position from zero up, got {after}")
    return after


class _Heard(Generic[R]):
    """Passes rows on, tells how many there were, and knows the last one's position."""

    def __init__(self, rows: Iterable[R], heard: Callable[[int], None], after: int = 0) -> None:
        self._rows = rows
        self._heard = heard
        self.count = 0
        self.last = after

    def __iter__(self) -> Iterator[R]:
        for row in self._rows:
            yield row
            self.count += 1
            self.last = row.position
            self._heard(self.count)


def _table(kind: type[AnyRow], how: TableFormat, out: Out, rows: Iterable[AnyRow]) -> Written:
    if how is TableFormat.PARQUET:
        if not isinstance(out, Path):
            raise InvalidInputError("out", "parquet is written to a file; name one")
        # Asked before the file is begun, so that a missing part is not found half-way.
        arrow_modules()
        return save(out, lambda file: parquet_table(kind, rows, file))

    def write(sink: Sink) -> int:
        if how is TableFormat.JSONL:
            return json_lines(rows, sink)
        return csv_table(kind._fields, rows, sink)

    return save(out, write) if isinstance(out, Path) else stream(out, write)


def _journal(
    journal: Journal, how: JournalFormat, transactions: Iterable[Transaction], sink: Sink
) -> None:
    tool = beancount if how is JournalFormat.BEANCOUNT else hledger
    _write(sink, tool.heading(journal))
    for one in transactions:
        _write(sink, tool.transaction(one))
    for line in tool.closing(journal):
        sink.write(line.encode())


def _write(sink: Sink, lines: Iterable[str]) -> None:
    sink.write("".join(lines).encode())
