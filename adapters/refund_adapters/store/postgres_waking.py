"""Waking readers of the feed: a short word after appends, and never inside of them.

NOTIFY inside the transaction of an append would make all commits of the database wait for each
other. So a thread says it a moment later, once for all appends of that moment, and only where
somebody listens. Nothing rests on it but speed: readers look by themselves too.
"""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import suppress
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from refund_adapters.store.postgres_connections import Connections
from refund_ledger.errors import LedgerError

PAUSE = 0.05
"""Seconds between two words at least; a burst of appends makes few."""
UNHEARD = 0.5
"""The same where nobody listened: whoever begins to listen now looks by itself for a while."""
IDLE = 10.0
"""Seconds without an append after which the thread ends; the next append starts another."""

_LISTENERS = 0x52464C46
# Readers hold the lock shared while they listen: whoever gets it alone has nobody to wake.
_WAKE = (
    "SELECT CASE WHEN pg_try_advisory_xact_lock(%s, hashtext(%s)) THEN 'nobody' "
    "ELSE pg_notify(%s, '')::text END"
)


def channel_of(schema: str) -> str:
    """The channel of a ledger; a schema's own name may be too long for one."""
    return f"refund_ledger_{hashlib.sha256(schema.encode()).hexdigest()[:16]}"


def listen(connection: psycopg.Connection[Any], schema: str) -> None:
    """Hear from now on what is appended to a ledger, on a connection that is kept for it."""
    connection.execute(
        "SELECT pg_advisory_lock_shared(%s, hashtext(%s))", (_LISTENERS, channel_of(schema))
    )
    connection.execute(f"LISTEN {channel_of(schema)}".encode())


def wake(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Wake whoever listens to a ledger; tells whether anybody does."""
    channel = channel_of(schema)
    cursor = connection.cursor(row_factory=tuple_row)
    cursor.execute(_WAKE, (_LISTENERS, channel, channel), prepare=True)
    return cursor.fetchone() != ("nobody",)


class Waker:
    """Wakes the readers of one ledger after appends of this process."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._rung = threading.Event()
        self._closed = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread is there."""
        return self._thread is not None

    def ring(self) -> None:
        """Say that something was appended; returns at once."""
        if self._rung.is_set():
            return  # Whoever clears it speaks only after that.
        self._rung.set()
        if self._thread is None:
            self._start()

    def close(self) -> None:
        """End the thread; what it did not say yet is said now, where a connection is at hand."""
        self._closed.set()
        with self._starting:
            thread, self._thread = self._thread, None
        if thread is None:
            return
        waiting = self._rung.is_set()
        self._rung.set()
        spare = self._connections.spare() if waiting else None
        if spare is not None:
            with suppress(psycopg.Error):
                wake(spare, self._connections.schema)
            self._connections.give_back(spare)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closed.is_set():
                # A daemon: the process may end at any moment, and readers look by themselves.
                self._thread = threading.Thread(
                    target=self._run, name="refund-ledger waker", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while self._rung.wait(IDLE) or not self._may_end():
            if self._closed.is_set():
                return
            self._rung.clear()
            is_heard = False
            # A server that fell is waited for by whoever appends; readers look by themselves.
            with suppress(psycopg.Error, LedgerError), self._connections.get_connection() as one:
                is_heard = wake(one, self._connections.schema)
            time.sleep(PAUSE if is_heard else UNHEARD)

    def _may_end(self) -> bool:
        """Give the thread's place up, unless somebody rang meanwhile and counts on it."""
        with self._starting:
            own, self._thread = self._thread, None
            if self._rung.is_set():
                self._thread = own
                return False
            return True
