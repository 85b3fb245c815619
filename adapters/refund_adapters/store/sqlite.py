"""The SQLite store: one file, or memory, with every rule enforced inside the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.domain import EventSourcingError
from eventsourcing.sqlite import SQLiteCursor

from refund_adapters.store.errors import (
    DamagedStoreError,
    NotOurStoreError,
    ReadOnlyStoreError,
    StoreBusyError,
    StoreError,
    StoreFullError,
)
from refund_adapters.store.mapper import EventMapper
from refund_adapters.store.sqlite_recorder import (
    Datastore,
    Rules,
    SqliteRecorder,
    check_path,
    read_balance,
    utc_text,
)
from refund_ledger.accounts import Account, AccountKind, Posting
from refund_ledger.application import Append
from refund_ledger.errors import LedgerError
from refund_ledger.events import Event, Part, claims
from refund_ledger.postings import postings
from refund_ledger.refund import CallDue, Waits

PAGE = 1000


class SqliteStore:
    """A ledger's events and everything they add up to, in one SQLite file or in memory."""

    def __init__(self, path: str | None, *, now: Callable[[], datetime] | None = None) -> None:
        """Open a file, creating it where it is missing; no path keeps everything in memory.

        `now` replaces the database's clock, for replays of a whole day in a second.
        """
        self._now = now
        self.where = "memory" if path is None else f"sqlite:///{path}"
        self._mapper = EventMapper()
        with _translated(self.where):
            memory = f"file:{uuid4().hex}?mode=memory&cache=shared"
            self._datastore = Datastore(memory if path is None else str(check_path(path)))
            self.recorder = SqliteRecorder(self._datastore)
            try:
                self.recorder.create_table()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Give back the connections; the store is not usable afterwards."""
        self._datastore.close()

    # --- writing ----------------------------------------------------------------------------------

    def append(self, batch: Append) -> None:
        """Save events with all that they mean, or nothing; see `refund_ledger.storing.Store`."""
        rules = Rules(
            company=batch.events[0].company,
            postings=tuple(postings(event) for event in batch.events),
            claims=tuple(claims(event) for event in batch.events),
            seen=tuple(batch.seen.items()),
            due=tuple(batch.due.items()),
        )
        stored = [self._mapper.to_stored_event(event) for event in batch.events]
        with _translated(self.where):
            self.recorder.insert_events(stored, rules=rules)

    # --- reading ----------------------------------------------------------------------------------

    def stream(self, stream: UUID) -> list[Event]:
        """The events of one stream, in order."""
        with _translated(self.where), _decoded(self.where):
            stored = self.recorder.select_events(stream)
        return [self._mapper.to_domain_event(event) for event in stored]

    def balance(self, account: Account) -> int:
        """The signed balance of one guarded account."""
        with self._reading() as cursor:
            return read_balance(cursor, account)

    def balances(self, company: str, **columns: str) -> list[tuple[Account, int]]:
        """Guarded balances that are not zero and fit the columns given, oldest first."""
        where, values = _fits({"company": company, **columns})
        with self._reading() as cursor:
            cursor.execute(
                "SELECT company, kind, subject, customer, item, unit, balance FROM balances "  # noqa: S608
                f"WHERE {where} AND balance <> 0 ORDER BY since, kind, subject, item",
                values,
            )
            return [
                (
                    Account(row[0], AccountKind(row[1]), row[2], "", row[3], row[4], row[5]),
                    int(row[6]),
                )
                for row in cursor.fetchall()
            ]

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """A customer's credits that are not zero, by source, oldest first, as positive amounts."""
        found = self.balances(company, kind=AccountKind.CREDIT, customer=customer, unit=unit)
        return [(account.subject, -balance) for account, balance in found]

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """The signed sum of all postings of one kind that fit the columns given."""
        where, values = _fits({"company": company, "kind": kind, **columns})
        with self._reading() as cursor:
            cursor.execute(
                f"SELECT coalesce(sum(amount), 0) FROM postings WHERE {where}",  # noqa: S608
                values,
            )
            return int(cursor.fetchone()[0])

    def sums(self, company: str, **columns: str) -> list[tuple[Account, int]]:
        """The signed sum of each account's postings, those that are not zero, in key order."""
        where, values = _fits({"company": company, **columns})
        names = "company, kind, subject, refund, customer, item, unit"
        with self._reading() as cursor:
            cursor.execute(
                f"SELECT {names}, sum(amount) FROM postings WHERE {where} "  # noqa: S608
                f"GROUP BY {names} HAVING sum(amount) <> 0 ORDER BY {names}",
                values,
            )
            return [(_account(row), int(row[7])) for row in cursor.fetchall()]

    def postings(self, company: str, **columns: str) -> Iterator[tuple[int, Posting]]:
        """Postings that fit the columns given with their positions, in order, a page at a time."""
        where, values = _fits({"company": company, **columns})
        last = (0, -1)
        while True:
            with self._reading() as cursor:
                cursor.execute(
                    "SELECT company, kind, subject, refund, customer, item, unit, amount, "  # noqa: S608
                    f"position, seq FROM postings WHERE {where} AND (position, seq) > (?, ?) "
                    f"ORDER BY position, seq LIMIT {PAGE}",
                    (*values, *last),
                )
                rows = cursor.fetchall()
                page = [(row[8], Posting(_account(row), int(row[7]))) for row in rows]
            yield from page
            if len(rows) < PAGE:
                return
            last = (rows[-1][8], rows[-1][9])

    def events(self, *, after: int = 0) -> Iterator[tuple[int, Event]]:
        """All events after a position with their positions, in order, a page at a time."""
        while True:
            with _translated(self.where), _decoded(self.where):
                page = self.recorder.select_notifications(after, PAGE, inclusive_of_start=False)
            for notification in page:
                yield notification.id, self._mapper.to_domain_event(notification)
            if len(page) < PAGE:
                return
            after = page[-1].id

    def position(self) -> int:
        """The position of the newest event; zero in an empty store."""
        with _translated(self.where):
            return self.recorder.max_notification_id() or 0

    def due(
        self, company: str, *waits: Waits, until: datetime | None = None, limit: int = PAGE
    ) -> list[CallDue]:
        """What waits to be done, the longest waiting first."""
        marks = ",".join("?" * len(waits))
        with self._reading() as cursor:
            cursor.execute(
                "SELECT company, refund, part, waits, not_before FROM calls_due "  # noqa: S608
                f"WHERE company = ? AND waits IN ({marks}) AND not_before <= ? "
                "ORDER BY not_before, refund LIMIT ?",
                (company, *waits, "9999" if until is None else utc_text(until), limit),
            )
            return [_due(row) for row in cursor.fetchall()]

    def take(
        self, company: str, *waits: Waits, worker: str, seconds: float, limit: int
    ) -> list[CallDue]:
        """Take what is due now in hand for a while, so that other workers leave it alone.

        What a worker has in hand already is among it. Nothing rests on this but speed: a call is
        sent by whoever saves that it is, and that is one.
        """
        now = self.now()
        marks = ",".join("?" * len(waits))
        free = (
            "SELECT refund, part, waits FROM calls_due "  # noqa: S608
            f"WHERE company = ? AND waits IN ({marks}) AND not_before <= ? "
            "AND (taken_by = ? OR taken_until <= ?) ORDER BY not_before, refund LIMIT ?"
        )
        at = utc_text(now)
        values = (company, *waits, at, worker, at, limit)
        with self._reading() as cursor:
            cursor.execute(f"SELECT EXISTS ({free})", values)
            if not cursor.fetchone()[0]:
                # Looking costs no write, so an idle dispatcher leaves the disk alone.
                return []
        until = utc_text(now + timedelta(seconds=seconds))
        with _translated(self.where), self._datastore.writing() as cursor:
            cursor.execute(
                "UPDATE calls_due SET taken_by = ?, taken_until = ? "  # noqa: S608
                f"WHERE (refund, part, waits) IN ({free}) "
                "RETURNING company, refund, part, waits, not_before",
                (worker, until, *values),
            )
            with _decoded(self.where):
                taken = [_due(row) for row in cursor.fetchall()]
        return sorted(taken, key=lambda call: (call.not_before, call.refund))

    def now(self) -> datetime:
        """The time by the store's clock; all processes on one store agree on it."""
        if self._now:
            return self._now()
        with self._reading() as cursor:
            cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
            return _time(cursor.fetchone()[0])

    @contextmanager
    def _reading(self) -> Iterator[SQLiteCursor]:
        where, datastore = self.where, self._datastore
        with _translated(where), _decoded(where), datastore.transaction(commit=False) as cursor:
            yield cursor


def _due(row: Sequence[Any]) -> CallDue:
    return CallDue(row[0], UUID(row[1]), Part(row[2]), Waits(row[3]), _time(row[4]))


def _account(row: Sequence[Any]) -> Account:
    return Account(row[0], AccountKind(row[1]), row[2], row[3], row[4], row[5], row[6])


_COLUMNS = frozenset(Account._fields)


def _fits(columns: dict[str, str]) -> tuple[str, list[str]]:
    """A condition over known columns; a name that is none of them is a mistake in the code."""
    if unknown := set(columns) - _COLUMNS:
        raise TypeError(f"postings have no column {sorted(unknown)}")
    wanted = [f"{name} = ?" for name in columns]
    if columns.get("customer"):
        # The indexes of customers leave out accounts without one; only said so, they are used.
        wanted.append("customer <> ''")
    return " AND ".join(wanted), list(columns.values())


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@contextmanager
def _translated(where: str) -> Iterator[None]:
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


@contextmanager
def _decoded(where: str) -> Iterator[None]:
    """Say that a row holds what the store never wrote."""
    try:
        yield
    except (ValueError, TypeError, AttributeError) as error:
        raise DamagedStoreError(
            f"the store {where} holds a value that it never wrote; restore it from a backup"
        ) from error


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
