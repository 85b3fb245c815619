"""Connections to a SQLite file: they write durably, and wait for other writers without starving."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from refund_adapters.store.sqlite_turns import Line

CLOSE_SECONDS = 5.0
BUSY_SECONDS = 30
LONGEST_IN_LINE = 1.0
"""Seconds in line for the write lock; after that it is looked for out of turn.

Whoever is first may have been stopped, and may even be at another store that shares the line.
"""
LOOK_EVERY = 0.001
"""Seconds between two looks at whether the write lock is free."""
FIRST_LOOKS_EVERY = 0.0003
"""The same for the first in line, who looks alone."""
STATEMENTS = 256
"""How many compiled statements a connection keeps."""


class _Connection(SQLiteConnection):
    """A connection that knows whether its commits wait for the disk, so that it is said seldom."""

    is_lasting = True

    def last(self, *, lasting: bool) -> None:
        """Have commits wait for the disk from here on, or not."""
        if self.is_lasting is not lasting:
            # Not known to last until it is said to.
            self.is_lasting = False
            self._sqlite_conn.execute(_LASTING if lasting else _PASSING)
            self.is_lasting = lasting


_LASTING, _PASSING = "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL"


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
        return _Connection(sqlite_conn=plain, max_age=self.max_age)

    def get_connection(
        self, timeout: float | None = None, *, is_writer: bool | None = None
    ) -> SQLiteConnection:
        """A connection; whoever only reads a file need not line up where one is at hand."""
        if is_writer is False and not self.is_sqlite_memory_mode:
            with self._put_condition:
                if self._pool and not self._closed:
                    connection = self._pool.popleft()
                    connection.in_use.acquire()
                    self._in_use[id(connection)] = connection
                    return connection
        return super().get_connection(timeout, is_writer=is_writer)

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
        in_memory = SQLiteConnectionPool.detect_memory_mode(db_name)
        self._line = Line(None if in_memory else db_name)
        super().__init__(db_name)
        self.pool.close()
        self.pool = _Pool(db_name=db_name, lock_timeout=BUSY_SECONDS, pool_timeout=BUSY_SECONDS)

    @contextmanager
    def writing(self, *, lasting: bool = True) -> Iterator[SQLiteCursor]:
        """Run a transaction that begins with the write lock, so that it cannot fail halfway.

        What is not `lasting` does not wait for the disk: a loss of power may undo it, and nothing
        else that was saved before or after it.
        """
        with self.get_connection(commit=True) as found:
            connection = cast("_Connection", found)
            cursor = connection.cursor()
            connection.last(lasting=lasting)
            _begin(cursor.sqlite_cursor, self._line)
            try:
                yield cursor
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            finally:
                connection.last(lasting=True)


def _begin(cursor: sqlite3.Cursor, line: Line) -> None:
    """Take the write lock, in line with all who wait for it.

    SQLite itself sleeps up to a tenth of a second between two looks, so that of several writers
    one starves.
    """
    until = time.monotonic() + BUSY_SECONDS
    cursor.execute("PRAGMA busy_timeout=0")
    # Only up to the lock: whoever comes next looks for it while this one still writes.
    is_first = line.join(min(LONGEST_IN_LINE, BUSY_SECONDS))
    try:
        while not _took(cursor, at_last=time.monotonic() > until):
            time.sleep(FIRST_LOOKS_EVERY if is_first else LOOK_EVERY)
    finally:
        if is_first:
            line.leave()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")


def _took(cursor: sqlite3.Cursor, *, at_last: bool = False) -> bool:
    """Try to take the write lock; raises what SQLite says where that is to be the last try."""
    try:
        cursor.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if at_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
