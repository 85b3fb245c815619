"""Writing: what the feed has beyond an archive's cursor is added as new files; none is changed.

wrote = write(desk.store, Path("archive"))

A run that dies leaves files that no entry of the log names, and the next one goes on from the last
entry. A store that was restored from an older copy is noticed by its cursor: nothing is added.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from refund_adapters.archive.errors import NotArchivedError
from refund_adapters.archive.lines import (
    COLUMNS,
    Place,
    Table,
    document_lines,
    event_line,
    posting_lines,
)
from refund_adapters.archive.log import DataFile, Entry, Log, append, opened_log, sync_folders
from refund_adapters.archive.tables import TableFile
from refund_adapters.feed import Fed, pages
from refund_adapters.store.sql_store import SqlStore

SLICE = 200_000
"""Events of one entry; so many are written again at most where a run dies."""
MOST_COMPANIES = 20
"""Companies of one entry, since each has its files open."""


class Wrote(NamedTuple):
    """What a run added, and what the archive holds now."""

    added: int
    """Events."""
    files: int
    """New data files."""
    events: int
    """Events that the archive holds."""
    cursor: str
    """Of the last of them; empty where there is none."""
    head: str
    """SHA-256 of the newest entry of the log: kept outside, it proves all that is archived."""


def write(
    store: SqlStore,
    folder: Path,
    *,
    slice_events: int = SLICE,
    heard: Callable[[int], None] = lambda _: None,
) -> Wrote:
    """Add every settled event after the archive's cursor, of all companies of the store.

    `heard` is told how many were read. Raises `RewoundError` where the store's history is not that
    of the archive, and `NotArchivedError` where the disk refuses or another run is writing.
    """
    log = opened_log(folder)
    before = log
    with _translated(folder), _workshop(folder) as workshop:
        cursor = log.last.cursor if log.last else None
        part = _Slice(log, workshop)
        try:
            for page in pages(store, after=cursor):
                for fed in page:
                    if part.is_full(slice_events, fed):
                        log = part.finished()
                        part = _Slice(log, workshop)
                    part.add(fed)
                heard(part.number - before.events)
            log = part.finished()
        finally:
            part.close()
    return Wrote(
        log.events - before.events,
        len(log.files) - len(before.files),
        log.events,
        log.last.cursor if log.last else "",
        log.head,
    )


class _Slice:
    """The files of one entry while they are written."""

    def __init__(self, log: Log, workshop: Path) -> None:
        self._log = log
        self._workshop = workshop
        last = log.last
        self.number = log.events
        self._command = last.command if last else 0
        self._command_id = last.command_id if last else None
        self._cursor = ""
        self._open: dict[tuple[str, Table], TableFile] = {}

    def is_full(self, most: int, fed: Fed) -> bool:
        """Whether another entry has to begin before this event."""
        if self.number - self._log.events >= most:
            return True
        known = {company for company, _ in self._open}
        return len(known) >= MOST_COMPANIES and fed.event.company not in known

    def add(self, fed: Fed) -> None:
        """Write one event, what it posts, and the documents that it names."""
        self.number += 1
        if fed.event.command_id != self._command_id:
            self._command, self._command_id = self.number, fed.event.command_id
        place = Place(self.number, self._command)
        company = fed.event.company
        if (company, Table.EVENTS) not in self._open:
            for table, kind in COLUMNS.items():
                self._open[company, table] = TableFile(kind, self._path(company, table))
        self._open[company, Table.EVENTS].add(event_line(fed, place))
        for posting in posting_lines(fed, place):
            self._open[company, Table.POSTINGS].add(posting)
        for document in document_lines(fed, place):
            self._open[company, Table.DOCUMENTS].add(document)
        self._cursor = fed.cursor

    def finished(self) -> Log:
        """Put the files in their places and add the entry that names them."""
        if not self._open:
            return self._log
        files = tuple(
            self._placed(company, table, file) for (company, table), file in self._open.items()
        )
        entry = Entry(
            entry=len(self._log.entries) + 1,
            before=self._log.head,
            first=self._log.events + 1,
            last=self.number,
            cursor=self._cursor,
            command=self._command,
            command_id=self._command_id or "",
            files=files,
        )
        return append(self._log, entry)

    def close(self) -> None:
        """Let go of files that were begun."""
        for file in self._open.values():
            file.drop()

    def _path(self, company: str, table: Table) -> Path:
        return self._workshop / f"{table}-{short_name(company)}-{len(self._log.entries)}.parquet"

    def _placed(self, company: str, table: Table, file: TableFile) -> DataFile:
        closed = file.close()
        # The hash in the name: two writers never put different bytes under one.
        name = f"{len(self._log.entries) + 1:08}-{closed.sha256[:12]}.parquet"
        path = f"{table}/{short_name(company)}/{name}"
        target = self._log.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        self._path(company, table).replace(target)
        sync_folders(target.parent, self._log.folder)
        return DataFile(
            path=path,
            table=table,
            company=company,
            rows=closed.rows,
            bytes=closed.bytes,
            sha256=closed.sha256,
        )


def short_name(company: str) -> str:
    """A folder for a company: letters that every system and engine takes, and no two the same."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", company).strip("-")[:40]
    return f"{readable or 'company'}-{hashlib.sha256(company.encode()).hexdigest()[:12]}"


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A folder of one run, on the same disk as the archive, gone when the run is over."""
    made = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotArchivedError(
            f"{folder} was not written to: {error.strerror or error}; what was there before stands"
        ) from error
