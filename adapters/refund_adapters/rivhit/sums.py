"""The lines of an original after discount, VAT and rounding, so that they sum to its total exactly.

Rivhit shows line totals before the document's discount and rounding, and VAT for the document
alone. Both are spread over the lines by largest remainder, in whole minor units.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from refund_adapters.rivhit.answers import DocumentShown, ItemShown, minor_of
from refund_adapters.rivhit.comments import printable
from refund_adapters.rivhit.settings import RivhitSettings
from refund_ledger.errors import InvalidInputError
from refund_ledger.money import Money, allocate, exponent, to_quantity
from refund_ledger.originals import Line

LONGEST_DESCRIPTION = 200
LONGEST_ITEM = 40
MOST_LINES = 9999
PLACES = Decimal("0.000001")


def lines_of(
    shown: DocumentShown, *, currency: str, settings: RivhitSettings, name: str
) -> tuple[Line, ...]:
    """Split a document's total over its lines; refuses one that does not add up."""
    total, vat, net = (
        minor_of(amount, currency, field=f"{name} {field}")
        for field, amount in (
            ("document_total", shown.document_total),
            ("total_vat", shown.total_vat),
            ("total_without_vat", shown.total_without_vat),
        )
    )
    if min(total, vat, net) < 0 or total == 0 or net + vat != total:
        raise InvalidInputError(
            name,
            f"{_money(net, currency)} and VAT of {_money(vat, currency)} do not make a positive "
            f"total of {_money(total, currency)}",
        )
    items = [item for item in shown.items if _total(item, currency, name) > 0]
    if not items:
        raise InvalidInputError(name, "has a total, but no line with a positive amount")
    weights = [_total(item, currency, name) for item in items]
    _adds_up(shown, sum(_total(each, currency, name) for each in shown.items), net, total, name)
    exempt = _exempt(shown, items, vat=vat, settings=settings)
    nets, vats = _split(shown, weights, exempt, net=net, vat=vat, name=name, currency=currency)
    numbers = [item.line for item in items]
    counted = len(set(numbers)) == len(numbers) and all(
        number is not None and 0 < number <= MOST_LINES for number in numbers
    )
    return tuple(
        Line(
            number=item.line if counted and item.line is not None else index,
            description=printable(item.description, longest=LONGEST_DESCRIPTION),
            item=printable(item.catalog_number, longest=LONGEST_ITEM),
            quantity=_quantity(item),
            unit_price=_unit_price(item),
            discount=_discount(shown, weight, net=own_net, vat=own_vat),
            net=own_net,
            vat=own_vat,
            exempt=is_exempt,
        )
        for index, (item, weight, own_net, own_vat, is_exempt) in enumerate(
            zip(items, weights, nets, vats, exempt, strict=True), start=1
        )
    )


def _total(item: ItemShown, currency: str, name: str) -> int:
    """A line's total as shown, or its quantity times its price."""
    amount = item.total_line
    if amount is None:
        price = item.price_mtc or item.price_nis or Decimal(0)
        places = Decimal(1).scaleb(-exponent(currency))
        amount = (item.quantity * price).quantize(places, ROUND_HALF_UP)
    return minor_of(amount, currency, field=f"{name} items")


def _adds_up(shown: DocumentShown, lines: int, net: int, total: int, name: str) -> None:
    """Refuse line totals that the document's total cannot have come from.

    They may be with VAT or without. They may exceed it by a discount, where one is shown, and
    differ by a rounding to whole units of the currency, which is half of one at most.
    """
    rounding = 50
    expected = (total,) if shown.price_include_vat else (net, total)
    if any(abs(lines - each) <= rounding for each in expected):
        return
    if shown.discounted and lines > min(expected):
        return
    raise InvalidInputError(
        name, f"its lines sum to {lines} minor units, which do not make its total of {total}"
    )


def _exempt(
    shown: DocumentShown, items: Sequence[ItemShown], *, vat: int, settings: RivhitSettings
) -> list[bool]:
    """Which lines bear no VAT: those marked, or all of an exempt document."""
    if not vat and (
        shown.sort_code == settings.exempt_sort_code
        or not shown.vat_percent
        or all(item.exempt_vat for item in items)
    ):
        return [True] * len(items)
    return [bool(item.exempt_vat) for item in items]


def _split(
    shown: DocumentShown,
    weights: Sequence[int],
    exempt: Sequence[bool],
    *,
    net: int,
    vat: int,
    name: str,
    currency: str,
) -> tuple[list[int], list[int]]:
    """Net and VAT of each line."""
    whole = allocate(net + vat if shown.price_include_vat else net, weights)
    taxable = [0 if free else share for share, free in zip(whole, exempt, strict=True)]
    _vat_fits(shown, sum(taxable), vat, lines=len(weights), name=name, currency=currency)
    vats = allocate(vat, taxable)
    if not shown.price_include_vat:
        return whole, vats
    return [share - own for share, own in zip(whole, vats, strict=True)], vats


def _vat_fits(
    shown: DocumentShown, taxable: int, vat: int, *, lines: int, name: str, currency: str
) -> None:
    """Refuse VAT that does not follow from the taxable lines: some are exempt, unsaid which."""
    if shown.vat_percent is None and (vat == 0 or taxable > 0):
        return
    rate = shown.vat_percent or Decimal(0)
    base = 100 + rate if shown.price_include_vat else Decimal(100)
    if abs(taxable * rate / base - vat) > lines + 1 or (vat and not taxable):
        raise InvalidInputError(
            name,
            f"VAT of {_money(vat, currency)} is not {rate}% of its taxable lines; where some of "
            "them are exempt, Rivhit does not say which, so import it from a file",
        )


def _discount(shown: DocumentShown, weight: int, *, net: int, vat: int) -> int:
    return max(weight - (net + vat if shown.price_include_vat else net), 0)


def _quantity(item: ItemShown) -> int:
    return to_quantity(abs(item.quantity).quantize(PLACES, ROUND_HALF_UP))


def _unit_price(item: ItemShown) -> str:
    price = item.price_mtc or item.price_nis
    return "" if price is None else format(price, "f")[:LONGEST_ITEM]


def _money(minor: int, currency: str) -> str:
    return str(Money(minor, currency))
