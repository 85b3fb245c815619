"""The PostgreSQL store: any number of processes and hosts over one server, a schema a company."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg import Cursor

from refund_adapters.store import postgres_migrations, sql_store
from refund_adapters.store.chain import FIRST_VERSION
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_bulk import append_many
from refund_adapters.store.postgres_connections import APPLICATION, Connection, Connections
from refund_adapters.store.postgres_errors import is_lost, translated
from refund_adapters.store.postgres_recorder import PostgresRecorder, encoded, page_of, rows_of
from refund_adapters.store.postgres_waking import Waker
from refund_adapters.store.sql_store import (
    TEXT,
    Moment,
    Row,
    SqlStore,
    Values,
    due_of,
    key_of,
    time_of,
)
from refund_ledger.accounts import Account, Posting
from refund_ledger.application import Append
from refund_ledger.originals import Document
from refund_ledger.refund import CallDue, Waits
from refund_projections.replay import AFTER, BETWEEN

T = TypeVar("T")
MOST_DEADLOCKS = 20
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
LONGEST_END_MS = 5000
_COLUMNS = ("company", "kind", "subject", "refund", "customer", "item", "unit", "amount")
_LINE = f" || '{BETWEEN}' || ".join(_COLUMNS) + f" || '{AFTER}'"
_TOLD = (
    f"SELECT position, count(*), string_agg({_LINE}, '' ORDER BY seq) FROM postings "  # noqa: S608 - of constants
    "WHERE position = ANY(?) GROUP BY position"
)


class PostgresStore(SqlStore):
    """A ledger's events and everything they add up to, in one schema of a PostgreSQL server.

    A server that goes away is waited for, `patience` seconds; what was saved before the connection
    broke is recognised and not saved again.
    """

    def __init__(
        self,
        address: str | Address,
        *,
        now: Callable[[], datetime] | None = None,
        patience: float = 60.0,
    ) -> None:
        """Open the store; its tables have to be there.

        Raises `SchemaError`, `RightsError`, `EraError`, or `StoreGoneError` where nobody answers.
        """
        super().__init__()
        address = Address.parse(address) if isinstance(address, str) else address
        self.address = address
        self.where = address.where
        self.patience = patience
        self._now = now
        self._shared = ""
        """The snapshot of another process that this one's are to be."""
        self._checked = False
        self._connections = Connections(address, check=self._judge)
        with translated(self.where):
            self.recorder: PostgresRecorder = PostgresRecorder(
                self._connections, create=lambda: None
            )
            with self._connections.get_connection():
                pass
        self.waker = Waker(self._connections)

    def close(self) -> None:
        """Give back the connections; the store is not usable afterwards."""
        self.waker.close()
        self._connections.close()

    def _judge(self, connection: Connection) -> None:
        """The first connection is judged in full; a later one may have come to another cluster."""
        plain = connection.plain
        if self._checked:
            postgres_migrations.check_era(plain, self.address)
        else:
            postgres_migrations.check(plain, self.address)
            self._checked = True

    # --- writing ----------------------------------------------------------------------------------

    def append(self, *batches: Append) -> None:
        """Save everything in one transaction, or nothing; see `refund_ledger.storing.Store`."""
        stored = [[self._mapper.to_stored_event(event) for event in b.events] for b in batches]
        if len(batches) == 1:
            self._save(encoded(_said(batches[0], stored[0])), stored[0][0])
        else:
            self._write(lambda cursor: append_many(cursor, batches, stored), stored[0][0])
        self.waker.ring()

    def _save(self, text: str, first: StoredEvent) -> None:
        """Save one batch, said as JSON, in one round trip."""

        def write(cursor: Cursor[Any]) -> None:
            cursor.execute("SELECT append(%s::jsonb)", (text,), prepare=True)

        self._write(write, first)

    def _write(self, write: Callable[[Cursor[Any]], None], first: StoredEvent) -> None:
        """Save once, however often the connection breaks; `first` is the event that tells."""
        lost_on = 0

        def save(cursor: Cursor[Any]) -> None:
            nonlocal lost_on
            if lost_on and self._is_saved(cursor, first, lost_on):
                return
            # A connection that broke does not know any more whose it was.
            process = cursor.connection.info.backend_pid
            try:
                write(cursor)
            except psycopg.Error as error:
                lost_on = process if is_lost(error) else lost_on
                raise

        with translated(self.where):
            for left in range(MOST_DEADLOCKS, -1, -1):
                try:
                    self._patiently(save)
                    return
                except psycopg.errors.DeadlockDetected:
                    if not left:
                        raise

    def _is_saved(self, cursor: Cursor[Any], first: StoredEvent, lost_on: int) -> bool:
        """Whether the save whose answer was lost did happen: its first event is ours.

        The server's process that was given it may not have come to it yet, and would do it after
        the caller was told something else; so it is ended first.
        """
        cursor.execute(
            "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE pid = %s "
            "AND pid <> pg_backend_pid() AND usename = session_user AND application_name = %s",
            (LONGEST_END_MS, lost_on, APPLICATION),
        )
        if cursor.fetchone() == (False,):
            raise psycopg.OperationalError("the process of the lost save does not end")
        cursor.execute(
            "SELECT state FROM stored_events WHERE originator_id = %s AND originator_version = %s",
            (first.originator_id, first.originator_version),
        )
        row = cursor.fetchone()
        return row is not None and bytes(row[0]) == first.state

    def take(
        self, company: str, *waits: Waits, worker: str, seconds: float, limit: int
    ) -> list[CallDue]:
        """Take what is due now in hand for a while; see `SqlStore.take`."""
        now = self.now()

        def taken(cursor: Cursor[Any]) -> list[Row]:
            cursor.execute(
                "UPDATE calls_due d SET taken_by = %s, taken_until = %s FROM ("
                "SELECT refund, part, waits FROM calls_due WHERE company = %s "
                "AND waits = ANY(%s) AND not_before <= %s AND (taken_by = %s OR taken_until <= %s) "
                "ORDER BY not_before, refund LIMIT %s FOR UPDATE SKIP LOCKED) free "
                "WHERE (d.refund, d.part, d.waits) = (free.refund, free.part, free.waits) "
                "RETURNING d.company, d.refund, d.part, d.waits, d.not_before",
                (
                    worker,
                    now + timedelta(seconds=seconds),
                    company,
                    [str(one) for one in waits],
                    now,
                    worker,
                    now,
                    limit,
                ),
            )
            return list(cursor.fetchall())

        with translated(self.where):
            rows = self._patiently(taken)
        return sorted(self._read(rows, due_of), key=lambda call: (call.not_before, call.refund))

    # --- reading ----------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The time by the store's clock; all processes on one store agree on it."""
        if self._now:
            return self._now()
        return time_of(self._rows("SELECT clock_timestamp()", ())[0][0])

    def _rows(self, statement: str, values: Values) -> list[Row]:
        asked = _asked(statement)
        reading: Cursor[Any] | None = getattr(self._local, "reading", None)

        def ask(cursor: Cursor[Any]) -> list[Row]:
            cursor.execute(asked, values)
            return list(cursor.fetchall())

        with translated(self.where):
            return self._patiently(ask) if reading is None else ask(reading)

    @contextmanager
    def _moment(self) -> Iterator[Cursor[Any]]:
        with translated(self.where), ExitStack() as stack:
            # Only its beginning is tried again: what was read before would be of another moment.
            yield self._again(lambda: stack.enter_context(self._connections.moment(self._shared)))

    def moment(self) -> Moment | None:
        """How another process sees the same; see `SqlStore.moment`."""
        ((shared,),) = self._rows("SELECT pg_export_snapshot()", ())
        return partial(_at_a_moment, self.address, shared)

    def _pages(self, after: int, stop: int | None) -> Iterator[list[tuple[int, StoredEvent]]]:
        settled = getattr(self._local, "reading", None) is None
        while True:
            statement, values = page_of(after, sql_store.PAGE, stop=stop, settled=settled)
            rows = self._rows(statement.replace("%s", "?"), values)
            yield self._read(rows, lambda r: (r[0], StoredEvent(r[1], r[2], r[3], bytes(r[4]))))
            if len(rows) < sql_store.PAGE:
                return
            after = rows[-1][0]

    def _told(self, positions: Sequence[int]) -> list[Row]:
        return self._rows(_TOLD, (positions,))

    _backwards = "era DESC, xid DESC, notification_id DESC"

    def _at(self, moment: datetime | None) -> str | datetime:
        return "infinity" if moment is None else moment

    # --- a server that goes away ------------------------------------------------------------------

    def _patiently(self, work: Callable[[Cursor[Any]], T]) -> T:
        """Do something with a cursor, again where the server went away and comes back in time."""

        def with_a_connection() -> T:
            with self._connections.get_connection() as connection:
                return work(connection.plain)

        return self._again(with_a_connection)

    def _again(self, work: Callable[[], T]) -> T:
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            try:
                return work()
            except psycopg.Error as error:
                if not is_lost(error) or time.monotonic() + pause > began + self.patience:
                    raise
            self.waits()
            self._connections.forget()
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


@lru_cache(maxsize=256)
def _asked(statement: str) -> bytes:
    """A question in the driver's own words; the same few are asked over and over."""
    return statement.replace("?", "%s").encode()


@contextmanager
def _at_a_moment(address: Address, shared: str) -> Iterator[SqlStore]:
    with closing(PostgresStore(address)) as store:
        store._shared = shared  # noqa: SLF001 - its own
        with store.snapshot():
            yield store


def _said(batch: Append, stored: Sequence[StoredEvent]) -> dict[str, object]:
    """One batch as the database's function takes it, with all that its events mean."""
    return said_of(
        batch.events[0].company,
        stored,
        batch.postings,
        batch.claims,
        changes=batch.changes,
        seen=batch.seen,
        due=batch.due,
    )


def said_of(
    company: str,
    stored: Sequence[StoredEvent],
    entries: Sequence[Sequence[Posting]],
    claimed: Sequence[Sequence[Document]],
    *,
    changes: Mapping[Account, int],
    seen: Mapping[Account, int],
    due: Mapping[UUID, Sequence[CallDue]],
) -> dict[str, object]:
    """One batch as the database's function takes it; postings and claims stand for each event."""
    begun = {one.originator_id for one in stored if one.originator_version == FIRST_VERSION}
    return {
        "company": company,
        "events": rows_of(stored),
        "postings": [
            (number, seq, TEXT[account.kind], *account[2:], amount)
            for number, of_event in enumerate(entries, 1)
            for seq, (account, amount) in enumerate(of_event)
        ],
        # In the order in which all lock them.
        "balances": [
            (
                TEXT[account.kind],
                account.subject,
                account.customer,
                account.item,
                account.unit,
                account.rule.side,
                changes.get(account, 0),
                seen.get(account),
            )
            for account in sorted({*changes, *seen}, key=key_of)
        ],
        "claims": [
            (number, *document)
            for number, documents in enumerate(claimed, 1)
            for document in documents
        ],
        # A stream that begins here waited for nothing before.
        "clear": [refund for refund in due if refund not in begun],
        "due": [
            (call.refund, call.part, call.waits, call.not_before)
            for calls in due.values()
            for call in calls
        ],
    }
