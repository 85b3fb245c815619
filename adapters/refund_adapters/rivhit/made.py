"""Which document a call made, as the answer to it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from refund_adapters.rivhit.answers import exact, minor_of
from refund_adapters.rivhit.envelope import Success
from refund_ledger.errors import InvalidInputError
from refund_ledger.events import DocumentId
from refund_ledger.originals import Half

LARGEST_TYPE = 999
LARGEST_ANSWERED = 999_999_999
"""A document that was made is taken as made, though no request can ask for such a number."""
LONGEST_IDENTITY = 60


@dataclass(frozen=True, slots=True)
class Made:
    """The document that a call made, and for how much where a new one's answer says so."""

    document: DocumentId
    amount: Decimal | None

    def booked(self, currency: str, *, home: str) -> int | None:
        """The amount in minor units, positive whatever sign a credit has.

        None where the answer names no amount, or is in a foreign currency: no source says whether
        the amount is then in that currency.
        """
        if self.amount is None or currency != home:
            return None
        try:
            return abs(minor_of(self.amount, currency, field="amount"))
        except InvalidInputError:
            return None


def half_of(method: str) -> Half:
    """Which number range the counter-document of a method is in."""
    return Half.DOCUMENT if method.startswith("Document.") else Half.RECEIPT


def made_by(method: str, asked: Mapping[str, object], success: Success) -> Made | None:
    """Read the answer to one of the four writes; None where it does not name what was asked for.

    `status` and `print_status` are not looked at: the document exists whatever became of its
    print, and no source says what else they mean.
    """
    data = success.data
    if not isinstance(data, Mapping):
        return None
    half, cancel = half_of(method), method.endswith(".Cancel")
    prefix = f"cancel_{half}" if cancel else "document"
    series, number = data.get(f"{prefix}_type"), data.get(f"{prefix}_number")
    if type(series) is not int or type(number) is not int:
        return None
    if not (0 <= series <= LARGEST_TYPE and 0 < number <= LARGEST_ANSWERED):
        return None
    own = (asked.get(f"{half}_type"), asked.get(f"{half}_number"))
    if (series, number) == own if cancel else series != own[0]:
        return None
    if not cancel and data.get("customer_id", asked.get("customer_id")) != asked.get("customer_id"):
        return None
    identity = DocumentId(
        half=half, series=series, number=number, identity=_identity(data.get(f"{prefix}_identity"))
    )
    # No source lets a cancel answer an amount, and its request names no currency to read one in.
    return Made(identity, None if cancel else _amount(data.get("amount")))


def _identity(value: object) -> str:
    if isinstance(value, str) and value.isascii() and len(value) <= LONGEST_IDENTITY:
        return value
    return ""


def _amount(value: object) -> Decimal | None:
    try:
        return exact(value)
    except ValueError:
        return None
