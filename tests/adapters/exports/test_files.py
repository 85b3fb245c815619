"""A file of an export is complete or not there, and never takes a ledger's place."""

import hashlib
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from projections.histories import Company
from refund_adapters.exports.files import NotWrittenError, Sink, Written, save, stream
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.errors import InvalidInputError

TEXT = b"a row\n"


def one_row(file: Sink) -> int:
    file.write(TEXT)
    return 1


def test_a_file_is_written_with_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    digest = hashlib.sha256(TEXT).hexdigest()
    assert save(path, one_row) == Written(1, str(path), len(TEXT), digest)
    assert path.read_bytes() == TEXT
    assert [found.name for found in tmp_path.iterdir()] == ["rows.csv"]


def test_what_stood_there_is_replaced_only_by_what_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"of yesterday")

    def breaks(file: BinaryIO) -> int:
        file.write(TEXT)
        file.flush()
        assert path.read_bytes() == b"of yesterday"
        raise ValueError("a row cannot be read")

    with pytest.raises(ValueError, match="a row cannot be read"):
        save(path, breaks)
    assert path.read_bytes() == b"of yesterday"
    assert len(list(tmp_path.iterdir())) == 1
    save(path, one_row)
    assert path.read_bytes() == TEXT


def test_a_file_has_the_rights_that_new_files_have(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    save(tmp_path / "rows.csv", one_row)
    mode = stat.S_IMODE((tmp_path / "rows.csv").stat().st_mode)
    assert mode == stat.S_IMODE(usual.stat().st_mode)


def test_a_link_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "latest.csv"
    link.symlink_to(tmp_path / "rows.csv")
    save(link, one_row)
    assert link.is_symlink()
    assert (tmp_path / "rows.csv").read_bytes() == TEXT


def test_a_ledger_is_never_replaced_by_its_export(tmp_path: Path) -> None:
    path = tmp_path / "refunds.db"
    company = Company(store=SqliteStore(str(path)))
    company.invoice(1, 1_000)
    for database in (path, tmp_path / "refunds.db-wal"):
        assert database.stat().st_size
        with pytest.raises(InvalidInputError, match=r"out: .* is a database; name another file"):
            save(database, one_row)
    assert len(company.events()) == 1
    company.store.close()


def test_the_longest_name_that_a_folder_takes_is_taken(tmp_path: Path) -> None:
    path = tmp_path / ("😀" * 63)
    save(path, one_row)
    assert path.read_bytes() == TEXT


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("", "is no ordinary file; use - for stdout"),
        ("pipe", "is no ordinary file; use - for stdout"),
        ("nowhere/rows.csv", "cannot be written: No such file or directory"),
        ("file/rows.csv", "cannot be written: Not a directory"),
        ("circle", "cannot be written: its links lead in a circle"),
        ("x" * 300, "cannot be written: File name too long"),
    ],
)
def test_a_place_that_is_none_is_refused(tmp_path: Path, name: str, complaint: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(InvalidInputError, match=complaint) as refused:
        save(tmp_path / name, one_row)
    assert refused.value.field == "out"
    assert {found.name for found in tmp_path.iterdir()} == {"pipe", "file", "circle"}


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    def fills(file: BinaryIO) -> int:
        with Path("/dev/full").open("wb") as full:
            full.write(TEXT)
        return one_row(file)

    with pytest.raises(NotWrittenError, match="was not written: No space left on device; nothing"):
        save(tmp_path / "rows.csv", fills)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_takes_nothing_is_said_and_one_that_nobody_reads_is_not() -> None:
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(NotWrittenError, match="the output cannot be written: No space left"),
    ):
        stream(full, one_row)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as pipe, pytest.raises(BrokenPipeError):
        stream(pipe, one_row)


def test_a_stream_is_counted_and_digested() -> None:
    sink = io.BytesIO()
    done = stream(sink, one_row)
    assert done == Written(1, "-", len(TEXT), hashlib.sha256(TEXT).hexdigest())
    assert sink.getvalue() == TEXT
