"""Fields: one value of a row as text, amount, quantity, whole number, date or yes; else an error.

Whatever a row holds, what comes out is the value or an `InvalidInputError` that names the field.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from refund_ledger.errors import InvalidInputError
from refund_ledger.money import SHOWN, to_minor, to_quantity

LARGEST_WHOLE = 10**18
MOST_DIGITS = 9
"""Of a whole number that counts or numbers something."""
MOST_NAMED = 5
"""Unknown fields that one error names."""

_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YES = frozenset({"yes", "true", "1", 1})
_NO = frozenset({"no", "false", "0", 0})


def short(value: Any) -> str:
    """A value as an error repeats it: of one line, not long, and with nothing invisible."""
    if isinstance(value, str):
        return repr(value[:SHOWN]) + ("..." if len(value) > SHOWN else "")
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple | set | frozenset):
        return "a list"
    if isinstance(value, int) and abs(value) >= LARGEST_WHOLE:
        return "a number of more than 18 digits"
    if isinstance(value, bool | int | float | Decimal | None):
        return str(value)[:SHOWN]
    return f"a {type(value).__name__}"


def known(row: Mapping[Any, Any], names: Collection[str], what: str) -> dict[str, Any]:
    """The fields that say something; raises where a name is none of those that are known."""
    if unknown := [name for name in row if name not in names][:MOST_NAMED]:
        label = ", ".join(
            name[:SHOWN] if isinstance(name, str) and name.isidentifier() else short(name)
            for name in unknown
        )
        raise InvalidInputError(label, f"is no field of {what}; it has {', '.join(sorted(names))}")
    return {name: value for name, value in row.items() if value is not None}


def text(value: Any, field: str) -> str:
    """Text, or a whole number as text: a customer's number is one in most files."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_WHOLE:
        return str(value)
    raise InvalidInputError(field, f"expected text, got {short(value)}")


def decimal(value: Any, field: str) -> Decimal | str:
    """A decimal as text, whole number or Decimal, still to be read; never a float."""
    expected = "expected a plain decimal such as 37.10"
    if isinstance(value, float):
        raise InvalidInputError(
            field, f"{expected}, in text and not as a float; got {short(value)}"
        )
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InvalidInputError(field, f"{expected}, got {short(value)}")
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or exponent > 0 or value.adjusted() < -SHOWN:
            raise InvalidInputError(field, f"{expected}, got {short(value)}")
        return value
    if isinstance(value, int):
        if abs(value) >= LARGEST_WHOLE:
            raise InvalidInputError(field, f"{short(value)} is too large; check the number")
        return str(value)
    return value


def plain_decimal(value: Any, field: str) -> str:
    """A decimal as text, for people to compare; nothing is computed from it."""
    read = decimal(value, field)
    written = read.strip() if isinstance(read, str) else format(read, "f")
    if not _PLAIN_DECIMAL.fullmatch(written):
        raise InvalidInputError(
            field, f"expected a plain decimal such as 37.10, got {short(value)}"
        )
    return written


def amount(value: Any, currency: str, field: str, *, least: int = 0) -> int:
    """An amount in minor units, not below `least`."""
    minor = to_minor(decimal(value, field), currency, field=field)
    _at_least(minor, least, value, field)
    return minor


def quantity(value: Any, field: str, *, least: int = 0) -> int:
    """A quantity in millionths, not below `least`."""
    millionths = to_quantity(decimal(value, field), field=field)
    _at_least(millionths, least, value, field)
    return millionths


def _at_least(read: int, least: int, value: Any, field: str) -> None:
    if read < least:
        wanted = "more than zero" if least else "zero or more"
        raise InvalidInputError(field, f"expected {wanted}, got {short(value)}")


def whole(value: Any, field: str) -> int:
    """A whole number that counts or numbers something, in digits."""
    written = value.strip() if isinstance(value, str) else ""
    if type(value) is int and 0 <= value < LARGEST_WHOLE:
        written = str(value)
    if written.isascii() and written.isdecimal() and len(written) <= MOST_DIGITS:
        return int(written)
    raise InvalidInputError(
        field, f"expected a whole number of at most {MOST_DIGITS} digits, got {short(value)}"
    )


def day(value: Any, field: str) -> date:
    """A day, as 2026-01-31."""
    if type(value) is date:
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value.strip()):
            return date.fromisoformat(value.strip())
    except ValueError:
        pass
    raise InvalidInputError(field, f"expected a date such as 2026-01-31, got {short(value)}")


def yes_no(value: Any, field: str) -> bool:
    """Yes or no, as JSON, Python or people write it."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int):
        said = value.strip().lower() if isinstance(value, str) else value
        if said in _YES | _NO:
            return said in _YES
    raise InvalidInputError(field, f"expected yes or no, got {short(value)}")


def items(value: Any, field: str) -> list[Any]:
    """A list, or text whose items are parted by semicolons."""
    if isinstance(value, list | tuple):
        return list(value)
    return [item for item in text(value, field).split(";") if item.strip()]


def objects(value: Any, field: str) -> list[Mapping[str, Any]]:
    """A list of objects."""
    if isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value):
        return list(value)
    raise InvalidInputError(field, f"expected a list of objects, got {short(value)}")
