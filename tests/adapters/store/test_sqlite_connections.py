"""Connections to a SQLite file: durable, patient, and theirs is the lock soon after it is free."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from refund_adapters.store import sqlite_connections
from refund_adapters.store.errors import StoreBusyError
from refund_adapters.store.sqlite import SqliteStore
from support.books import Books


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with Books(str(tmp_path / "refunds.db")) as found:
        yield found


def test_a_connection_writes_durably_and_checks_references(books: Books) -> None:
    assert pragmas(books, "synchronous", "foreign_keys", "busy_timeout") == [2, 1, 30_000]
    assert pragmas(books, "journal_mode", "recursive_triggers") == ["wal", 1]


def test_what_need_not_last_does_not_wait_for_the_disk_and_the_next_save_does(
    books: Books,
) -> None:
    datastore = books.store.recorder.datastore  # type: ignore[attr-defined]
    found: list[int] = []
    for lasting in (False, True):
        with datastore.writing(lasting=lasting) as cursor:
            cursor.execute("PRAGMA synchronous")
            found.append(cursor.fetchone()[0])
        found += pragmas(books, "synchronous")
    with pytest.raises(ZeroDivisionError), datastore.writing(lasting=False):
        _ = 1 // 0
    assert [*found, *pragmas(books, "synchronous")] == [1, 2, 2, 2, 2]


def test_a_writer_waits_for_another_and_goes_on_when_it_is_done(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = threading.Event()
    monkeypatch.setattr(time, "sleep", lambda _: looks.set())
    with closing(sqlite3.connect(path_of(books), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = threading.Thread(target=books.grant, args=("g", 5))
        waiting.start()
        assert looks.wait(10)
        assert books.events() == []
        other.execute("COMMIT")
        waiting.join(10)
    assert len(books.events()) == 1


def test_statements_wait_as_ever_after_a_write_and_after_one_that_failed(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.grant("g", 5)
    assert pragmas(books, "busy_timeout") == [30_000]
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(path_of(books), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError, match="held by another process for too long"):
            books.grant("h", 5)
    assert pragmas(books, "busy_timeout") == [10]


def test_statements_are_compiled_once(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    connect: Any = sqlite3.connect

    def watched(*args: Any, **options: Any) -> Any:
        kept.append(options.get("cached_statements"))
        return connect(*args, **options)

    monkeypatch.setattr(sqlite3, "connect", watched)
    with closing(SqliteStore(path_of(books))) as store:
        assert store.position() == 0
    assert kept[-1] == sqlite_connections.STATEMENTS > 100


def pragmas(books: Books, *names: str) -> list[Any]:
    """What a connection of the store is set to."""
    assert isinstance(books.store, SqliteStore)
    with books.store.recorder.datastore.get_connection(commit=False) as connection:
        cursor, found = connection.cursor(), []
        for name in names:
            cursor.execute(f"PRAGMA {name}")
            found.append(cursor.fetchone()[0])
    return found


def path_of(books: Books) -> str:
    assert books.path is not None
    return books.path
