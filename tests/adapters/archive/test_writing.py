"""An archive only grows, from where it was; a run that dies costs its last files and no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.histories import COMPANY, Company, histories
from refund_adapters.archive.errors import NotArchivedError
from refund_adapters.archive.lines import EventLine, PostingLine, Table
from refund_adapters.archive.log import Log, read_log
from refund_adapters.archive.tables import needed, rows_in
from refund_adapters.archive.verifying import verify
from refund_adapters.archive.writing import MOST_COMPANIES, short_name, write
from refund_adapters.feed import feed
from refund_adapters.store.cursors import RewoundError
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.application import RefundLedger
from refund_ledger.errors import InvalidInputError
from refund_ledger.originals import Kind
from support.archives import writer
from support.books import Books, a_line, a_stamp, an_original
from support.feeds import wait_until, written
from support.synced import synced


def lines(log: Log, table: Table) -> list[dict[str, object]]:
    """Every line of a table, in the order of the files."""
    parquet = needed("pyarrow.parquet")
    return [
        line
        for file in log.files
        if file.table is table
        for line in parquet.ParquetFile(log.folder / file.path).read().to_pylist()
    ]


@given(histories, st.integers(1, 40))
@settings(max_examples=40)
def test_however_it_is_cut_an_archive_holds_every_event_once(
    tmp_path_factory: pytest.TempPathFactory, company: Company, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    wrote = write(company.store, folder, slice_events=cut)
    fed = list(feed(company.store))
    assert (wrote.added, wrote.events, wrote.cursor) == (len(fed), len(fed), fed[-1].cursor)
    log = read_log(folder)
    assert len(log.entries) == -(-len(fed) // cut)
    archived = [EventLine(**line) for line in lines(log, Table.EVENTS)]  # type: ignore[arg-type]
    assert [line.number for line in archived] == list(range(1, len(fed) + 1))
    assert [(line.position, line.state.encode(), line.hash) for line in archived] == [
        (one.position, one.state, one.hash.hex()) for one in fed
    ]
    first = {line.command_id: line.number for line in reversed(archived)}
    assert [line.command for line in archived] == [first[line.command_id] for line in archived]
    assert verify(folder, head=wrote.head).problems == ()


def test_the_disk_knows_the_folders_of_a_file_before_the_log_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = Company()
    company.invoice(1, 1_000)
    write(company.store, tmp_path)
    found = synced(monkeypatch)
    company.invoice(2, 2_000)
    write(company.store, tmp_path)

    logged = found.index(tmp_path / "log")
    for file in read_log(tmp_path).entries[-1].files:
        path = tmp_path / file.path
        first = found.index(path.parent)
        assert found[first : first + 3] == [path.parent, path.parent.parent, tmp_path]
        assert first < logged


def test_a_run_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    company = Company()
    company.invoice(1, 1_000)
    first = write(company.store, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    company.invoice(2, 2_000)
    second = write(company.store, tmp_path)
    assert (first.added, second.added, second.events) == (1, 1, 2)
    assert {path: path.read_bytes() for path in before} == before, "no file was changed"
    again = write(company.store, tmp_path)
    assert (again.added, again.files, again.head) == (0, 0, second.head)
    postings = [PostingLine(**line) for line in lines(read_log(tmp_path), Table.POSTINGS)]  # type: ignore[arg-type]
    assert {line.number for line in postings} == {1, 2}
    assert {line.effective_on.isoformat() for line in postings} == {"2026-02-28"}


def test_a_store_without_events_makes_an_empty_archive(tmp_path: Path) -> None:
    wrote = write(SqliteStore(None), tmp_path)
    assert wrote == (0, 0, 0, "", "")
    assert verify(tmp_path).sound


def test_an_archive_of_another_history_is_left_alone(tmp_path: Path) -> None:
    with Books() as books, Books() as others:
        books.grant("one", 5)
        write(books.store, tmp_path)
        others.grant("two", 7)
        others.grant("three", 9)
        with pytest.raises(RewoundError, match="history was rewound"):
            write(others.store, tmp_path)
    assert read_log(tmp_path).events == 1
    assert verify(tmp_path).strangers == ()


def test_each_company_has_files_of_its_own(tmp_path: Path) -> None:
    store = SqliteStore(None)
    names = ["acme", "חברה בע״מ", "a/../b", "a b", "a-b"]
    for name in names:
        with_one(store, name)
    write(store, tmp_path)
    log = read_log(tmp_path)
    assert log.companies == tuple(sorted(names))
    folders = {file.company: Path(file.path).parent.name for file in log.files}
    assert len(set(folders.values())) == len(names)
    assert folders == {name: short_name(name) for name in names}
    assert verify(tmp_path).sound


def test_many_companies_are_several_entries(tmp_path: Path) -> None:
    store = SqliteStore(None)
    for number in range(MOST_COMPANIES + 1):
        with_one(store, f"company {number}")
    write(store, tmp_path)
    log = read_log(tmp_path)
    assert [entry.last for entry in log.entries] == [MOST_COMPANIES, MOST_COMPANIES + 1]


def with_one(store: SqliteStore, company: str) -> None:
    """Save one event of a company."""
    sale = an_original(Kind.INVOICE, 1, company=company, lines=(a_line(1, 100),), open_amount=100)
    ledger = RefundLedger(store, company)
    ledger.record_original(sale, a_stamp(command=company), read_from="a file")


def test_a_writer_that_is_killed_leaves_whole_files_and_the_next_goes_on(tmp_path: Path) -> None:
    path, folder = tmp_path / "refunds.db", tmp_path / "archive"
    store = SqliteStore(str(path))
    written(store, 3_000)
    done = 0
    for _ in range(4):
        with writer(path, folder, slice_events=50) as process:
            wait_until(lambda at=done: entries(folder) >= at + 3 or process.poll() is not None)  # type: ignore[misc]
            assert process.poll() is None, "it was done before it could be killed"
        found = verify(folder)
        assert found.problems == ()
        assert found.events == 50 * found.entries
        assert done < found.entries
        done = found.entries
        for table in Table:
            for file in (folder / table).rglob("*.parquet"):
                rows_in(file)  # It says so where a file is not whole.
    wrote = write(store, folder)
    assert (wrote.events, wrote.added) == (3_000, 3_000 - 50 * done)
    positions = [line["position"] for line in lines(read_log(folder), Table.EVENTS)]
    assert positions == [one.position for one in feed(store)]
    store.close()


def entries(folder: Path) -> int:
    """How many entries a log has while somebody writes it."""
    return len(list((folder / "log").glob("*.json")))


def test_a_full_disk_is_said_and_leaves_what_was_there(tmp_path: Path) -> None:
    company = Company()
    company.invoice(1, 1_000)
    first = write(company.store, tmp_path)
    company.invoice(2, 1_000)
    for table in Table:
        for place in (tmp_path / table).iterdir():
            for file in place.iterdir():
                file.rename(tmp_path / f"{table}.kept")
            place.rmdir()
            place.write_text("no folder can be made here")
    with pytest.raises(NotArchivedError, match=r"was not written to: .*; what was there before"):
        write(company.store, tmp_path)
    assert read_log(tmp_path).head == first.head
    assert not list(tmp_path.glob(".writing-*"))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "refunds.db").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"archive: .* is no archive and not empty"):
        write(Company().store, tmp_path)


def test_the_feed_of_a_server_is_archived_in_its_order(
    tmp_path: Path, postgres_ledger: str
) -> None:
    with Books(postgres_ledger) as books:
        for number in range(5):
            books.grant(f"g{number}", 5)
        write(books.store, tmp_path, slice_events=2)
        books.grant("last", 5)
        write(books.store, tmp_path, slice_events=2)
        order = [one.position for one in feed(books.store)]
    log = read_log(tmp_path)
    assert [line["position"] for line in lines(log, Table.EVENTS)] == order
    assert {file.company for file in log.files} == {COMPANY}
