"""Lines are credited by quantity, by amount or whole; the parts always make the original."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_ledger.errors import RefusedError
from refund_ledger.events import TakenLine
from refund_ledger.originals import Line, OriginalRef
from support.books import ONE, Books, a_cash_sale, a_line

AMOUNTS = st.one_of(st.integers(0, 5), st.integers(0, 100_000))
QUANTITIES = st.sampled_from([0, ONE, 3 * ONE, 7 * ONE, 333_333])
LINES = st.lists(st.tuples(AMOUNTS, AMOUNTS, QUANTITIES), min_size=1, max_size=4).filter(
    lambda lines: any(net + vat for net, vat, _ in lines)
)


def taken(books: Books, key: str, **fields: Any) -> tuple[TakenLine, ...]:
    return books.refund(books.ask(key, parts="invoice", **fields)).request.lines


def reasons(books: Books, **fields: Any) -> tuple[str, ...]:
    with pytest.raises(RefusedError) as caught:
        books.ask("no", parts="invoice", **fields)
    return caught.value.reasons


@given(LINES, st.sampled_from(["ILS", "JPY", "BHD"]), st.data())
def test_any_sequence_of_partial_refunds_makes_the_original_to_the_last_unit(
    numbers: list[tuple[int, int, int]], currency: str, data: st.DataObject
) -> None:
    lines = [a_line(i, net, vat, quantity=q) for i, (net, vat, q) in enumerate(numbers, 1)]
    with Books() as books:
        sale = books.record(a_cash_sale(1, *lines, currency=currency))
        given: list[TakenLine] = []
        for step in range(8):
            fields = a_partial_refund(books, sale, lines, data) if step < 7 else {}
            if not any(books.left(sale).get(f"line/{n.number}/{h}") for n in lines for h in HALVES):
                break
            try:
                given += taken(books, f"k{step}", original=str(sale), currency=currency, **fields)
            except RefusedError:
                assert fields, "what is left can always be refunded"
        for line in lines:
            parts = [each for each in given if each.line == line.number]
            assert sum(each.net for each in parts) == line.net
            assert sum(each.vat for each in parts) == line.vat
            assert sum(each.quantity for each in parts) <= line.quantity


HALVES = ("net", "vat")


def a_partial_refund(
    books: Books, sale: OriginalRef, lines: list[Line], data: st.DataObject
) -> dict[str, Any]:
    """Ask for something of what is left, in one of the ways that there are."""
    left = books.left(sale)
    line = data.draw(st.sampled_from(lines))
    gross = sum(left.get(f"line/{line.number}/{half}", 0) for half in HALVES)
    quantity = left.get(f"line/{line.number}/quantity", 0)
    match data.draw(st.sampled_from(["amount", "line", "line amount", "quantity"])):
        case "amount":
            return {"amount": data.draw(st.integers(1, max(books.left_in_all(str(sale))[0], 1)))}
        case "line amount":
            amount = data.draw(st.integers(1, max(gross, 1)))
            return {"lines": [{"line": line.number, "amount": amount}]}
        case "quantity":
            some = data.draw(st.integers(1, max(quantity, 1)))
            return {"lines": [{"line": line.number, "quantity": some}]}
        case _:
            return {"lines": [{"line": line.number}]}


def test_a_quantity_takes_its_share_and_the_last_one_the_rest() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100, 17, quantity=3 * ONE)))
        asks = [
            taken(books, f"k{n}", original=str(sale), lines=[{"line": 1, "quantity": ONE}])[0]
            for n in range(3)
        ]
        assert [(line.net, line.vat) for line in asks] == [(33, 6), (34, 5), (33, 6)]
        assert books.left(sale) == {"payment/1": 117}


def test_an_amount_takes_no_quantity_unless_it_takes_everything() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100, quantity=2 * ONE)))
        (part,) = taken(books, "a", original=str(sale), amount=60)
        (rest,) = taken(books, "b", original=str(sale), lines=[{"line": 1, "amount": 40}])
        assert (part.quantity, rest.quantity) == (0, 2 * ONE)


def test_goods_came_back_unless_it_is_said_that_they_did_not() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 90, quantity=3 * ONE)))
        one = [{"line": 1, "quantity": ONE}]
        (back,) = taken(books, "a", original=str(sale), lines=one)
        (kept,) = taken(books, "b", original=str(sale), lines=one, items_returned=False)
        (half,) = taken(books, "c", original=str(sale), lines=[{**one[0], "returned": ONE // 2}])
        assert [back.returned, kept.returned, half.returned] == [ONE, 0, ONE // 2]


def test_a_free_line_goes_back_beside_one_that_cost_something() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100), a_line(2, 0)))
        free = {"line": 2, "quantity": ONE}
        lines = taken(books, "a", original=str(sale), lines=[{"line": 1}, free])
        assert [(line.net, line.quantity) for line in lines] == [(100, ONE), (0, ONE)]
        assert books.left(sale) == {"payment/1": 100}


def test_free_lines_alone_come_to_nothing() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100), a_line(2, 0), a_line(3, 0)))
        found = reasons(books, original=str(sale), lines=[{"line": 2}, {"line": 3}])
        assert found == ("the lines come to nothing; name one that cost something",)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"amount": 601}, "only 6.00 ILS is left to refund on invoice_receipt:2/1, 6.01 ILS was"),
        ({"lines": [{"line": 1, "amount": 301}]}, "line 1: only 3.00 ILS is left to refund"),
        ({"lines": [{"line": 1, "quantity": 4 * ONE}]}, "line 1: only a quantity of 3 is left"),
        ({"lines": [{"line": 3, "quantity": 1}]}, "line 3: that quantity comes to nothing"),
        ({"lines": [{"line": 4}]}, "line 4: nothing is left to refund"),
        ({"lines": [{"line": 9}]}, "line 9 is not on invoice_receipt:2/1; it has 1, 2, 3, 4"),
        ({"lines": [{"line": 1}, {"line": 1}]}, "the same line is named twice"),
        ({"lines": [{"line": 1, "quantity": ONE, "amount": 5}]}, "say a quantity or an amount"),
        (
            {"lines": [{"line": 1, "amount": 5, "returned": 1}]},
            "more was returned than is credited",
        ),
        ({"lines": [{"line": 1}], "amount": 299}, "the lines come to 3.00 ILS, not 2.99 ILS"),
    ],
)
def test_more_than_there_is_or_something_else_is_refused(
    fields: dict[str, Any], reason: str
) -> None:
    with Books() as books:
        lines = (
            a_line(1, 300, quantity=3 * ONE),
            a_line(2, 299),
            a_line(3, 1),
            a_line(4, 0, quantity=0),
        )
        sale = books.record(a_cash_sale(1, *lines))
        assert any(reason in found for found in reasons(books, original=str(sale), **fields))


def test_nothing_is_left_of_a_sale_that_was_credited() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        books.ask("a", original=str(sale), parts="invoice")
        found = reasons(books, original=str(sale))
        assert found == ("nothing is left to refund on invoice_receipt:2/1",)


def test_a_goodwill_has_one_line_of_its_own() -> None:
    with Books() as books:
        gift = {"kind": "goodwill", "customer_id": "7"}
        (line,) = taken(books, "a", **gift, amount=118, vat=18, comment="late delivery")
        assert (line.net, line.vat, line.exempt, line.description) == (
            100,
            18,
            False,
            "late delivery",
        )
        (line,) = taken(books, "b", **gift, amount=50)
        assert (line.net, line.exempt, line.description) == (50, True, "goodwill credit")


def test_a_goodwill_says_how_much_and_no_more_vat_than_that() -> None:
    with Books() as books:
        gift = {"kind": "goodwill", "customer_id": "7"}
        assert reasons(books, **gift)[0] == "a goodwill needs an amount"
        assert reasons(books, **gift, amount=5, vat=6) == (
            "the VAT is more than the amount that contains it",
        )
