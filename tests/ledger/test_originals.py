"""Originals are named, and contradict themselves nowhere."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from refund_ledger.errors import InvalidInputError
from refund_ledger.money import MAX_MINOR
from refund_ledger.originals import Document, Half, Kind, OriginalRef, stream_id
from support.books import a_cash_sale, a_line, a_payment, a_receipt, an_invoice, an_original

INVOICE = OriginalRef(Kind.INVOICE, 1, 2345)


@pytest.mark.parametrize(
    "ref", [INVOICE, OriginalRef(Kind.RECEIPT, 1, 77), OriginalRef(Kind.INVOICE_RECEIPT, 2, 6923)]
)
def test_a_name_that_is_written_is_read_back(ref: OriginalRef) -> None:
    assert OriginalRef.parse(str(ref)) == ref


def test_a_name_is_read_with_hyphens_and_blanks_around_it() -> None:
    assert OriginalRef.parse(" invoice-receipt:2/6923 ") == OriginalRef(
        Kind.INVOICE_RECEIPT, 2, 6923
    )


@pytest.mark.parametrize(
    "text",
    ["", "invoice", "invoice:1", "invoice:1/", "invoice:a/1", "bill:1/2", "invoice:1/٣", "x"],
)
def test_a_name_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInputError, match="closes: expected kind:series/number"):
        OriginalRef.parse(text, field="closes")


def test_a_number_without_end_is_refused_and_not_computed() -> None:
    with pytest.raises(InvalidInputError):
        OriginalRef.parse("invoice:1/" + "9" * 5000)


def test_the_id_of_a_stream_is_the_same_for_ever() -> None:
    assert INVOICE.stream("acme") == UUID("726f1825-b65d-54e6-9751-9162773a9095")


def test_no_two_companies_share_a_stream() -> None:
    assert INVOICE.stream("acme") != INVOICE.stream("other")
    assert stream_id("a", "grant", "b/c") != stream_id("a/grant", "b", "c")


def test_an_invoice_receipt_has_the_same_number_in_both_halves() -> None:
    ref = OriginalRef(Kind.INVOICE_RECEIPT, 2, 6923)
    assert ref.document(Half.DOCUMENT) == Document(Half.DOCUMENT, 2, 6923)
    assert str(ref.document(Half.RECEIPT)) == "receipt 2/6923"


def test_which_halves_a_kind_has() -> None:
    assert [(kind.has_sale, kind.has_money) for kind in Kind] == [
        (True, False),
        (False, True),
        (True, True),
    ]


def test_originals_that_fit_pass() -> None:
    sale = an_invoice(1, a_line(1, 100, 18), unpaid=50)
    for original in (
        sale,
        a_cash_sale(2, a_line(1, 100, 18)),
        an_invoice(4, a_line(1, MAX_MINOR, quantity=MAX_MINOR), a_line(2, 0, quantity=0)),
        a_receipt(3, a_payment(1, 100), closes=[(sale.ref, 68)], overpaid=10),
    ):
        original.check()
    assert (sale.sale_total, sale.money_total) == (118, 0)


HUGE = tuple(a_line(number, MAX_MINOR) for number in (1, 2))
MANY = tuple(a_line(number, 1, quantity=MAX_MINOR) for number in (1, 2))
ONE_LINE = (a_line(1, 100),)
PAID = (a_payment(1, 100),)


@pytest.mark.parametrize(
    ("kind", "fields", "problem"),
    [
        (Kind.INVOICE, {}, "lines: a receipt has none"),
        (Kind.RECEIPT, {"lines": ONE_LINE, "payments": PAID}, "lines: a receipt has none"),
        (Kind.RECEIPT, {}, "payments: an invoice has none"),
        (Kind.INVOICE, {"lines": ONE_LINE, "payments": PAID}, "payments: an invoice has none"),
        (Kind.INVOICE, {"lines": (*ONE_LINE, *ONE_LINE)}, "lines: the same one appears twice"),
        (Kind.RECEIPT, {"payments": (*PAID, *PAID)}, "payments: the same one appears twice"),
        (
            Kind.RECEIPT,
            {"payments": PAID, "closes": [{"sale": "invoice:1/1", "amount": 1}] * 2},
            "closes: the same one appears twice",
        ),
        *(
            (
                Kind.RECEIPT,
                {"payments": PAID, "closes": [{"sale": sale, "amount": 1}]},
                f"closes: write {sale!r} as the ledger does, such as invoice:1/2345",
            )
            for sale in ("invoice:01/001", " invoice:1/1", "invoice-receipt:1/1", "1/1", "None")
        ),
        (Kind.INVOICE, {"lines": ONE_LINE, "open_amount": 101}, "more is open than the sale"),
        (Kind.INVOICE_RECEIPT, {"lines": ONE_LINE, "payments": (a_payment(1, 99),)}, "sum to"),
        (
            Kind.INVOICE_RECEIPT,
            {"lines": ONE_LINE, "payments": PAID, "open_amount": 1},
            "nothing of it can be open",
        ),
        (Kind.INVOICE, {"lines": ONE_LINE, "overpaid": 1}, "only a receipt closes sales"),
        (Kind.RECEIPT, {"payments": PAID, "overpaid": 101}, "closes more than was paid"),
        (Kind.INVOICE, {"lines": HUGE}, "the total is too large"),
        (Kind.INVOICE, {"lines": MANY}, "the quantities are too large"),
        (Kind.INVOICE, {"lines": ONE_LINE, "currency": "ABC"}, "'ABC' is not an ISO 4217 code"),
    ],
)
def test_an_original_that_contradicts_itself_is_refused(
    kind: Kind, fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        an_original(kind, 1, **fields).check()


def test_a_value_never_changes_and_knows_no_other_fields() -> None:
    line = a_line(1, 100)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(line, "net", 1)  # noqa: B010 - what a caller would try
    with pytest.raises(ValidationError, match="Extra inputs"):
        a_line(1, 100, price=3)
