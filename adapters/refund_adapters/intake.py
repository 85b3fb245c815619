"""Intake: rows and fields as people and pipelines write them, read into what the core understands.

Amounts are decimals in major units ("37.10"), in text or as JSON numbers, which are read exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from refund_adapters.fields import (
    amount,
    day,
    items,
    known,
    objects,
    plain_decimal,
    quantity,
    short,
    text,
    whole,
    yes_no,
)
from refund_adapters.files import LONGEST_LINE, Numbered, Row, rows_of
from refund_ledger.asking import LineAsked, PaymentAsked, Request, read_request
from refund_ledger.errors import InvalidInputError
from refund_ledger.inputs import invalid, said
from refund_ledger.originals import Closes, Line, Original, Payment
from refund_ledger.recording import Grant

__all__ = [
    "LONGEST_LINE",
    "Numbered",
    "Row",
    "grant_of",
    "key_of",
    "original_of",
    "request_of",
    "rows_of",
]

LONGEST_REFERENCE = 60

M = TypeVar("M", bound=BaseModel)
Fields = dict[str, Any]

# --- requests -------------------------------------------------------------------------------------

_ALIASES = {"line": "lines", "payment": "payments", "credit": "credits"}
_DETAILS = frozenset({"bank", "branch", "account", "number"})
_REQUEST = frozenset(Request.model_fields) | _DETAILS
_POSITIVE = 1


def request_of(row: Row, *, company: str, currency_of: Callable[[str], str | None]) -> Request:
    """Read a request row; `currency_of` says an original's currency where the row says none."""
    fields = known(_named(row), _REQUEST, "a request")
    currency = _currency(fields, currency_of)
    details = _details(fields)
    out: Fields = {"company": company} | {
        name: _requested(name, value, currency) for name, value in fields.items()
    }
    if details:
        out["details"] = details
    return read_request(out | {"currency": currency})


def key_of(row: Row | None) -> str:
    """The key of a row as far as it can be read, to name the row by."""
    key = (row or {}).get("key", "")
    return key if isinstance(key, str) else short(key)


def _named(row: Mapping[Any, Any]) -> Fields:
    """The fields that say something, under the names that a request has, each once."""
    fields: Fields = {}
    for given, value in row.items():
        if value is None or value == "":
            continue
        name = given.strip().replace("-", "_") if isinstance(given, str) else given
        name = _ALIASES.get(name, name)
        if name in fields:
            raise InvalidInputError(name, "is said more than once")
        fields[name] = value
    return fields


def _currency(fields: Fields, currency_of: Callable[[str], str | None]) -> str:
    if "currency" in fields:
        return text(fields.pop("currency"), "currency").strip()
    currency = currency_of(text(fields.get("original", ""), "original"))
    if currency is None:
        raise InvalidInputError("currency", "say in which currency, such as ILS")
    return currency


def _requested(name: str, value: Any, currency: str) -> Any:
    """One field of a request, read as what it is."""
    match name:
        case "amount" | "pay_back":
            return amount(value, currency, name, least=_POSITIVE)
        case "vat":
            return amount(value, currency, name)
        case "lines":
            return [_line(item, currency) for item in items(value, name)]
        case "payments":
            return [_payment(item, currency) for item in items(value, name)]
        case "credits":
            return [text(item, name) for item in items(value, name)]
        case "items_returned":
            return yes_no(value, name)
        case _:
            return text(value, name)


def _details(fields: Fields) -> Fields:
    """What a method of payment needs, said as an object or as fields of the row."""
    given = fields.pop("details", {})
    if not isinstance(given, Mapping):
        raise InvalidInputError(
            "details", "expected an object with bank, branch, account or number"
        )
    details = known(given, _DETAILS, "details")
    for name in _DETAILS & fields.keys():
        if name in details:
            raise InvalidInputError(name, "is said more than once")
        details[name] = fields.pop(name)
    return _read_details(details)


def _read_details(details: Fields) -> Fields:
    return {
        name: text(value, name) if name == "account" else whole(value, name)
        for name, value in details.items()
    }


def _line(item: Any, currency: str) -> Fields:
    """A line to credit: {"line": 1, "quantity": 2}, "1", "1:30.00", "1:x2", "1:x2:returned=1"."""
    row = item if isinstance(item, Mapping) else _line_text(text(item, "lines"))
    fields = known(row, LineAsked.model_fields, "a line to credit")
    number = whole(fields.get("line"), "line")
    out: Fields = {"line": number}
    for name, least in (("quantity", _POSITIVE), ("returned", 0)):
        if name in fields:
            out[name] = quantity(fields[name], f"line {number} {name}", least=least)
    if "amount" in fields:
        at = f"line {number} amount"
        out["amount"] = amount(fields["amount"], currency, at, least=_POSITIVE)
    return out


def _line_text(written: str) -> dict[str, str]:
    line, *rest = (part.strip() for part in written.split(":"))
    fields: dict[str, str] = {"line": line}
    for part in rest:
        if part.startswith("x"):
            name, value = "quantity", part[1:]
        elif part.startswith("returned="):
            name, value = "returned", part.removeprefix("returned=")
        else:
            name, value = "amount", part
        if name in fields:
            raise InvalidInputError("lines", f"{short(written)} says its {name} more than once")
        fields[name] = value
    return fields


def _payment(item: Any, currency: str) -> Fields:
    """A payment to give back: {"payment": 1, "amount": "30.00"}, or "1", "1:30.00"."""
    if isinstance(item, Mapping):
        row: Row = item
    else:
        number, colon, rest = text(item, "payments").partition(":")
        row = {"payment": number, "amount": rest if colon else None}
    fields = known(row, PaymentAsked.model_fields, "a payment to give back")
    out: Fields = {"payment": whole(fields.get("payment"), "payment")}
    if "amount" in fields:
        at = f"payment {out['payment']} amount"
        out["amount"] = amount(fields["amount"], currency, at, least=_POSITIVE)
    return out


# --- originals and grants -------------------------------------------------------------------------

_ORIGINAL = (frozenset(Original.model_fields) - {"open_amount"}) | {"open"}
_LINE = frozenset(Line.model_fields)
_PAYMENT = frozenset(Payment.model_fields)
_CLOSES = frozenset(Closes.model_fields)
_GRANT = frozenset(Grant.model_fields)


def original_of(row: Row, *, company: str) -> Original:
    """Read an original as our own files hold it; see the README for an example row."""
    fields = known(row, _ORIGINAL, "an original")
    currency = text(fields.get("currency", ""), "currency")
    out: Fields = {
        "company": text(fields.get("company", company), "company"),
        "kind": text(fields.get("kind", ""), "kind").strip().replace("-", "_"),
        "series": whole(fields.get("series"), "series"),
        "number": whole(fields.get("number"), "number"),
        "customer_id": _plain(fields.get("customer_id", ""), "customer_id"),
        "currency": currency,
        "issued_on": day(fields.get("issued_on"), "issued_on"),
        "price_includes_vat": yes_no(fields.get("price_includes_vat", True), "price_includes_vat"),
        "lines": _each(fields, "lines", _original_line, currency),
        "payments": _each(fields, "payments", _original_payment, currency),
        "closes": _each(fields, "closes", _closed, currency),
    }
    for name, said_as in (("open_amount", "open"), ("overpaid", "overpaid")):
        if said_as in fields:
            out[name] = amount(fields[said_as], currency, said_as)
    if "exchange_rate" in fields:
        out["exchange_rate"] = plain_decimal(fields["exchange_rate"], "exchange_rate")
    original = _checked(Original, out)
    original.check()
    return original


def _each(
    fields: Fields, name: str, read: Callable[[Row, str, str], Fields], currency: str
) -> list[Fields]:
    rows = objects(fields.get(name, []), name)
    return [read(row, currency, f"{name}.{index}") for index, row in enumerate(rows)]


def _original_line(row: Row, currency: str, place: str) -> Fields:
    fields = known(row, _LINE, "a line of an original")
    number = whole(fields.get("number"), f"{place}.number")
    at = f"line {number}"
    out: Fields = {
        "number": number,
        "quantity": quantity(fields.get("quantity", "1"), f"{at} quantity"),
        "net": amount(fields.get("net"), currency, f"{at} net"),
    }
    out["vat"] = amount(fields.get("vat", "0"), currency, f"{at} vat")
    if "discount" in fields:
        out["discount"] = amount(fields["discount"], currency, f"{at} discount")
    for name in ("description", "item"):
        out[name] = text(fields.get(name, ""), f"{at} {name}")
    if "unit_price" in fields:
        out["unit_price"] = plain_decimal(fields["unit_price"], f"{at} unit_price")
    if "exempt" in fields:
        out["exempt"] = yes_no(fields["exempt"], f"{at} exempt")
    return out


def _original_payment(row: Row, currency: str, place: str) -> Fields:
    fields = known(row, _PAYMENT, "a payment of an original")
    number = whole(fields.get("number"), f"{place}.number")
    at = f"payment {number}"
    details = fields.get("details", {})
    if not isinstance(details, Mapping):
        raise InvalidInputError(f"{at} details", f"expected an object, got {short(details)}")
    return {
        "number": number,
        "method": text(fields.get("method", ""), f"{at} method"),
        "amount": amount(fields.get("amount"), currency, f"{at} amount"),
        "details": _read_details(known(details, _DETAILS, "details")),
    }


def _closed(row: Row, currency: str, place: str) -> Fields:
    fields = known(row, _CLOSES, "what a receipt closes")
    return {
        "sale": _plain(fields.get("sale", ""), f"{place}.sale"),
        "amount": amount(fields.get("amount"), currency, f"{place}.amount"),
    }


def grant_of(row: Row, *, company: str) -> Grant:
    """Read a granted credit as our own files hold it."""
    fields = known(row, _GRANT, "a credit")
    currency = text(fields.get("currency", ""), "currency")
    out: Fields = {
        "company": text(fields.pop("company", company), "company"),
        "amount": amount(fields.pop("amount", None), currency, "amount", least=_POSITIVE),
        "granted_on": day(fields.pop("granted_on", None), "granted_on"),
    }
    for name in ("document_series", "document_number"):
        if name in fields:
            out[name] = whole(fields.pop(name), name)
    out |= {name: text(value, name) for name, value in fields.items()}
    return _checked(Grant, out)


def _plain(value: Any, field: str) -> str:
    """A name that is compared: short, and with nothing invisible."""
    return said(text(value, field), field, longest=LONGEST_REFERENCE)


def _checked(model: type[M], fields: Row) -> M:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise invalid(error) from None
