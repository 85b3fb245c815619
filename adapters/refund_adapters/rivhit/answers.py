"""What comes back: the answers of Rivhit's methods, read into exact numbers and dates.

Only members that something here needs are named; all others are ignored. Names, addresses and
phone numbers of customers are never read, except the one name that a new document must repeat.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from refund_adapters.accounting import AnsweredError
from refund_ledger.errors import InvalidInputError
from refund_ledger.money import exponent, to_minor

MOST_ROWS = 100_000
MOST_DIGITS = 18
LONGEST = 60
NOISE = Decimal("0.000001")
"""What a server that computes in binary may leave on an amount beyond its last place."""

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")
_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:[ T].*)?")


def exact(value: object) -> Decimal:
    """Read a number that came as JSON, or as text; `ValueError` where it is none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("expected a number")  # noqa: TRY004 -- what pydantic reports as a field
    number = Decimal(value)
    if not number.is_finite() or number.adjusted() > MOST_DIGITS or len(str(number)) > LONGEST:
        raise ValueError("expected a number of ordinary size")
    return number


def _percent(value: object) -> Decimal:
    return exact(value.strip().removesuffix("%").strip() if isinstance(value, str) else value)


def _whole(value: object) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,18}\s*", value):
        return int(value)
    raise ValueError("expected a whole number")


def _maybe_whole(value: object) -> int | None:
    try:
        return _whole(value)
    except ValueError:
        return None


def _day(value: object) -> date:
    found = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a date such as 31/12/2025")
    return datetime(int(found[3]), int(found[2]), int(found[1])).date()  # noqa: DTZ001


def _text(value: object) -> str:
    return "" if value is None else str(value)


Exact = Annotated[Decimal, BeforeValidator(exact)]
Percent = Annotated[Decimal, BeforeValidator(_percent)]
Whole = Annotated[int, BeforeValidator(_whole)]
MaybeWhole = Annotated[int | None, BeforeValidator(_maybe_whole)]
Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[str, BeforeValidator(_text)]


class UnreadableError(AnsweredError):
    """An answer came, and it is not what it should be: it will hardly be another next time."""


class Answer(BaseModel):
    """The data of an answer, or one row of it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class ItemShown(Answer):
    """One line of Document.Details."""

    line: MaybeWhole = None
    catalog_number: Text = ""
    description: Text = ""
    quantity: Exact = Decimal(1)
    price_nis: Exact | None = None
    price_mtc: Exact | None = None
    total_line: Exact | None = None
    exempt_vat: bool | None = None


class PaymentShown(Answer):
    """One payment of Document.Details or Receipt.Details."""

    payment_type_id: MaybeWhole = None
    payment_type: Text = ""
    amount: Exact
    bank: MaybeWhole = None
    branch: MaybeWhole = None
    account_number: Text = ""
    check_number: MaybeWhole = None


class PaperShown(Answer):
    """What Document.Details and Receipt.Details have in common."""

    customer_id: Whole
    currency_id: Whole | None = None
    exchange_rate: Exact | None = None
    comments: str | None = None
    """None where the answer has no such member, or null in its place."""
    is_cancelled: bool | None = None
    payments: list[PaymentShown] = []


class DocumentShown(PaperShown):
    """Document.Details."""

    document_type: int | str
    document_number: int | str
    document_date: Day
    sort_code: Whole | None = None
    price_include_vat: bool = True
    vat_percent: Percent | None = None
    total_vat: Exact
    total_without_vat: Exact
    document_total: Exact
    is_closed: bool | None = None
    items: list[ItemShown] = []
    discounted: bool = False
    """Whether any member that speaks of a discount is not zero."""

    @model_validator(mode="before")
    @classmethod
    def _sees_discounts(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        shown = any(value for name, value in data.items() if name.startswith("discount"))
        return data | {"discounted": shown}

    def is_numbered(self, series: int, number: int) -> bool:
        """Tell whether this is the document asked for, as far as its two names say."""
        kind, own = self.document_type, self.document_number
        if isinstance(own, str) and "/" in own:
            before, _, own = own.partition("/")
            if _maybe_whole(before) not in {None, series}:
                return False
        known = _maybe_whole(kind)
        return known in {None, series} and _maybe_whole(own) == number


class ReceiptShown(PaperShown):
    """Receipt.Details."""

    receipt_type: MaybeWhole = None
    receipt_number: MaybeWhole = None
    receipt_date: Day | None = None
    amount: Exact | None = None


class DocumentRow(Answer):
    """One row of Document.List."""

    document_type: Whole
    document_number: Whole
    document_date: Day
    amount: Exact
    customer_id: Whole
    comments: str | None = None
    is_accounting: bool | None = None
    is_cancelled: bool | None = None


class ReceiptRow(Answer):
    """One row of Receipt.List."""

    receipt_type: Whole
    receipt_number: Whole
    receipt_date: Day
    amount: Exact
    customer_id: Whole
    comments: str | None = None
    is_cancelled: bool | None = None


class OpenRow(Answer):
    """One row of Customer.OpenDocuments."""

    document_type: Whole
    document_number: Whole
    balance: Exact


class ClosingRow(Answer):
    """How a document was closed, by what and for how much."""

    amount: Exact
    close_type: Text = ""
    sub_type: MaybeWhole = None
    sub_num: MaybeWhole = None


class ClosedRow(Answer):
    """One row of Customer.ClosedDocuments."""

    document_type: Whole
    document_number: Whole
    closing_list: list[ClosingRow] = []


class CustomerCard(Answer):
    """What a new document needs of Customer.Get."""

    customer_id: Whole
    last_name: Text = ""


class TypeRow(Answer):
    """One row of a catalogue: a document, receipt or payment type and its name."""

    number: Whole
    name: Text

    @model_validator(mode="before")
    @classmethod
    def _by_any_name(cls, data: Any) -> Any:
        for kind in ("document", "receipt", "payment"):
            if isinstance(data, dict) and f"{kind}_type" in data:
                return {"number": data[f"{kind}_type"], "name": data.get(f"{kind}_name")}
        return data


Read = TypeVar("Read", bound=Answer)


def read(answer: type[Read], data: object, *, method: str) -> Read:
    """Read the data of an answer; raises `UnreadableError` where it is not what it should be."""
    try:
        return answer.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(at) for at in first["loc"]) or "data"
        raise UnreadableError(
            f"Rivhit's answer to {method} cannot be read ({where}: {first['msg']})"
        ) from None


def rows(answer: type[Read], data: object, name: str, *, method: str) -> list[Read]:
    """Read the rows of a list; an empty result has none."""
    if data is None:
        return []
    found = data.get(name) if isinstance(data, Mapping) else None
    if not isinstance(found, list) or len(found) > MOST_ROWS:
        raise UnreadableError(f"Rivhit's answer to {method} has no list {name!r} that can be read")
    return [read(answer, row, method=method) for row in found]


def minor_of(amount: Decimal, currency: str, *, field: str) -> int:
    """An amount of an answer in whole minor units, with its sign.

    The vendor says that amounts are binary floats, so what such a float leaves beyond the last
    place is dropped; anything that a person could have meant is refused.
    """
    rounded = round(amount, exponent(currency))
    if abs(rounded - amount) > NOISE:
        raise InvalidInputError(field, f"{amount} is no amount in {currency}")
    return to_minor(rounded, currency, field=field)
