"""Tables hold whole numbers, days and times in UTC, in bounded groups."""

import hashlib
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from refund_adapters.archive import tables
from refund_adapters.archive.lines import ListedLine, PostingLine
from refund_adapters.archive.tables import TableFile, needed, rows_in
from refund_ledger.errors import InvalidInputError

POSTING = PostingLine(
    number=1,
    position=1,
    seq=0,
    command=1,
    happened_at=datetime(2026, 3, 1, 8, 0, 0, 999_999, tzinfo=UTC),
    effective_on=date(2026, 2, 28),
    topic="credit.granted",
    book="money",
    company="acme",
    kind="credit",
    subject="grant:old",
    refund="",
    customer="7",
    item="",
    unit="ILS",
    amount=-(2**62),
)


def test_lines_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "postings.parquet"
    file = TableFile(PostingLine, path)
    file.add(POSTING)
    file.add(POSTING._replace(seq=1, amount=2**62))
    closed = file.close()
    raw = path.read_bytes()
    assert closed == (2, len(raw), hashlib.sha256(raw).hexdigest())
    table = needed("pyarrow.parquet").read_table(path)
    assert PostingLine(**table.to_pylist()[0]) == POSTING
    arrow = needed("pyarrow")
    assert table.schema.field("amount").type == arrow.int64()
    assert table.schema.field("effective_on").type == arrow.date32()
    assert table.schema.field("happened_at").type == arrow.timestamp("us", tz="UTC")
    assert not table.schema.field("amount").nullable


def test_the_same_lines_are_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "other"):
        file = TableFile(PostingLine, tmp_path / name)
        file.add(POSTING)
        digests.add(file.close().sha256)
    assert len(digests) == 1


def test_groups_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "GROUP_LINES", 4)
    path = tmp_path / "postings.parquet"
    file = TableFile(PostingLine, path)
    for seq in range(10):
        file.add(POSTING._replace(seq=seq))
    assert file.close().rows == rows_in(path) == 10
    metadata = needed("pyarrow.parquet").ParquetFile(path).metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [4, 4, 2]
    assert groups[0].column(0).compression == "ZSTD"


def test_a_table_may_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "listed.parquet"
    assert TableFile(ListedLine, path).close().rows == rows_in(path) == 0


def test_a_file_that_is_dropped_is_let_go_of(tmp_path: Path) -> None:
    file = TableFile(ListedLine, tmp_path / "listed.parquet")
    file.drop()
    file.drop()
    (tmp_path / "listed.parquet").unlink()


def test_what_is_missing_is_said_with_the_extra_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidInputError, match=r"extra `archive`; install it with pip install"):
        TableFile(PostingLine, tmp_path / "postings.parquet")
    assert list(tmp_path.iterdir()) == []
