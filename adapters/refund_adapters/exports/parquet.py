"""Parquet: rows as columns for analysis, through pyarrow, which the extra `archive` installs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib import import_module
from typing import Any, BinaryIO, get_type_hints

from refund_adapters.exports.rows import EventRow, PostingRow
from refund_ledger.errors import InvalidInputError

GROUP_ROWS = 5_000
"""Rows of one row group at most; this many are in memory at once."""

GROUP_LETTERS = 8_000_000
"""Letters of state in one row group, after which the next begins."""

AnyRow = EventRow | PostingRow


def parquet_table(kind: type[AnyRow], rows: Iterable[AnyRow], file: BinaryIO) -> int:
    """Write rows in row groups, compressed with zstd: int64, text, and times in UTC.

    Raises `InvalidInputError` where pyarrow is not installed.
    """
    arrow, parquet = arrow_modules()
    schema = _schema(arrow, kind)
    count = 0
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(rows):
            columns = [
                arrow.array(values, type=field.type)
                for values, field in zip(zip(*group, strict=True), schema, strict=True)
            ]
            writer.write_batch(arrow.record_batch(columns, schema=schema))
            count += len(group)
    return count


def arrow_modules() -> tuple[Any, Any]:
    """Load pyarrow and its Parquet part; says which extra brings them where they are missing."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise InvalidInputError(
            "format",
            "parquet needs the extra `archive`; install it with "
            "pip install 'refund-ledger[archive]', or export jsonl or csv",
        ) from None


def _schema(arrow: Any, kind: type[AnyRow]) -> Any:
    types = {
        int: arrow.int64(),
        str: arrow.string(),
        str | None: arrow.string(),
        datetime: arrow.timestamp("us", tz="UTC"),
    }
    return arrow.schema(
        [
            arrow.field(name, types[hint], nullable=hint == (str | None))
            for name, hint in get_type_hints(kind).items()
        ]
    )


def _groups(rows: Iterable[AnyRow]) -> Iterator[list[AnyRow]]:
    group: list[AnyRow] = []
    letters = 0
    for row in rows:
        group.append(row)
        letters += len(row.state) if isinstance(row, EventRow) else 0
        if len(group) == GROUP_ROWS or letters >= GROUP_LETTERS:
            yield group
            group, letters = [], 0
    if group:
        yield group
