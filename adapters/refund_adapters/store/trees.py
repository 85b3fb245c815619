"""The sealed tree of a store, whatever database it is in."""

from __future__ import annotations

from refund_adapters.store.sealed_tables import SealedTables
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.sqlite_tree import SqliteTree


def tree_of(store: SqlStore) -> SealedTables:
    """The tree of an open store."""
    if isinstance(store, SqliteStore):
        return SqliteTree(store)
    from refund_adapters.store.postgres import (  # noqa: PLC0415 - its driver only where it is used
        PostgresStore,
    )
    from refund_adapters.store.postgres_tree import PostgresTree  # noqa: PLC0415 - as above

    if not isinstance(store, PostgresStore):
        raise TypeError(f"a {type(store).__name__} has no tree")
    return PostgresTree(store)
