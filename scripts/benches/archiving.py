"""Balances out of an archive of millions of postings, beside a fold of the store's events.

The archive is a small one that the ledger wrote, and copies of its postings under other customers
and sources, made by DuckDB. The fold is measured on the small one: it takes as long for each event.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benches.common import COMPANY, SQLITE, Bench, Goal, Result, must, opened, paired, say, timed
from benches.filling import EVENTS, fill_lives
from refund_adapters.archive.answers import Archive
from refund_adapters.archive.lines import Table
from refund_adapters.archive.log import DataFile, Entry, Log, append, read_log
from refund_adapters.archive.tables import needed
from refund_adapters.archive.writing import write
from refund_adapters.questions import Questions
from refund_adapters.store.sql_store import SqlStore
from refund_projections import credit_balances

UNFINISHED = 4
"""Every so many lives, one that has its money still to give back."""
LEFT_OUT = 2
"""Events that such a life does not have yet."""

_COPY = f"""
COPY (
  SELECT * REPLACE (
    number + ? AS number, position + ? AS position, command + ? AS command,
    subject || ? AS subject, customer || ? AS customer
  )
  FROM read_parquet(?)
  WHERE (number - 1) // {EVENTS} % {UNFINISHED} <> 0
    OR (number - 1) % {EVENTS} < {EVENTS - LEFT_OUT}
) TO '{{path}}' (FORMAT parquet, COMPRESSION zstd)
"""  # noqa: S608 - our own numbers


class Copies(NamedTuple):
    """A large archive."""

    folder: Path
    events: int
    """That post what it holds."""
    customers: int
    """Who are owed something."""


def archive(bench: Bench) -> Iterator[Result]:
    """Write an archive, copy it until it is large, and ask it who owes whom."""
    events = bench.size(70_000, 7_000) // EVENTS * EVENTS
    postings = bench.size(10_000_000, 100_000)
    with tempfile.TemporaryDirectory() as folder, bench.ledger(SQLITE) as where:
        fill_lives(where, events)
        with opened(where) as store:
            begun = time.perf_counter()
            small = Path(folder) / "small"
            write(store, small)
            rate = events / (time.perf_counter() - begun)
            say(f"  archive written at {rate:,.0f} events a second")
            copies = _copied(read_log(small), Path(folder) / "large", postings)
            yield from _balances(bench, store, copies, events)


def _balances(bench: Bench, store: SqlStore, copies: Copies, events: int) -> Iterator[Result]:
    def ask() -> None:
        with Archive.open(copies.folder, company=COMPANY) as large:
            must(len(large.balances()) == copies.customers, "other customers are owed money")

    def fold() -> None:
        credit_balances.fold(event for _, event in store.events())

    def rebuild() -> None:
        must(Questions(store, COMPANY).rebuild().equal, "the rebuild differs")

    goal = Goal(10)
    for name, work in (("a fold of the store's events", fold), ("a rebuild", rebuild)):
        yield paired(
            "archive",
            f"balances, {copies.events:,} events archived",
            f"{name}, at {events:,} events",
            ours=lambda: timed(copies.events, ask),
            baseline=lambda work=work: timed(events, work),  # type: ignore[misc]
            rounds=bench.rounds,
        ).result(unit="events/s", goal=goal)


def _copied(small: Log, folder: Path, postings: int) -> Copies:
    """An archive of at least so many postings."""
    duckdb = needed("duckdb").connect(":memory:", config={"threads": 2})
    sources = {file.table: file for file in small.files}
    must(len(small.files) == len(Table), "the small archive is one entry")
    (folder / "log").mkdir(parents=True)
    log, rows, number = Log(folder, (), ""), 0, 0
    begun = time.perf_counter()
    while rows < postings:
        files = tuple(
            _posted(duckdb, small, log, sources[table])
            if table is Table.POSTINGS
            else _linked(small, log, sources[table])
            for table in Table
        )
        rows += sum(file.rows for file in files if file.table is Table.POSTINGS)
        number += small.events
        entry = Entry(
            entry=len(log.entries) + 1,
            before=log.head,
            first=log.events + 1,
            last=number,
            cursor="copied",
            command=number,
            command_id="copied",
            files=files,
        )
        log = append(log, entry)
    unfinished = -(-(small.events // EVENTS) // UNFINISHED) * len(log.entries)
    told = log.events - unfinished * LEFT_OUT
    size = sum(file.bytes for file in log.files if file.table is Table.POSTINGS)
    took = time.perf_counter() - begun
    say(f"  {rows:,} postings of {told:,} events in {size / 1e6:,.0f} MB, copied in {took:.0f} s")
    return Copies(folder, told, unfinished)


def _posted(duckdb: Any, small: Log, log: Log, source: DataFile) -> DataFile:
    """One copy of the postings, as a file of its own."""
    part = log.folder / "part.parquet"
    mark = f"-{len(log.entries)}"
    values = [log.events] * 3 + [mark, mark, str(small.folder / source.path)]
    duckdb.execute(_COPY.format(path=part), values)
    rows = duckdb.execute("SELECT COUNT(*) FROM read_parquet(?)", [str(part)]).fetchone()[0]
    raw = part.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    path = f"{source.path.rpartition('/')[0]}/{len(log.entries) + 1:08}-{digest[:12]}.parquet"
    (log.folder / path).parent.mkdir(parents=True, exist_ok=True)
    part.rename(log.folder / path)
    return source.model_copy(
        update={"path": path, "rows": rows, "bytes": len(raw), "sha256": digest}
    )


def _linked(small: Log, log: Log, source: DataFile) -> DataFile:
    """The small archive's own file, which the balances do not read."""
    target = log.folder / source.path
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(small.folder / source.path)
    return source
