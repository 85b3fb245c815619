"""Remaining: what of an original may still be given back, what is in flight, and what is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from refund_ledger.accounts import QUANTITY, Account, AccountKind


class LineLeft(NamedTuple):
    """What is left of one line; the quantity in millionths."""

    line: int
    net: int
    vat: int
    quantity: int

    @property
    def gross(self) -> int:
        """Net and VAT together."""
        return self.net + self.vat


class PaymentLeft(NamedTuple):
    """What is left of one payment."""

    payment: int
    amount: int


class Side(NamedTuple):
    """The sale of an original, or its money.

    recorded + excess + allowed = left + in_flight + done.
    """

    recorded: int = 0
    left: int = 0
    in_flight: int = 0
    """Reserved by refunds that are not over."""
    done: int = 0
    """Credited, or paid back; what was booked beyond the original is in it too."""
    excess: int = 0
    """What was booked beyond the original: an alert until explained."""
    allowed: int = 0
    """What was booked beyond it and explained to stand so."""

    @property
    def is_fully_refunded(self) -> bool:
        """Whether everything that was there has been given back."""
        return bool(self.recorded) and not self.left and not self.in_flight


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of one original, in whole minor units; what came to zero is left out."""

    company: str
    original: str
    currency: str
    lines: tuple[LineLeft, ...]
    payments: tuple[PaymentLeft, ...]
    sale: Side
    money: Side
    quantity: Side
    """All lines together, in millionths."""
    open: int
    """What the customer still owes on it."""
    covered: int
    """The paid part that still stands and is free."""
    promised_cover: int
    """The paid part that is promised to money on its way."""


@dataclass(slots=True)
class _Original:
    """The sums of one original while they come in."""

    currency: str = ""
    totals: dict[tuple[AccountKind, str], int] = field(default_factory=lambda: defaultdict(int))
    """By kind and item, on the normal side."""

    def side(self, item: str, left: int) -> Side:
        recorded = self.totals[AccountKind.RECORDED, item]
        done = self.totals[AccountKind.ISSUED, item]
        excess = self.totals[AccountKind.EXCESS, item]
        allowed = self.totals[AccountKind.ALLOWED, item]
        # Reservations are kept under their refunds; for an original they are what is missing.
        in_flight = recorded + excess + allowed - left - done
        return Side(recorded, left, in_flight, done, excess, allowed)


_KINDS = frozenset(
    {
        AccountKind.RECORDED,
        AccountKind.REFUNDABLE,
        AccountKind.ISSUED,
        AccountKind.EXCESS,
        AccountKind.ALLOWED,
        AccountKind.OPEN,
        AccountKind.COVERED,
        AccountKind.PROMISED_COVER,
    }
)


def from_sums(sums: Iterable[tuple[Account, int]]) -> dict[tuple[str, str], Remaining]:
    """Work out what is left of every original that has sums, by company and reference.

    Takes replayed sums (`sums.sum_up`) and live ones; accounts of other kinds are passed over.
    """
    originals: dict[tuple[str, str], _Original] = defaultdict(_Original)
    recorded: dict[tuple[str, str], None] = {}
    for account, amount in sums:
        if account.kind not in _KINDS:
            continue
        key = (account.company, account.subject)
        original = originals[key]
        original.totals[account.kind, account.item] += account.rule.side * amount
        if account.unit != QUANTITY:
            original.currency = account.unit
        if account.kind is AccountKind.RECORDED:
            recorded[key] = None
    # A credit granted or a goodwill is a source too, and no original.
    return {key: _remaining(*key, originals[key]) for key in sorted(recorded)}


def _remaining(company: str, reference: str, original: _Original) -> Remaining:
    lines, payments = _left(original)
    totals = original.totals
    return Remaining(
        company=company,
        original=reference,
        currency=original.currency,
        lines=lines,
        payments=payments,
        sale=original.side("sale", sum(line.gross for line in lines)),
        money=original.side("money", sum(payment.amount for payment in payments)),
        quantity=original.side("quantity", sum(line.quantity for line in lines)),
        open=totals[AccountKind.OPEN, ""],
        covered=totals[AccountKind.COVERED, ""],
        promised_cover=totals[AccountKind.PROMISED_COVER, ""],
    )


def _left(original: _Original) -> tuple[tuple[LineLeft, ...], tuple[PaymentLeft, ...]]:
    """Read the refundable accounts: "line/1/net", "line/1/vat", "line/1/quantity", "payment/2"."""
    lines: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    payments: dict[int, int] = {}
    for (kind, item), amount in original.totals.items():
        if kind is AccountKind.REFUNDABLE:
            what, number, *column = item.split("/")
            if what == "line":
                lines[int(number)][column[0]] = amount
            else:
                payments[int(number)] = amount
    left = (
        LineLeft(number, line["net"], line["vat"], line["quantity"])
        for number, line in sorted(lines.items())
    )
    return tuple(left), tuple(PaymentLeft(*each) for each in sorted(payments.items()))
