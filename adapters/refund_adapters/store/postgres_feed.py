"""The feed of a PostgreSQL store: by era, transaction and position, below the horizon."""

from __future__ import annotations

from typing import Any

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.rows import tuple_row

from refund_adapters.store.errors import StoreBusyError, StoreGoneError
from refund_adapters.store.feeds import FedRow, FeedSource
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_connections import Connection
from refund_adapters.store.postgres_errors import translated
from refund_adapters.store.postgres_recorder import page_of
from refund_adapters.store.postgres_waking import listen
from refund_adapters.store.sql_store import Row, decoded

_HERE = "SELECT pg_is_in_recovery()"
_MAY_COME = """
SELECT EXISTS (SELECT 1 FROM stored_events WHERE notification_id = %(position)s)
    OR NOT EXISTS (SELECT 1 FROM stored_events WHERE notification_id > %(position)s)
    OR pg_snapshot_xmin(seen) < pg_snapshot_xmax(seen)
FROM pg_current_snapshot() seen
"""
"""Whether an event is there and not settled, or may yet be replayed: it is higher than all others,
or of a transaction whose end was not replayed."""


class PostgresFeed(FeedSource):
    """Reads and listens on one connection that is kept; it takes no lock of the events."""

    def __init__(self, store: PostgresStore) -> None:
        self.where = store.where
        self._connections = store.recorder.datastore
        self._connection: Connection | None = None
        self._is_standby = False

    def open(self) -> None:
        """Connect, and listen before the first look, so that nothing falls in between."""
        self.close()
        with translated(self.where):
            try:
                self._connection = self._connections.take()
                self._connection.execute("SET application_name = 'refund-ledger feed'")
                self._is_standby = bool(self._rows(_HERE)[0][0])
                if not self._is_standby:  # A standby has no LISTEN; there it is only looked.
                    listen(self._connection, self._connections.schema)
            except psycopg.Error:
                # What was kept for others may be as broken as this; the next try makes a new one.
                self._connections.forget()
                raise

    def close(self) -> None:
        """Close the connection; one that listened is of no use to others."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def wait(self, seconds: float) -> bool:
        """Wait for a word of whoever appends."""
        with translated(self.where):
            found = bool(list(self._open().notifies(timeout=seconds, stop_after=1)))
            if found:
                # What else came until now is answered by the same look.
                list(self._open().notifies(timeout=0))
        return found

    def _from(self, first: int | None, limit: int) -> list[FedRow]:
        statement, values = page_of(first, limit, inclusive=True, hashes=True)
        with translated(self.where):
            rows = self._rows(statement, values)
            if self._is_standby and first is not None and (not rows or rows[0][0] != first):
                self._refuse_to_judge(first)
        with decoded(self.where):
            return [
                FedRow(r[0], StoredEvent(r[1], r[2], r[3], bytes(r[4])), bytes(r[5])) for r in rows
            ]

    def _refuse_to_judge(self, position: int) -> None:
        """A standby that has not come so far yet is no history that was rewound."""
        if self._rows(_MAY_COME, {"position": position})[0][0]:
            raise StoreBusyError(
                f"the store {self.where} is a standby that has not come to position {position} "
                "yet; try again, or read from the server that it follows"
            )

    def _rows(self, statement: str, values: Any = ()) -> list[Row]:
        cursor = self._open().cursor(row_factory=tuple_row, binary=True)
        cursor.execute(statement.encode(), values)
        return list(cursor.fetchall())

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            raise StoreGoneError(f"the feed of the store {self.where} is not open")
        return self._connection
