"""Verifying: whether every file of an archive is, byte by byte, what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from refund_adapters.archive.lines import Table
from refund_adapters.archive.log import FOLDER, DataFile, read_log
from refund_adapters.archive.tables import rows_in

MOST_NAMED = 100
"""Files that are named; more would say the same of the whole archive."""


class Verified(NamedTuple):
    """What a verification found."""

    events: int
    """That the log says are archived."""
    entries: int
    files: int
    bytes: int
    head: str
    """SHA-256 of the newest entry of the log; compare it with one that was kept outside."""
    companies: tuple[str, ...]
    problems: tuple[str, ...]
    """What is not as it was written, file by file."""
    strangers: tuple[str, ...]
    """Files that no entry names, left by a run that was ended; they may be deleted."""

    @property
    def sound(self) -> bool:
        """Whether everything is as it was written."""
        return not self.problems


def verify(
    folder: Path,
    *,
    head: str | None = None,
    heard: Callable[[int, int], None] = lambda _, __: None,
) -> Verified:
    """Read the log and every file; `heard` is told how many files are read, out of how many.

    `head` is one that was kept outside: it has to be that of an entry, so that nothing up to there
    was exchanged. Raises `DamagedArchiveError` where the log itself cannot be followed.
    """
    log = read_log(folder)
    problems: list[str] = []
    if head is not None and head not in log.heads:
        problems.append(f"no entry of the log has the head {head[:64]}; the archive is another")
    for number, file in enumerate(log.files, 1):
        if (problem := _problem(folder, file)) and len(problems) < MOST_NAMED:
            problems.append(problem)
        heard(number, len(log.files))
    for entry in log.entries:
        counted = sum(file.rows for file in entry.files if file.table is Table.EVENTS)
        if counted != entry.last - entry.first + 1:
            problems.append(f"entry {entry.entry} of the log counts other events than its files")
    return Verified(
        log.events,
        len(log.entries),
        len(log.files),
        sum(file.bytes for file in log.files),
        log.head,
        log.companies,
        tuple(problems),
        _strangers(folder, {file.path for file in log.files}),
    )


def _problem(folder: Path, file: DataFile) -> str | None:
    path = folder / file.path
    try:
        with path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        return f"{file.path} cannot be read: {error.strerror}"
    if digest != file.sha256:
        return f"{file.path} was changed: its SHA-256 is {digest}, {file.sha256} was written"
    if (found := rows_in(path)) != file.rows:
        return f"{file.path} holds {found} rows, its entry says {file.rows}"
    return None


def _strangers(folder: Path, known: set[str]) -> tuple[str, ...]:
    found = sorted(
        name
        for path in folder.rglob("*")
        if path.is_file()
        for name in [path.relative_to(folder).as_posix()]
        if name not in known and not name.startswith(f"{FOLDER}/0")
    )
    return tuple(found[:MOST_NAMED])
