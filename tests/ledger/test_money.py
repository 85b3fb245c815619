"""Money is read, written, added and split without losing a minor unit."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_ledger.currencies import EXPONENTS
from refund_ledger.errors import InvalidInputError
from refund_ledger.money import (
    MAX_MINOR,
    Money,
    allocate,
    exponent,
    format_minor,
    format_quantity,
    to_minor,
    to_quantity,
)

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
MINOR = st.integers(-MAX_MINOR, MAX_MINOR)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=8)


@given(MINOR, CURRENCIES)
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    written = format_minor(minor, currency)
    assert to_minor(written, currency) == minor
    assert Money.parse(written, currency) == Money(minor, currency)
    assert Money.parse(Money(minor, currency).decimal(), currency).minor == minor


@given(st.integers(0, MAX_MINOR))
def test_a_quantity_that_is_written_is_read_back(millionths: int) -> None:
    assert to_quantity(format_quantity(millionths)) == millionths


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("37.10", "ILS", 3710),
        ("37.1", "ILS", 3710),
        (" 37 ", "ILS", 3700),
        ("37.100", "ILS", 3710),
        ("-0.05", "ILS", -5),
        ("-0", "ILS", 0),
        ("500", "JPY", 500),
        ("500.0", "JPY", 500),
        ("1.234", "BHD", 1234),
        (Decimal("1E+2"), "ILS", 10_000),
        (Decimal("0.10"), "ILS", 10),
    ],
)
def test_a_plain_decimal_is_read(text: str | Decimal, currency: str, minor: int) -> None:
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "problem"),
    [
        ("37.105", "ILS", "more than the 2 places of ILS"),
        ("1.5", "JPY", "more than the 0 places of JPY"),
        ("NaN", "ILS", "expected a plain decimal"),
        (Decimal("NaN"), "ILS", "expected a plain decimal"),
        (Decimal("Infinity"), "ILS", "expected a plain decimal"),
        ("1e5", "ILS", "expected a plain decimal"),
        ("1,000", "ILS", "expected a plain decimal"),
        ("", "ILS", "expected a plain decimal"),
        ("٣", "ILS", "expected a plain decimal"),
        ("9" * 5000, "ILS", "expected a plain decimal"),
        ("10000000000000.01", "ILS", "is too large"),
        (Decimal("1E+1000000"), "ILS", "expected a plain decimal"),
        (37.1, "ILS", "expected a decimal in text"),
        ("1", "XYZ", "is not an ISO 4217 code"),
        ("1", None, "is not an ISO 4217 code"),
    ],
)
def test_anything_else_is_refused_in_words(text: str, currency: str, problem: str) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        to_minor(text, currency)


def test_a_caller_with_rough_decimals_rounds_nothing_here() -> None:
    with localcontext(prec=3):
        assert to_minor(Decimal("123456.78"), "ILS") == 12_345_678
        assert Money(12_345_678, "ILS").decimal() == Decimal("123456.78")


def test_an_error_repeats_no_more_than_the_beginning_of_what_was_given() -> None:
    with pytest.raises(InvalidInputError) as caught:
        to_minor("x" * 1000, "ILS", field="pay_back")
    assert caught.value.field == "pay_back"
    assert len(str(caught.value)) < 150


def test_money_adds_subtracts_and_turns_its_sign() -> None:
    ten, three = Money(10, "ILS"), Money(3, "ILS")
    assert ten + three == Money(13, "ILS")
    assert ten - three == Money(7, "ILS")
    assert -ten == Money(-10, "ILS")


@pytest.mark.parametrize("mix", [operator.add, operator.sub])
def test_two_currencies_do_not_mix(mix: Callable[[Money, Money], Money]) -> None:
    with pytest.raises(InvalidInputError, match="convert first"):
        mix(Money(1, "ILS"), Money(1, "USD"))


def test_money_is_whole_and_not_beyond_the_largest_amount() -> None:
    for minor in (1.0, True, "1"):
        with pytest.raises(InvalidInputError, match="whole minor units"):
            Money(minor, "ILS")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="larger than"):
        Money(MAX_MINOR + 1, "ILS")


def test_money_shows_its_currency() -> None:
    assert str(Money(-5, "ILS")) == "-0.05 ILS"
    assert str(Money(5, "JPY")) == "5 JPY"
    assert str(Money(5, "BHD")) == "0.005 BHD"


def test_a_quantity_shows_no_zeros_that_say_nothing() -> None:
    assert format_quantity(10_000_000) == "10"
    assert format_quantity(2_500_000) == "2.5"
    assert format_quantity(0) == "0"


def test_a_currency_has_its_own_places() -> None:
    assert [exponent(code) for code in ("JPY", "ILS", "BHD", "CLF")] == [0, 2, 3, 4]


@given(WEIGHTS, st.data())
def test_shares_sum_to_the_total_and_never_exceed_their_weights(
    weights: list[int], data: st.DataObject
) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    shares = allocate(total, weights)
    assert sum(shares) == total
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))


@given(WEIGHTS.filter(any), st.integers(0, MAX_MINOR))
def test_a_share_is_within_one_unit_of_its_exact_part(weights: list[int], total: int) -> None:
    whole = sum(weights)
    for share, weight in zip(allocate(total, weights), weights, strict=True):
        assert abs(share * whole - total * weight) < whole


@given(WEIGHTS, st.data())
def test_taking_in_several_steps_takes_everything(weights: list[int], data: st.DataObject) -> None:
    left = list(weights)
    for step in range(5):
        total = sum(left) if step == 4 else data.draw(st.integers(0, sum(left)))
        taken = allocate(total, left)
        left = [have - share for have, share in zip(left, taken, strict=True)]
        assert min(left) >= 0
    assert left == [0] * len(weights)


def test_ties_go_to_the_earlier_weight() -> None:
    assert allocate(1, [1, 1, 1]) == [1, 0, 0]
    assert allocate(2, [1, 1, 1]) == [1, 1, 0]


def test_nothing_can_be_split_only_into_nothing() -> None:
    assert allocate(0, [0, 0]) == [0, 0]
    with pytest.raises(InvalidInputError, match="nothing is left"):
        allocate(1, [0, 0])


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [2, -1])])
def test_a_negative_amount_is_not_split(total: int, weights: list[int]) -> None:
    with pytest.raises(InvalidInputError, match="negative"):
        allocate(total, weights)
