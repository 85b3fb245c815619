"""The recorder: the library's for SQLite, with our tables and our rules in its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from refund_adapters.store import sqlite_connections
from refund_adapters.store.chain import FIRST_VERSION, NOTHING_BEFORE, link
from refund_adapters.store.errors import NewerStoreError, NotOurStoreError
from refund_adapters.store.sql_store import TEXT, key_of
from refund_adapters.store.sqlite_connections import Datastore
from refund_ledger.accounts import Account, Posting
from refund_ledger.errors import (
    BalancesMovedError,
    ClaimedError,
    GuardError,
    InvariantError,
    StreamMovedError,
)
from refund_ledger.originals import Document
from refund_ledger.refund import CallDue

APPLICATION_ID = 0x52464C31
"""Marks a file as a refund ledger ("RFL1")."""

SCHEMA_VERSION = 2
SCHEMA_FILES = ("sqlite_schema.sql", "sqlite_tree.sql")


@dataclass(frozen=True, slots=True)
class Rules:
    """What goes into the transaction beside the events themselves."""

    company: str
    postings: tuple[tuple[Posting, ...], ...]
    """For each event, in order."""
    claims: tuple[tuple[Document, ...], ...]
    """For each event, in order."""
    changes: Mapping[Account, int]
    """Of guarded balances."""
    seen: tuple[tuple[Account, int], ...]
    due: tuple[tuple[UUID, tuple[CallDue, ...]], ...]


class SqliteRecorder(SQLiteApplicationRecorder):
    """Records events in the library's way, and with `rules` in ours: all of it or nothing."""

    datastore: Datastore

    def __init__(self, datastore: Datastore) -> None:
        super().__init__(datastore)
        self.insert_events_statement = (
            "INSERT INTO stored_events (originator_id, originator_version, topic, state, hash) "
            "VALUES (?, ?, ?, ?, ?)"
        )
        self.select_max_notification_id_statement = "SELECT MAX(notification_id) FROM stored_events"

    def create_table(self) -> None:
        """Create what is missing; refuse a file that is not ours or is newer than this code."""
        with self.datastore.transaction(commit=False) as cursor:
            if _is_complete(cursor):
                return
        with self.datastore.writing() as cursor:
            for statement in schema_statements():
                cursor.execute(statement)
            cursor.execute(f"PRAGMA application_id={APPLICATION_ID}")
            cursor.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Append bare events, as the library does."""
        try:
            with self.datastore.writing() as cursor:
                return self._insert(cursor, stored_events)
        except sqlite3.IntegrityError as error:
            raise IntegrityError(error) from error

    def append(self, batches: Sequence[tuple[Sequence[StoredEvent], Rules]]) -> None:
        """Append events with postings, guarded balances, claims and calls due: all or nothing."""
        with self.datastore.writing() as cursor:
            for stored, rules in batches:
                try:
                    positions = self._insert(cursor, stored)
                except sqlite3.IntegrityError as error:
                    raise StreamMovedError("another writer added to the stream first") from error
                _post(cursor, positions, rules)
                _claim(cursor, positions, rules)
                _set_due(cursor, rules.due, begun=_begun(stored))

    def _insert(self, cursor: SQLiteCursor, stored_events: Sequence[StoredEvent]) -> list[int]:
        heads: dict[str, bytes] = {}
        positions: list[int] = []
        for stored in stored_events:
            stream = _hex(stored.originator_id)
            if stream not in heads:
                heads[stream] = head_of(cursor, stream, stored.originator_version)
            heads[stream] = link(heads[stream], stored)
            cursor.execute(
                self.insert_events_statement,
                (stream, stored.originator_version, stored.topic, stored.state, heads[stream]),
            )
            positions.append(cursor.lastrowid)
        return positions

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """A page of events in the order in which they were saved."""
        first = 0 if start is None else start
        where = ["notification_id >= ?" if inclusive_of_start else "notification_id > ?"]
        values: list[Any] = [first if start is not None else -1]
        if stop is not None:
            where.append("notification_id <= ?")
            values.append(stop)
        if topics:
            where.append(f"topic IN ({','.join('?' * len(topics))})")
            values.extend(topics)
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(
                "SELECT notification_id, originator_id, originator_version, topic, state "  # noqa: S608
                f"FROM stored_events WHERE {' AND '.join(where)} ORDER BY notification_id LIMIT ?",
                (*values, limit),
            )
            return [
                Notification(
                    id=row[0],
                    originator_id=UUID(row[1]),
                    originator_version=row[2],
                    topic=row[3],
                    state=row[4],
                )
                for row in cursor.fetchall()
            ]


def schema_statements() -> list[str]:
    """The schema, statement by statement; a trigger's body holds semicolons of its own."""
    folder = files("refund_adapters.store")
    text = "".join(folder.joinpath(name).read_text("utf-8") for name in SCHEMA_FILES)
    statements, current = list[str](), ""
    for line in text.splitlines():
        current += line.split("--")[0] + "\n"
        if sqlite3.complete_statement(current):
            statements.append(current.strip())
            current = ""
    return statements


def _hex(stream: UUID | str) -> str:
    return stream.hex if isinstance(stream, UUID) else stream


def head_of(cursor: SQLiteCursor, stream: str, version: int) -> bytes:
    """The hash to link to; a version that does not follow the one before is a broken ledger."""
    if version <= FIRST_VERSION:
        return NOTHING_BEFORE
    cursor.execute(
        "SELECT hash FROM stored_events WHERE originator_id = ? AND originator_version = ?",
        (stream, version - 1),
    )
    row = cursor.fetchone()
    if row is None:
        raise InvariantError(
            f"event {version} of stream {stream} has none before it; nothing was written"
        )
    return bytes(row[0])


_WHERE_KEY = "company = ? AND kind = ? AND subject = ? AND customer = ? AND item = ? AND unit = ?"


def _read_balance(cursor: SQLiteCursor, account: Account) -> int:
    """The signed balance of one guarded account; zero where nothing was posted."""
    cursor.execute(f"SELECT balance FROM balances WHERE {_WHERE_KEY}", key_of(account))  # noqa: S608
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _post(cursor: SQLiteCursor, positions: Sequence[int], rules: Rules) -> None:
    cursor.executemany(
        "INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (position, seq, account.company, TEXT[account.kind], *account[2:], amount)
            for position, entries in zip(positions, rules.postings, strict=True)
            for seq, (account, amount) in enumerate(entries)
        ],
    )
    changes, seen = rules.changes, dict(rules.seen)
    for account in seen.keys() - changes.keys():
        _refuse_if_moved(cursor, account, seen[account])
    for account, change in changes.items():
        _change(cursor, account, change, positions[0], seen.get(account))


def _refuse_if_moved(cursor: SQLiteCursor, account: Account, expected: int) -> None:
    now = _read_balance(cursor, account)
    if now != expected:
        raise BalancesMovedError(f"{account} moved from {expected} to {now} since it was read")


def _change(
    cursor: SQLiteCursor, account: Account, change: int, position: int, expected: int | None
) -> None:
    """Change a guarded balance; what would take it below zero is refused by the row's own check."""
    run, key = cursor.sqlite_cursor.execute, key_of(account)
    try:
        done = run(
            f"UPDATE balances SET balance = balance + ? WHERE {_WHERE_KEY} "  # noqa: S608
            "AND balance = coalesce(?, balance)",
            (change, *key, expected),
        )
        if done.rowcount:
            return
        if expected is not None:
            _refuse_if_moved(cursor, account, expected)
        values = (*key, account.rule.side, change, position)
        run("INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    except sqlite3.IntegrityError as error:
        raise GuardError(str(account), change) from error


def _claim(cursor: SQLiteCursor, positions: Sequence[int], rules: Rules) -> None:
    for position, documents in zip(positions, rules.claims, strict=True):
        for document in documents:
            try:
                cursor.execute(
                    "INSERT INTO claims VALUES (?, ?, ?, ?, ?)",
                    (rules.company, *document, position),
                )
            except sqlite3.IntegrityError as error:
                raise ClaimedError(
                    str(document), holder_of(cursor, rules.company, document)
                ) from error


def holder_of(cursor: SQLiteCursor, company: str, document: Document) -> str:
    """The event that has taken a document."""
    cursor.execute(
        "SELECT topic, originator_id FROM stored_events JOIN claims ON position = notification_id "
        "WHERE company = ? AND half = ? AND series = ? AND number = ?",
        (company, *document),
    )
    row = cursor.fetchone()
    return f"{row[0]} of {UUID(row[1])}" if row else "another event"


def _begun(stored: Sequence[StoredEvent]) -> set[UUID | str]:
    """Streams that begin here, so that nothing was due of them before."""
    return {one.originator_id for one in stored if one.originator_version <= FIRST_VERSION}


def _set_due(
    cursor: SQLiteCursor,
    due: Sequence[tuple[UUID, tuple[CallDue, ...]]],
    *,
    begun: Collection[UUID | str],
) -> None:
    for refund, calls in due:
        if refund not in begun:
            cursor.execute("DELETE FROM calls_due WHERE refund = ?", (refund.hex,))
        for call in calls:
            cursor.execute(
                "INSERT INTO calls_due (refund, part, company, waits, not_before) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    refund.hex,
                    call.part,
                    call.company,
                    call.waits,
                    utc_text(call.not_before),
                ),
            )


def utc_text(at: datetime) -> str:
    """A time as sortable UTC text with microseconds."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def check_path(path: str) -> Path:
    """Refuse a missing folder, and a file that is not ours before anything of it is touched.

    Returns the absolute path: a connection that is opened later must not follow the process into
    another folder.
    """
    whole = Path(path).resolve()
    if not whole.parent.is_dir():
        raise NotOurStoreError(
            f"the folder {whole.parent} does not exist; create it or name another file"
        )
    if whole.exists():
        # A connection of the pool would turn the file to write-ahead logging before it asks.
        with closing(sqlite3.connect(whole, timeout=sqlite_connections.BUSY_SECONDS)) as connection:
            _is_complete(SQLiteCursor(connection.cursor()))
    return whole


def _is_complete(cursor: SQLiteCursor) -> bool:
    """Tell whether a store has all its tables; refuse what is not ours or is newer than this."""
    found: list[int] = []
    for question in (
        "PRAGMA application_id",
        "PRAGMA user_version",
        "SELECT count(*) FROM sqlite_master",
    ):
        cursor.execute(question)
        found.append(cursor.fetchone()[0])
    owner, version, tables = found
    if tables and owner != APPLICATION_ID:
        raise NotOurStoreError(
            "the file is a database of something else; name another file for the ledger"
        )
    if owner == APPLICATION_ID and version > SCHEMA_VERSION:
        raise NewerStoreError(
            f"the store has schema {version} and this software knows {SCHEMA_VERSION}; "
            "update the software"
        )
    return bool(owner == APPLICATION_ID and version == SCHEMA_VERSION)
