"""Tables: lines written to a Parquet file, compressed with zstd, a bounded group at a time."""

from __future__ import annotations

import hashlib
import os
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

from refund_adapters.archive.lines import EventLine, Line
from refund_ledger.errors import InvalidInputError

GROUP_LINES = 25_000
"""Lines of one row group at most; this many are in memory at once."""
GROUP_LETTERS = 16_000_000
"""Letters of state in one row group, after which the next begins."""


class Closed(NamedTuple):
    """What a finished file holds."""

    rows: int
    bytes: int
    sha256: str


class TableFile:
    """A Parquet file that is being written; whole and on the disk once it is closed."""

    def __init__(self, kind: type[Line], path: Path) -> None:
        """Raises `InvalidInputError` where pyarrow is not installed."""
        self._arrow = needed("pyarrow")
        parquet = needed("pyarrow.parquet")
        self._schema = _schema(self._arrow, kind)
        self._path = path
        self._lines: list[Line] = []
        self._letters = 0
        self._rows = 0
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, line: Line) -> None:
        """Add one line."""
        self._lines.append(line)
        self._letters += len(line.state) if isinstance(line, EventLine) else 0
        if len(self._lines) >= GROUP_LINES or self._letters >= GROUP_LETTERS:
            self._write()

    def close(self) -> Closed:
        """Write what is left, and wait until the disk has it."""
        self._write()
        self._writer.close()
        with self._path.open("rb+") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return Closed(self._rows, file.tell(), digest)

    def drop(self) -> None:
        """Let go of the file, whatever it holds."""
        self._writer.close()

    def _write(self) -> None:
        if not self._lines:
            return
        columns = [
            self._arrow.array(values, type=field.type)
            for values, field in zip(zip(*self._lines, strict=True), self._schema, strict=True)
        ]
        self._writer.write_batch(self._arrow.record_batch(columns, schema=self._schema))
        self._rows += len(self._lines)
        self._lines.clear()
        self._letters = 0


def rows_in(path: Path) -> int:
    """How many rows a Parquet file says that it holds."""
    return int(needed("pyarrow.parquet").ParquetFile(path).metadata.num_rows)


def needed(module: str, extra: str = "archive") -> Any:
    """Load what an extra installs; raises `InvalidInputError` naming the extra."""
    try:
        return import_module(module)
    except ImportError:
        raise InvalidInputError(
            "archive",
            f"this needs the extra `{extra}`; install it with pip install 'refund-ledger[{extra}]'",
        ) from None


def _schema(arrow: Any, kind: type[Line]) -> Any:
    types = {
        int: arrow.int64(),
        str: arrow.string(),
        str | None: arrow.string(),
        date: arrow.date32(),
        datetime: arrow.timestamp("us", tz="UTC"),
    }
    return arrow.schema(
        [
            arrow.field(name, types[hint], nullable=hint == (str | None))
            for name, hint in get_type_hints(kind).items()
        ]
    )
