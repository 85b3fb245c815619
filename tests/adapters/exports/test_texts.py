"""JSON Lines and CSV say every row exactly, with whole numbers and text alone."""

import csv
import io
import json
from datetime import datetime, timedelta, timezone
from itertools import islice

from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_adapters.exports.rows import (
    EventRow,
    PostingRow,
    event_rows,
    posting_rows,
)
from refund_adapters.exports.texts import CHUNK, csv_table, json_lines, moment
from support.command_line import read_json


def test_a_time_is_in_utc_to_the_microsecond() -> None:
    at = datetime(2026, 3, 1, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert moment(at) == "2026-02-28T23:02:03.000000Z"


@given(histories)
def test_json_lines_say_every_event(company: Company) -> None:
    rows = list(event_rows(company.store, COMPANY))
    sink = io.BytesIO()
    assert json_lines(rows, sink) == len(rows)
    for row, line in zip(rows, sink.getvalue().decode().splitlines(), strict=True):
        shape = read_json(line)
        assert tuple(shape) == EventRow._fields
        assert shape.pop("state") == json.loads(row.state)
        assert shape.pop("at") == moment(row.at)
        assert shape.items() <= row._asdict().items()


@given(histories)
def test_csv_says_every_posting(company: Company) -> None:
    rows = list(posting_rows(company.store, COMPANY))
    sink = io.BytesIO()
    assert csv_table(PostingRow._fields, rows, sink) == len(rows)
    heading, *lines = csv.reader(io.StringIO(sink.getvalue().decode(), newline=""), strict=True)
    assert tuple(heading) == PostingRow._fields
    assert lines == [
        [str(cell) for cell in row._replace(at=moment(row.at))]  # type: ignore[arg-type]
        for row in rows
    ]


def test_awkward_text_comes_back_from_both() -> None:
    company = Company()
    awkward = 'לקוח "א", a\r\nb;\tc'
    company.invoice(1, 1_000, customer_id=awkward)
    (row,) = event_rows(company.store, COMPANY)
    lines, table = io.BytesIO(), io.BytesIO()
    json_lines([row], lines)
    csv_table(EventRow._fields, [row], table)
    assert json.loads(lines.getvalue())["customer_id"] == awkward
    assert "לקוח" in lines.getvalue().decode()
    (cells,) = csv.DictReader(io.StringIO(table.getvalue().decode(), newline=""))
    assert cells["customer_id"] == awkward
    assert json.loads(cells["state"])["customer_id"] == awkward
    assert cells["causation_id"] == ""


def test_many_rows_are_handed_over_a_chunk_at_a_time() -> None:
    company = Company()
    company.invoice(1, 1_000)
    (row,) = event_rows(company.store, COMPANY)
    sink = Handed()
    assert json_lines(islice(iter(lambda: row, None), 2 * CHUNK + 3), sink) == 2 * CHUNK + 3
    assert [data.count(b"\n") for data in sink.handed] == [CHUNK, CHUNK, 3]


class Handed:
    """Remembers what was handed over."""

    def __init__(self) -> None:
        self.handed: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self.handed.append(data)
        return len(data)
