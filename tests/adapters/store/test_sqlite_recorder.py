"""The recorder over SQLite is a recorder of the library, and its file keeps what it was given."""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from eventsourcing.tests import persistence

from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.sqlite_connections import Datastore
from refund_adapters.store.sqlite_recorder import SqliteRecorder
from support.books import Books, a_cash_sale, a_line
from support.stores import dump, rows

# --- the library's own tests ----------------------------------------------------------------------


class RecorderInAFile(persistence.ApplicationRecorderTestCase[SqliteRecorder]):
    def create_recorder(self) -> SqliteRecorder:
        return recorder_in_a_file(self)


class RecorderInMemory(persistence.ApplicationRecorderTestCase[SqliteRecorder]):
    def create_recorder(self) -> SqliteRecorder:
        return recorder_in_memory(self)


class PositionsInAFile(persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> SqliteRecorder:
        return recorder_in_a_file(self)


class PositionsInMemory(persistence.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> SqliteRecorder:
        return recorder_in_memory(self)


def recorder_in_a_file(case: persistence.RecorderTestCase) -> SqliteRecorder:
    folder = case.enterContext(tempfile.TemporaryDirectory())
    return recorder_at(case, str(Path(folder) / "events.db"))


def recorder_in_memory(case: persistence.RecorderTestCase) -> SqliteRecorder:
    return recorder_at(case, f"file:{uuid4().hex}?mode=memory&cache=shared")


def recorder_at(case: persistence.RecorderTestCase, name: str) -> SqliteRecorder:
    datastore = Datastore(name)
    case.addCleanup(datastore.close)
    recorder = SqliteRecorder(datastore)
    recorder.create_table()
    return recorder


# --- its connections and its file -----------------------------------------------------------------


@pytest.fixture(params=["file", "memory"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Empty books in a file and in memory."""
    with Books(str(tmp_path / "refunds.db") if request.param == "file" else None) as opened:
        yield opened


@pytest.mark.parametrize("table", ["stored_events", "postings", "claims"])
def test_replacing_is_refused_as_well(books: Books, table: str) -> None:
    books.record(a_cash_sale(1, a_line(1, 100)))
    before = dump(books.store)
    with pytest.raises(sqlite3.IntegrityError, match="are append-only"):
        rows(books.store, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608
    assert dump(books.store) == before


def test_compacting_a_file_keeps_every_position(tmp_path: Path) -> None:
    with Books(str(tmp_path / "refunds.db")) as books:
        for number in range(1, 6):
            books.record(a_cash_sale(number, a_line(1, 100)))
        before = dump(books.store)
        assert isinstance(books.store, SqliteStore)
        with books.store.recorder.datastore.get_connection(commit=True) as connection:
            connection.cursor().execute("VACUUM")
        assert dump(books.store) == before
        books.record(a_cash_sale(6, a_line(1, 100)))
        assert books.store.position() == 6


def test_closing_waits_for_whoever_is_still_reading(tmp_path: Path) -> None:
    datastore = Datastore(str(tmp_path / "refunds.db"))
    recorder = SqliteRecorder(datastore)
    recorder.create_table()
    inside, closed, order = threading.Event(), threading.Event(), list[str]()

    def read() -> None:
        with datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT 1")
            inside.set()
            assert not closed.wait(0.2)
            order.append("read")

    reader = threading.Thread(target=read)
    reader.start()
    inside.wait(10)
    datastore.close()
    order.append("closed")
    closed.set()
    reader.join(10)

    assert order == ["read", "closed"]
