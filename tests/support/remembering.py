"""Stores that remember the events that were saved, as they were before they were stored."""

from __future__ import annotations

from refund_adapters.store.opening import is_postgres
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.events import Event
from refund_ledger.storing import Append


class _Remembers:
    """A store that remembers the events that were saved, as they were before they were stored."""

    saved: list[Event]

    def append(self, *batches: Append) -> None:
        """Save, and remember what was saved."""
        super().append(*batches)  # type: ignore[misc]
        self.saved += [event for batch in batches for event in batch.events]


class RememberingFile(_Remembers, SqliteStore):
    """In a file or in memory."""


class RememberingServer(_Remembers, PostgresStore):
    """In a server."""


def remembering(address: str | None) -> RememberingFile | RememberingServer:
    """Open a store by a file's path, a server's address, or in memory."""
    on_server = address is not None and is_postgres(address)
    store = RememberingServer(str(address)) if on_server else RememberingFile(address)
    store.saved = []
    return store
