"""The report as JSON and CSV: amounts are decimal text, and no spreadsheet computes a cell."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from refund_adapters.reconcile.reconciling import Outcome
from refund_adapters.reports.reconciliation import (
    COLUMNS,
    cell,
    outcome_shape,
    run_shape,
    write_csv,
)
from support.reports import HOSTILE, an_outcome


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """Every kind of difference, one of them accepted, with hostile texts in it."""
    return an_outcome()


def written(outcome: Outcome) -> list[dict[str, str]]:
    file = io.BytesIO()
    assert write_csv(outcome, file) == len(outcome.findings)
    text = file.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_json_holds_every_difference_and_no_float(outcome: Outcome) -> None:
    def refuse(number: str) -> Any:
        pytest.fail(f"a float: {number}")

    shape = json.loads(json.dumps(outcome_shape(outcome)), parse_float=refuse)
    assert len(shape["findings"]) == len(outcome.findings)
    assert (shape["clean"], shape["matched"], shape["position"]) == (False, 9, 4711)
    first = shape["findings"][0]
    assert first["difference"] == "missing there"
    assert (first["here"]["amount"], first["here"]["currency"]) == ("40.00", "ILS")
    assert first["there"] is None
    (accepted,) = (one["accepted"] for one in shape["findings"] if one["accepted"])
    assert (accepted["by"], accepted["why"]) == (HOSTILE, HOSTILE)
    assert shape["totals"] == [
        {
            "role": "issued",
            "currency": "ILS",
            "documents_here": 2,
            "amount_here": "80.00",
            "documents_there": 1,
            "amount_there": "40.00",
        },
        {
            "role": "unknown here",
            "currency": None,
            "documents_here": 0,
            "amount_here": "0.00",
            "documents_there": 1,
            "amount_there": "0.05",
        },
    ]


def test_a_run_says_who_compared_what_and_up_to_where(outcome: Outcome) -> None:
    shape = run_shape(outcome.run)
    assert (shape["by"], shape["from"], shape["to"]) == ("dana", "2026-02-01", "2026-02-28")
    assert (shape["digest_here"], shape["at"]) == (outcome.run.digest_here, "2026-03-01T09:30:00Z")
    assert (shape["differences"], shape["accepted"]) == (
        {"amount differs": 2},
        {"missing there": 1},
    )


def test_csv_holds_a_row_for_each_difference_under_one_heading(outcome: Outcome) -> None:
    rows = written(outcome)
    assert tuple(rows[0]) == COLUMNS
    by_kind = {row["difference"]: row for row in rows}
    assert by_kind["missing there"]["amount_here"] == "40.00"
    assert by_kind["missing there"]["amount_there"] == ""
    assert by_kind["unknown here"]["date_there"] == "2026-03-01"
    assert by_kind["unknown here"]["kind_there"] == "a credit or money given back"
    assert by_kind["in doubt"]["document"] == ""


def test_csv_of_nothing_is_its_heading(outcome: Outcome) -> None:
    file = io.BytesIO()
    assert write_csv(replace(outcome, findings=()), file) == 0
    assert file.getvalue().decode("utf-8-sig") == ",".join(COLUMNS) + "\r\n"


def test_no_cell_is_taken_for_a_formula(outcome: Outcome) -> None:
    assert [cell(text) for text in ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1")] == [
        "'=1+1",
        "'+1",
        "'-1",
        "'@x",
        "'\t=1",
        "'\r=1",
    ]
    assert [cell(value) for value in ("40.00", None, True, "")] == ["40.00", "", "True", ""]
    for row in written(outcome):
        assert not [text for text in row.values() if text.startswith(("=", "+", "-", "@"))]
