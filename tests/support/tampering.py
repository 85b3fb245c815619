"""Tampering: a sealed ledger in a file, changed behind everything that protects it, and judged."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.findings import Finding, Kind
from refund_adapters.store.heads import KeptHead
from refund_adapters.store.sealing import Sealed, Sealer
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.trees import tree_of
from refund_adapters.store.verifying import Verified, verify
from refund_ledger.events import Part
from refund_ledger.originals import OriginalRef
from support.books import COMPANY, Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice
from support.stores import rows

BATCH = 7
"""Events that a specimen seals at once, so that it has several heads."""


def tell_a_story(books: Books) -> None:
    """Sales, a receipt and credit; a refund that is done, one under way, one that waits."""
    sale = books.record(a_cash_sale(1, a_line(1, 10_000, 1_700), a_line(2, 500, 85)))
    invoice = books.record(an_invoice(2, a_line(1, 4_000, 680)))
    books.record(a_receipt(3, a_payment(1, 3_000), closes=[(invoice, 3_000)]))
    books.grant("old", 700)
    done = books.ask("done", original=str(sale), lines=[{"line": 2}])
    under_way = books.ask("under way", original=str(sale), amount=1_170)
    books.finish(done)
    books.book(under_way, Part.INVOICE)
    books.ask("waits", original=str(OriginalRef.parse(str(invoice))), parts="invoice", amount=468)


def sealed(store: SqlStore, batch: int = BATCH) -> Sealed:
    """Seal everything."""
    return Sealer(tree_of(store), batch=batch).seal()


@dataclass(frozen=True)
class Row:
    """An event as its row holds it."""

    position: int
    stream: str
    version: int
    topic: str
    state: bytes
    hash: bytes


@dataclass
class Specimen:
    """A ledger's file that can be changed without anything that protects it."""

    path: Path

    def copy(self, folder: Path) -> Specimen:
        """The same ledger once more."""
        copied = folder / "copy.db"
        copied.unlink(missing_ok=True)
        shutil.copyfile(self.path, copied)
        return Specimen(copied)

    def rows(self) -> list[Row]:
        """Every event in order."""
        names = "notification_id, originator_id, originator_version, topic, state, hash"
        return [Row(*row) for row in self.ask(f"SELECT {names} FROM stored_events ORDER BY 1")]  # noqa: S608

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the file directly."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(statement, values).fetchall()

    def meddle(self, statement: str, *values: Any) -> int:
        """Change rows behind triggers, checks and references; returns how many."""
        with self._meddling() as connection:
            return connection.execute(statement, values).rowcount

    @contextmanager
    def _meddling(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path)) as connection:
            found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = found.fetchall()
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            yield connection
            for _, statement in triggers:
                connection.execute(statement)
            connection.commit()

    def take_out(self, *positions: int, with_meaning: bool = False) -> None:
        """Take events away, and where asked what they mean."""
        marks = ",".join("?" * len(positions))
        self.meddle(f"DELETE FROM stored_events WHERE notification_id IN ({marks})", *positions)  # noqa: S608
        if with_meaning:
            self.meddle(f"DELETE FROM postings WHERE position IN ({marks})", *positions)  # noqa: S608
            self.meddle(f"DELETE FROM claims WHERE position IN ({marks})", *positions)  # noqa: S608
            self.balance_anew()

    def balance_anew(self) -> None:
        """Make every balance the sum of its postings, as a careful forger would."""
        same = " AND ".join(
            f"p.{name} = balances.{name}"
            for name in ("company", "kind", "subject", "customer", "item", "unit")
        )
        total = f"(SELECT coalesce(sum(amount), 0) FROM postings p WHERE {same})"  # noqa: S608
        self.meddle(f"UPDATE balances SET balance = {total}")  # noqa: S608
        unposted = f"NOT EXISTS (SELECT 1 FROM postings p WHERE {same})"  # noqa: S608
        self.meddle(f"DELETE FROM balances WHERE {unposted}")  # noqa: S608

    def chain_anew(self) -> None:
        """Write the hash of every event anew, so that all chains hold."""
        last: dict[str, bytes] = {}
        for row in self.rows():
            stored = StoredEvent(UUID(row.stream), row.version, row.topic, row.state)
            last[row.stream] = link(last.get(row.stream, NOTHING_BEFORE), stored)
            self.meddle(
                "UPDATE stored_events SET hash = ? WHERE notification_id = ?",
                last[row.stream],
                row.position,
            )

    def seal_anew(self) -> None:
        """Throw the tree away and grow another one over what is there now."""
        self.meddle("DELETE FROM tree_leaves")
        self.meddle("DELETE FROM tree_heads")
        with opened(self.path) as store:
            sealed(store)

    def judge(self, *kept: KeptHead) -> Verified:
        """Verify the ledger."""
        with opened(self.path) as store:
            return verify(tree_of(store), kept)

    def found(self, *kept: KeptHead) -> dict[Kind, Finding]:
        """What a verification finds, by kind."""
        return {finding.kind: finding for finding in self.judge(*kept).findings}


def meddle(store: SqlStore, statement: str) -> None:
    """Change something in a file or on a server behind everything that protects it."""
    if isinstance(store, SqliteStore):
        Specimen(Path(store.where.removeprefix("sqlite:///"))).meddle(statement)
        return
    for table in ("stored_events", "postings"):
        rows(store, f"ALTER TABLE {table} DISABLE TRIGGER USER")
    rows(store, statement)
    for table in ("stored_events", "postings"):
        rows(store, f"ALTER TABLE {table} ENABLE TRIGGER USER")


@contextmanager
def opened(path: Path) -> Iterator[SqliteStore]:
    """Open a ledger's file for a while."""
    with closing(SqliteStore(str(path))) as store:
        yield store


def specimen(folder: Path, *, seal: bool = True) -> tuple[Specimen, KeptHead | None]:
    """Make a ledger of fifteen events, and its head where it is sealed."""
    path = folder / "specimen.db"
    with Books(str(path)) as books:
        tell_a_story(books)
        head = sealed(books.store).head if seal else None
    return Specimen(path), head.kept(COMPANY) if head else None


def changed(value: Any, place: int, bits: int) -> tuple[str, Any]:
    """An expression and a value: one byte of what a column holds, changed."""
    if isinstance(value, int):
        raw = bytearray(value.to_bytes(8, "big", signed=True))
        raw[place % 8] ^= bits
        return "?", int.from_bytes(raw, "big", signed=True)
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[place % len(raw)] ^= bits
    return "CAST(? AS TEXT)" if isinstance(value, str) else "?", bytes(raw)
