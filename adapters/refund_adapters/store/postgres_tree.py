"""The sealed tree in PostgreSQL: two tables beside the events, in the same schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import Cursor
from psycopg.errors import UniqueViolation

from refund_adapters.store.errors import DamagedStoreError
from refund_adapters.store.heads import Head
from refund_adapters.store.kept import Kept
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_errors import translated
from refund_adapters.store.postgres_recorder import page_of
from refund_adapters.store.sealed_tables import Leaf, SealedTables
from refund_adapters.store.sealing import SealedMeanwhileError
from refund_adapters.store.sql_store import Row, Values

_NUMBERS = ("tree_leaves_pkey", "tree_heads_pkey")
"""The constraints that one of two sealers meets."""


class PostgresTree(SealedTables):
    """The tree of one PostgreSQL store.

    Only what is settled is read: an event below the horizon has every event before it in the feed
    beside it, so a leaf is never in the wrong place.
    """

    def __init__(self, store: PostgresStore) -> None:
        self.where = store.where
        self._store = store

    def now(self) -> datetime:
        """The time by the store's clock."""
        return self._store.now()

    def add(self, first: int, leaves: Sequence[Leaf], head: Head) -> None:
        """Add leaves and their head; see `SealedTables.add`.

        Two sealers that begin at the same leaf meet at its number, and one of them gives way.
        """

        def work(cursor: Cursor[Any]) -> None:
            with cursor.connection.transaction():
                cursor.execute(
                    "INSERT INTO tree_leaves SELECT %s + number - 1, position, hash "
                    "FROM unnest(%s::bigint[], %s::bytea[]) "
                    "WITH ORDINALITY AS leaf (position, hash, number)",
                    (first, [leaf.position for leaf in leaves], [leaf.hash for leaf in leaves]),
                )
                cursor.execute(
                    "INSERT INTO tree_heads VALUES (%s, %s, %s, %s)",
                    (head.size, head.root, b"".join(head.peaks), head.sealed_at),
                )

        with translated(self.where):
            try:
                self._store._patiently(work)  # noqa: SLF001 - waits for the server as its store does
            except UniqueViolation as error:
                if error.diag.constraint_name in _NUMBERS:
                    raise SealedMeanwhileError("another sealer was first") from error
                raise DamagedStoreError(
                    f"the tree of the store {self.where} holds one event twice; nothing was "
                    "sealed. Run `refund-ledger verify`, and restore it from a backup"
                ) from error

    def events(self, *, after: int | None, stop: int, sealed: int, limit: int) -> list[Kept]:
        """Events in the order of the feed; see `SealedTables.events`."""
        page, values = page_of(after, limit, stop=stop)
        rows = self._rows(_EVENTS.format(page=page.replace("%s", "?")), (*values, sealed))
        return [_kept(row) for row in rows]

    def _rows(self, statement: str, values: Values = ()) -> list[Row]:
        return self._store._rows(statement, values)  # noqa: SLF001 - asks as its store does

    def _newest(self) -> str:
        return (
            "SELECT notification_id FROM stored_events "
            "ORDER BY era DESC, xid DESC, notification_id DESC LIMIT 1"
        )

    def _text(self, column: str) -> str:
        return column

    def _bytes(self, column: str) -> str:
        return column

    def _whole(self, column: str) -> str:
        return column

    def _all_text(self, columns: Iterable[str]) -> str:
        del columns
        return "true"


def _kept(row: Row) -> Kept:
    return Kept(
        position=row[0],
        stream=row[1].hex,
        version=row[2],
        topic=row[3],
        state=row[4],
        hash=row[5],
        before=row[6],
        number=row[7],
        leaf=row[8],
    )


_EVENTS = """
SELECT page.notification_id, page.originator_id, page.originator_version, page.topic, page.state,
  event.hash, before.hash, leaf.number, leaf.hash
FROM ({page}) AS page
JOIN stored_events AS event ON event.notification_id = page.notification_id
LEFT JOIN stored_events AS before
  ON before.originator_id = page.originator_id
  AND before.originator_version = page.originator_version - 1
LEFT JOIN tree_leaves AS leaf ON leaf.position = page.notification_id AND leaf.number < ?
ORDER BY event.era, event.xid, event.notification_id
"""
