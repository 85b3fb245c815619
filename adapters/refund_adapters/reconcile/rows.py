"""Rows of both sides of a comparison as lines of text that sort in the order of their documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from refund_ledger.events import Way
from refund_ledger.originals import Document, Half
from refund_projections.sides import Credited, Explained, Known, Listed, Nature, Role, Told

_LETTERS = {Half.DOCUMENT: "d", Half.RECEIPT: "r"}
_HALVES = {letter: half for half, letter in _LETTERS.items()}
LISTED, OPENED = "l", "a"
"""A row of a list, and what the document itself said; that stands before the rows of the list."""
_KEY = 17
"""Characters that name a document: a letter, six digits of type, ten of number."""
_CREDITED = '["c"]'
"""The most frequent line says nothing more than what it is."""


def line_of(row: Told | Listed, *, letter: str = LISTED) -> str:
    """A row as one line; lines sort as their documents do. `letter` says where one was listed."""
    half, series, number = row.document
    return f"{_LETTERS[half]}{series:06}{number:010}{_written(row, letter)}"


def _written(row: Told | Listed, letter: str) -> str:
    """What a row says of its document, as JSON."""
    rest: list[Any]
    match row:
        case Credited():
            return _CREDITED
        case Known():
            rest = ["k", *_known(row)]
        case Listed():
            rest = [letter, *_listed(row)]
        case Explained():
            rest = ["e", row.by, row.why, row.at.isoformat()]
    return to_json(rest).decode()


def told_of(line: str) -> Told:
    """A row of the ledger's side, from its line."""
    document = _document(line)
    if line[_KEY:] == _CREDITED:
        return Credited(document)
    letter, *rest = from_json(line[_KEY:])
    if letter == "k":
        return _known_of(document, rest)
    return Explained(document, rest[0], rest[1], datetime.fromisoformat(rest[2]))


def listed_of(line: str) -> Listed:
    """A row of the accounting system's side, from its line."""
    _, customer, currency, amount, issued, nature, cancelled, markers = from_json(line[_KEY:])
    return Listed(
        document=_document(line),
        customer_id=customer,
        currency=currency,
        amount=amount,
        issued_on=date.fromisoformat(issued),
        nature=Nature(nature) if nature else None,
        cancelled=cancelled,
        markers=frozenset(markers),
    )


def listed_once(lines: Iterable[str], *, twice: bool) -> Iterator[Listed]:
    """The accounting system's side from sorted lines; a document that was opened stands for all.

    With `twice`, a document that a list names more than once comes as often.
    """
    key, opened = "", False
    for line in lines:
        again = line.startswith(key) and bool(key)
        if again and (opened or not twice):
            continue
        key = line[:_KEY]
        opened = line[_KEY:].startswith(f'["{OPENED}"')
        yield listed_of(line)


def _document(line: str) -> Document:
    return Document(_HALVES[line[0]], int(line[1:7]), int(line[7:_KEY]))


def _listed(row: Listed) -> list[Any]:
    return [
        row.customer_id,
        row.currency,
        row.amount,
        row.issued_on.isoformat(),
        row.nature,
        row.cancelled,
        sorted(row.markers),
    ]


def _known(row: Known) -> list[Any]:
    return [
        row.role,
        row.customer_id,
        row.currency,
        row.amount,
        row.at.isoformat(),
        row.stream.hex,
        row.anchor.isoformat(),
        row.first.isoformat() if row.first else None,
        row.last.isoformat() if row.last else None,
        row.way,
        row.marker,
        row.duplicate_of,
    ]


def _known_of(document: Document, rest: list[Any]) -> Known:
    role, customer, currency, amount, at, stream, anchor, first, last, way, marker, twin = rest
    return Known(
        document=document,
        role=Role(role),
        customer_id=customer,
        currency=currency,
        amount=amount,
        at=datetime.fromisoformat(at),
        stream=UUID(stream),
        anchor=date.fromisoformat(anchor),
        first=date.fromisoformat(first) if first else None,
        last=date.fromisoformat(last) if last else None,
        way=Way(way) if way else None,
        marker=marker,
        duplicate_of=twin,
    )
