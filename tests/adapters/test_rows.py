"""Rows are judged alone: a bad one is reported with its number, and the others go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from refund_adapters.accounting import Unread
from refund_adapters.desk import Desk
from refund_adapters.files import Numbered
from refund_adapters.rows import Rows
from refund_adapters.store.errors import StoreError

SALE: dict[str, Any] = {
    "kind": "invoice_receipt",
    "series": 2,
    "number": 6923,
    "customer_id": "1001",
    "currency": "ILS",
    "issued_on": "2026-01-05",
    "lines": [{"number": 1, "quantity": "2", "net": "100.00", "vat": "18.00"}],
    "payments": [{"number": 1, "method": "card", "amount": "118.00"}],
}
CREDIT = {
    "reference": "opening",
    "customer_id": "1001",
    "currency": "ILS",
    "amount": "10.00",
    "why": "opening_balance",
    "granted_on": "2026-01-01",
}


@pytest.fixture
def desk() -> Desk:
    """A desk over an empty ledger in memory."""
    return Desk.open("memory:", company="acme", actor="dana")


def test_a_bad_row_in_the_middle_stops_nothing(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "sales.jsonl"
    wrong = {**SALE, "number": 7, "lines": []}
    rows = [{"original": SALE}, {"original": wrong}, {"what": {}}, {"credit": CREDIT}]
    text = "\n".join(json.dumps(row) for row in rows)
    file.write_text(f"{text}\nnot json\n", "utf-8")

    imported = list(desk.import_file(file))

    assert [(one.number, one.outcome) for one in imported] == [
        (1, "recorded"),
        (2, "refused"),
        (3, "refused"),
        (4, "recorded"),
        (5, "refused"),
    ]
    assert "at least one" in imported[1].detail
    assert "expected" in imported[2].detail
    assert imported[3].name == "credit opening"
    assert "JSON" in imported[4].detail
    desk.close()


def test_an_import_again_is_known_and_another_content_is_shown(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "sales.jsonl"
    file.write_text(json.dumps({"original": SALE}), "utf-8")
    list(desk.import_file(file))

    again = list(desk.import_file(file))
    file.write_text(json.dumps({"original": {**SALE, "customer_id": "9"}}), "utf-8")
    changed = list(desk.import_file(file))

    assert [one.outcome for one in again] == ["known"]
    assert [one.outcome for one in changed] == ["refused"]
    assert "customer_id" in changed[0].detail
    assert "documents do not change" in changed[0].detail
    desk.close()


def test_what_is_no_original_is_reported_among_the_others(desk: Desk) -> None:
    rows = Rows(desk.ledger, desk.stamp)

    (only,) = rows.originals([Unread("document 3/801", "it is a credit")], read_from="there")

    assert (only.name, only.outcome, only.detail) == (
        "document 3/801",
        "refused",
        "it is a credit",
    )
    desk.close()


def test_requests_are_judged_alone_and_run_again_safely(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "sales.jsonl"
    file.write_text(json.dumps({"original": SALE}), "utf-8")
    list(desk.import_file(file))
    asked = {"original": "invoice_receipt:2/6923", "reason": "complaint"}
    rows = [
        Numbered(1, {**asked, "key": "a", "amount": "50.00"}),
        Numbered(2, {**asked, "key": "b", "amount": "50.005"}),
        Numbered(3, None, "cannot be read"),
        Numbered(4, {**asked, "key": "c", "amount": "68.01"}),
        Numbered(5, {**asked, "key": "d", "original": ""}),
        Numbered(6, {**asked, "key": "e", "amount": "68.00"}),
    ]

    first = list(desk.request_rows(rows))
    second = list(desk.request_rows(rows))

    refused = ["refused"] * 4
    assert [one.outcome for one in first] == ["requested", *refused, "requested"]
    assert [one.outcome for one in second] == ["known", *refused, "known"]
    assert "only 68.00 ILS is left" in first[3].detail
    assert [one.detail for one in first][1:3] != ["", ""]
    desk.close()


def test_a_broken_store_ends_the_run_instead_of_refusing_every_row(desk: Desk) -> None:
    desk.close()

    with pytest.raises(StoreError):
        list(desk.request_rows([Numbered(1, {"key": "a", "original": "invoice:1/1"})]))
