"""A chart: under which names of an accountant's books the ledger's own accounts are kept.

A name is written with parts and placeholders, such as `Assets:Receivable:{customer}`. Two accounts
of the ledger share a name only where the chart says so: what fills a placeholder is written so
that no two texts come out the same, and two names that could meet are refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from refund_ledger.accounts import RULES, Account, AccountKind
from refund_ledger.errors import InvalidInputError

ROOTS = ("Assets", "Liabilities", "Equity", "Income", "Expenses")
"""The five kinds of account that every chart has; beancount knows no other."""

LONGEST_NAME = 200

_K = AccountKind

DEFAULT: dict[AccountKind, str] = {
    _K.OPEN: "Assets:Receivable:{customer}",
    _K.CREDIT: "Liabilities:Credit:{customer}",
    _K.HELD_CREDIT: "Liabilities:HeldCredit:{customer}",
    _K.PROMISED_CREDIT: "Liabilities:PromisedCredit:{customer}",
    _K.UNEXPLAINED: "Liabilities:Unexplained:{customer}",
    _K.RETURNS: "Income:Returns",
    _K.VAT: "Liabilities:VAT",
    _K.PAID: "Assets:Paid-{source_account}",
    _K.GRANTED: "Equity:Granted",
    _K.BOOKS: "Equity:Books",
    _K.EXPLAINED: "Equity:Explained",
    _K.REFUNDABLE: "Equity:Rights:Refundable",
    _K.RESERVED: "Equity:Rights:Reserved",
    _K.COVERED: "Equity:Rights:Covered",
    _K.PROMISED_COVER: "Equity:Rights:PromisedCover",
    _K.EXCESS: "Equity:Rights:Excess",
    _K.RECORDED: "Equity:Rights:Recorded",
    _K.ISSUED: "Equity:Rights:Issued",
    _K.UNCOVERED: "Equity:Rights:Uncovered",
    _K.ALLOWED: "Equity:Rights:Allowed",
}
"""The name of every kind of account where nobody says another."""

_FILLED: dict[str, Callable[[Account], str]] = {
    "company": lambda account: account.company,
    "currency": lambda account: account.unit,
    "customer": lambda account: account.customer,
    "source": lambda account: account.subject,
    "original": lambda account: account.subject,
    "source_account": lambda account: account.subject,
    "why": lambda account: account.subject,
    "how": lambda account: account.subject,
    "refund": lambda account: account.refund,
    "item": lambda account: account.item,
}

_ALWAYS = ("company", "currency")
_BY_CUSTOMER = ("customer", "source")
_BY_ORIGINAL = ("original", "item")

PLACEHOLDERS: dict[AccountKind, tuple[str, ...]] = {
    kind: (*own, *_ALWAYS)
    for kind, own in {
        _K.OPEN: _BY_CUSTOMER,
        _K.CREDIT: _BY_CUSTOMER,
        _K.HELD_CREDIT: (*_BY_CUSTOMER, "refund"),
        _K.PROMISED_CREDIT: _BY_CUSTOMER,
        _K.UNEXPLAINED: _BY_CUSTOMER,
        _K.RETURNS: (),
        _K.VAT: (),
        _K.PAID: ("source_account",),
        _K.GRANTED: ("customer", "why"),
        _K.BOOKS: _BY_CUSTOMER,
        _K.EXPLAINED: ("customer", "how"),
        _K.REFUNDABLE: _BY_ORIGINAL,
        _K.RESERVED: ("refund", "item"),
        _K.COVERED: _BY_CUSTOMER,
        _K.PROMISED_COVER: _BY_CUSTOMER,
        _K.EXCESS: _BY_ORIGINAL,
        _K.RECORDED: _BY_ORIGINAL,
        _K.ISSUED: _BY_ORIGINAL,
        _K.UNCOVERED: _BY_CUSTOMER,
        _K.ALLOWED: ("item",),
    }.items()
}
"""What each kind of account can be told apart by."""


class _Part(NamedTuple):
    """One part of a name: fixed text, and what fills its end, if anything does."""

    text: str
    placeholder: str = ""

    def write(self, account: Account) -> str:
        if not self.placeholder:
            return self.text
        given = _FILLED[self.placeholder](account)
        return self.text + _escaped(given) if self.text else part_of_name(given)

    def may_meet(self, other: _Part) -> bool:
        """Tell whether both could be written the same; rather once too often."""
        if self.placeholder and other.placeholder:
            return self.text.startswith(other.text) or other.text.startswith(self.text)
        if self.placeholder:
            return other.text.startswith(self.text)
        return other.text == self.text or (
            bool(other.placeholder) and self.text.startswith(other.text)
        )


class Chart:
    """The names under which accounts are kept; a kind that is not named keeps its usual name."""

    def __init__(self, names: Mapping[str, object] | None = None) -> None:
        """Check the names; raises `InvalidInputError` naming the kind that is wrong."""
        known = {str(kind): kind for kind in RULES}
        given = names or {}
        for kind in given:
            if kind not in known:
                raise InvalidInputError(
                    "chart", f"{kind!r} is no kind of account; there are {', '.join(known)}"
                )
        self.names = {kind: _text(given, kind) for kind in RULES}
        self._parts = {kind: tuple(_parts(kind, name)) for kind, name in self.names.items()}
        for one, other in combinations(RULES, 2):
            self._never_meet(one, other)

    def account(self, account: Account) -> str:
        """The name under which an account is kept."""
        return ":".join(part.write(account) for part in self._parts[account.kind])

    def _never_meet(self, one: AccountKind, other: AccountKind) -> None:
        if self._parts[one] == self._parts[other]:
            return
        pairs = zip(self._parts[one], self._parts[other], strict=False)
        if all(part.may_meet(against) for part, against in pairs):
            raise InvalidInputError(
                f"chart {other}",
                f"{self.names[other]} may come to the same account as {self.names[one]} of {one}, "
                "or to one below or above it; give one of them a part of its own",
            )


def part_of_name(text: str) -> str:
    """Write any text as one part of an account's name, no two texts as the same.

    Letters and digits stay, a hyphen is doubled, anything else is its number in hyphens ("-U20-" is
    a blank). Names start with a capital or a digit: what does not is put behind "N-".
    """
    if not text:
        return "N-None"
    written = _escaped(text)
    category = unicodedata.category(text[0])
    if category in {"Lu", "Nd"}:
        return written
    # No escape follows a hyphen with X, or with a small letter; so nothing else is written so.
    return f"N-{written}" if category in {"Ll", "Lo"} else f"N-X{written}"


def _escaped(text: str) -> str:
    return "".join(_written(character) for character in text)


def _written(character: str) -> str:
    if character == "-":
        return "--"
    if unicodedata.category(character) in {"Lu", "Ll", "Lo", "Nd"}:
        return character
    return f"-U{ord(character):X}-"


# --- reading a name -------------------------------------------------------------------------------

_PART = re.compile(r"([^{}]*)(?:\{([^{}]*)\})?")


def _text(given: Mapping[str, object], kind: AccountKind) -> str:
    name = given.get(kind, DEFAULT[kind])
    if not isinstance(name, str):
        raise InvalidInputError(
            f"chart {kind}", f"expected a name such as {DEFAULT[kind]}, got {type(name).__name__}"
        )
    if len(name) > LONGEST_NAME:
        raise InvalidInputError(f"chart {kind}", f"is longer than {LONGEST_NAME} characters")
    return name


def _parts(kind: AccountKind, name: str) -> Iterator[_Part]:
    field = f"chart {kind}"
    root, *rest = name.split(":")
    if root not in ROOTS or not rest:
        raise InvalidInputError(
            field, f"{name!r} has to begin with one of {', '.join(ROOTS)}, then a colon and a part"
        )
    yield _Part(root)
    for part in rest:
        found = _PART.fullmatch(part)
        if found is None:
            raise InvalidInputError(
                field, f"{part!r} has to be text, then at most one placeholder such as {{customer}}"
            )
        text, placeholder = found[1], found[2]
        if placeholder is not None and placeholder not in PLACEHOLDERS[kind]:
            raise InvalidInputError(
                field,
                f"{{{placeholder}}} does not tell such accounts apart; "
                f"there are {', '.join(f'{{{one}}}' for one in PLACEHOLDERS[kind])}",
            )
        if (placeholder is None or text) and not _is_plain(text):
            raise InvalidInputError(
                field, f"{part!r} has to begin with a capital or a digit; then letters, digits, -"
            )
        yield _Part(text, placeholder or "")


def _is_plain(text: str) -> bool:
    """Tell whether text stands in both tools' names as it is."""
    kept = all(one == "-" or unicodedata.category(one) in {"Lu", "Ll", "Lo", "Nd"} for one in text)
    return kept and unicodedata.category(text[:1] or "-") in {"Lu", "Nd"}
