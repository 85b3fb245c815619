"""A store in a file or in memory: what is SQLite's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from refund_adapters.store import sql_store
from refund_adapters.store.sqlite import SqliteStore
from support.books import Books
from support.stores import rows


def test_a_store_says_which_file_it_is(tmp_path: Path) -> None:
    path = str(tmp_path / "refunds.db")
    with Books(path) as books:
        assert books.store.where == f"sqlite:///{path}"


def test_two_stores_in_memory_are_two_stores() -> None:
    with Books() as one, Books() as other:
        one.grant("a", 5)
        assert other.events() == []
        assert one.store.where == "memory"


def test_a_process_that_changes_its_folder_stays_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Books("refunds.db") as books:
        books.grant("a", 5)
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert isinstance(books.store, SqliteStore)
        connections = books.store.recorder.datastore
        with (
            connections.transaction(commit=False),
            connections.transaction(commit=False) as another,
        ):
            another.execute("SELECT count(*) FROM stored_events")
            assert another.fetchone()[0] == 1
        assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("table", "index"),
    [("postings", "postings_of_customer"), ("balances", "balances_of_customer")],
)
def test_a_question_about_a_customer_reads_no_other_customer_s_rows(table: str, index: str) -> None:
    store = SqliteStore(None)
    asked = {"company": "acme", "kind": "open", "customer": "7", "unit": "ILS"}
    where, values = sql_store._fits(asked)
    plan = rows(store, f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {where}", *values)  # noqa: S608
    assert [index in row[3] for row in plan] == [True]
    store.close()
