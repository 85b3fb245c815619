"""Connections to PostgreSQL: kept for the next use, and given up when they break.

A stack of our own and not the pool of the driver: an error while connecting (a wrong era, too many
rights) has to reach the caller as it is, and a store that is only asked once starts no threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg import Cursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row, tuple_row
from psycopg.sql import SQL, Identifier
from psycopg_pool import PoolClosed

from refund_adapters.store.postgres_address import Address

APPLICATION = "refund-ledger"
CONNECT_SECONDS = 10
# A host that vanished says nothing more; without these it would be waited for some two hours.
PROBES = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
MOST_IDLE = 16
IDLE_IN_TRANSACTION = "5s"
_IDLE = psycopg.pq.TransactionStatus.IDLE


class Connection(psycopg.Connection[DictRow]):
    """One connection, and the cursor that most questions are asked by; making one takes a while."""

    @cached_property
    def plain(self) -> Cursor[tuple[Any, ...]]:
        """Rows as tuples, sent as bytes."""
        return self.cursor(row_factory=tuple_row, binary=True)


class Connections(PostgresDatastore):
    """The library's datastore over our stack of connections, each in autocommit mode."""

    def __init__(self, address: Address, *, check: Callable[[Connection], None]) -> None:
        """`check` judges each new connection, and raises what the caller shall hear."""
        # Its own constructor would make a pool and a composite type; neither is used here.
        self.schema = address.schema
        self.originator_id_type = "uuid"
        self.enable_db_functions = False
        self.lock_timeout = 0
        self.db_type_names: set[str] = set()
        self.psycopg_type_adapters = {}
        self.psycopg_python_types = {}
        self._address = address
        self._check = check
        self._idle: deque[Connection] = deque()
        self._closed = False

    def register_type_adapters(self) -> None:
        """Nothing to register: events travel as JSON."""

    @contextmanager
    def get_connection(self) -> Iterator[Connection]:
        """A connection in autocommit mode; one that broke is not used again."""
        connection = self.take()
        try:
            yield connection
        finally:
            self.give_back(connection)

    @contextmanager
    def transaction(self, *, commit: bool = False) -> Iterator[Cursor[DictRow]]:
        """A cursor inside a transaction."""
        with (
            self.get_connection() as connection,
            connection.transaction(force_rollback=not commit),
        ):
            yield connection.cursor()

    @contextmanager
    def moment(self, shared: str = "") -> Iterator[Cursor[tuple[Any, ...]]]:
        """A cursor that sees the database as it is now, however long it reads.

        It sees what another transaction sees whose snapshot is `shared` while that one lasts.
        """
        with self.get_connection() as connection, connection.transaction(force_rollback=True):
            cursor = connection.cursor(row_factory=tuple_row, binary=True)
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if shared:
                cursor.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(shared))
            # Reading for long is the purpose here, and a reader holds nobody up.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield cursor

    def take(self) -> Connection:
        """The connection used last, or a new one."""
        if self._closed:
            raise PoolClosed("the store was closed")
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def spare(self) -> Connection | None:
        """A connection that is idle now, if there is one; to be given back like any other."""
        with suppress(IndexError):
            return self._idle.pop()
        return None

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next use, unless it broke or there are enough."""
        idle = connection.pgconn.transaction_status == _IDLE
        if self._closed or not idle or len(self._idle) >= MOST_IDLE:
            connection.close()
        else:
            self._idle.append(connection)

    def forget(self) -> None:
        """Close what is idle: after a server went away, all of it is broken."""
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """Close everything that nobody uses; the rest is closed when it is given back."""
        self._closed = True
        self.forget()

    def _connect(self) -> Connection:
        connection = Connection.connect(
            make_conninfo("", **PROBES | conninfo_to_dict(self._address.conninfo)),
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_SECONDS,
            application_name=APPLICATION,
            # Whatever the environment says: what is stored is not for it to choose.
            client_encoding="utf8",
        )
        try:
            connection.execute(
                SQL(
                    "SET search_path = {}; SET default_transaction_isolation = 'read committed'; "
                    "SET timezone = 'UTC'; SET idle_in_transaction_session_timeout = {}"
                ).format(Identifier(self.schema), IDLE_IN_TRANSACTION)
            )
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def __del__(self) -> None:
        """Leave connections to their own end."""
