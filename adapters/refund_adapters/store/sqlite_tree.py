"""The sealed tree in SQLite: two tables beside the events, in the same file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from refund_adapters.store.errors import DamagedStoreError
from refund_adapters.store.heads import Head
from refund_adapters.store.kept import Kept
from refund_adapters.store.sealed_tables import Leaf, SealedTables, text_of
from refund_adapters.store.sealing import SealedMeanwhileError
from refund_adapters.store.sql_store import Row, Values, decoded
from refund_adapters.store.sqlite import SqliteStore, translated
from refund_adapters.store.sqlite_recorder import utc_text

_LOWEST = -(2**63)


class SqliteTree(SealedTables):
    """The tree of one SQLite store."""

    def __init__(self, store: SqliteStore) -> None:
        self.where = store.where
        self._store = store
        self._datastore = store.recorder.datastore

    def now(self) -> datetime:
        """The time by the store's clock."""
        return self._store.now()

    def add(self, first: int, leaves: Sequence[Leaf], head: Head) -> None:
        """Add leaves and their head; see `SealedTables.add`."""
        with translated(self.where), self._datastore.writing() as cursor:
            cursor.execute("SELECT coalesce(max(size), 0) FROM tree_heads")
            if cursor.fetchone()[0] != first:
                raise SealedMeanwhileError("another sealer was first")
            try:
                cursor.executemany(
                    "INSERT INTO tree_leaves VALUES (?, ?, ?)",
                    [(number, *leaf) for number, leaf in enumerate(leaves, first)],
                )
            except sqlite3.IntegrityError as error:
                raise DamagedStoreError(
                    f"the tree of the store {self.where} holds leaves that no head speaks of; "
                    "nothing was sealed. Run `refund-ledger verify`, and restore it from a backup"
                ) from error
            cursor.execute(
                "INSERT INTO tree_heads VALUES (?, ?, ?, ?)",
                (head.size, head.root, b"".join(head.peaks), utc_text(head.sealed_at)),
            )

    def events(self, *, after: int | None, stop: int, sealed: int, limit: int) -> list[Kept]:
        """Events in the order in which they were saved; see `SealedTables.events`."""
        rows = self._rows(_EVENTS, (sealed, _LOWEST if after is None else after, stop, limit))
        return [_kept(row) for row in rows]

    def _rows(self, statement: str, values: Values = ()) -> list[Row]:
        with (
            translated(self.where),
            decoded(self.where),
            self._datastore.get_connection(commit=False) as connection,
        ):
            cursor = connection.cursor()
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def _newest(self) -> str:
        return "SELECT max(notification_id) FROM stored_events"

    def _text(self, column: str) -> str:
        return f"CAST({column} AS BLOB)"

    def _bytes(self, column: str) -> str:
        return f"CAST({column} AS BLOB)"

    def _whole(self, column: str) -> str:
        return f"CASE typeof({column}) WHEN 'integer' THEN {column} END"

    def _all_text(self, columns: Iterable[str]) -> str:
        return " AND ".join(f"typeof({column}) = 'text'" for column in columns)


def _kept(row: Row) -> Kept:
    def raw(value: Any) -> bytes | None:
        return None if value is None else bytes(value)

    return Kept(
        position=row[0],
        stream=text_of(row[1]),
        version=row[2],
        topic=text_of(row[3]),
        state=bytes(row[4]),
        hash=bytes(row[5]),
        before=raw(row[6]),
        number=row[7],
        leaf=raw(row[8]),
        sound=bool(row[9]),
    )


_EVENTS = """
SELECT event.notification_id,
  CAST(event.originator_id AS BLOB),
  CASE typeof(event.originator_version) WHEN 'integer' THEN event.originator_version END,
  CAST(event.topic AS BLOB),
  CAST(event.state AS BLOB),
  CAST(event.hash AS BLOB),
  CAST(before.hash AS BLOB),
  leaf.number,
  CAST(leaf.hash AS BLOB),
  typeof(event.originator_id) = 'text' AND typeof(event.topic) = 'text'
    AND typeof(event.state) = 'blob' AND typeof(event.hash) = 'blob'
FROM stored_events AS event
LEFT JOIN stored_events AS before
  ON before.originator_id = event.originator_id
  AND before.originator_version = event.originator_version - 1
LEFT JOIN tree_leaves AS leaf ON leaf.position = event.notification_id AND leaf.number < ?
WHERE event.notification_id > ? AND event.notification_id <= ?
ORDER BY event.notification_id LIMIT ?
"""
