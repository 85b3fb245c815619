"""What items add up to: discount, VAT extracted or added, exempt lines, rounding, to the agora."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from refund_adapters.sandbox.switches import NegativeHalf, Switches, VatRounding

AGORA = Decimal("0.01")
PERCENT = 1
HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Totals:
    """What a document comes to; exempt is the part of net that bears no VAT."""

    net: Decimal
    vat: Decimal
    total: Decimal
    exempt: Decimal

    def negated(self) -> "Totals":
        """Turn a sale's totals into those of its credit."""
        return Totals(-self.net, -self.vat, -self.total, -self.exempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What beside the items decides a document's totals."""

    price_include_vat: bool
    vat_percent: Decimal
    discount_type: int | None = None
    discount_value: Decimal = Decimal(0)
    round_digits: int | None = None


def agorot(amount: Decimal) -> Decimal:
    """Round to whole agorot, half away from zero."""
    return amount.quantize(AGORA, ROUND_HALF_UP)


def totals(lines: Sequence[tuple[Decimal, bool]], terms: Terms, switches: Switches) -> Totals:
    """Add up line totals, each with whether it is exempt, under the terms of the document."""
    taxed = [amount for amount, exempt in lines if not exempt]
    exempt = sum((amount for amount, exempt in lines if exempt), Decimal(0))
    before = sum(taxed, Decimal(0)) + exempt
    after = discounted(before, terms)
    exempt_after = agorot(exempt * after / before) if before else Decimal(0)
    taxed_after = after - exempt_after
    if switches.vat_rounding is VatRounding.HALF_UP_PER_LINE and after == before:
        vat = sum((_vat(amount, terms, switches) for amount in taxed), Decimal(0))
    else:
        vat = _vat(taxed_after, terms, switches)
    if terms.price_include_vat:
        return Totals(after - vat, vat, after, exempt_after)
    total = rounded(after + vat, terms)
    return Totals(total - vat, vat, total, exempt_after)


def discounted(amount: Decimal, terms: Terms) -> Decimal:
    """Take the document's discount off; an amount lessens a credit as it lessens a sale."""
    if not terms.discount_value or terms.discount_type is None:
        return amount
    if terms.discount_type == PERCENT:
        return agorot(amount * (100 - terms.discount_value) / 100)
    return agorot(amount - terms.discount_value.copy_sign(amount))


def rounded(total: Decimal, terms: Terms) -> Decimal:
    """Round a total as round_digits asks; the difference goes to the net."""
    if terms.round_digits is None:
        return total
    return total.quantize(Decimal(1).scaleb(-terms.round_digits), ROUND_HALF_UP).quantize(AGORA)


def _vat(amount: Decimal, terms: Terms, switches: Switches) -> Decimal:
    rate = terms.vat_percent
    exact = amount * rate / (100 + rate) if terms.price_include_vat else amount * rate / 100
    if switches.vat_rounding is VatRounding.HALF_EVEN_PER_DOCUMENT:
        return exact.quantize(AGORA, ROUND_HALF_EVEN)
    if exact < 0 and switches.negative_half is NegativeHalf.UPWARD:
        scaled = exact / AGORA
        up = scaled.to_integral_value(ROUND_CEILING)
        halfway = up - scaled == HALF
        return agorot(up * AGORA) if halfway else agorot(exact)
    return agorot(exact)
