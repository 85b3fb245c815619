"""The currencies are those of ISO 4217, each with its own places."""

from __future__ import annotations

from refund_ledger.currencies import EXPONENTS


def test_every_code_is_three_capital_letters_and_stands_once() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in EXPONENTS)
    assert len(EXPONENTS) > 150


def test_places_are_those_that_the_standard_names() -> None:
    assert set(EXPONENTS.values()) == {0, 2, 3, 4}
    assert {code for code, places in EXPONENTS.items() if places == 3} == {
        *("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"),
    }


def test_what_has_no_minor_unit_is_left_out() -> None:
    assert not {"XXX", "XAU", "XTS", "XDR"} & set(EXPONENTS)
