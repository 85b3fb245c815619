"""A file of an earlier schema is brought forward when it is opened, and loses nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from refund_adapters.store.sealing import Sealer
from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.sqlite_recorder import SCHEMA_VERSION
from refund_adapters.store.trees import tree_of
from support.books import Books, a_cash_sale, a_line
from support.stores import dump, rows


def test_a_file_of_the_first_schema_gets_the_tables_of_the_tree(tmp_path: Path) -> None:
    path = tmp_path / "refunds.db"
    with Books(str(path)) as books:
        books.finish(books.ask("a", original=str(books.record(a_cash_sale(1, a_line(1, 100))))))
        before = dump(books.store)
    with closing(sqlite3.connect(path)) as file:
        for table in ("tree_leaves", "tree_heads"):
            file.execute(f"DROP TABLE {table}")
        file.execute("PRAGMA user_version=1")
        file.commit()
    store = SqliteStore(str(path))
    assert rows(store, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert dump(store) == before
    assert Sealer(tree_of(store)).seal().added == store.position()
    store.close()
