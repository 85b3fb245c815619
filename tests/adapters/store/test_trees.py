"""Every store has its tree."""

from __future__ import annotations

from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_tree import PostgresTree
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite_tree import SqliteTree
from refund_adapters.store.trees import tree_of


def test_a_store_has_the_tree_of_its_database(store: SqlStore) -> None:
    expected = PostgresTree if isinstance(store, PostgresStore) else SqliteTree
    tree = tree_of(store)
    assert type(tree) is expected
    assert tree.where == store.where
    assert tree.extent() == (0, 0, 0)
