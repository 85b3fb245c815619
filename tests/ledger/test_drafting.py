"""A request comes to exactly the parts, ways and accounts that it asks for."""

from __future__ import annotations

from typing import Any

import pytest

from refund_ledger.errors import InvalidInputError, RefusedError
from refund_ledger.events import Part, RefundRequested, Way
from refund_ledger.originals import Method, OriginalRef
from support.books import ONE, Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice


def request(books: Books, key: str = "a", **fields: Any) -> RefundRequested:
    return books.refund(books.ask(key, **fields)).request


def ways(books: Books, key: str = "a", **fields: Any) -> tuple[Way | None, Way | None]:
    asked = request(books, key, **fields)
    return asked.invoice_way, asked.receipt_way


def reasons(books: Books, **fields: Any) -> tuple[str, ...]:
    with pytest.raises(RefusedError) as caught:
        books.ask("no", **fields)
    return caught.value.reasons


def paid_invoice(books: Books) -> tuple[OriginalRef, OriginalRef]:
    sale = books.record(an_invoice(1, a_line(1, 100), exchange_rate="3.7"))
    return sale, books.record(a_receipt(2, a_payment(1, 100), closes=[(sale, 100)]))


# --- parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ({}, ["invoice", "receipt"]),
        ({"parts": "both"}, ["invoice", "receipt"]),
        ({"parts": "invoice"}, ["invoice"]),
        ({"parts": "receipt"}, ["receipt"]),
    ],
)
def test_a_cash_sale_has_both_parts_or_the_one_that_is_asked_for(
    asked: dict[str, str], parts: list[str]
) -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        found = request(books, original=str(sale), **asked)
        assert [part for part in Part if found.way(part)] == parts
        assert bool(found.sale) == ("invoice" in parts)
        assert bool(found.receipt) == ("receipt" in parts)


def test_an_invoice_has_its_sale_and_money_only_where_it_is_said_how() -> None:
    with Books() as books:
        sale, receipt = paid_invoice(books)
        alone = request(books, "a", original=str(sale), amount=10)
        paid = request(books, "b", original=str(sale), amount=10, receipt=str(receipt))
        cash = request(books, "c", original=str(sale), amount=10, pay_back=5, method="cash")
        assert [one.paid_back for one in (alone, paid, cash)] == [0, 10, 5]
        assert [one.receipt for one in (alone, paid, cash)] == ["", str(receipt), ""]
        money = {"receipt": str(receipt), "parts": "receipt", "amount": 75}
        only = request(books, "d", original=str(sale), **money)
        assert (only.sale, only.credited, only.paid_back) == ("", 0, 75)


def test_a_part_that_the_original_does_not_have_is_refused() -> None:
    with Books() as books:
        sale, receipt = paid_invoice(books)
        for parts in ("invoice", "both"):
            assert reasons(books, original=str(receipt), parts=parts)[0] == (
                "a receipt has no invoice part; ask for its receipt part"
            )
        assert reasons(books, original=str(sale), parts="receipt") == (
            "an invoice has no receipt part; name the receipt that paid it",
        )


def test_only_a_receipt_pays_for_an_invoice_and_only_an_invoice_needs_one() -> None:
    with Books() as books:
        sale, receipt = paid_invoice(books)
        cash = books.record(a_cash_sale(3, a_line(1, 100)))
        for fields, problem in (
            ({"original": str(sale), "receipt": str(cash)}, "is not a receipt"),
            ({"original": str(cash), "receipt": str(receipt)}, "has payments of its own"),
            ({"original": str(receipt), "receipt": str(receipt)}, "has payments of its own"),
        ):
            with pytest.raises(InvalidInputError, match=problem):
                books.ask("no", **fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"method": "cash"}, "method: no money goes back here"),
        ({"details": {"number": 5}}, "details: no money goes back here"),
        ({"pay_back": 5, "source_account": "till"}, "pay_back, source_account: no money goes"),
    ],
)
def test_what_belongs_to_money_is_not_left_aside_where_none_goes_back(
    fields: dict[str, Any], reason: str
) -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        (found,) = reasons(books, original=str(sale), parts="invoice", **fields)
        assert found.startswith(reason)


def test_lines_are_not_left_aside_where_nothing_is_credited() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        found = reasons(books, original=str(sale), parts="receipt", lines=[{"line": 1}])
        assert found == ("lines belong to an invoice part, which this refund does not have",)


def test_a_request_keeps_the_rate_and_the_vat_mode_of_its_original() -> None:
    with Books() as books:
        sale, _ = paid_invoice(books)
        asked = request(books, original=str(sale))
        assert (asked.exchange_rate, asked.price_includes_vat) == ("3.7", True)
        gift = request(books, "b", kind="goodwill", customer_id="7", amount=5)
        assert (gift.exchange_rate, gift.price_includes_vat) == (None, True)


def test_money_goes_back_at_the_rate_of_the_receipt_and_the_sale_at_its_own() -> None:
    with Books() as books:
        dollars: dict[str, Any] = {"currency": "USD"}
        sale = books.record(an_invoice(1, a_line(1, 100), exchange_rate="3.7", **dollars))
        closes = [(sale, 100)]
        receipt = a_receipt(2, a_payment(1, 100), closes=closes, exchange_rate="3.5", **dollars)
        both = {"original": str(sale), "receipt": str(books.record(receipt)), **dollars}
        asked = request(books, **both, amount=60)
        assert (asked.exchange_rate, asked.receipt_rate) == ("3.7", "3.5")
        asked = request(books, "b", **both, amount=40, parts="receipt")
        assert (asked.exchange_rate, asked.receipt_rate) == ("3.7", "3.5")
        asked = request(books, "c", original=str(sale), amount=40, parts="invoice", **dollars)
        assert (asked.exchange_rate, asked.receipt_rate) == ("3.7", None)


# --- ways -----------------------------------------------------------------------------------------


def test_the_whole_of_an_untouched_original_is_cancelled() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100, 18), a_line(2, 50)))
        assert ways(books, original=str(sale)) == (Way.CANCEL, Way.CANCEL)


def test_lines_without_amount_and_quantity_hinder_no_cancel() -> None:
    with Books() as books:
        words = a_line(2, 0, quantity=0, description="thank you")
        payments = (a_payment(1, 100), a_payment(2, 0))
        sale = books.record(a_cash_sale(1, a_line(1, 100), words, payments=payments))
        assert ways(books, original=str(sale)) == (Way.CANCEL, Way.CANCEL)


def test_a_free_line_that_stays_with_the_customer_hinders_a_cancel() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100), a_line(2, 0)))
        assert ways(books, original=str(sale), lines=[{"line": 1}])[0] is Way.NEW


def test_what_was_touched_before_is_booked_anew() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100, quantity=2 * ONE)))
        assert ways(books, "a", original=str(sale), amount=1) == (Way.NEW, Way.NEW)
        assert ways(books, "b", original=str(sale)) == (Way.NEW, Way.NEW)


@pytest.mark.parametrize(
    ("fields", "way"),
    [
        ({}, Way.CANCEL),
        ({"method": "card"}, Way.CANCEL),
        ({"method": "cash"}, Way.NEW),
        ({"details": {"number": 5}}, Way.NEW),
    ],
)
def test_money_that_goes_another_way_than_it_came_is_booked_anew(
    fields: dict[str, Any], way: Way
) -> None:
    with Books() as books:
        receipt = books.record(a_receipt(1, a_payment(1, 100), a_payment(2, 5)))
        assert ways(books, original=str(receipt), **fields) == (None, way)


def test_what_has_no_original_is_booked_anew() -> None:
    with Books() as books:
        books.grant("old", 100)
        paid = {"customer_id": "7", "method": "cash"}
        assert ways(books, "a", kind="credit", **paid) == (None, Way.NEW)
        gift = ways(books, "b", kind="goodwill", **paid, amount=5, parts="both")
        assert gift == (Way.NEW, Way.NEW)


# --- source account -------------------------------------------------------------------------------


def test_money_leaves_from_the_account_named_or_from_the_method_s_own() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        ask = {"original": str(sale), "amount": 10}
        named = request(books, "a", **ask, source_account="petty cash")
        chosen = request(books, "b", **ask, method="cash")
        as_paid = request(books, "c", **ask)
        assert [named.source_account, chosen.source_account] == ["petty cash", "cash"]
        assert as_paid.source_account == Method.CARD
        assert request(books, "d", **ask, parts="invoice").source_account == ""
