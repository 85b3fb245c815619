"""Files of an export: complete under their name or not there at all, with their digest."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol
from uuid import uuid4

from refund_ledger.errors import InvalidInputError, LedgerError

DATABASES = (b"SQLite format 3\0", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""How a database and its log begin; a ledger is never replaced by its own export."""


class NotWrittenError(LedgerError):
    """An export could not be completed; nothing stands under its name that was not there before."""


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> int:
        """Write all of it."""
        ...


class Written(NamedTuple):
    """What was exported."""

    rows: int
    """Events, postings, or transactions of a journal."""
    file: str
    """Its path; a hyphen where it went to a stream."""
    bytes: int
    sha256: str
    last: int = 0
    """The position to go on after; in the order of the feed, so not always the highest."""


def save(path: Path, write: Callable[[BinaryIO], int]) -> Written:
    """Write a file under another name beside it and rename it when it is complete.

    `write` returns how many rows it wrote. What is there already is replaced, unless it is no
    ordinary file or a database. Raises `InvalidInputError`, or `NotWrittenError`.
    """
    target = _may_be_replaced(path)
    part = target.with_name(f".export-{uuid4().hex}.part")
    file = _create(path, part)
    try:
        with file:
            rows = write(file)
            file.flush()
            os.fsync(file.fileno())
        with part.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
            size = written.tell()
        part.replace(target)
        return Written(rows, str(path), size, digest)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def stream(sink: Sink, write: Callable[[Sink], int]) -> Written:
    """Write to a stream such as stdout, and digest what goes there."""
    counting = _Counting(sink)
    rows = write(counting)
    return Written(rows, "-", counting.bytes, counting.sha256.hexdigest())


class _Counting:
    """Passes bytes on, and counts and digests them."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.bytes = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        try:
            self._sink.write(data)
        except BrokenPipeError:
            raise  # Nobody reads it any more; that is no error.
        except OSError as error:
            why = error.strerror or error
            raise NotWrittenError(f"the output cannot be written: {why}") from error
        self.bytes += len(data)
        self.sha256.update(data)
        return len(data)


def _create(path: Path, part: Path) -> BinaryIO:
    try:
        return part.open("xb")
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EIO, errno.EDQUOT}:
            raise _not_written(path, error) from error
        raise InvalidInputError("out", f"{path} cannot be written: {error.strerror}") from error


def _not_written(path: Path, error: OSError) -> NotWrittenError:
    reason = error.strerror or error
    return NotWrittenError(f"{path} was not written: {reason}; nothing of it is left")


def _may_be_replaced(path: Path) -> Path:
    """The file behind links; refuses a device, a folder, and above all a ledger."""
    try:
        target = path.resolve()
        if not target.exists():
            return target
        if not target.is_file():
            raise InvalidInputError("out", f"{path} is no ordinary file; use - for stdout")
        with target.open("rb") as file:
            begins = file.read(16)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "its links lead in a circle"
        raise InvalidInputError("out", f"{path} cannot be written: {reason}") from error
    if begins.startswith(DATABASES):
        raise InvalidInputError("out", f"{path} is a database; name another file")
    return target
