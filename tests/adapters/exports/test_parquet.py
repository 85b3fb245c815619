"""Parquet holds every row exactly, in types that need no guessing, in bounded groups."""

import io
import sys
from datetime import UTC
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_adapters.exports import parquet as module
from refund_adapters.exports.exporting import Exports, TableFormat
from refund_adapters.exports.parquet import arrow_modules, parquet_table
from refund_adapters.exports.rows import EventRow, PostingRow, event_rows, posting_rows
from refund_ledger.errors import InvalidInputError


def read(kind: type[EventRow | PostingRow], file: io.BytesIO) -> list[Any]:
    """Read the rows of a file again."""
    _, parquet = arrow_modules()
    table = parquet.read_table(file)
    return [kind(**row) for row in table.to_pylist()]


@given(histories)
def test_rows_come_back_as_they_were(company: Company) -> None:
    events, postings = io.BytesIO(), io.BytesIO()
    event, posting = (
        list(event_rows(company.store, COMPANY)),
        list(posting_rows(company.store, COMPANY)),
    )
    assert parquet_table(EventRow, event, events) == len(event)
    assert parquet_table(PostingRow, posting, postings) == len(posting)
    assert read(EventRow, events) == event
    assert read(PostingRow, postings) == posting


def test_amounts_are_whole_numbers_and_times_are_in_utc(tmp_path: Path) -> None:
    company = Company()
    company.cash_sale(1, 1_000)
    path = tmp_path / "postings.parquet"
    Exports(company.store, COMPANY).postings(TableFormat.PARQUET, path)
    arrow, parquet = arrow_modules()
    schema = parquet.read_schema(path)
    assert schema.field("amount").type == arrow.int64()
    assert schema.field("position").type == arrow.int64()
    assert schema.field("at").type == arrow.timestamp("us", tz="UTC")
    assert not schema.field("amount").nullable
    chunk = parquet.ParquetFile(path).metadata.row_group(0).column(0)
    assert chunk.compression == "ZSTD"
    duckdb = import_module("duckdb")
    total = duckdb.sql(f"SELECT unit, sum(amount) FROM '{path}' GROUP BY unit ORDER BY unit")  # noqa: S608 - our own path
    assert total.fetchall() == [("ILS", 0), ("QTY", 0)]


def test_no_rows_are_an_empty_table() -> None:
    file = io.BytesIO()
    assert parquet_table(EventRow, [], file) == 0
    assert read(EventRow, file) == []


def test_row_groups_are_bounded_by_rows_and_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    company = Company()
    company.invoice(1, 1_000)
    (row,) = event_rows(company.store, COMPANY)
    monkeypatch.setattr(module, "GROUP_ROWS", 4)
    assert groups(row, 10) == [4, 4, 2]
    monkeypatch.setattr(module, "GROUP_LETTERS", 2 * len(row.state))
    assert groups(row, 5) == [2, 2, 1]


def groups(row: EventRow, count: int) -> list[int]:
    file = io.BytesIO()
    parquet_table(EventRow, islice(iter(lambda: row, None), count), file)
    _, parquet = arrow_modules()
    metadata = parquet.ParquetFile(file).metadata
    return [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]


def test_times_keep_their_microseconds() -> None:
    company = Company()
    company.invoice(1, 1_000)
    (row,) = event_rows(company.store, COMPANY)
    late = row._replace(at=row.at.replace(microsecond=999_999))
    file = io.BytesIO()
    parquet_table(EventRow, [late], file)
    (found,) = read(EventRow, file)
    assert found.at == late.at
    assert found.at.utcoffset() == UTC.utcoffset(None)


def test_a_missing_pyarrow_is_said_with_the_extra_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    exports = Exports(Company().store, COMPANY)
    with pytest.raises(InvalidInputError, match="format: parquet needs the extra `archive`"):
        exports.events(TableFormat.PARQUET, tmp_path / "events.parquet")
    assert list(tmp_path.iterdir()) == []
