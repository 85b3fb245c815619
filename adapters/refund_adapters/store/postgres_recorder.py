"""The recorder: the library's for PostgreSQL, over our tables, order and functions."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from eventsourcing.utils import strtobool
from psycopg.errors import UniqueViolation
from psycopg.rows import tuple_row
from pydantic_core import to_json

from refund_adapters.store.errors import StoreError
from refund_adapters.store.postgres_connections import Connections

FORBIDDEN_SETTING = "POSTGRES_ENABLE_DB_FUNCTIONS"

_COLUMNS = "e.notification_id, e.originator_id, e.originator_version, e.topic, e.state"
# As one comparison of rows, the bound of a range of the index: what is not settled is not read.
_SETTLED = "(e.era, e.xid) < ((SELECT max(era) FROM eras), pg_snapshot_xmin(pg_current_snapshot()))"
_ORDER = "e.era, e.xid, e.notification_id"


class PostgresRecorder(PostgresApplicationRecorder):
    """Records events in the library's way, in the order that `stored_events` keeps."""

    datastore: Connections

    def __init__(self, datastore: Connections, *, create: Callable[[], object]) -> None:
        """`create` makes the tables; see `postgres_migrations`."""
        refuse_settings()
        super().__init__(datastore)
        self._create = create

    def create_table(self) -> None:
        """Make the tables, where that was asked for."""
        self._create()

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Append bare events, as the library does."""
        if not stored_events:
            return []
        try:
            with self.datastore.get_connection() as connection:
                cursor = connection.cursor(row_factory=tuple_row)
                cursor.execute("SELECT add_events(%s::jsonb)", (encoded(rows_of(stored_events)),))
                (positions,) = cursor.fetchone() or ([],)
                cursor.execute(f"NOTIFY {self.channel_name}".encode())
        except UniqueViolation as error:
            raise IntegrityError("another writer added to the stream first") from error
        return list(positions)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """A page of events in the order of the feed, as far as it is settled."""
        with self.datastore.get_connection() as connection:
            cursor = connection.cursor(row_factory=tuple_row, binary=True)
            statement, values = page_of(
                start, limit, stop=stop, topics=topics, inclusive=inclusive_of_start
            )
            cursor.execute(statement.encode(), values)
            return [
                Notification(
                    id=row[0],
                    originator_id=row[1],
                    originator_version=row[2],
                    topic=row[3],
                    state=row[4],
                )
                for row in cursor.fetchall()
            ]


def page_of(
    start: int | None,
    limit: int,
    *,
    stop: int | None = None,
    topics: Sequence[str] = (),
    inclusive: bool = False,
    settled: bool = True,
    hashes: bool = False,
) -> tuple[str, list[Any]]:
    """The question for a page of the feed, and its values.

    A position is a name: the row that has it says where the page begins. Where none has it (it was
    never given, or its save was rolled back), the page begins with the next higher one.
    """
    where, values = [_SETTLED] if settled else ["true"], list[Any]()
    if start:
        where.append(f"({_ORDER}) >= {_triple('>=')}")
        values += [start] * 3
        if not inclusive:
            # The next higher one itself belongs to the page.
            where.append("e.notification_id <> %s")
            values.append(start)
    if stop is not None:
        where.append(f"({_ORDER}) <= {_triple('<=')}")
        values += [stop] * 3
    if topics:
        where.append("e.topic = ANY(%s)")
        values.append(list(topics))
    columns = f"{_COLUMNS}, e.hash" if hashes else _COLUMNS
    statement = (
        f"SELECT {columns} FROM stored_events e WHERE {' AND '.join(where)} "  # noqa: S608
        f"ORDER BY {_ORDER} LIMIT %s"
    )
    return statement, [*values, limit]


def _triple(compare: str) -> str:
    """Where a position stands; column by column, since the index is not used for whole rows."""
    way = "ASC" if compare == ">=" else "DESC"
    columns = (
        f"(SELECT s.{column} FROM stored_events s WHERE s.notification_id {compare} %s "  # noqa: S608
        f"ORDER BY s.notification_id {way} LIMIT 1)"
        for column in ("era", "xid", "notification_id")
    )
    return f"({', '.join(columns)})"


def rows_of(stored: Sequence[StoredEvent]) -> list[tuple[UUID | str, int, str, str]]:
    """Events as the database's functions take them; their state is text."""
    return [
        (one.originator_id, one.originator_version, one.topic, one.state.decode()) for one in stored
    ]


def encoded(value: object) -> str:
    """JSON text."""
    return to_json(value).decode()


def refuse_settings() -> None:
    """Refuse a setting of the library that would give up the order of events."""
    for name, value in os.environ.items():
        if name.upper().endswith(FORBIDDEN_SETTING) and value and _is_on(value):
            raise StoreError(
                f"the variable {name} is set: with it events could be skipped or stored in "
                "another ledger's table; unset it"
            )


def _is_on(value: str) -> bool:
    try:
        return bool(strtobool(value))
    except ValueError:
        return True  # The library would not take it for an answer either.
