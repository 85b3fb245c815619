"""Rows of an export are read exactly, or refused with the line and the field."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import simplejson

from refund_adapters.reconcile.rows import listed_of
from refund_adapters.reconcile.sources import FIELDS, CanList, FileSource, listed_of_row
from refund_adapters.rivhit import Rivhit
from refund_ledger.errors import InvalidInputError
from refund_ledger.originals import Document, Half
from refund_projections.reconciliation import Absence
from refund_projections.sides import Conventions, Listed, Nature, Period
from support.differences import KNOWN, LISTED
from support.rivhits import settings

BOOKS = Conventions(zone=UTC, credit_types=frozenset({3}))
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
MARK = "[RL:0b7c1d523a444e0e9c555d5a3c1f7a11-I]"
ROW: dict[str, Any] = {
    "half": "document",
    "type": "3",
    "number": "481",
    "date": "2026-03-01",
    "customer_id": "1001",
    "currency": "ILS",
    "amount": "-40.00",
    "cancelled": "no",
    "comments": f"זיכוי עבור 2/6923. {MARK}",
}


def read(**fields: Any) -> Listed:
    return listed_of_row({**ROW, **fields}, BOOKS, home_currency="ILS")


def source(path: Path, period: Period = MARCH) -> FileSource:
    return FileSource(path, period, BOOKS, home_currency="ILS")


def test_a_row_is_read_with_all_that_it_says() -> None:
    assert read() == Listed(
        document=Document(Half.DOCUMENT, 3, 481),
        customer_id="1001",
        currency="ILS",
        amount=4_000,
        issued_on=date(2026, 3, 1),
        nature=Nature.REFUND,
        cancelled=False,
        markers=frozenset({MARK}),
    )


def test_what_a_row_leaves_out_is_not_made_up() -> None:
    short = {name: ROW[name] for name in ("half", "type", "number", "date", "customer_id")}
    one = listed_of_row({**short, "amount": Decimal(5)}, BOOKS, home_currency="JPY")
    assert (one.amount, one.currency, one.cancelled, one.markers) == (5, None, None, frozenset())


def test_a_plus_is_a_sale_or_money_received_and_amounts_have_their_currency() -> None:
    receipt = read(half="receipt", type=1, amount=7, currency="JPY")
    assert (receipt.nature, receipt.amount) == (Nature.SALE, 7)
    assert read(type=1, amount="1.5").amount == 150


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"half": "invoice"}, "half: expected document or receipt, got 'invoice'"),
        ({"half": None}, "half: expected document or receipt"),
        ({"type": "1000"}, "type: expected at most 999"),
        ({"type": "-1"}, "type: expected a whole number"),
        ({"number": "4.5"}, "number: expected a whole number"),
        ({"date": "01/03/2026"}, "date: expected a date such as 2026-01-31"),
        ({"date": None}, "date: expected a date"),
        ({"amount": 1.5}, "amount: expected a plain decimal"),
        ({"amount": "1,000.00"}, "amount: expected a plain decimal"),
        ({"amount": "0.001"}, "amount: 0.001 has more than the 2 places of ILS"),
        ({"amount": None}, "amount: expected a plain decimal"),
        ({"currency": "shekel"}, "currency: 'shekel' is not an ISO 4217 code"),
        ({"cancelled": "perhaps"}, "cancelled: expected yes or no"),
        ({"customer_id": 1.5}, "customer_id: expected text"),
        ({"customer_id": "7\ud800"}, "customer_id: holds the invisible character U+D800"),
        ({"customer_id": "7\u202e"}, "customer_id: holds the invisible character U+202E"),
        ({"comments": ["x"]}, "comments: expected text"),
        ({"total": "5"}, "total: is no field of an exported document"),
    ],
)
def test_a_row_that_cannot_be_read_names_its_field(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read(**fields)
    assert str(refused.value).startswith(said)


def test_a_file_is_refused_at_its_first_wrong_line(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(f"{simplejson.dumps(ROW)}\n{{\n", "utf-8")
    with pytest.raises(InvalidInputError, match="file: line 2 cannot be read as JSON"):
        list(source(path).lines())
    path.write_text(
        f"{simplejson.dumps(ROW)}\n\n{simplejson.dumps(ROW | {'type': 'x'})}\n", "utf-8"
    )
    with pytest.raises(InvalidInputError, match="file: line 3: type: expected a whole number"):
        list(source(path).lines())
    with pytest.raises(InvalidInputError, match="does not exist"):
        list(source(tmp_path / "nothing.csv").lines())


@pytest.mark.parametrize(
    ("days", "covers"),
    [
        (("2026-03-05",), MARCH),
        (("2026-02-27", "2026-02-28", "2026-04-01"), Period(date(2026, 2, 27), date(2026, 4, 1))),
        # One row of another time is no export of all that lies between.
        (("2024-01-01", "2026-02-27", "2026-03-05", "2026-04-02"), MARCH),
        (("2026-02-26", "2026-02-28", "2027-01-01"), Period(date(2026, 2, 28), MARCH.until)),
    ],
)
def test_a_file_is_taken_to_be_whole_in_its_period_and_the_days_that_adjoin(
    tmp_path: Path, days: tuple[str, ...], covers: Period
) -> None:
    path = tmp_path / "export.csv"
    lines = [",".join(ROW), *(",".join(map(str, (ROW | {"date": day}).values())) for day in days)]
    path.write_text("\n".join(lines), "utf-8")
    one = source(path)
    assert one.covers == MARCH
    for _ in range(2):
        assert [listed_of(line).issued_on.isoformat() for line in one.lines()] == list(days)
        assert one.covers == covers
    assert tuple(ROW) == FIELDS


def test_a_file_may_end_with_the_days_themselves(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    days = (date.min, date.max)
    lines = [",".join(ROW), *(",".join(map(str, (ROW | {"date": day}).values())) for day in days)]
    path.write_text("\n".join(lines), "utf-8")
    ever = Period(date.fromordinal(2), date.fromordinal(date.max.toordinal() - 1))
    one = source(path, ever)
    assert len(list(one.lines())) == 2
    assert one.covers == Period(*days)


def test_a_file_that_is_no_export_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    for content in ("", "half,type,number,date,customer_id\n", "name,phone\n"):
        file.write_text(content, "utf-8")
        with pytest.raises(InvalidInputError, match=r"file: the heading lacks .*amount"):
            list(source(file).lines())


def test_nobody_can_be_asked_about_a_file(tmp_path: Path) -> None:
    one = source(tmp_path / "export.csv")
    assert one.find(KNOWN) is Absence.NOT_ASKED
    assert one.open(LISTED, KNOWN) is LISTED
    assert (one.settled, one.may_repeat, one.name) == (None, True, "export.csv")


def test_rivhit_can_list_a_period() -> None:
    with Rivhit(settings()) as rivhit:
        assert isinstance(rivhit, CanList)
