"""Text formats of rows: JSON Lines and CSV in UTF-8, without a float anywhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from refund_adapters.exports.files import Sink
from refund_adapters.exports.rows import EventRow, PostingRow

CHUNK = 256
"""Rows that are handed over at once."""

AnyRow = EventRow | PostingRow


def json_lines(rows: Iterable[AnyRow], sink: Sink) -> int:
    """Write one JSON object a line; the state of an event is an object inside it."""
    return _in_chunks((_json_line(row) for row in rows), sink)


def csv_table(columns: tuple[str, ...], rows: Iterable[AnyRow], sink: Sink) -> int:
    """Write a heading and a line for each row, as RFC 4180 says; the state is JSON in a cell."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    sink.write(_taken(buffer))
    return _in_chunks(_csv_lines(rows, writer.writerow, buffer), sink)


def moment(at: datetime) -> str:
    """A time in UTC to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _json_line(row: AnyRow) -> bytes:
    shape: dict[str, Any] = row._asdict()
    shape["at"] = moment(row.at)
    if isinstance(row, EventRow):
        shape["state"] = json.loads(row.state)
    return json.dumps(shape, ensure_ascii=False).encode() + b"\n"


def _csv_lines(
    rows: Iterable[AnyRow], write: Callable[[Iterable[Any]], Any], buffer: io.StringIO
) -> Iterator[bytes]:
    for row in rows:
        write(row._replace(at=moment(row.at)))  # type: ignore[arg-type]
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _in_chunks(lines: Iterable[bytes], sink: Sink) -> int:
    """Write lines, some at once; returns how many there were."""
    count = 0
    chunk: list[bytes] = []
    for line in lines:
        chunk.append(line)
        count += 1
        if len(chunk) == CHUNK:
            sink.write(b"".join(chunk))
            chunk.clear()
    sink.write(b"".join(chunk))
    return count
