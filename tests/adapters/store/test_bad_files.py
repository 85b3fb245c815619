"""A file that cannot be used is refused in one clear sentence, and nothing of it is changed."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from refund_adapters.store import sqlite_connections
from refund_adapters.store.errors import (
    DamagedStoreError,
    NewerStoreError,
    NotOurStoreError,
    ReadOnlyStoreError,
    StoreBusyError,
    StoreError,
    StoreFullError,
)
from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.sqlite_recorder import SCHEMA_VERSION
from refund_ledger.accounts import AccountKind
from refund_ledger.errors import LedgerError
from refund_ledger.refund import Waits
from support.books import Books, a_cash_sale, a_line, an_invoice
from support.stores import (
    Process,
    broken_links,
    dump,
    everything,
    kept_events,
    processes,
    rows,
)

# --- not ours, newer, damaged ---------------------------------------------------------------------


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A store with a story in it, closed."""
    path = tmp_path / "refunds.db"
    with Books(str(path)) as books:
        sale = books.record(a_cash_sale(1, a_line(1, 1_000, 170), a_line(2, 333, 57)))
        books.finish(books.ask("a", original=str(sale), amount=900))
        books.ask("b", original=str(sale))
    return path


def refuses_to_open(path: Path, error: type[StoreError], words: str) -> None:
    """Opening is refused in a sentence of one line, and no file in the folder is changed."""
    before = contents(path.parent)
    with pytest.raises(error, match=words) as caught:
        SqliteStore(str(path))
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)
    assert contents(path.parent) == before


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, byte for byte."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_the_database_of_something_else_is_left_as_it_is(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "photos.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA journal_mode={mode}")
        other.execute("CREATE TABLE photos (name TEXT)")
        other.commit()
    refuses_to_open(path, NotOurStoreError, "a database of something else; name another file")


@pytest.mark.parametrize("text", ["refunds", "refunds\n" * 2_000])
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    refuses_to_open(path, NotOurStoreError, "is not a database; name another file for the ledger")


def test_a_store_of_newer_software_is_left_as_it_is(ours: Path) -> None:
    with closing(sqlite3.connect(ours)) as store:
        store.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    refuses_to_open(ours, NewerStoreError, "has schema 3 and this software knows 2; update")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotOurStoreError, match=r"the folder .*/no does not exist; create it"):
        SqliteStore(str(tmp_path / "no" / "refunds.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    refuses_to_open(tmp_path, NotOurStoreError, "cannot be opened; check the path and its rights")


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "refunds.db"
    path.touch()
    with Books(str(path)) as books:
        books.grant("a", 5)
        assert books.store.position() == 1


def test_a_creation_that_was_cut_short_is_taken_up_again(ours: Path) -> None:
    with closing(sqlite3.connect(ours)) as store:
        store.execute("PRAGMA user_version=0")
    with Books(str(ours), minutes=20) as books:
        books.grant("a", 5)
        assert rows(books.store, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_a_store_that_lost_its_end_says_so(ours: Path, share: float) -> None:
    raw = ours.read_bytes()
    cut = raw[: int(len(raw) * share)]
    ours.write_bytes(cut)
    with pytest.raises(DamagedStoreError, match="is damaged; restore it from a backup and replay"):
        SqliteStore(str(ours))
    assert ours.read_bytes() == cut


def test_flipped_bytes_are_met_with_an_error_of_ours_or_harm_nothing(ours: Path) -> None:
    random, raw, met = Random(7), ours.read_bytes(), set[str]()
    path = ours.with_name("flipped.db")
    for _ in range(100):
        at = random.randrange(len(raw))
        path.write_bytes(raw[:at] + bytes([raw[at] ^ random.randrange(1, 256)]) + raw[at + 1 :])
        try:
            store = SqliteStore(str(path))
        except LedgerError as error:
            met.add(type(error).__name__)
            continue
        try:
            everything(store, ["acme"])
        except LedgerError as error:
            met.add(type(error).__name__)
        finally:
            store.close()
    assert "DamagedStoreError" in met


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("stored_events", "originator_id = 'nobody'"),
        ("stored_events", "topic = CAST(x'ff' AS TEXT)"),
        ("stored_events", "state = x'ff'"),
        ("stored_events", "state = 7"),
        ("postings", "kind = 'gift'"),
        ("balances", "kind = 'gift/' || kind"),
        ("calls_due", "refund = 'nobody'"),
        ("calls_due", "part = 'third'"),
        ("calls_due", "not_before = '2'"),
    ],
)
def test_a_value_that_was_never_written_is_damage(ours: Path, table: str, change: str) -> None:
    kind = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    with Books(str(ours)) as books:
        for (trigger,) in rows(books.store, kind, table):
            rows(books.store, f"DROP TRIGGER {trigger}")
        only = {"stored_events": "notification_id = 1", "postings": "amount > 0"}.get(table, "1")
        rows(books.store, f"UPDATE {table} SET {change} WHERE {only}")  # noqa: S608
        with pytest.raises(DamagedStoreError):
            everything(books.store, ["acme"])


def test_a_damaged_call_is_not_taken_in_hand(ours: Path) -> None:
    with Books(str(ours)) as books:
        rows(books.store, "UPDATE calls_due SET part = 'third'")
        before = dump(books.store)
        with pytest.raises(DamagedStoreError, match="holds a value that it never wrote"):
            books.store.take("acme", Waits.SEND, worker="a", seconds=1, limit=9)
        assert dump(books.store) == before


# --- other processes, rights and room -------------------------------------------------------------


@pytest.fixture
def another() -> Iterator[Process]:
    """Another process."""
    with processes(1) as (one,):
        yield one


@pytest.fixture
def shared(ours: Path) -> Iterator[Path]:
    """The store in a folder that every user may look into."""
    folder = Path(tempfile.mkdtemp())
    path = folder / ours.name
    shutil.copyfile(ours, path)
    try:
        yield path
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


@pytest.mark.parametrize(("file", "folder"), [(0o444, 0o555), (0o444, 0o777), (0o666, 0o555)])
def test_a_store_that_may_only_be_read_is_not_written(
    shared: Path, another: Process, file: int, folder: int
) -> None:
    before = shared.read_bytes()
    shared.chmod(file)
    shared.parent.chmod(folder)
    another.do("lose_rights")
    opened = another.do("open", path=str(shared))
    answer = opened if "error" in opened else another.do("grant", reference="a", amount=5)
    assert answer["error"] == ReadOnlyStoreError.__name__
    assert "cannot be written to; check the rights of file and folder" in answer["says"]
    assert shared.read_bytes() == before


def test_a_store_that_may_not_even_be_read_is_not_opened(shared: Path, another: Process) -> None:
    shared.chmod(0)
    shared.parent.chmod(0o755)
    another.do("lose_rights")
    answer = another.do("open", path=str(shared))
    assert answer["error"] == NotOurStoreError.__name__
    assert "cannot be opened; check the path and its rights" in answer["says"]


def test_a_disk_that_fills_up_keeps_every_whole_save(tmp_path: Path, another: Process) -> None:
    path = str(tmp_path / "refunds.db")
    assert another.do("open", path=path) == {"done": None}
    another.do("fill_the_disk", size=200_000)
    saved = 0
    while "error" not in (answer := another.do("grant", reference=f"g{saved}", amount=5)):
        saved += 1
    assert answer["error"] == StoreFullError.__name__
    assert "its disk is full or failing" in answer["says"]
    assert another.do("grant", reference="again", amount=5)["error"] == StoreFullError.__name__
    assert another.do("count") == {"done": saved}
    with Books(path) as books:
        assert len(books.events()) == saved > 0
        assert books.total(AccountKind.CREDIT) == saved * 5
        assert broken_links(kept_events(books.store)) == []


def test_no_room_for_a_store_at_all(tmp_path: Path, another: Process) -> None:
    another.do("fill_the_disk", size=5_000)
    answer = another.do("open", path=str(tmp_path / "refunds.db"))
    assert answer["error"] == StoreFullError.__name__


def test_a_full_database_says_that_nothing_was_written(tmp_path: Path) -> None:
    with Books(str(tmp_path / "refunds.db")) as books:
        books.grant("a", 5)
        (pages,) = rows(books.store, "PRAGMA page_count")[0]
        assert isinstance(books.store, SqliteStore)
        with books.store.recorder.datastore.get_connection(commit=True) as connection:
            connection.cursor().execute(f"PRAGMA max_page_count={pages}")
        before = dump(books.store)
        many = [a_line(number, 100, description="x" * 200) for number in range(1, 200)]
        with pytest.raises(StoreFullError, match="no room left on its disk; nothing was written"):
            books.record(an_invoice(1, *many))
        assert dump(books.store) == before


def test_a_store_held_by_another_for_too_long_is_busy(
    ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.01)
    with Books(str(ours), minutes=20) as books, closing(sqlite3.connect(ours)) as holder:
        before = dump(books.store)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError, match="held by another process for too long; try again"):
            books.grant("a", 5)
        assert len(books.events()) == before["stored_events"][-1][0]
        holder.rollback()
        books.grant("a", 5)


def test_a_file_held_whole_by_another_cannot_be_opened(
    ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(ours)) as holder:
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusyError, match="held by another process for too long"):
            SqliteStore(str(ours))


def test_a_store_that_another_is_creating_for_too_long_is_not_created_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.01)
    path = tmp_path / "refunds.db"
    with closing(sqlite3.connect(path)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError, match="held by another process for too long"):
            SqliteStore(str(path))
        holder.rollback()
    assert path.read_bytes() == b""


def test_a_table_that_is_gone_is_an_error_of_the_store(ours: Path) -> None:
    with Books(str(ours)) as books:
        rows(books.store, "DROP TABLE calls_due")
        with pytest.raises(StoreError, match="reports: no such table: calls_due"):
            books.store.due("acme", Waits.SEND)


def test_a_store_that_was_closed_says_so(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "refunds.db"))
    store.close()
    with pytest.raises(StoreError, match="was closed; open it again"):
        store.position()
