"""The feed of a file: woken by other processes, and not led astray by a file put in its place."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from refund_adapters.feed import feed
from refund_adapters.store.cursors import Cursor, RewoundError
from refund_adapters.store.errors import StoreGoneError
from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.sqlite_feed import SqliteFeed
from support.books import Books
from support.feeds import following
from support.stores import processes


def test_a_save_of_another_process_wakes_the_reader(tmp_path: Path) -> None:
    path = str(tmp_path / "refunds.db")
    with Books(path) as books, processes(1) as (other,):
        other.do("open", path=path)
        source = SqliteFeed(_file(books))
        source.open()
        source.page(None, 10)
        assert not source.wait(0.1)
        other.do("grant", reference="theirs", amount=5)
        assert source.wait(10)
        assert len(source.page(None, 10)) == 1
        source.close()


def test_a_path_with_any_letters_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "החזרים 100%?#.db")
    with Books(path) as books:
        books.grant("g", 5)
        assert len(list(feed(books.store))) == 1


def test_a_reader_holds_up_no_writer_and_no_checkpoint(tmp_path: Path) -> None:
    path = str(tmp_path / "refunds.db")
    with Books(path) as books, following(books.store) as reader:
        books.grant("g", 5)
        reader.has(1)
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
        connection.close()


def test_an_older_copy_put_back_and_written_on_is_noticed(tmp_path: Path) -> None:
    path, copy = tmp_path / "refunds.db", tmp_path / "copy.db"
    with Books(str(path)) as books:
        books.grant("both", 5)
    shutil.copy(path, copy)
    with Books(str(path)) as books:
        books.grant("lost", 5)
        first, second = feed(books.store)
    shutil.copy(copy, path)
    with Books(str(path)) as books:
        with pytest.raises(RewoundError, match="nothing is at position 2"):
            list(feed(books.store, after=second.cursor))
        books.grant("other", 5)
        with pytest.raises(RewoundError, match="another event is at position 2"):
            list(feed(books.store, after=second.cursor))
        (other,) = feed(books.store, after=first.cursor)
        assert other.position == second.position
        assert other.cursor != second.cursor


def test_a_reader_that_follows_notices_the_exchange_of_its_file(tmp_path: Path) -> None:
    path, copy = tmp_path / "refunds.db", tmp_path / "copy.db"
    with Books(str(path)) as books:
        books.grant("both", 5)
    shutil.copy(path, copy)
    with Books(str(path)) as books, following(books.store) as reader:
        books.grant("lost", 5)
        reader.has(2)
        for beside in ("-wal", "-shm"):
            # SQLite would read what is left of the lost file into the copy.
            Path(f"{path}{beside}").unlink()
        copy.replace(path)
        assert reader.thread is not None
        reader.thread.join(30)
        assert isinstance(reader.error, RewoundError)


def test_a_reader_goes_on_in_a_file_that_was_moved_away_and_is_back(tmp_path: Path) -> None:
    path, away = tmp_path / "refunds.db", tmp_path / "away.db"
    with Books(str(path)) as books:
        books.grant("one", 5)
    with Books(str(path)) as books, following(books.store) as reader:
        reader.has(1)
        path.rename(away)
        reader_waits = reader.outages
        while reader.outages == reader_waits:
            reader.thread.join(0.01)  # type: ignore[union-attr]
        copied = tmp_path / "copied.db"
        shutil.copy(away, copied)
        with Books(str(copied)) as other:
            other.grant("two", 5)
        copied.replace(path)
        reader.has(2)
    assert reader.positions == [1, 2]


def test_a_file_that_is_not_there_is_no_new_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "refunds.db"
    with Books(str(path)) as books:
        source = SqliteFeed(_file(books))
        path.unlink()
        with pytest.raises(StoreGoneError, match="is not there"):
            source.open()
        assert not path.exists()


def test_positions_of_saves_that_were_rolled_back_harm_nobody(tmp_path: Path) -> None:
    with Books(str(tmp_path / "refunds.db")) as books:
        books.grant("one", 5)
        with _file(books).recorder.datastore.writing() as cursor:
            cursor.execute("UPDATE sqlite_sequence SET seq = 40 WHERE name = 'stored_events'")
        books.grant("two", 5)
        one, two = feed(books.store)
        assert (one.position, two.position) == (1, 41)
        assert [fed.position for fed in feed(books.store, after=one.cursor)] == [41]
        with pytest.raises(RewoundError):
            list(feed(books.store, after=str(Cursor(20, bytes(8)))))


def _file(books: Books) -> SqliteStore:
    assert isinstance(books.store, SqliteStore)
    return books.store
