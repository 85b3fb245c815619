"""The lines of an original: they sum to its total whatever discount, VAT and rounding did."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.rivhit.answers import DocumentShown, read
from refund_adapters.rivhit.sums import lines_of
from refund_ledger.errors import InvalidInputError
from refund_ledger.originals import Line
from support.rivhits import settings

AGORA = Decimal("0.01")


def document(*totals: object, **members: object) -> DocumentShown:
    """Write a document with lines of these totals; its own totals follow unless said."""
    items = [
        {"line": number, "quantity": 1, "price_nis": total, "total_line": total, "description": "x"}
        for number, total in enumerate(totals, start=1)
    ]
    data = {
        "customer_id": 1001,
        "document_type": 1,
        "document_number": 5001,
        "document_date": "14/11/2026",
        "vat_percent": 18,
        "sort_code": 100,
        "price_include_vat": True,
        "items": items,
    }
    return read(DocumentShown, data | members, method="Document.Details")


def sums(total: object, vat: object, net: object) -> dict[str, object]:
    """Say the totals of a document."""
    return {"document_total": total, "total_vat": vat, "total_without_vat": net}


def lines(shown: DocumentShown) -> tuple[Line, ...]:
    """Split it."""
    return lines_of(shown, currency="ILS", settings=settings(), name="invoice:1/5001")


@st.composite
def documents(draw: st.DrawFn) -> tuple[DocumentShown, int, int]:
    """A document as a server computes it: VAT at a rate, perhaps a discount."""
    totals = draw(st.lists(st.integers(1, 10**7), min_size=1, max_size=8))
    rate = draw(st.sampled_from([Decimal(17), Decimal(18), Decimal("15.5")]))
    gross = draw(st.booleans())
    off = draw(st.integers(0, 99))
    before = Decimal(sum(totals)).scaleb(-2)
    after = (before * (100 - off) / 100).quantize(AGORA, ROUND_HALF_UP)
    if not after:
        off, after = 0, before
    share = after * rate / (100 + rate) if gross else after * rate / 100
    vat = share.quantize(AGORA, ROUND_HALF_UP)
    net = after - vat if gross else after
    shown = document(
        *(Decimal(total).scaleb(-2) for total in totals),
        **sums(net + vat, vat, net),
        vat_percent=rate,
        price_include_vat=gross,
        discount_type=1 if off else 0,
        discount_value=off,
    )
    return shown, int(net * 100), int(vat * 100)


@given(documents())
def test_lines_sum_to_net_and_vat_to_the_last_agora(made: tuple[DocumentShown, int, int]) -> None:
    shown, net, vat = made
    split = lines(shown)
    assert sum(line.net for line in split) == net
    assert sum(line.vat for line in split) == vat
    assert [line.number for line in split] == list(range(1, len(split) + 1))


def test_a_discount_of_the_document_is_spread_over_its_lines() -> None:
    shown = document(100, 18, **sums(Decimal("106.2"), Decimal("16.2"), 90), discount_value=10)
    first, second = lines(shown)
    assert (first.gross, first.discount) == (9000, 1000)
    assert (second.gross, second.discount) == (1620, 180)


def test_a_negative_line_is_a_discount_of_the_others() -> None:
    (only,) = lines(document(118, -18, **sums(100, Decimal("15.25"), Decimal("84.75"))))
    assert (only.gross, only.discount) == (10000, 1800)


def test_a_total_rounded_to_whole_shekels_is_accepted() -> None:
    (only,) = lines(document(Decimal("117.6"), **sums(118, 18, 100)))
    assert only.gross == 11800


def test_a_discount_that_nothing_shows_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="do not make its total"):
        lines(document(118, 118, **sums(118, 18, 100)))


def test_lines_that_come_to_less_than_the_total_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="do not make its total"):
        lines(document(50, **sums(118, 18, 100), discount_value=5))


@pytest.mark.parametrize("totals", [(118, 18, 99), (0, 0, 0), (-118, -18, -100), (118, 119, -1)])
def test_totals_that_do_not_add_up_are_refused(totals: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidInputError, match="positive total"):
        lines(document(118, **sums(*totals)))


def test_a_total_without_lines_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no line"):
        lines(document(**sums(118, 18, 100)))


def test_an_exempt_document_has_exempt_lines() -> None:
    for members in ({"sort_code": 150}, {"vat_percent": 0}, {"vat_percent": None}):
        (only,) = lines(document(118, **sums(118, 0, 118), **members))
        assert (only.exempt, only.vat) == (True, 0)


def test_vat_goes_to_the_taxable_lines_alone() -> None:
    items = [
        {"line": 1, "quantity": 1, "total_line": 118},
        {"line": 2, "quantity": 1, "total_line": 82, "exempt_vat": True},
    ]
    first, second = lines(document(**sums(200, 18, 182), items=items))
    assert (first.net, first.vat, first.exempt) == (10000, 1800, False)
    assert (second.net, second.vat, second.exempt) == (8200, 0, True)


def test_exempt_lines_that_are_not_marked_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="does not say which"):
        lines(document(118, 82, **sums(200, 18, 182)))
    marked = [{"quantity": 1, "total_line": 118, "exempt_vat": True}]
    with pytest.raises(InvalidInputError, match="does not say which"):
        lines(document(**sums(118, 18, 100), items=marked))


def test_net_prices_may_be_shown_with_line_totals_of_either_kind() -> None:
    for total in (100, 118):
        (only,) = lines(document(total, **sums(118, 18, 100), price_include_vat=False))
        assert (only.net, only.vat) == (10000, 1800)


def test_a_line_without_total_is_its_quantity_times_its_price() -> None:
    items = [{"quantity": Decimal("2.5"), "price_nis": Decimal("47.2"), "catalog_number": "C-1"}]
    (only,) = lines(document(**sums(118, 18, 100), items=items))
    assert (only.gross, only.quantity, only.unit_price) == (11800, 2_500_000, "47.2")
    assert (only.number, only.item) == (1, "C-1")


def test_a_foreign_price_is_the_one_in_the_documents_currency() -> None:
    items = [{"quantity": 1, "price_nis": 365, "price_mtc": 100, "total_line": 100}]
    shown = document(**sums(100, Decimal("15.25"), Decimal("84.75")), items=items)
    (only,) = lines_of(shown, currency="USD", settings=settings(), name="x")
    assert only.unit_price == "100"


def test_lines_are_numbered_anew_where_their_numbers_repeat() -> None:
    items = [{"line": 1, "quantity": 1, "total_line": 59}] * 2
    assert [each.number for each in lines(document(**sums(118, 18, 100), items=items))] == [1, 2]
