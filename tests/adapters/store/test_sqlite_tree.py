"""The tree in SQLite is added to and never changed, and damage in a row ends no reading."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from refund_adapters.store.errors import DamagedStoreError, StoreError
from refund_adapters.store.heads import Head
from refund_adapters.store.sealed_tables import Leaf
from refund_adapters.store.sealing import SealedMeanwhileError
from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.sqlite_recorder import schema_statements
from refund_adapters.store.sqlite_tree import SqliteTree
from support.tampering import Specimen, opened, specimen


@pytest.fixture
def made(tmp_path: Path) -> Specimen:
    """A sealed ledger."""
    return specimen(tmp_path)[0]


CHANGES = [
    ("leaves", "UPDATE tree_leaves SET hash = zeroblob(32)"),
    ("leaves", "DELETE FROM tree_leaves"),
    ("leaves", "INSERT OR REPLACE INTO tree_leaves SELECT * FROM tree_leaves"),
    ("heads", "UPDATE tree_heads SET root = zeroblob(32)"),
    ("heads", "DELETE FROM tree_heads"),
    ("heads", "INSERT OR REPLACE INTO tree_heads SELECT * FROM tree_heads"),
]


@pytest.mark.parametrize(("what", "statement"), CHANGES)
def test_what_is_sealed_stays_so(made: Specimen, what: str, statement: str) -> None:
    before = made.ask("SELECT * FROM tree_leaves"), made.ask("SELECT * FROM tree_heads")
    with (
        opened(made.path) as store,
        pytest.raises(sqlite3.IntegrityError, match=f"{what} are append-only"),
        store.recorder.datastore.writing() as cursor,
    ):
        cursor.execute(statement)
    assert (made.ask("SELECT * FROM tree_leaves"), made.ask("SELECT * FROM tree_heads")) == before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO tree_leaves VALUES (-1, 999, zeroblob(32))",
        "INSERT INTO tree_leaves VALUES (999, 999, zeroblob(31))",
        "INSERT INTO tree_leaves VALUES (999, 1, zeroblob(32))",
        "INSERT INTO tree_heads VALUES (0, zeroblob(32), x'', 'now')",
        "INSERT INTO tree_heads VALUES (999, zeroblob(31), x'', 'now')",
        "INSERT INTO tree_heads VALUES (999, zeroblob(32), x'00', 'now')",
    ],
)
def test_what_is_no_leaf_and_no_head_is_refused(made: Specimen, statement: str) -> None:
    with closing(sqlite3.connect(made.path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


def test_the_statements_are_whole_and_may_run_again() -> None:
    statements = [one for one in schema_statements() if "tree_" in one]
    assert len(statements) == 6
    assert all(sqlite3.complete_statement(statement) for statement in statements)
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in statements * 2:
            connection.execute(statement)


def test_a_new_store_has_a_tree_without_a_leaf() -> None:
    with closing(SqliteStore(None)) as store:
        assert SqliteTree(store).head() is None
        assert SqliteTree(store).extent() == (0, 0, 0)


def test_leaves_and_head_are_added_together_or_not_at_all(made: Specimen) -> None:
    with opened(made.path) as store:
        tree = SqliteTree(store)
        head = tree.head()
        assert head is not None
        grown = Head(head.size + 2, head.root, head.peaks, head.sealed_at)
        leaves = [Leaf(998, b"a" * 32), Leaf(1, b"b" * 32)]
        with pytest.raises(DamagedStoreError, match="holds leaves that no head speaks of"):
            tree.add(head.size, leaves, grown)
        with pytest.raises(SealedMeanwhileError):
            tree.add(head.size - 1, leaves, grown)
        assert tree.head() == head
        assert tree.extent()[1:] == (head.size, head.size)


def test_rows_of_any_type_are_read(made: Specimen) -> None:
    made.meddle(
        "UPDATE stored_events SET originator_version = 'x', topic = 7, state = 'text', hash = 'h' "
        "WHERE notification_id = 3"
    )
    made.meddle("UPDATE tree_leaves SET hash = 'text' WHERE number = 2")
    with opened(made.path) as store:
        (kept,) = SqliteTree(store).events(after=2, stop=3, sealed=99, limit=1)
    assert (kept.version, kept.topic, kept.state, kept.hash) == (None, "7", b"text", b"h")
    assert (kept.leaf, kept.sound) == (b"text", False)


def test_the_database_s_errors_are_said_in_our_words(made: Specimen) -> None:
    with opened(made.path) as store:
        tree = SqliteTree(store)
        head = tree.head()
        assert head is not None
        with closing(sqlite3.connect(made.path)) as connection:
            connection.execute("DROP TABLE tree_heads")
        with pytest.raises(StoreError, match="reports: no such table"):
            tree.heads(0)
        with pytest.raises(StoreError, match="reports: no such table"):
            tree.add(head.size, [], head)
