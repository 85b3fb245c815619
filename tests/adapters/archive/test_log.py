"""The log of an archive grows by whole entries, one writer at a time, and shows each change."""

import json
from pathlib import Path
from typing import Any

import pytest

from refund_adapters.archive.errors import DamagedArchiveError, NotArchivedError
from refund_adapters.archive.lines import Table
from refund_adapters.archive.log import Entry, Log, append, opened_log, read_log
from refund_ledger.errors import InvalidInputError, NotFoundError
from support.synced import synced


def entry(log: Log, events: int = 3, **fields: Any) -> Entry:
    """The next entry of a log."""
    file = {
        "path": f"events/acme-1/{len(log.entries):08}-0123456789ab.parquet",
        "table": "events",
        "company": "acme",
        "rows": events,
        "bytes": 4,
        "sha256": "0" * 64,
    }
    return Entry.model_validate(
        {
            "entry": len(log.entries) + 1,
            "before": log.head,
            "first": log.events + 1,
            "last": log.events + events,
            "cursor": "1-1-0123456789abcdef",
            "command": log.events + 1,
            "command_id": "command",
            "files": (file,),
            **fields,
        }
    )


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log of two entries."""
    new = opened_log(tmp_path / "archive")
    first = append(new, entry(new))
    return append(first, entry(first))


def test_a_log_is_read_as_it_was_written(log: Log) -> None:
    assert read_log(log.folder) == log
    assert (log.events, len(log.files), log.companies) == (6, 2, ("acme",))
    assert log.heads == (log.entries[1].before, log.head)
    assert opened_log(log.folder) == log


def test_the_disk_knows_every_folder_of_a_new_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = synced(monkeypatch)
    archive = tmp_path / "books" / "archive"
    new = opened_log(archive)
    assert found == [archive, archive.parent, tmp_path]

    found.clear()
    append(new, entry(new))
    part, *folders = found
    assert part.parent == archive / "log"
    assert folders == [archive / "log", archive]

    found.clear()
    opened_log(archive)
    assert found == []


def test_a_folder_that_was_there_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = synced(monkeypatch)
    monkeypatch.chdir(tmp_path)
    opened_log(Path())
    assert found == [tmp_path]


def test_an_empty_archive_holds_nothing(tmp_path: Path) -> None:
    new = opened_log(tmp_path / "archive")
    assert (new.events, new.files, new.heads, new.head) == (0, (), (), "")
    assert read_log(tmp_path / "archive") == new


def test_of_two_writers_one_is_refused(log: Log) -> None:
    append(log, entry(log))
    with pytest.raises(NotArchivedError, match="another run is writing"):
        append(log, entry(log, events=9))
    assert read_log(log.folder).events == 9
    assert not list(log.folder.rglob("*.part"))


def test_an_entry_that_was_changed_is_named_by_the_next(log: Log) -> None:
    path = log.folder / "log" / "00000001.json"
    path.write_text(path.read_text().replace('"command_id":"command"', '"command_id":"comment"'))
    with pytest.raises(DamagedArchiveError, match=r"00000002.json does not follow the entry"):
        read_log(log.folder)


def test_an_entry_that_is_gone_is_missed(log: Log) -> None:
    (log.folder / "log" / "00000001.json").unlink()
    with pytest.raises(DamagedArchiveError, match="stands where entry 1 of the log should be"):
        read_log(log.folder)


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "events/../../x/00000001-0123456789ab.parquet",
        "a.parquet",
    ],
)
def test_an_entry_names_files_of_the_archive_alone(log: Log, path: str) -> None:
    target = log.folder / "log" / "00000002.json"
    shape = json.loads(target.read_text())
    shape["files"][0]["path"] = path
    target.write_text(json.dumps(shape))
    with pytest.raises(DamagedArchiveError, match=r"files\.0\.path cannot be read"):
        read_log(log.folder)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"format": 2}', b"\xff"])
def test_what_is_no_entry_is_said_by_its_name(log: Log, raw: bytes) -> None:
    (log.folder / "log" / "00000002.json").write_bytes(raw)
    with pytest.raises(DamagedArchiveError, match=r"00000002.json is no entry of a log"):
        read_log(log.folder)


def test_no_folder_is_taken_for_an_archive(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no archive in"):
        read_log(tmp_path)
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"archive: .* is no archive and not empty"):
        opened_log(tmp_path)
    with pytest.raises(InvalidInputError, match=r"archive: .* cannot be written"):
        opened_log(tmp_path / "letters.txt" / "archive")
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_files_are_looked_for_before_they_are_asked(log: Log) -> None:
    with pytest.raises(DamagedArchiveError, match="cannot be read: No such file"):
        log.paths("acme", Table.EVENTS)
    for file in log.files:
        (log.folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (log.folder / file.path).write_bytes(b"1234")
    assert log.paths("acme", Table.EVENTS) == [log.folder / file.path for file in log.files]
    (log.folder / log.files[0].path).write_bytes(b"123")
    with pytest.raises(DamagedArchiveError, match="has 3 bytes, 4 were written"):
        log.paths("acme", Table.EVENTS)
    with pytest.raises(NotFoundError, match=r"holds nothing of company 'other'; it holds .* acme"):
        log.paths("other", Table.EVENTS)


def test_a_path_that_an_engine_would_read_as_a_pattern_is_refused(tmp_path: Path) -> None:
    new = opened_log(tmp_path / "archive [1]")
    with pytest.raises(InvalidInputError, match=r"archive: .* cannot be asked; move it to a path"):
        append(new, entry(new)).paths("acme", Table.EVENTS)
