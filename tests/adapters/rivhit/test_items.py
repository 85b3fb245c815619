"""The items of a credit: positive quantities, negative prices, and a sum that is exact."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.rivhit.items import items_of
from refund_adapters.rivhit.messages import Item
from refund_ledger.errors import RefusedError
from refund_ledger.events import TakenLine
from support.rivhits import line, partial, settings

QUANTITIES = st.integers(0, 10**12) | st.integers(0, 10**4).map(lambda whole: whole * 10_000)
AMOUNTS = st.integers(0, 10**9)


@st.composite
def taken_lines(draw: st.DrawFn) -> TakenLine:
    quantity = draw(QUANTITIES)
    return line(
        net=draw(AMOUNTS),
        vat=draw(AMOUNTS),
        quantity=quantity,
        returned=draw(st.integers(0, quantity)),
        description=draw(st.text(max_size=200)),
        item=draw(st.text(max_size=40)),
        exempt=draw(st.booleans()),
    )


def items(*lines: TakenLine, gross: bool = True, **given_: Any) -> tuple[Item, ...]:
    """Translate lines into items."""
    return items_of(partial(lines=lines, **given_), settings(), gross=gross)


def worth(item: Item) -> Decimal:
    """What an item comes to."""
    return item.quantity * (item.price_nis or item.price_mtc)


@given(st.lists(taken_lines(), min_size=1, max_size=4), st.booleans())
def test_items_sum_to_what_is_taken_to_the_last_agora(lines: list[TakenLine], gross: bool) -> None:  # noqa: FBT001
    wanted = sum(each.gross if gross else each.net for each in lines)
    made = items(*lines, gross=gross)
    assert sum((worth(each) for each in made), Decimal()) == -Decimal(wanted).scaleb(-2)
    for each in made:
        assert worth(each) * 100 == (worth(each) * 100).to_integral_value()
        assert each.price_nis <= 0
        assert each.quantity > 0


@given(st.lists(taken_lines(), min_size=1, max_size=4))
def test_goods_that_came_back_keep_their_quantity(lines: list[TakenLine]) -> None:
    for taken in lines:
        made = items(taken)
        sayable = taken.returned % 10_000 == 0 and taken.returned >= 100_000
        if taken.returned and sayable and 0 < len(taken.item.strip()) <= 7 and taken.item.isalnum():
            stocked = [each for each in made if each.catalog_number]
            assert [each.quantity for each in stocked] == [Decimal(taken.returned) / 10**6]


def test_a_quantity_that_divides_the_amount_is_kept() -> None:
    (item,) = items(line(net=10000, vat=1700, quantity=2_000_000))
    assert (item.quantity, item.price_nis) == (Decimal(2), Decimal("-58.50"))
    (item,) = items(line(net=10000, vat=0, quantity=2_500_000))
    assert (item.quantity, item.price_nis) == (Decimal("2.5"), Decimal("-40.00"))


def test_a_quantity_that_does_not_divide_it_becomes_one_piece() -> None:
    (item,) = items(line(net=10000, vat=0, quantity=3_000_000))
    assert (item.quantity, item.price_nis) == (Decimal(1), Decimal("-100.00"))


def test_returned_goods_that_do_not_divide_leave_a_remainder_of_its_own() -> None:
    back, rest = items(line(net=10000, vat=0, quantity=3_000_000, returned=3_000_000))
    assert (back.quantity, back.price_nis) == (Decimal(3), Decimal("-33.33"))
    assert back.catalog_number == "C-11"
    assert (rest.quantity, rest.price_nis) == (Decimal(1), Decimal("-0.01"))
    assert rest.catalog_number is None


def test_where_something_came_back_the_rest_stays_out_of_stock() -> None:
    made = items(
        line(line=1, quantity=2_000_000, returned=1_000_000),
        line(line=2, item="C-12", quantity=1_000_000),
    )
    assert [each.catalog_number for each in made] == ["C-11", None, None]
    assert [each.price_nis for each in made] == [Decimal("-58.50"), Decimal("-58.50"), -117]


def test_a_line_of_nothing_makes_no_item() -> None:
    assert items(line(net=0, vat=0, quantity=0)) == ()


def test_a_foreign_amount_is_said_in_its_currency_with_the_rate() -> None:
    (item,) = items(line(), currency="USD", exchange_rate="3.65")
    assert (item.price_mtc, item.price_nis) == (Decimal("-117.00"), Decimal(0))
    assert (item.currency_id, item.exchange_rate) == (2, Decimal("3.65"))
    (item,) = items(line(), currency="USD")
    assert item.exchange_rate is None


def test_exempt_lines_are_marked_only_where_they_stand_beside_taxable_ones() -> None:
    mixed = items(line(line=1), line(line=2, vat=0, exempt=True))
    assert [each.exempt_vat for each in mixed] == [False, True]
    assert [each.exempt_vat for each in items(line(vat=0, exempt=True))] == [None]


def test_exempt_and_taxable_lines_cannot_be_mixed_in_a_foreign_currency() -> None:
    with pytest.raises(RefusedError, match="two refunds"):
        items(line(line=1), line(line=2, vat=0, exempt=True), currency="USD")


def test_a_credit_without_lines_is_one_item_named_after_its_reason() -> None:
    (item,) = items()
    assert (item.description, item.price_nis) == ("goods_returned", Decimal("-117.00"))


def test_a_description_is_cut_and_never_empty() -> None:
    assert items(line(description="כ" * 200))[0].description == "כ" * 100
    assert items(line(description=" \u202e"))[0].description == "line 1"


def test_a_catalogue_number_too_long_for_the_api_is_left_out() -> None:
    assert items(line(item="x" * 16))[0].catalog_number is None
    assert items(line(item="x" * 15))[0].catalog_number == "x" * 15
