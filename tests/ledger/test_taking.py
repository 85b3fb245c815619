"""A document made elsewhere takes what it names first, and of the rest no more than there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.balances import Look
from refund_ledger.events import OriginalRecorded, Part
from refund_ledger.originals import OriginalRef
from refund_ledger.taking import Named, left_of, lines_of, payments_of, sources_of
from support.books import ONE, Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice
from support.outsides import outside


def recorded(books: Books, ref: OriginalRef) -> OriginalRecorded:
    return books.ledger.original(ref).recorded


def taken(
    books: Books, sale: OriginalRef, amount: int, **named: Named
) -> list[tuple[int, int, int, int]]:
    by_line = {int(name.removeprefix("line")): each for name, each in named.items()}
    lines = lines_of(recorded(books, sale), amount, Look(books.store.balance), by_line)
    return [(line.line, line.net, line.vat, line.quantity) for line in lines]


def a_sale(books: Books) -> OriginalRef:
    lines = (a_line(1, 60, 10, quantity=2 * ONE), a_line(2, 30), a_line(3, 0))
    return books.record(an_invoice(1, *lines))


def test_an_amount_is_spread_over_what_is_left_of_the_lines() -> None:
    with Books() as books:
        assert taken(books, a_sale(books), 50) == [(1, 30, 5, 0), (2, 15, 0, 0)]


def test_all_that_is_left_takes_every_quantity_with_it() -> None:
    with Books() as books:
        sale = a_sale(books)
        whole = [(1, 60, 10, 2 * ONE), (2, 30, 0, ONE), (3, 0, 0, ONE)]
        assert taken(books, sale, 100) == whole
        assert taken(books, sale, 500) == whole


def test_a_line_that_is_named_goes_first_and_its_quantity_with_it() -> None:
    with Books() as books:
        sale = a_sale(books)
        assert taken(books, sale, 35, line1=Named(35, ONE)) == [(1, 30, 5, ONE)]
        assert taken(books, sale, 30, line2=Named(30)) == [(2, 30, 0, ONE)]


def test_what_a_named_line_does_not_have_is_taken_of_the_others() -> None:
    with Books() as books:
        sale = a_sale(books)
        found = taken(books, sale, 44, line2=Named(44, 3 * ONE))
        assert found == [(1, 12, 2, 0), (2, 30, 0, ONE)]


def test_nothing_is_taken_of_a_sale_that_was_given_back() -> None:
    with Books() as books:
        sale = a_sale(books)
        books.finish(books.ask("a", original=str(sale), amount=100, parts="invoice"))
        assert taken(books, sale, 10) == []
        assert left_of(recorded(books, sale), Look(books.store.balance), sale=True) == 0


def test_payments_are_taken_in_their_order_those_named_first() -> None:
    with Books() as books:
        first, second = a_payment(1, 30), a_payment(2, 50)
        receipt = recorded(books, books.record(a_receipt(1, first, second)))
        look = Look(books.store.balance)
        assert left_of(receipt, look, sale=False) == 80

        def shares(amount: int, **named: int) -> list[tuple[int, int]]:
            by_number = {int(name[1:]): Named(each) for name, each in named.items()}
            found = payments_of(receipt, amount, look, by_number)
            return [(each.payment, each.amount) for each in found]

        assert shares(20) == [(1, 20)]
        assert shares(40) == [(1, 30), (2, 10)]
        assert shares(40, p2=35) == [(1, 5), (2, 35)]
        assert shares(90, p2=90) == [(1, 30), (2, 50)]


def test_money_of_a_receipt_comes_from_what_it_pays_last() -> None:
    with Books() as books:
        sale = books.record(an_invoice(1, a_line(1, 40)))
        receipt = books.record(a_receipt(2, a_payment(1, 90), closes=[(sale, 40)], overpaid=30))
        cash_sale = books.record(a_cash_sale(3, a_line(1, 20)))
        look = Look(books.store.balance)
        assert sources_of(recorded(books, receipt), 90, look) == (
            (f"grant:{receipt}", 90),
            (str(receipt), 90),
            (str(sale), 40),
            (str(sale), 0),
        )
        assert sources_of(recorded(books, cash_sale), 5, look) == ((str(cash_sale), 5),)


def test_money_made_outside_reopens_the_sales_that_its_receipt_still_pays() -> None:
    with Books() as books:
        first = books.record(an_invoice(1, a_line(1, 100)))
        second = books.record(an_invoice(2, a_line(1, 40)))
        books.record(a_receipt(3, a_payment(1, 40), closes=[(first, 40)]))
        paid = a_receipt(4, a_payment(1, 100), closes=[(first, 60), (second, 40)])
        receipt = books.record(paid)
        outside(books, 50, 60, Part.RECEIPT, original=receipt)
        assert (books.position(first), books.position(second)) == ((60, 40, 0), (0, 40, 0))
        outside(books, 51, 40, Part.RECEIPT, original=receipt)
        assert (books.position(first), books.position(second)) == ((60, 40, 0), (40, 0, 0))
        books.check()


def test_what_a_request_took_of_a_later_sale_is_found_on_the_others() -> None:
    with Books() as books:
        first = books.record(an_invoice(1, a_line(1, 60)))
        second = books.record(an_invoice(2, a_line(1, 40)))
        paid = a_receipt(4, a_payment(1, 100), closes=[(first, 60), (second, 40)])
        receipt = books.record(paid)
        asked = {"original": str(second), "receipt": str(receipt), "parts": "both"}
        books.finish(books.ask("a", **asked, amount=40))
        # In its turn the first sale would have given them, so it gives them now.
        outside(books, 50, 60, Part.RECEIPT, original=receipt)
        assert (books.position(first), books.position(second)) == ((60, 0, 0), (0, 0, 0))
        books.check()


@given(
    amount=st.integers(1, 300),
    first=st.integers(0, 200),
    second=st.integers(0, 200),
    before=st.integers(1, 100),
)
def test_whatever_is_named_exactly_the_amount_is_taken_as_far_as_it_goes(
    amount: int, first: int, second: int, before: int
) -> None:
    with Books() as books:
        sale = a_sale(books)
        books.finish(books.ask("a", original=str(sale), amount=before, parts="invoice"))
        first, second = min(first, amount), min(second, max(amount - first, 0))
        found = taken(books, sale, amount, line1=Named(first), line2=Named(second))
        assert sum(net + vat for _, net, vat, _ in found) == min(amount, 100 - before)
        kind = AccountKind.REFUNDABLE
        for line, net, vat, _ in found:
            for half, share in (("net", net), ("vat", vat)):
                item = f"line/{line}/{half}"
                there = books.store.balance(Account("acme", kind, str(sale), item=item, unit="ILS"))
                assert share <= there
