"""Totals are exact to the agora under every mode, discount and rounding."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.sandbox.pricing import Terms, Totals, totals
from refund_adapters.sandbox.switches import Switches

D = Decimal
amounts = st.decimals(min_value=-99999, max_value=99999, places=2)


def terms(**changes: object) -> Terms:
    given_terms = {"price_include_vat": True, "vat_percent": D(18)} | changes
    return Terms(**given_terms)  # type: ignore[arg-type]


def vat(*lines: str, how: Switches | None = None, **changes: object) -> Decimal:
    rows = [(D(line), False) for line in lines]
    return totals(rows, terms(**changes), how or Switches()).vat


@given(
    rows=st.lists(st.tuples(amounts, st.booleans()), min_size=1),
    inclusive=st.booleans(),
    discount=st.booleans(),
)
def test_net_and_vat_always_come_to_the_total(
    rows: list[tuple[Decimal, bool]], *, inclusive: bool, discount: bool
) -> None:
    conditions = terms(
        price_include_vat=inclusive,
        discount_type=1 if discount else None,
        discount_value=D("12.5") if discount else D(0),
    )
    sums = totals(rows, conditions, Switches())
    assert sums.net + sums.vat == sums.total
    assert sums.total == sums.total.quantize(D("0.01"))


@given(prices=st.lists(amounts, min_size=1), inclusive=st.booleans())
def test_a_credit_of_everything_is_the_sale_turned_round(
    prices: list[Decimal], *, inclusive: bool
) -> None:
    conditions = terms(price_include_vat=inclusive)
    sale = totals([(price, False) for price in prices], conditions, Switches())
    credit = totals([(-price, False) for price in prices], conditions, Switches())
    assert credit == sale.negated()


def test_vat_is_rounded_half_up_for_the_document() -> None:
    assert vat("0.25", price_include_vat=False) == D("0.05")
    assert vat("0.25", "0.25", price_include_vat=False) == D("0.09")


def test_vat_may_be_rounded_for_each_line() -> None:
    how = Switches().with_(vat_rounding="half_up_per_line")
    assert vat("0.25", "0.25", price_include_vat=False, how=how) == D("0.10")


def test_vat_may_be_rounded_half_to_even() -> None:
    how = Switches().with_(vat_rounding="half_even_per_document")
    assert vat("0.25", price_include_vat=False, how=how) == D("0.04")


def test_half_an_agora_of_a_credit_goes_away_from_zero_or_upward() -> None:
    assert vat("-0.25", price_include_vat=False) == D("-0.05")
    upward = Switches().with_(negative_half="upward")
    assert vat("-0.25", price_include_vat=False, how=upward) == D("-0.04")
    assert vat("-0.30", price_include_vat=False, how=upward) == D("-0.05")
    assert vat("0.25", price_include_vat=False, how=upward) == D("0.05")


@pytest.mark.parametrize(
    ("kind", "value", "total"),
    [(1, 10, "90.00"), (2, 10, "90.00"), (None, 10, "100"), (1, 0, "100")],
)
def test_a_discount_is_a_percentage_or_an_amount(kind: int | None, value: int, total: str) -> None:
    sums = totals([(D(100), False)], terms(discount_type=kind, discount_value=D(value)), Switches())
    assert sums.total == D(total)


def test_a_discount_lessens_a_credit_too() -> None:
    for kind in (1, 2):
        conditions = terms(discount_type=kind, discount_value=D(10))
        assert totals([(D(-100), False)], conditions, Switches()).total == -90


def test_a_discount_is_shared_by_exempt_and_taxed_lines() -> None:
    conditions = terms(discount_type=1, discount_value=D(10))
    sums = totals([(D(118), False), (D(100), True)], conditions, Switches())
    assert sums == Totals(D("180.00"), D("16.20"), D("196.20"), D("90.00"))


@pytest.mark.parametrize(
    ("digits", "total"), [(None, "118.47"), (0, "118"), (1, "118.5"), (2, "118.47")]
)
def test_a_total_with_vat_added_may_be_rounded(digits: int | None, total: str) -> None:
    conditions = terms(price_include_vat=False, round_digits=digits)
    sums = totals([(D("100.40"), False)], conditions, Switches())
    assert sums.total == D(total)
    assert sums.net + sums.vat == sums.total
