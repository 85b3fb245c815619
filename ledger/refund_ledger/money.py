"""Money is a whole number of minor units and an ISO 4217 currency; a float never comes near it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from refund_ledger.currencies import EXPONENTS
from refund_ledger.errors import InvalidInputError

MAX_MINOR = 10**15
"""The largest single amount. A sum over nine thousand of them still fits 64 bits."""

LONGEST_NUMBER = 40
"""Digits before or after the point that a decimal is written out with, in order to be refused."""

SHOWN = 40
"""Longer input is cut where an error repeats it."""

QUANTITY_SCALE = 6
"""Quantities are whole millionths of their unit."""

_PLAIN_DECIMAL = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,12}))?")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units of one currency; it may be negative, never a float."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)
        if type(self.minor) is not int:
            raise InvalidInputError("amount", f"expected whole minor units, got {self.minor!r}")
        if abs(self.minor) > MAX_MINOR:
            raise InvalidInputError(
                "amount", f"larger than {MAX_MINOR} minor units; check the amount"
            )

    @classmethod
    def parse(cls, text: str | Decimal, currency: str, *, field: str = "amount") -> Money:
        """Read a plain decimal ("37.10"); more places than the currency has are refused."""
        return cls(to_minor(text, currency, field=field), currency)

    def __add__(self, other: Money) -> Money:
        """Add money of the same currency."""
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Take away money of the same currency."""
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        """Turn the sign."""
        return Money(-self.minor, self.currency)

    def _same_currency(self, other: Money) -> None:
        if other.currency != self.currency:
            raise InvalidInputError(
                "currency", f"{other.currency} does not mix with {self.currency}; convert first"
            )

    def __str__(self) -> str:
        return f"{format_minor(self.minor, self.currency)} {self.currency}"

    def decimal(self) -> Decimal:
        """The exact amount in major units, for accounting systems that speak decimals."""
        return Decimal(format_minor(self.minor, self.currency))


def exponent(currency: str) -> int:
    """How many decimal places a currency has (ILS 2, JPY 0, BHD 3)."""
    try:
        return EXPONENTS[currency]
    except (KeyError, TypeError):
        raise InvalidInputError(
            "currency", f"{currency!r} is not an ISO 4217 code; use one such as ILS, USD or EUR"
        ) from None


def to_minor(text: str | Decimal, currency: str, *, field: str = "amount") -> int:
    """Read a decimal as whole minor units of a currency, exactly."""
    return _to_whole(text, exponent(currency), field=field, what=currency)


def to_quantity(text: str | Decimal, *, field: str = "quantity") -> int:
    """Read a decimal quantity as whole millionths."""
    return _to_whole(text, QUANTITY_SCALE, field=field, what="a quantity")


def _written(number: Decimal) -> str:
    """A decimal in plain digits, unless it is so large or small that writing it would be a trap."""
    if number.is_finite() and abs(number.adjusted()) > LONGEST_NUMBER:
        return str(number)
    return format(number, "f")


def _to_whole(text: str | Decimal, places: int, *, field: str, what: str) -> int:
    if not isinstance(text, str | Decimal):
        raise InvalidInputError(field, f"expected a decimal in text such as 37.10, got {text!r}")
    written = _written(text) if isinstance(text, Decimal) else text.strip()
    found = _PLAIN_DECIMAL.fullmatch(written)
    if found is None:
        shown = str(text)[:SHOWN]
        raise InvalidInputError(field, f"expected a plain decimal such as 37.10, got {shown!r}")
    # Digits and not Decimal: a caller's decimal context could round.
    sign, whole, fraction = found.group(1), found.group(2), found.group(3) or ""
    if fraction[places:].strip("0"):
        raise InvalidInputError(field, f"{written} has more than the {places} places of {what}")
    scaled = int(whole + fraction[:places].ljust(places, "0"))
    if scaled > MAX_MINOR:
        raise InvalidInputError(field, f"{written} is too large; check the number")
    return -scaled if sign else scaled


def format_minor(minor: int, currency: str) -> str:
    """Write minor units as a plain decimal with the currency's own places."""
    return _write(minor, exponent(currency))


def format_quantity(millionths: int) -> str:
    """Write a quantity without trailing zeros."""
    written = _write(millionths, QUANTITY_SCALE)
    return written.rstrip("0").rstrip(".")


def _write(whole: int, places: int) -> str:
    sign = "-" if whole < 0 else ""
    digits = str(abs(whole)).rjust(places + 1, "0")
    if not places:
        return sign + digits
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split a total by largest remainder, so that the shares sum to it exactly.

    While the total is no more than the weights together, no share exceeds its weight. Ties go to
    the earlier weight, so the same call gives the same shares for ever.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise InvalidInputError("amount", "cannot split a negative amount; check the sign")
    whole = sum(weights)
    if whole == 0:
        if total:
            raise InvalidInputError("amount", f"nothing is left to take {total} minor units from")
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares
