"""The lines of a credit document: a positive quantity at a negative price, summing exactly.

A price times its quantity is what the refund takes of the line, to the last minor unit. Where the
quantity does not divide it, the line is credited as one piece. Goods that came back must keep
their quantity, since the document puts them into stock: there the remainder is an item of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import gcd

from refund_adapters.rivhit.comments import printable
from refund_adapters.rivhit.messages import (
    LONGEST_CATALOG_NUMBER,
    LONGEST_DESCRIPTION,
    Item,
    said,
    units,
)
from refund_adapters.rivhit.settings import RivhitSettings
from refund_ledger.errors import RefusedError
from refund_ledger.events import RefundRequested, TakenLine
from refund_ledger.money import Money, allocate, format_quantity

ONE = 10**6
"""One piece, in millionths."""
SMALLEST = ONE // 10
LARGEST = 99_999_999_990_000
STEP = 10_000
"""Quantities have two places at Rivhit, and are at least a tenth."""


def items_of(
    request: RefundRequested, settings: RivhitSettings, *, gross: bool
) -> tuple[Item, ...]:
    """Say what is credited, line by line; amounts are with VAT or without it."""
    home = request.currency == settings.home_currency
    mixed = len({line.exempt for line in request.lines}) > 1
    if mixed and not home:
        raise RefusedError(
            "exempt and taxable lines cannot be credited together in a foreign currency; ask for "
            "two refunds"
        )
    stock = any(line.returned for line in request.lines)
    lines = request.lines or (
        TakenLine(line=1, description=request.reason, net=request.credited, vat=0),
    )
    pieces = [(line, piece) for line in lines for piece in _pieces(line, stock=stock, gross=gross)]
    return tuple(_item(line, piece, request, settings, mixed=mixed) for line, piece in pieces)


class Piece:
    """A quantity in millionths at a price in minor units, and whether it goes back into stock."""

    __slots__ = ("price", "quantity", "stocked")

    def __init__(self, quantity: int, price: int, *, stocked: bool) -> None:
        self.quantity = quantity
        self.price = price
        self.stocked = stocked


def _pieces(line: TakenLine, *, stock: bool, gross: bool) -> Iterator[Piece]:
    total = line.gross if gross else line.net
    if not stock:
        yield from _plain(total, line.quantity, stocked=True)
        return
    if not (line.returned and _sayable(line.returned)):
        yield from _plain(total, line.quantity, stocked=False)
        return
    rest = max(line.quantity - line.returned, 0)
    back, kept = allocate(total, [line.returned, rest])
    yield from _returned(back, line.returned)
    yield from _plain(kept, rest, stocked=False)


def _plain(total: int, quantity: int, *, stocked: bool) -> Iterator[Piece]:
    """One piece: the quantity where it divides the total, and one of the total where not."""
    if total == 0:
        return
    if _sayable(quantity) and total * ONE % quantity == 0:
        yield Piece(quantity, total * ONE // quantity, stocked=stocked)
    else:
        yield Piece(ONE, total, stocked=stocked)


def _returned(total: int, quantity: int) -> Iterator[Piece]:
    """The whole quantity at a price that divides, and what is left over as an item of its own."""
    step = quantity // gcd(quantity, ONE)
    price = total // step * (ONE // gcd(quantity, ONE))
    yield Piece(quantity, price, stocked=True)
    yield from _plain(total - price * quantity // ONE, ONE, stocked=False)


def _sayable(quantity: int) -> bool:
    return SMALLEST <= quantity <= LARGEST and quantity % STEP == 0


def _item(
    line: TakenLine,
    piece: Piece,
    request: RefundRequested,
    settings: RivhitSettings,
    *,
    mixed: bool,
) -> Item:
    price = -Money(piece.price, request.currency).decimal()
    home = request.currency == settings.home_currency
    catalog = printable(line.item, longest=max(units(line.item), 1))
    known = piece.stocked and 0 < units(catalog) <= LONGEST_CATALOG_NUMBER
    return said(
        Item,
        {
            "catalog_number": catalog if known else None,
            "quantity": Decimal(format_quantity(piece.quantity)),
            "description": printable(line.description, longest=LONGEST_DESCRIPTION)
            or f"line {line.line}",
            "price_nis": price if home else Decimal(0),
            "price_mtc": Decimal(0) if home else price,
            "currency_id": None if home else settings.currency_ids.get(request.currency),
            "exchange_rate": None
            if home or request.exchange_rate is None
            else Decimal(request.exchange_rate),
            "exempt_vat": line.exempt if mixed else None,
        },
    )
