"""Connections to a SQLite file: they write durably, and wait for other writers without starving."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

CLOSE_SECONDS = 5.0
BUSY_SECONDS = 30
LOOK_EVERY = 0.001
"""Seconds between two looks at whether the write lock is free."""
STATEMENTS = 256
"""How many compiled statements a connection keeps."""


class _Pool(SQLiteConnectionPool):
    """Connections that write durably and wait for other writers."""

    def _create_connection(self) -> SQLiteConnection:
        # The library's own keeps one statement only, so that each would be compiled every time.
        plain = sqlite3.connect(
            self.db_name,
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            cached_statements=STATEMENTS,
            timeout=BUSY_SECONDS,
        )
        plain.row_factory = sqlite3.Row
        if not (self.is_sqlite_memory_mode or self.is_journal_mode_wal):
            (mode,) = plain.execute("PRAGMA journal_mode").fetchone()
            if mode != "wal":
                plain.execute("PRAGMA journal_mode=WAL")
            self.is_journal_mode_wal = True
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            # Without it INSERT OR REPLACE would take rows out behind the triggers' back.
            "recursive_triggers=ON",
            f"busy_timeout={BUSY_SECONDS * 1000:.0f}",
        ):
            plain.execute(f"PRAGMA {pragma}")
        return SQLiteConnection(sqlite_conn=plain, max_age=self.max_age)

    def close(self) -> None:
        """Close when nobody reads or writes any more; closing under a reader would crash Python."""
        until = time.monotonic() + CLOSE_SECONDS
        with self._put_condition:
            while self._in_use and (left := until - time.monotonic()) > 0:
                self._put_condition.wait(left)
            super().close()


class Datastore(SQLiteDatastore):
    """The library's datastore over our pool; a writing transaction takes the write lock at once."""

    def __init__(self, db_name: str) -> None:
        super().__init__(db_name)
        self.pool.close()
        self.pool = _Pool(db_name=db_name, lock_timeout=BUSY_SECONDS, pool_timeout=BUSY_SECONDS)

    @contextmanager
    def writing(self) -> Iterator[SQLiteCursor]:
        """Run a transaction that begins with the write lock, so that it cannot fail halfway."""
        with self.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            _begin(cursor.sqlite_cursor)
            try:
                yield cursor
                connection.commit()
            except BaseException:
                connection.rollback()
                raise


def _begin(cursor: sqlite3.Cursor) -> None:
    """Take the write lock, looking for it every moment.

    SQLite itself sleeps up to a tenth of a second between two looks, so that of several writers
    one starves.
    """
    until = time.monotonic() + BUSY_SECONDS
    cursor.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                cursor.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                is_held = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_held or time.monotonic() > until:
                    raise
            time.sleep(LOOK_EVERY)
    finally:
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")
