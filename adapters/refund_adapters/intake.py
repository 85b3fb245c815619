"""Intake: rows and fields as people and pipelines write them, read into what the core understands.

Amounts are decimals in major units ("37.10"), in text or as JSON numbers, which are read exactly.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import simplejson
from pydantic import BaseModel, ValidationError

from refund_ledger.asking import Request, invalid, read_request
from refund_ledger.errors import InvalidInputError
from refund_ledger.money import to_minor, to_quantity
from refund_ledger.originals import Original
from refund_ledger.recording import Grant

LONGEST_LINE = 1_000_000
"""Characters of one row; a longer one is not a row."""

Row = Mapping[str, Any]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A row of a file with its number, or why it cannot be read."""

    number: int
    row: Row | None
    problem: str = ""


def rows_of(path: Path) -> Iterator[Numbered]:
    """Read a CSV or JSON Lines file row by row; a row that cannot be read says why and ends nothing."""
    if not path.is_file():
        raise InvalidInputError("file", f"{path} does not exist or is not a file")
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".jsonl", ".ndjson"}:
        raise InvalidInputError("file", f"{path.name}: expected a name that ends in .csv or .jsonl")
    try:
        yield from _csv_rows(path) if suffix == ".csv" else _json_rows(path)
    except UnicodeDecodeError as error:
        raise InvalidInputError("file", f"{path.name} is not UTF-8 text: {error.reason}") from error


def _csv_rows(path: Path) -> Iterator[Numbered]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, restkey="", strict=True)
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield Numbered(reader.line_num, None, f"cannot be read as CSV: {error}")
                continue
            if row is None:
                return
            if "" in row:
                yield Numbered(reader.line_num, None, "has more cells than the heading")
                continue
            filled = {name.strip(): cell for name, cell in row.items() if cell}
            if filled:
                yield Numbered(reader.line_num, filled)


def _json_rows(path: Path) -> Iterator[Numbered]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            if len(line) > LONGEST_LINE:
                yield Numbered(number, None, f"is longer than {LONGEST_LINE} characters")
                continue
            yield _json_row(number, line)


def _json_row(number: int, line: str) -> Numbered:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not a number")

    try:
        row = simplejson.loads(line, use_decimal=True, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        return Numbered(number, None, f"cannot be read as JSON: {error}")
    if not isinstance(row, dict):
        return Numbered(number, None, "is not a JSON object")
    return Numbered(number, row)


# --- requests -------------------------------------------------------------------------------------

_LISTS = {"line": "lines", "lines": "lines", "payment": "payments", "payments": "payments"}
_DETAILS = frozenset({"bank", "branch", "account", "number"})
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def request_of(row: Row, *, company: str, currency_of: Callable[[str], str | None]) -> Request:
    """Read a request row; `currency_of` answers with an original's currency where the row has none."""
    fields = {name.replace("-", "_"): value for name, value in row.items() if value not in (None, "")}
    currency = fields.pop("currency", None)
    if currency is None:
        currency = currency_of(str(fields.get("original", "")))
    if currency is None:
        raise InvalidInputError("currency", "say in which currency, such as ILS")
    out: dict[str, Any] = {"company": company, "currency": str(currency)}
    details = fields.pop("details", {})
    if not isinstance(details, dict):
        raise InvalidInputError("details", "expected an object with bank, branch, account or number")
    details = dict(details)
    for name, value in fields.items():
        if name in {"amount", "pay_back", "vat"}:
            out[name] = _minor(value, str(currency), name)
        elif name in _LISTS:
            reader = _line if _LISTS[name] == "lines" else _payment
            out[_LISTS[name]] = [reader(item, str(currency)) for item in _items(value)]
        elif name == "credits":
            out[name] = [str(item) for item in _items(value)]
        elif name == "items_returned":
            out[name] = _yes_no(value, name)
        elif name in _DETAILS:
            details[name] = value
        else:
            out[name] = str(value)
    if details:
        out["details"] = {
            name: str(value) if name == "account" else _whole(value, name)
            for name, value in details.items()
        }
    return read_request(out)


def _items(value: Any) -> list[Any]:
    """A list, or text whose items are parted by semicolons."""
    if isinstance(value, list | tuple):
        return list(value)
    return [item for item in str(value).split(";") if item.strip()]


def _line(item: Any, currency: str) -> dict[str, Any]:
    """A line to credit: {"line": 1, "quantity": 2}, or "1", "1:30.00", "1:x2", "1:x2:returned=1"."""
    fields: Row = item if isinstance(item, dict) else _line_text(str(item))
    known = {"line", "quantity", "amount", "returned"}
    if unknown := set(fields) - known:
        raise InvalidInputError("lines", f"does not know {', '.join(sorted(unknown))}")
    out: dict[str, Any] = {"line": _whole(fields.get("line"), "line")}
    for name in ("quantity", "returned"):
        if fields.get(name) is not None:
            out[name] = to_quantity(_decimal(fields[name], name), field=f"line {out['line']} {name}")
    if fields.get("amount") is not None:
        out["amount"] = _minor(fields["amount"], currency, f"line {out['line']} amount")
    return out


def _line_text(text: str) -> dict[str, str]:
    line, *rest = (part.strip() for part in text.split(":"))
    fields: dict[str, str] = {"line": line}
    for part in rest:
        if part.startswith("x"):
            fields["quantity"] = part[1:]
        elif part.startswith("returned="):
            fields["returned"] = part.removeprefix("returned=")
        else:
            fields["amount"] = part
    return fields


def _payment(item: Any, currency: str) -> dict[str, Any]:
    """A payment to give back: {"payment": 1, "amount": "30.00"}, or "1", "1:30.00"."""
    if isinstance(item, dict):
        fields: Row = item
    else:
        number, _, amount = str(item).partition(":")
        fields = {"payment": number, "amount": amount or None}
    if unknown := set(fields) - {"payment", "amount"}:
        raise InvalidInputError("payments", f"does not know {', '.join(sorted(unknown))}")
    out: dict[str, Any] = {"payment": _whole(fields.get("payment"), "payment")}
    if fields.get("amount") is not None:
        out["amount"] = _minor(fields["amount"], currency, f"payment {out['payment']} amount")
    return out


# --- originals and grants -------------------------------------------------------------------------


def original_of(row: Row, *, company: str) -> Original:
    """Read an original as our own files hold it; see the README for an example row."""
    fields = dict(row)
    currency = str(fields.get("currency", ""))
    fields["company"] = company
    fields["issued_on"] = _date(fields.get("issued_on"), "issued_on")
    fields["open_amount"] = _minor(fields.pop("open", "0"), currency, "open")
    fields["overpaid"] = _minor(fields.get("overpaid", "0"), currency, "overpaid")
    for name in ("series", "number"):
        fields[name] = _whole(fields.get(name), name)
    fields["customer_id"] = str(fields.get("customer_id", ""))
    if fields.get("exchange_rate") is not None:
        fields["exchange_rate"] = _plain(fields["exchange_rate"], "exchange_rate")
    fields["lines"] = [_original_line(line, currency) for line in _dicts(fields, "lines")]
    fields["payments"] = [_original_payment(one, currency) for one in _dicts(fields, "payments")]
    fields["closes"] = [
        {**part, "amount": _minor(part.get("amount"), currency, "closes amount")}
        for part in _dicts(fields, "closes")
    ]
    original = _checked(Original, fields)
    original.check()
    return original


def _original_line(line: Row, currency: str) -> dict[str, Any]:
    at = f"line {line.get('number')}"
    out = dict(line)
    out["number"] = _whole(line.get("number"), f"{at} number")
    out["quantity"] = to_quantity(_decimal(line.get("quantity", "1"), at), field=f"{at} quantity")
    for name in ("net", "vat", "discount"):
        out[name] = _minor(line.get(name, "0"), currency, f"{at} {name}")
    if "unit_price" in line:
        out["unit_price"] = _plain(line["unit_price"], f"{at} unit_price")
    return out


def _original_payment(payment: Row, currency: str) -> dict[str, Any]:
    at = f"payment {payment.get('number')}"
    return {
        **payment,
        "number": _whole(payment.get("number"), f"{at} number"),
        "amount": _minor(payment.get("amount"), currency, f"{at} amount"),
    }


def grant_of(row: Row, *, company: str) -> Grant:
    """Read a granted credit as our own files hold it."""
    fields = dict(row)
    currency = str(fields.get("currency", ""))
    fields["company"] = company
    fields["amount"] = _minor(fields.get("amount"), currency, "amount")
    fields["granted_on"] = _date(fields.get("granted_on"), "granted_on")
    fields["customer_id"] = str(fields.get("customer_id", ""))
    return _checked(Grant, fields)


# --- values ---------------------------------------------------------------------------------------


def _checked(model: type[M], fields: Row) -> M:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise invalid(error) from None


def _dicts(fields: Row, name: str) -> list[Row]:
    value = fields.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidInputError(name, "expected a list of objects")
    return value


def _decimal(value: Any, field: str) -> Decimal | str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InvalidInputError(field, f"expected a decimal such as 37.10, got {value!r}")
    if isinstance(value, Decimal) and not value.is_finite():
        raise InvalidInputError(field, f"expected a decimal such as 37.10, got {value}")
    return str(value) if isinstance(value, int) else value


def _plain(value: Any, field: str) -> str:
    """A decimal as text, never in scientific notation."""
    number = _decimal(value, field)
    return number if isinstance(number, str) else format(number, "f")


def _minor(value: Any, currency: str, field: str) -> int:
    return to_minor(_decimal(value, field), currency, field=field)


def _whole(value: Any, field: str) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise InvalidInputError(field, f"expected a whole number, got {value!r}")
    return int(text)


def _date(value: Any, field: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise InvalidInputError(field, f"expected a date such as 2026-01-31, got {value!r}") from None


def _yes_no(value: Any, field: str) -> bool:
    answer = _YES_NO.get(str(value).strip().lower())
    if answer is None:
        raise InvalidInputError(field, f"expected yes or no, got {value!r}")
    return answer
