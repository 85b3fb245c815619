"""Taking: what a document made elsewhere takes of an original, as far as there is something left.

A document that this ledger did not ask for says an amount, and seldom of which lines. What is named
goes first; the rest is spread over what is left, and what is beyond that, nobody takes here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from refund_ledger.accounts import QUANTITY, Account, AccountKind
from refund_ledger.balances import Look
from refund_ledger.events import OriginalRecorded, TakenLine, TakenPayment
from refund_ledger.money import allocate

NOTHING: Mapping[int, Named] = {}


class Named(NamedTuple):
    """What a document says that it takes of one line or payment."""

    amount: int
    quantity: int = 0


def lines_of(
    sale: OriginalRecorded, amount: int, look: Look, named: Mapping[int, Named] = NOTHING
) -> tuple[TakenLine, ...]:
    """Take an amount of what is left of a sale: of the lines named first, then of all.

    A line of which everything is taken has no quantity left either; else the quantity named is.
    """
    left: list[int] = []
    wanted: list[int] = []
    for line in sale.lines:
        halves = [_left(sale, f"line/{line.number}/{half}", look) for half in ("net", "vat")]
        said = named.get(line.number, Named(0)).amount
        left += halves
        wanted += allocate(min(said, sum(halves)), halves)
    shares = _spread(amount, wanted, left)
    all_of_it = any(left) and shares == left
    taken: list[TakenLine] = []
    for i, line in enumerate(sale.lines):
        net, vat = shares[2 * i : 2 * i + 2]
        there = _left(sale, f"line/{line.number}/quantity", look, QUANTITY)
        gone = all_of_it or (net + vat and [net, vat] == left[2 * i : 2 * i + 2])
        said = named.get(line.number, Named(0)).quantity
        taken.append(
            TakenLine(
                line=line.number,
                description=line.description,
                item=line.item,
                net=net,
                vat=vat,
                quantity=there if gone else min(said, there),
                exempt=line.exempt,
            )
        )
    return tuple(line for line in taken if line.gross or line.quantity)


def payments_of(
    receipt: OriginalRecorded, amount: int, look: Look, named: Mapping[int, Named] = NOTHING
) -> tuple[TakenPayment, ...]:
    """Take an amount of what is left of payments: of those named first, then in their order."""
    left = {p.number: _left(receipt, f"payment/{p.number}", look) for p in receipt.payments}
    shares = {n: min(left[n], named.get(n, Named(0)).amount) for n in left}
    rest = amount - sum(shares.values())
    for number, share in shares.items():
        more = min(rest, left[number] - share)
        shares[number] += more
        rest -= more
    return tuple(
        TakenPayment(
            payment=payment.number,
            amount=shares[payment.number],
            method=payment.method,
            details=payment.details,
        )
        for payment in receipt.payments
        if shares[payment.number]
    )


def left_of(original: OriginalRecorded, look: Look, *, sale: bool) -> int:
    """What is left of an original's lines together, or of its payments."""
    if sale:
        halves = [f"line/{line.number}/{half}" for line in original.lines for half in _HALVES]
        return sum(_left(original, item, look) for item in halves)
    return sum(_left(original, f"payment/{p.number}", look) for p in original.payments)


_HALVES = ("net", "vat")


def sources_of(original: OriginalRecorded, amount: int, look: Look) -> tuple[tuple[str, int], ...]:
    """The sources that money of an original comes from, each with the most that it is asked for.

    A sale is its own source. A receipt gives back first what pays nothing, then what pays its
    sales, in its order: of each what it still pays, then whatever it had paid.
    """
    name = original.name
    if original.kind.has_sale:
        return ((name, amount),)
    still = tuple(_still_paid(original, look))
    rest = (
        (part.sale, part.amount - most)
        for part, (_, most) in zip(original.closes, still, strict=True)
    )
    return ((f"grant:{name}", amount), (name, amount), *still, *rest)


def _still_paid(receipt: OriginalRecorded, look: Look) -> Iterator[tuple[str, int]]:
    """What a receipt pays of each sale, without what was given back of it before."""
    whole = sum(payment.amount for payment in receipt.payments)
    before = whole - left_of(receipt, look, sale=False)
    gone = max(before - (whole - sum(part.amount for part in receipt.closes)), 0)
    for part in receipt.closes:
        yield part.sale, max(part.amount - gone, 0)
        gone = max(gone - part.amount, 0)


def _left(original: OriginalRecorded, item: str, look: Look, unit: str = "") -> int:
    name, unit = str(original.ref), unit or original.currency
    return look(Account(original.company, AccountKind.REFUNDABLE, name, item=item, unit=unit))


def _spread(amount: int, wanted: list[int], left: list[int]) -> list[int]:
    """What is wanted of each, and of the rest of the amount a share of what each has over."""
    over = [there - share for share, there in zip(wanted, left, strict=True)]
    more = allocate(min(amount - sum(wanted), sum(over)), over)
    return [share + extra for share, extra in zip(wanted, more, strict=True)]
