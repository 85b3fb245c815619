"""One value of a row comes out as what it is, or as an error that names its field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from refund_adapters import fields
from refund_adapters.fields import short
from refund_ledger.errors import InvalidInputError

UNWRITABLE = 10**5000
"""More digits than Python writes out."""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("37.10", "'37.10'"),
        ("x" * 41, "'" + "x" * 40 + "'..."),
        ("left\u202eright", "'left\\u202eright'"),
        ({"a": 1}, "an object"),
        ([1, 2], "a list"),
        (UNWRITABLE, "a number of more than 18 digits"),
        (-UNWRITABLE, "a number of more than 18 digits"),
        (7, "7"),
        (10.5, "10.5"),
        (True, "True"),
        (None, "None"),
        (Decimal("1e999999"), "1E+999999"),
        (b"bytes", "a bytes"),
    ],
    ids=range(13),
)
def test_an_error_repeats_a_value_in_a_few_visible_words(value: Any, shown: str) -> None:
    assert short(value) == shown


def test_unknown_names_are_all_named_and_the_known_ones_are_told() -> None:
    row = {"amonut": 1, "a\u202eb": 2, "amount": 3, "lines": None}

    with pytest.raises(InvalidInputError) as refused:
        fields.known(row, {"amount", "lines"}, "a request")

    assert refused.value.field == "amonut, 'a\\u202eb'"
    assert refused.value.problem == "is no field of a request; it has amount, lines"


def test_a_name_that_is_no_text_is_unknown_too() -> None:
    with pytest.raises(InvalidInputError, match=r"^2, a list: is no field of a line; it has line"):
        fields.known({"line": 1, 2: 3, (4,): 5}, {"line"}, "a line")


def test_a_field_that_says_null_says_nothing() -> None:
    assert fields.known({"amount": 3, "lines": None}, {"amount", "lines"}, "it") == {"amount": 3}


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (fields.text, "dana", "dana"),
        (fields.text, 1001, "1001"),
        (fields.decimal, "37.10", "37.10"),
        (fields.decimal, 37, "37"),
        (fields.decimal, Decimal("37.10"), Decimal("37.10")),
        (fields.plain_decimal, " 1.5 ", "1.5"),
        (fields.plain_decimal, Decimal("0.00"), "0.00"),
        (fields.plain_decimal, -3, "-3"),
        (fields.quantity, "2.5", 2_500_000),
        (fields.whole, "0042", 42),
        (fields.whole, 999_999_999, 999_999_999),
        (fields.day, "2026-01-31", date(2026, 1, 31)),
        (fields.day, date(2026, 1, 31), date(2026, 1, 31)),
        (fields.yes_no, "Yes", True),
        (fields.yes_no, 0, False),
        (fields.yes_no, True, True),
        (fields.items, "1; 2:x3 ;", ["1", " 2:x3 "]),
        (fields.items, (1, 2), [1, 2]),
        (fields.items, 7, ["7"]),
        (fields.objects, [{"a": 1}], [{"a": 1}]),
    ],
)
def test_a_value_that_can_be_read_is_read(
    read: Callable[[Any, str], object], value: Any, expected: object
) -> None:
    assert read(value, "field") == expected


@pytest.mark.parametrize(
    ("read", "values"),
    [
        (fields.text, [None, True, 1.5, Decimal(1), ["a"], {"a": 1}, UNWRITABLE, b"a"]),
        (
            fields.decimal,
            [10.5, float("nan"), True, None, [1], UNWRITABLE, b"1"]
            + [Decimal(word) for word in ("NaN", "-Infinity", "1E+3", "1e-999999", "1e999999")],
        ),
        (fields.plain_decimal, ["abc", "1,5", "1e3", "", "NaN", "1" * 19, 1.5]),
        (fields.quantity, ["-1", "1.0000001", "x", 0.5]),
        (fields.whole, ["-1", "1.0", Decimal(1), True, None, "", "1234567890", "٣", UNWRITABLE]),
        (fields.day, ["20260131", "2026-02-30", "2026-W05-6", "", None, 20260131, ["2026-01-31"]]),
        (fields.yes_no, ["maybe", 2, None, 1.0, [True], UNWRITABLE]),
        (fields.items, [{"a": 1}, None, 1.5, True]),
        (fields.objects, ["[]", {"a": 1}, [1], [{"a": 1}, 2]]),
    ],
)
def test_a_value_that_cannot_be_read_names_its_field(
    read: Callable[[Any, str], object], values: list[Any]
) -> None:
    for value in values:
        with pytest.raises(InvalidInputError) as refused:
            read(value, "the field")
        assert refused.value.field == "the field"
        assert len(str(refused.value)) < 200


def test_an_amount_is_not_below_the_least_that_makes_sense() -> None:
    assert fields.amount("0", "ILS", "vat") == 0
    assert fields.amount(Decimal("37.10"), "ILS", "amount", least=1) == 3710

    with pytest.raises(InvalidInputError, match=r"vat: expected zero or more, got '-0.01'"):
        fields.amount("-0.01", "ILS", "vat")
    with pytest.raises(InvalidInputError, match="amount: expected more than zero, got 0"):
        fields.amount(0, "ILS", "amount", least=1)


def test_a_float_is_refused_with_a_word_why() -> None:
    with pytest.raises(InvalidInputError, match=r"in text and not as a float; got 10\.5"):
        fields.decimal(10.5, "amount")
