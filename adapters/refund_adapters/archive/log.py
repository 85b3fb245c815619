"""The log of an archive: one small file for each run of the feed that was added, chained by hash.

An entry names its data files with their SHA-256, and carries the SHA-256 of the entry before it, so
that the hash of the newest stands for everything. An entry is made under its name by a link, which
only one writer can do; what no entry names is no part of the archive.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from refund_adapters.archive.errors import DamagedArchiveError, NotArchivedError
from refund_adapters.archive.lines import Table
from refund_ledger.errors import InvalidInputError, NotFoundError

FOLDER = "log"
LARGEST = 10_000_000
"""Bytes of an entry; a larger file is something else."""
GLOB = re.compile(r"[*?\[\]{}\\]")
"""Letters that the engines read as a pattern where they stand in a path."""

Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataFile(_Kept):
    """One Parquet file."""

    path: Annotated[
        str, Field(pattern=r"^[a-z]+/[A-Za-z0-9_-]{1,60}/[0-9]{8}-[0-9a-f]{12}\.parquet$")
    ]
    """Below the archive's folder."""
    table: Table
    company: str
    rows: Count
    bytes: Count
    sha256: Sha256


class Entry(_Kept):
    """What one run of the feed added."""

    format: Literal[1] = 1
    entry: Annotated[int, Field(ge=1)]
    before: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
    """SHA-256 of the entry before it; empty in the first."""
    first: Annotated[int, Field(ge=1)]
    """The first event, by its place in the order of the feed."""
    last: Annotated[int, Field(ge=1)]
    cursor: str
    """What the feed goes on after."""
    command: Annotated[int, Field(ge=1)]
    """Where the last event's command begins, should it go on in the next entry."""
    command_id: str
    files: tuple[DataFile, ...]


class Log(NamedTuple):
    """Every entry of an archive, in order."""

    folder: Path
    entries: tuple[Entry, ...]
    head: str
    """SHA-256 of the newest entry; empty while there is none."""

    @property
    def heads(self) -> tuple[str, ...]:
        """SHA-256 of each entry: what `head` was after it."""
        return (*(entry.before for entry in self.entries[1:]), self.head) if self.entries else ()

    @property
    def last(self) -> Entry | None:
        """The newest entry."""
        return self.entries[-1] if self.entries else None

    @property
    def events(self) -> int:
        """How many events are archived."""
        return self.last.last if self.last else 0

    @property
    def files(self) -> tuple[DataFile, ...]:
        """Every data file, in the order of the feed."""
        return tuple(file for entry in self.entries for file in entry.files)

    @property
    def companies(self) -> tuple[str, ...]:
        """Whose events are archived."""
        return tuple(sorted({file.company for file in self.files}))

    def paths(self, company: str, table: Table) -> list[Path]:
        """A company's files of one table; raises where one is gone or of another length."""
        if company not in self.companies:
            there = ", ".join(self.companies) or "nobody"
            raise NotFoundError(
                f"the archive {self.folder} holds nothing of company {company!r}; it holds "
                f"events of {there}"
            )
        if GLOB.search(str(self.folder)):
            raise InvalidInputError(
                "archive", f"{self.folder} cannot be asked; move it to a path without * ? [ ] {{ }}"
            )
        return [
            _there(self.folder / file.path, file.bytes)
            for file in self.files
            if (file.company, file.table) == (company, table)
        ]


def read_log(folder: Path) -> Log:
    """Read the log of an archive; raises `NotFoundError` where there is none.

    Raises `DamagedArchiveError` naming the first entry that is not what was written.
    """
    entries: list[Entry] = []
    head = ""
    for number, path in enumerate(_entries(folder), 1):
        raw = _raw(path)
        entry = _parsed(path, raw)
        before = entries[-1].last if entries else 0
        if path.name != _name(number) or entry.entry != number:
            raise DamagedArchiveError(f"{path} stands where entry {number} of the log should be")
        if entry.before != head or not before < entry.first <= entry.last:
            raise DamagedArchiveError(
                f"{path} does not follow the entry before it; one of the two was changed. Restore "
                "the archive from a copy, or write it anew into an empty folder"
            )
        entries.append(entry)
        head = hashlib.sha256(raw).hexdigest()
    return Log(folder, tuple(entries), head)


def opened_log(folder: Path) -> Log:
    """Read the log in order to add to it; a folder that is new or empty becomes an archive.

    Raises `InvalidInputError` where the folder holds something else.
    """
    try:
        if not (folder / FOLDER).is_dir():
            there = next(path for path in (folder, *folder.parents) if path.exists())
            folder.mkdir(parents=True, exist_ok=True)
            if any(not path.name.startswith(".writing-") for path in folder.iterdir()):
                raise InvalidInputError(
                    "archive", f"{folder} is no archive and not empty; name a new folder"
                )
            (folder / FOLDER).mkdir(exist_ok=True)
            sync_folders(folder, there)
    except OSError as error:
        raise InvalidInputError(
            "archive", f"{folder} cannot be written: {error.strerror}"
        ) from error
    return read_log(folder)


def append(log: Log, entry: Entry) -> Log:
    """Add an entry behind the newest, or nothing.

    Raises `NotArchivedError` where another writer was faster.
    """
    raw = entry.model_dump_json().encode() + b"\n"
    path = log.folder / FOLDER / _name(entry.entry)
    part = path.with_name(f".{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link is refused where the name is taken.
        path.hardlink_to(part)
        sync_folders(path.parent, log.folder)
    except FileExistsError:
        raise NotArchivedError(
            f"another run is writing to {log.folder}; wait until it has ended and run this again"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return Log(log.folder, (*log.entries, entry), hashlib.sha256(raw).hexdigest())


def sync_folders(folder: Path, top: Path) -> None:
    """Wait until the disk knows the names in a folder and in each one above it, up to `top`.

    A folder that was just made is a name in the one above it; all is done again each time, since
    whoever made it may have died before.
    """
    if os.name == "posix":
        for each in (folder, *folder.parents):
            handle = os.open(each, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            if each == top:
                return


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted((folder / FOLDER).glob("*.json"), key=lambda path: path.name)
    finally:
        if not (folder / FOLDER).is_dir():
            raise NotFoundError(
                f"there is no archive in {folder}; make it with `refund-ledger archive write`"
            )


def _name(number: int) -> str:
    return f"{number:08}.json"


def _raw(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise DamagedArchiveError(f"{path} cannot be read: {error.strerror}") from error
    return raw


def _parsed(path: Path, raw: bytes) -> Entry:
    try:
        return Entry.model_validate_json(raw)
    except ValidationError as error:
        where = ".".join(str(one) for one in error.errors()[0]["loc"]) or "its JSON"
        raise DamagedArchiveError(
            f"{path} is no entry of a log: {where} cannot be read; restore it from a copy"
        ) from None


def _there(path: Path, size: int) -> Path:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise DamagedArchiveError(f"{path} cannot be read: {error.strerror}") from error
    if found != size:
        raise DamagedArchiveError(
            f"{path} has {found} bytes, {size} were written; `archive verify` names every file"
        )
    return path
