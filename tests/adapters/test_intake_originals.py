"""Originals and granted credits are read from rows, or refused in a sentence with the field."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refund_adapters.intake import grant_of, original_of
from refund_ledger.errors import InvalidInputError
from refund_ledger.originals import Kind, Method, Original
from refund_ledger.recording import Grant
from support.garbage import only_ledger_errors, refused, rows

COMPANY = "acme"
ORIGINAL = {
    "kind": "invoice_receipt",
    "series": 2,
    "number": 6923,
    "customer_id": 1001,
    "currency": "ILS",
    "issued_on": "2026-01-05",
    "lines": [{"number": 1, "net": "100.00", "vat": "18.00"}],
    "payments": [{"number": 1, "method": "card", "amount": "118.00"}],
}
GRANT = {
    "reference": "note-801",
    "customer_id": "1004",
    "currency": "ILS",
    "amount": "82.36",
    "why": "credit_note",
    "granted_on": "2026-10-18",
}


def original(**fields: Any) -> Original:
    """A row of an original, read."""
    return original_of({**ORIGINAL, **fields}, company=COMPANY)


def grant(**fields: Any) -> Grant:
    """A row of a granted credit, read."""
    return grant_of({**GRANT, **fields}, company=COMPANY)


# --- originals ------------------------------------------------------------------------------------


def test_an_original_is_read_with_exact_amounts() -> None:
    found = original(
        exchange_rate=Decimal("3.71"),
        price_includes_vat="no",
        lines=[
            {
                "number": 1,
                "description": "כוס",
                "item": 11,
                "quantity": Decimal("2.5"),
                "unit_price": "47.20",
                "discount": "1.00",
                "net": Decimal("100.00"),
                "vat": "18.00",
                "exempt": False,
            }
        ],
        payments=[
            {"number": 1, "method": "cheque", "amount": 118, "details": {"bank": 12, "number": 7}}
        ],
    )

    assert found.customer_id == "1001"
    assert found.lines[0].model_dump(exclude={"description"}) == {
        "number": 1,
        "item": "11",
        "quantity": 2_500_000,
        "unit_price": "47.20",
        "discount": 100,
        "net": 10000,
        "vat": 1800,
        "exempt": False,
    }
    assert found.payments[0].method is Method.CHEQUE
    assert found.payments[0].details.bank == 12
    assert (found.exchange_rate, found.price_includes_vat) == ("3.71", False)


def test_a_receipt_says_what_it_closes_and_an_invoice_what_is_open() -> None:
    receipt = original(
        kind="receipt", lines=[], closes=[{"sale": "invoice:1/17", "amount": "100"}], overpaid="18"
    )
    invoice = original(kind="invoice", payments=None, open="18.00")

    assert (receipt.closes[0].amount, receipt.overpaid) == (10000, 1800)
    assert invoice.open_amount == 1800
    assert original(kind="invoice-receipt").kind is Kind.INVOICE_RECEIPT


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"open_amount": 5}, "open_amount: is no field of an original"),
        ({"kind": "quote"}, "kind: input should be 'invoice', 'receipt' or 'invoice_receipt'"),
        ({"kind": ["invoice"]}, "kind: expected text"),
        ({"series": "1.0"}, "series: expected a whole number"),
        ({"number": 1.0}, "number: expected a whole number"),
        ({"number": None}, "number: expected a whole number"),
        ({"customer_id": "10\u202e01"}, "customer_id: holds the invisible character U+202E"),
        ({"customer_id": "x" * 61}, "customer_id: is longer than 60 characters"),
        ({"customer_id": ["1001"]}, "customer_id: expected text"),
        ({"customer_id": None}, "customer_id: "),
        ({"currency": "SHEKEL"}, "currency: 'SHEKEL' is not an ISO 4217 code"),
        ({"currency": None}, "currency: "),
        ({"issued_on": "05/01/2026"}, "issued_on: expected a date such as 2026-01-31"),
        ({"exchange_rate": "x"}, "exchange_rate: expected a plain decimal"),
        ({"exchange_rate": "-1"}, "exchange_rate: "),
        ({"open": "-1"}, "open: expected zero or more"),
        ({"overpaid": 1.5}, "overpaid: "),
        ({"price_includes_vat": "perhaps"}, "price_includes_vat: expected yes or no"),
        ({"lines": "coat"}, "lines: expected a list of objects"),
        ({"lines": [1]}, "lines: expected a list of objects"),
        ({"lines": [{"net": "1"}]}, "lines.0.number: expected a whole number"),
        ({"lines": [{"number": 7, "price": 1}]}, "price: is no field of a line of an original"),
        ({"lines": [{"number": 7}]}, "line 7 net: "),
        ({"lines": [{"number": 7, "net": "1.005"}]}, "line 7 net: 1.005 has more than"),
        ({"lines": [{"number": 7, "net": "-1"}]}, "line 7 net: expected zero or more"),
        ({"lines": [{"number": 7, "net": "1", "quantity": "-1"}]}, "line 7 quantity: "),
        ({"lines": [{"number": 7, "net": "1", "unit_price": "a"}]}, "line 7 unit_price: "),
        ({"lines": [{"number": 7, "net": "1", "exempt": 2}]}, "line 7 exempt: "),
        ({"lines": [{"number": 7, "net": "1", "item": []}]}, "line 7 item: expected text"),
        ({"payments": [{"number": 1, "amount": "118"}]}, "payments.0.method: "),
        ({"payments": [{"number": 1, "method": "card"}]}, "payment 1 amount: "),
        (
            {"payments": [{"number": 1, "method": "card", "amount": 1, "details": "x"}]},
            "payment 1 details: expected an object, got 'x'",
        ),
        ({"closes": [{"sale": 1.5, "amount": 1}]}, "closes.0.sale: expected text"),
        ({"closes": [{"sale": "invoice:1/1"}]}, "closes.0.amount: "),
        ({"payments": [{"number": 1, "method": "card", "amount": 1}]}, "payments: the payments of"),
    ],
)
def test_an_original_that_cannot_be_read_names_its_field(
    fields: dict[str, Any], sentence: str
) -> None:
    assert sentence in refused_original(fields)


def refused_original(fields: Mapping[str, Any]) -> str:
    """The sentence with which an original is refused; a contradiction names the original first."""
    with pytest.raises(InvalidInputError) as error:
        original(**fields)
    assert str(error.value).isprintable()
    return str(error.value)


# --- grants ---------------------------------------------------------------------------------------


def test_a_grant_is_read_with_the_document_that_grants_it() -> None:
    found = grant(document_half="document", document_series="3", document_number=801, comment=17)

    assert found.amount == 8236
    assert found.document is not None
    assert (found.document.series, found.document.number, found.comment) == (3, 801, "17")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"amount": "0"}, "amount: expected more than zero"),
        ({"amount": None}, "amount: "),
        ({"why": "kindness"}, "'overpayment', 'credit_note' or 'opening_balance'"),
        ({"granted_on": "yesterday"}, "granted_on: expected a date"),
        ({"reference": ["a"]}, "reference: expected text"),
        ({"reference": "a\x07"}, "reference: holds the invisible character U+0007"),
        ({"customer_id": ""}, "customer_id: expected some text"),
        ({"document_half": "left"}, "document_half: "),
        ({"document_number": 10**30}, "document_number: expected a whole number"),
        ({"document_series": True}, "document_series: expected a whole number"),
        ({"comment": "x" * 201}, "comment: "),
        ({"colour": "red"}, "colour: is no field of a credit"),
    ],
)
def test_a_grant_that_cannot_be_read_names_its_field(fields: dict[str, Any], sentence: str) -> None:
    assert sentence in refused(grant, **fields)


# --- anything at all ------------------------------------------------------------------------------


@given(
    row=rows([*Original.model_fields, "open"]),
    line=rows(["number", "quantity", "unit_price", "discount", "net", "vat", "exempt", "item"]),
    payment=rows(["number", "method", "amount", "details"]),
    closes=rows(["sale", "amount"]),
)
@settings(max_examples=150)
def test_any_row_is_an_original_or_is_refused(
    row: dict[str, Any], line: dict[str, Any], payment: dict[str, Any], closes: dict[str, Any]
) -> None:
    only_ledger_errors(lambda: original_of(row, company=COMPANY))
    for part in ({"lines": [line]}, {"payments": [payment]}, {"closes": [closes]}, row):
        fields = {**ORIGINAL, **part}
        only_ledger_errors(lambda fields=fields: original_of(fields, company=COMPANY))  # type: ignore[misc]


@given(row=rows(list(Grant.model_fields)), nearly_right=st.booleans())
@settings(max_examples=150)
def test_any_row_is_a_grant_or_is_refused(row: dict[str, Any], *, nearly_right: bool) -> None:
    fields = {**GRANT, **row} if nearly_right else row
    only_ledger_errors(lambda: grant_of(fields, company=COMPANY))
