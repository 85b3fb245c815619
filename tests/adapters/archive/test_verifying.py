"""A verification names every file that is not as it was written, and what does not belong."""

from pathlib import Path

import pytest

from projections.histories import Company
from refund_adapters.archive.log import read_log
from refund_adapters.archive.verifying import verify
from refund_adapters.archive.writing import write
from refund_ledger.errors import NotFoundError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive of two entries."""
    company = Company()
    for number in (1, 2):
        company.invoice(number, 1_000)
        write(company.store, tmp_path)
    return tmp_path


def test_what_was_written_is_sound(folder: Path) -> None:
    heard: list[tuple[int, int]] = []
    found = verify(folder, heard=lambda done, all_: heard.append((done, all_)))
    assert found.sound
    assert (found.events, found.entries, found.files, found.companies) == (2, 2, 6, ("acme",))
    assert found.bytes == sum(path.stat().st_size for path in folder.rglob("*.parquet"))
    assert heard == [(number, 6) for number in range(1, 7)]


@pytest.mark.parametrize("which", range(6))
def test_one_bit_of_any_file_is_noticed(folder: Path, which: int) -> None:
    file = read_log(folder).files[which]
    path = folder / file.path
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    (problem,) = verify(folder).problems
    assert problem.startswith(f"{file.path} was changed: its SHA-256 is ")


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    file = read_log(folder).files[0]
    (folder / file.path).unlink()
    assert verify(folder).problems == (f"{file.path} cannot be read: No such file or directory",)


def test_a_head_that_was_kept_shows_that_an_archive_was_exchanged(folder: Path) -> None:
    heads = read_log(folder).heads
    assert all(verify(folder, head=head).sound for head in heads)
    (folder / "log" / "00000002.json").unlink()
    assert verify(folder, head=heads[0]).sound
    assert not verify(folder).problems, "alone, an archive cannot know how long it was"
    (problem,) = verify(folder, head=heads[1]).problems
    assert problem == f"no entry of the log has the head {heads[1]}; the archive is another"


def test_what_a_dead_run_left_is_no_difference(folder: Path) -> None:
    left = folder / ".writing-abc" / "events.parquet"
    left.parent.mkdir()
    left.write_bytes(b"half")
    found = verify(folder)
    assert found.sound
    assert found.strangers == (".writing-abc/events.parquet",)


def test_nothing_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no archive in"):
        verify(tmp_path)
