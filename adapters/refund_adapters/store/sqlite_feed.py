"""The feed of a SQLite store: one writer at a time, so the position is the order."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from refund_adapters.store.errors import StoreGoneError
from refund_adapters.store.feeds import FedRow, FeedSource
from refund_adapters.store.sql_store import Row, decoded
from refund_adapters.store.sqlite import SqliteStore, translated
from refund_adapters.store.sqlite_connections import BUSY_SECONDS
from refund_adapters.store.sqlite_recorder import check_path

LOOK_EVERY = 0.05
"""Seconds between two looks at whether the file has changed."""
_LOWEST = -(2**63)


class SqliteFeed(FeedSource):
    """Reads one file on a connection that is kept, since only a kept one can tell of changes."""

    def __init__(self, store: SqliteStore) -> None:
        self.where = store.where
        self._store = store
        pool = store.recorder.datastore.pool
        self._path = None if pool.is_sqlite_memory_mode else Path(pool.db_name)
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._seen = 0

    def open(self) -> None:
        """Connect to the file as it is now."""
        self.close()
        if self._path is not None:
            self._file = _identity(self._path, self.where)
            with translated(self.where):
                check_path(str(self._path))
                self._connection = sqlite3.connect(
                    f"{self._path.as_uri()}?mode=rw",
                    uri=True,
                    timeout=BUSY_SECONDS,
                    isolation_level=None,
                    check_same_thread=False,
                )
        self._seen = self._version()

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def wait(self, seconds: float) -> bool:
        """Look every few moments whether anybody has saved, in this process or another."""
        until = time.monotonic() + seconds
        while self._version() == self._seen:
            left = until - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(LOOK_EVERY, left))
        return True

    def _from(self, first: int | None, limit: int) -> list[FedRow]:
        # Before the page: what is saved in between wakes once more, and is not slept over.
        self._seen = self._version()
        start = _LOWEST if first is None else first
        rows = self._rows(
            "SELECT notification_id, originator_id, originator_version, topic, state, hash "
            "FROM stored_events WHERE notification_id >= ? ORDER BY notification_id LIMIT ?",
            (start, limit),
        )
        with decoded(self.where):
            return [
                FedRow(r[0], StoredEvent(UUID(r[1]), r[2], r[3], bytes(r[4])), bytes(r[5]))
                for r in rows
            ]

    def _version(self) -> int:
        """A number that changes with every save of anybody else; the file must still be there."""
        if self._path is None:
            return self._store.position()
        if _identity(self._path, self.where) != self._file:
            raise StoreGoneError(f"the file of the store {self.where} was exchanged")
        return int(self._rows("PRAGMA data_version", ())[0][0])

    def _rows(self, statement: str, values: Sequence[Any]) -> list[Row]:
        if self._path is None:
            return self._store._rows(statement, values)  # noqa: SLF001 - memory has no other door
        if self._connection is None:
            raise StoreGoneError(f"the feed of the store {self.where} is not open")
        with translated(self.where), decoded(self.where):
            return self._connection.execute(statement, values).fetchall()


def _identity(path: Path, where: str) -> tuple[int, int]:
    """Which file it is, whatever its name; an open connection stays with a file that was moved."""
    try:
        found = path.stat()
    except OSError as error:
        raise StoreGoneError(f"the file of the store {where} is not there") from error
    return found.st_dev, found.st_ino
