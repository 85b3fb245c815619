"""Credit falls on debt, promises, then to the customer; money comes out of what was promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_ledger.accounts import AccountKind
from refund_ledger.errors import RefusedError
from refund_ledger.events import (
    Draw,
    Event,
    Fall,
    GivenBack,
    InvoicePartCancelled,
    Part,
    ReceiptPartCancelled,
    RefundCompleted,
)
from refund_ledger.originals import OriginalRef
from support.books import ONE, Books, a_cash_sale, a_line, a_payment, an_invoice


def last(books: Books, kind: type[Event]) -> Any:
    return [event for event in books.events() if isinstance(event, kind)][-1]


def fall(books: Books) -> Fall:
    event = last(books, InvoicePartCancelled)
    assert isinstance(event, InvoicePartCancelled)
    assert event.booked == _sum(event.fall)
    return event.fall


def draws(books: Books) -> tuple[Draw, ...]:
    event = last(books, ReceiptPartCancelled)
    assert isinstance(event, ReceiptPartCancelled)
    assert event.booked == sum(_sum(draw) for draw in event.draws)
    return event.draws


def back(books: Books) -> GivenBack:
    event = last(books, RefundCompleted)
    assert isinstance(event, RefundCompleted)
    return event.given_back


def _sum(value: Fall | Draw) -> int:
    return sum(value.model_dump(exclude={"source"}).values())


def a_sale(books: Books, unpaid: int = 0) -> OriginalRef:
    return books.record(an_invoice(1, a_line(1, 100), unpaid=unpaid))


BOTH: dict[str, Any] = {"parts": "both", "method": "cash"}

# --- where credit falls ---------------------------------------------------------------------------


def test_credit_lowers_the_debt_first_and_the_rest_is_owed() -> None:
    with Books() as books:
        sale = a_sale(books, unpaid=60)
        books.finish(books.ask("a", original=str(sale)))
        assert fall(books) == Fall(source=str(sale), opened=60, credit=40)
        assert books.position(sale) == (0, 0, 40)


def test_credit_of_an_unpaid_sale_is_owed_to_nobody() -> None:
    with Books() as books:
        sale = a_sale(books, unpaid=100)
        books.finish(books.ask("a", original=str(sale), amount=70))
        assert books.position(sale) == (30, 0, 0)


def test_credit_that_was_promised_pays_the_promise() -> None:
    with Books() as books:
        sale = a_sale(books)
        refund = books.ask("a", original=str(sale), **BOTH)
        books.book(refund, Part.INVOICE)
        assert fall(books) == Fall(source=str(sale), promised=100)
        books.book(refund, Part.RECEIPT)
        assert draws(books) == (Draw(source=str(sale), promised=100),)
        assert books.position(sale) == (0, 0, 0)


def test_money_back_while_the_sale_stands_is_owed_again() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        books.finish(books.ask("a", original=str(sale), parts="receipt", amount=40))
        assert draws(books) == (Draw(source=str(sale), reopens=40),)
        assert books.position(sale) == (40, 60, 0)


def test_a_goodwill_pays_its_promise_and_the_rest_is_credit() -> None:
    with Books() as books:
        gift = {"kind": "goodwill", "customer_id": "7", "amount": 100, "method": "cash"}
        refund = books.ask("a", **gift, pay_back=60)
        books.finish(refund)
        source = f"refund:{refund}"
        assert fall(books) == Fall(source=source, promised=60, granted=40)
        assert books.position(source) == (0, 0, 40)


# --- booked is not what was asked -----------------------------------------------------------------


def test_what_was_booked_less_goes_back_line_by_line() -> None:
    with Books() as books:
        lines = (a_line(1, 100, 18, quantity=2 * ONE), a_line(2, 50, 9))
        sale = books.record(a_cash_sale(1, *lines))
        refund = books.ask("a", original=str(sale), parts="invoice")
        books.book(refund, Part.INVOICE, booked=100)
        event = last(books, InvoicePartCancelled)
        assert (event.net, event.vat) == (85, 15)
        assert books.left(sale) == {
            "line/1/net": 43,
            "line/1/vat": 8,
            "line/2/net": 22,
            "line/2/vat": 4,
            "payment/1": 177,
        }
        books.check_sale(sale)


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 20)), min_size=1, max_size=3), st.data()
)
def test_the_split_of_a_smaller_booking_and_what_goes_back_make_the_lines(
    amounts: list[tuple[int, int]], data: st.DataObject
) -> None:
    whole = sum(net + vat for net, vat in amounts)
    if not whole:
        return
    with Books() as books:
        lines = [a_line(number, net, vat) for number, (net, vat) in enumerate(amounts, 1)]
        sale = books.record(a_cash_sale(1, *lines))
        refund = books.ask("a", original=str(sale), parts="invoice")
        books.book(refund, Part.INVOICE, booked=data.draw(st.integers(0, whole)))
        booked, returned = last(books, InvoicePartCancelled), back(books)
        assert booked.net + sum(line.net for line in returned.lines) == sum(n for n, _ in amounts)
        assert booked.vat + sum(line.vat for line in returned.lines) == sum(v for _, v in amounts)
        books.check()
        books.check_sale(sale)


def test_what_was_booked_more_than_asked_is_excess_and_pays_nobody() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 85, 15)))
        refund = books.ask("a", original=str(sale), amount=50, parts="invoice")
        books.book(refund, Part.INVOICE, booked=60)
        assert fall(books) == Fall(source=str(sale), credit=50, exceeds=10)
        event = last(books, InvoicePartCancelled)
        assert (event.net, event.vat, event.excess) == (52, 8, 10)
        assert books.position(sale) == (0, 50, 50)
        assert books.total(AccountKind.UNEXPLAINED, sale) == 10
        books.check()
        books.check_sale(sale)


def test_money_beyond_its_promise_finds_no_place() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        refund = books.ask("a", original=str(sale), amount=50)
        books.book(refund, Part.INVOICE)
        books.book(refund, Part.RECEIPT, booked=55)
        assert draws(books) == (Draw(source=str(sale), promised=50, exceeds=5),)
        assert books.total(AccountKind.EXCESS, sale, item="money") == 5
        assert books.total(AccountKind.UNEXPLAINED, sale) == -5
        books.check()


def test_money_that_was_booked_less_leaves_the_rest_as_credit() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        refund = books.ask("a", original=str(sale))
        books.book(refund, Part.INVOICE)
        books.book(refund, Part.RECEIPT, booked=70)
        assert books.position(sale) == (0, 0, 30)
        assert books.left(sale) == {"payment/1": 30}
        books.check()


def test_money_that_was_booked_less_uses_held_credit_before_the_promise() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        books.finish(books.ask("kept", original=str(sale), parts="invoice", amount=30))
        refund = books.ask("a", original=str(sale), parts="receipt")
        books.book(refund, Part.RECEIPT, booked=50)
        assert draws(books) == (Draw(source=str(sale), held=30, reopens=20),)
        assert books.position(sale) == (20, 50, 0)
        books.check()


def test_money_beyond_an_empty_promise_is_named_after_the_source() -> None:
    with Books() as books:
        grant = books.grant("old", 50)
        refund = books.ask("a", kind="credit", customer_id="7", method="cash")
        books.book(refund, Part.RECEIPT, booked=60)
        assert draws(books) == (Draw(source=grant, held=50, exceeds=10),)
        books.check()


# --- what goes back at the end --------------------------------------------------------------------


def test_cover_that_still_stands_goes_back_before_credit_that_fell_on_it() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        money = books.ask("money", original=str(sale), parts="receipt")
        books.finish(books.ask("lines", original=str(sale), parts="invoice", amount=60))
        books.withdraw(money)
        assert books.position(sale) == (0, 40, 60)


def test_held_credit_is_credit_again() -> None:
    with Books() as books:
        grant = books.grant("old", 50)
        refund = books.ask("a", kind="credit", customer_id="7", method="cash", amount=30)
        assert books.total(AccountKind.CREDIT, grant) == 20
        assert books.total(AccountKind.HELD_CREDIT, grant) == 30
        books.withdraw(refund)
        assert books.total(AccountKind.CREDIT, grant) == 50
        books.check()


def test_rights_of_a_goodwill_that_was_not_given_are_given_up() -> None:
    with Books() as books:
        gift = {"kind": "goodwill", "customer_id": "7", "amount": 100, "method": "cash"}
        refund = books.ask("a", **gift, parts="both")
        assert books.total(AccountKind.ALLOWED) == 100
        books.withdraw(refund)
        assert books.store.sums("acme") == []


# --- order ----------------------------------------------------------------------------------------

Step = Callable[[Books], object]


Asked = tuple[str, int, int | None]
"""Parts, amount, and what is paid back where that differs."""

ASKED: st.SearchStrategy[Asked] = st.tuples(
    st.sampled_from(["both", "both", "receipt", "invoice"]),
    st.integers(1, 50),
    st.none() | st.integers(1, 50),
)


@dataclass(frozen=True)
class Story:
    """Two refunds of one sale, on which some credit stands already."""

    asks: tuple[Asked, Asked]
    kept: int
    withdrawn: int | None
    short: int
    """By how much less than asked each part is booked."""


STORIES = st.builds(
    Story,
    asks=st.tuples(ASKED, ASKED),
    kept=st.sampled_from([0, 10, 40]),
    withdrawn=st.sampled_from([None, 0, 1]),
    short=st.sampled_from([0, 0, 7, 30]),
)


@given(STORIES, st.permutations(range(4)))
def test_neither_the_order_of_parts_nor_of_refunds_nor_a_withdrawal_changes_where_it_ends(
    story: Story, order: list[int]
) -> None:
    """Held credit is a refund's own and promised cover a pool, so any order ends alike."""
    assert ended(story, order) == ended(story, [0, 1, 2, 3])


def ended(story: Story, order: list[int]) -> object:
    """Where two refunds end whose four parts come in this order."""
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        if story.kept:
            kept = {"parts": "invoice", "amount": story.kept}
            books.finish(books.ask("kept", original=str(sale), **kept))
        asked = [_asked(books, f"k{n}", sale, ask) for n, ask in enumerate(story.asks)]
        for number in order:
            refund, part = asked[number // 2], list(Part)[number % 2]
            if refund is None:
                continue
            request = books.refund(refund).request
            if number // 2 == story.withdrawn:
                books.withdraw(refund)
            elif request.way(part):
                # A document may turn up whether or not its turn to be sent has come.
                booked = max(request.asked(part) - story.short, 0)
                books.answer(refund, part, booked=booked)
        books.check()
        books.check_sale(sale)
        return books.position(sale), sorted(books.left(sale).items())


def _asked(books: Books, key: str, sale: OriginalRef, asked: Asked) -> UUID | None:
    parts, amount, back = asked
    fields: dict[str, Any] = {"original": str(sale), "parts": parts, "amount": amount}
    if parts == "both" and back:
        fields["pay_back"] = back
    try:
        return books.ask(key, **fields)
    except RefusedError:
        return None


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_held_credit_stays_with_its_refund_whatever_falls_meanwhile(order: tuple[int, ...]) -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100), payments=[a_payment(1, 100)]))
        books.finish(books.ask("kept", original=str(sale), parts="invoice", amount=20))
        money = books.ask("money", original=str(sale), parts="receipt", amount=50)
        lines = books.ask("lines", original=str(sale), parts="invoice", amount=30)
        more = books.ask("more", original=str(sale), parts="invoice", amount=10)
        steps: list[Step] = [
            lambda b: b.answer(money, Part.RECEIPT),
            lambda b: b.answer(lines, Part.INVOICE),
            lambda b: b.answer(more, Part.INVOICE),
        ]
        for step in order:
            steps[step](books)
        assert books.position(sale) == (0, 40, 10)
