"""What the feed needs of a database: a page after a cursor, and to be woken when there is more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from eventsourcing.persistence import StoredEvent

from refund_adapters.store.cursors import Cursor, RewoundError
from refund_adapters.store.errors import StoreError
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore


class FedRow(NamedTuple):
    """An event as it is stored."""

    position: int
    stored: StoredEvent
    hash: bytes


class FeedSource(ABC):
    """A connection of its own to a store, for one reader that may stay for years."""

    where: str
    """The store's address, without anything secret."""

    @abstractmethod
    def open(self) -> None:
        """Connect, anew where that was done before, and hear from now on what is appended.

        Raises `StoreGoneError` where nobody answers.
        """

    @abstractmethod
    def close(self) -> None:
        """Give the connection up; `open` makes another."""

    @abstractmethod
    def wait(self, seconds: float) -> bool:
        """Wait until something was appended, at most so long; tells whether it was.

        Only a hint: a wake may come for nothing, and one may be missed where a server falls.
        """

    @abstractmethod
    def _from(self, first: int | None, limit: int) -> list[FedRow]:
        """Settled events in the order of the feed, from the one at a position on, in one look.

        Where no event has that position, what comes first has another.
        """

    def page(self, after: Cursor | None, limit: int) -> list[FedRow]:
        """The settled events after a cursor, in the order of the feed.

        The event that the cursor names is read along each time, so that a store that is exchanged
        for an older one under a reader is noticed too. Raises `RewoundError`.
        """
        if after is None:
            return self._from(None, limit)
        rows = self._from(after.position, limit + 1)
        if not rows or not after.names(rows[0].position, rows[0].hash):
            is_taken = bool(rows) and rows[0].position == after.position
            found = "another event is" if is_taken else "nothing is"
            raise RewoundError(
                f"history was rewound: {found} at position {after.position} of {self.where}, where "
                "the cursor's event was read. Find out which copy is the right one; to take this "
                "one, drop what was made of the feed and read it from the start"
            )
        return rows[1:]


def feed_source(store: SqlStore) -> FeedSource:
    """What the feed of a store is read from; it is not open yet."""
    if isinstance(store, SqliteStore):
        from refund_adapters.store.sqlite_feed import (  # noqa: PLC0415 - one database a process
            SqliteFeed,
        )

        return SqliteFeed(store)
    from refund_adapters.store.postgres import (  # noqa: PLC0415 - its driver only where it is used
        PostgresStore,
    )
    from refund_adapters.store.postgres_feed import PostgresFeed  # noqa: PLC0415 - as above

    if isinstance(store, PostgresStore):
        return PostgresFeed(store)
    raise StoreError(f"the store {store.where} has no feed")
