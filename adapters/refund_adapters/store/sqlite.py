"""The SQLite store: one file, or memory, with every rule enforced inside the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from eventsourcing.domain import EventSourcingError
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteCursor

from refund_adapters.store import sql_store
from refund_adapters.store.errors import (
    DamagedStoreError,
    NotOurStoreError,
    ReadOnlyStoreError,
    StoreBusyError,
    StoreError,
    StoreFullError,
)
from refund_adapters.store.sql_store import Moment, Row, SqlStore, Values, decoded, due_of
from refund_adapters.store.sqlite_bulk import append_many
from refund_adapters.store.sqlite_connections import Datastore
from refund_adapters.store.sqlite_recorder import (
    Rules,
    SqliteRecorder,
    check_path,
    utc_text,
)
from refund_adapters.store.swapping import Swapped, swap_sqlite
from refund_ledger.application import Append
from refund_ledger.errors import LedgerError
from refund_ledger.refund import CallDue, Waits
from refund_projections.replay import AFTER, BETWEEN


class SqliteStore(SqlStore):
    """A ledger's events and everything they add up to, in one SQLite file or in memory."""

    def __init__(self, path: str | None, *, now: Callable[[], datetime] | None = None) -> None:
        """Open a file, creating it where it is missing; no path keeps everything in memory.

        `now` replaces the database's clock, for replays of a whole day in a second.
        """
        super().__init__()
        self._now = now
        self.where = "memory" if path is None else f"sqlite:///{path}"
        with translated(self.where):
            memory = f"file:{uuid4().hex}?mode=memory&cache=shared"
            self._datastore = Datastore(memory if path is None else str(check_path(path)))
            self.recorder: SqliteRecorder = SqliteRecorder(self._datastore)
            try:
                self.recorder.create_table()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Give back the connections; the store is not usable afterwards."""
        self._datastore.close()

    # --- writing ----------------------------------------------------------------------------------

    def append(self, *batches: Append) -> None:
        """Save events with all that they mean, or nothing; see `refund_ledger.storing.Store`."""
        stored = [[self._mapper.to_stored_event(event) for event in b.events] for b in batches]
        with translated(self.where):
            if len(batches) > 1:
                with self._datastore.writing() as cursor:
                    append_many(cursor, batches, stored)
                return
            self.recorder.append(list(zip(stored, map(_rules, batches), strict=True)))

    def take(
        self, company: str, *waits: Waits, worker: str, seconds: float, limit: int
    ) -> list[CallDue]:
        """Take what is due now in hand for a while; see `SqlStore.take`."""
        now = self.now()
        marks = ",".join("?" * len(waits))
        free = (
            "SELECT refund, part, waits FROM calls_due "  # noqa: S608
            f"WHERE company = ? AND waits IN ({marks}) AND not_before <= ? "
            "AND (taken_by = ? OR taken_until <= ?) ORDER BY not_before, refund LIMIT ?"
        )
        at = utc_text(now)
        values = (company, *waits, at, worker, at, limit)
        if not self._rows(f"SELECT EXISTS ({free})", values)[0][0]:
            # Looking costs no write, so an idle dispatcher leaves the disk alone.
            return []
        until = utc_text(now + timedelta(seconds=seconds))
        with translated(self.where), self._datastore.writing(lasting=False) as cursor:
            cursor.execute(
                "UPDATE calls_due SET taken_by = ?, taken_until = ? "  # noqa: S608
                f"WHERE (refund, part, waits) IN ({free}) "
                "RETURNING company, refund, part, waits, not_before",
                (worker, until, *values),
            )
            with decoded(self.where):
                taken = [due_of(row) for row in cursor.fetchall()]
        return sorted(taken, key=lambda call: (call.not_before, call.refund))

    def moment(self) -> Moment | None:
        """How another process sees the same; what was there stays, so any later moment serves."""
        path = self.where.removeprefix("sqlite:///")
        return None if path == self.where else partial(_at_a_moment, path)

    def swap(self) -> Swapped:
        """Make postings, balances and calls due anew from the events; others wait meanwhile."""
        with translated(self.where), self._datastore.writing() as cursor:
            return swap_sqlite(cursor)

    # --- reading ----------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The time by the store's clock; all processes on one store agree on it."""
        if self._now:
            return self._now()
        if self._datastore.pool.closed:
            raise _translate(self.where, "PoolClosed")
        # Whoever opens the file is on this machine, and the database reads the very same clock: in
        # whole milliseconds, which the times that it records itself are compared with.
        moment = datetime.now(UTC)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def _rows(self, statement: str, values: Values) -> list[Row]:
        cursor: SQLiteCursor | None = getattr(self._local, "reading", None)
        with translated(self.where), decoded(self.where):
            if cursor is not None:
                cursor.execute(statement, values)
                return list(cursor.fetchall())
            # One question needs no transaction around it.
            with self._datastore.get_connection(commit=False) as connection:
                cursor = _with_tuples(connection.cursor())
                cursor.execute(statement, values)
                return list(cursor.fetchall())

    @contextmanager
    def _moment(self) -> Iterator[SQLiteCursor]:
        with translated(self.where), self._datastore.transaction(commit=False) as cursor:
            # A transaction of SQLite begins to see with its first question.
            cursor.execute("SELECT count(*) FROM sqlite_master")
            yield _with_tuples(cursor)

    def _pages(self, after: int, stop: int | None) -> Iterator[list[tuple[int, StoredEvent]]]:
        while True:
            rows = self._rows(
                "SELECT notification_id, originator_id, originator_version, topic, state "
                "FROM stored_events WHERE notification_id > ? AND notification_id <= ? "
                "ORDER BY notification_id LIMIT ?",
                (after, _NEWEST if stop is None else stop, sql_store.PAGE),
            )
            with decoded(self.where):
                yield [(r[0], StoredEvent(UUID(r[1]), r[2], r[3], r[4])) for r in rows]
            if len(rows) < sql_store.PAGE:
                return
            after = rows[-1][0]

    def _told(self, positions: Sequence[int]) -> list[Row]:
        return self._rows(_TOLD, (positions[0], positions[-1]))

    def _recorded(self, moment: datetime) -> str:
        # The column is written in milliseconds.
        return utc_text(moment)[:23] + "Z"

    def _at(self, moment: datetime | None) -> str:
        return "9999" if moment is None else utc_text(moment)

    def stream_id(self, stream: UUID) -> str:
        """A stream's name as its column holds it."""
        return stream.hex


_NEWEST = 2**63 - 1
_TOLD = (
    "SELECT position, count(*), group_concat("  # noqa: S608 - of constants
    f"printf('{BETWEEN.join(['%s'] * 8)}{AFTER}', "
    "company, kind, subject, refund, customer, item, unit, amount), '') "
    "FROM postings WHERE position BETWEEN ? AND ? GROUP BY position"
)
# By the order of the primary key the postings come in theirs; in another, rows are compared.


@contextmanager
def _at_a_moment(path: str) -> Iterator[SqlStore]:
    with closing(SqliteStore(path)) as store, store.snapshot():
        yield store


def _with_tuples(cursor: SQLiteCursor) -> SQLiteCursor:
    """Rows as plain tuples: the library's know their names too, and are slow."""
    cursor.sqlite_cursor.row_factory = None
    return cursor


def _rules(batch: Append) -> Rules:
    return Rules(
        company=batch.events[0].company,
        postings=batch.postings,
        claims=batch.claims,
        changes=batch.changes,
        seen=tuple(batch.seen.items()),
        due=tuple(batch.due.items()),
    )


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Say the database's errors in our words; our own pass through."""
    try:
        yield
    except LedgerError:
        raise
    except UnicodeDecodeError as error:
        # The database's own message repeats the damage that it met.
        raise _translate(where, "malformed") from error
    except (sqlite3.Error, EventSourcingError) as error:
        raise _translate(where, str(error) or type(error).__name__) from error


_SAYINGS: tuple[tuple[str, type[StoreError], str], ...] = (
    ("readonly", ReadOnlyStoreError, "cannot be written to; check the rights of file and folder"),
    ("is full", StoreFullError, "has no room left on its disk; nothing was written"),
    ("disk I/O error", StoreFullError, "cannot be written: its disk is full or failing"),
    ("not a database", NotOurStoreError, "is not a database; name another file for the ledger"),
    ("malformed", DamagedStoreError, "is damaged; restore it from a backup and replay"),
    ("decode to UTF-8", DamagedStoreError, "is damaged; restore it from a backup and replay"),
    ("locked", StoreBusyError, "was held by another process for too long; try again"),
    ("Timed out waiting", StoreBusyError, "was held by this process for too long; try again"),
    ("PoolClosed", StoreError, "was closed; open it again"),
    ("unable to open", NotOurStoreError, "cannot be opened; check the path and its rights"),
)


def _translate(where: str, message: str) -> StoreError:
    for words, kind, saying in _SAYINGS:
        if words in message:
            return kind(f"the store {where} {saying}")
    return StoreError(f"the store {where} reports: {message}")
