"""Rows are judged alone: a bad one is reported with its number, and the others go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refund_adapters import rows as rows_module
from refund_adapters.accounting import Unread
from refund_adapters.desk import Desk
from refund_adapters.files import Numbered
from refund_adapters.rows import Rows
from refund_adapters.store.errors import StoreError
from refund_ledger.errors import InvalidInputError

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


def test_groups_end_where_they_end_and_every_row_keeps_its_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "GROUP", 2)
    sales = [{"original": {**SALE, "number": number}} for number in (1, 2, 1, 3)]
    found = [
        *(Numbered(number, row) for number, row in enumerate(sales, 1)),
        Numbered(5, None, "cannot be read"),
    ]
    rows = Rows(desk.ledger, desk.stamp)

    imported = list(rows.imported(found, read_from="a file"))

    assert [(one.number, one.outcome) for one in imported] == [
        (1, "recorded"),
        (2, "recorded"),
        (3, "known"),
        (4, "recorded"),
        (5, "refused"),
    ]
    commands = {event.command_id for _, event in desk.store.events()}
    assert len(commands) == 3, "each row is a command of its own"
    desk.close()


def test_rows_before_an_error_of_the_file_are_done_before_it_is_said(desk: Desk) -> None:
    def broken() -> Iterator[Numbered]:
        yield Numbered(1, {"original": SALE})
        raise InvalidInputError("file", "cannot be read any further")

    rows = Rows(desk.ledger, desk.stamp)
    results = rows.imported(broken(), read_from="a file")

    assert next(results).outcome == "recorded"
    with pytest.raises(InvalidInputError, match="any further"):
        next(results)
    assert len(list(desk.store.events())) == 1
    desk.close()


def test_a_run_that_broke_off_between_two_groups_is_run_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "GROUP", 2)
    asked = {"original": "invoice_receipt:2/6923", "reason": "complaint", "amount": "20.00"}
    rows = Rows(desk.ledger, desk.stamp)
    list(rows.imported([Numbered(1, {"original": SALE})], read_from="a file"))

    def broken() -> Iterator[Numbered]:
        for number in range(1, 4):
            yield Numbered(number, {**asked, "key": f"k{number}"})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(rows.requested(broken()))
    again = rows.requested(Numbered(n, {**asked, "key": f"k{n}"}) for n in range(1, 5))

    assert [one.outcome for one in again] == ["known", "known", "requested", "requested"]
    desk.close()


def test_a_row_that_names_its_currency_and_one_that_does_not_are_asked_alike(desk: Desk) -> None:
    rows = Rows(desk.ledger, desk.stamp)
    list(rows.imported([Numbered(1, {"original": SALE})], read_from="a file"))
    asked = {"original": "invoice_receipt:2/6923", "reason": "complaint", "amount": "20.00"}

    results = list(
        rows.requested(
            [
                Numbered(1, {**asked, "key": "a", "currency": "ILS"}),
                Numbered(2, {**asked, "key": "b"}),
                Numbered(3, {**asked, "key": "c", "currency": "USD"}),
                Numbered(4, {**asked, "key": "d", "original": "invoice:1/99"}),
            ]
        )
    )

    assert [one.outcome for one in results] == ["requested", "requested", "refused", "refused"]
    assert "is in ILS" in results[2].detail
    assert "is not recorded" in results[3].detail
    desk.close()
