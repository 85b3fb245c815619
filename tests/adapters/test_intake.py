"""Rows are read into what the core understands, or refused in one sentence that names the field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refund_adapters.intake import key_of, request_of
from refund_ledger.asking import Request
from refund_ledger.errors import InvalidInputError
from support.garbage import only_ledger_errors, refused, rows

COMPANY = "acme"
REQUEST = {"key": "k", "original": "invoice:1/17", "reason": "complaint"}


def request(**fields: Any) -> Request:
    """A request row, read; the original it names is in shekels."""
    return request_of({**REQUEST, **fields}, company=COMPANY, currency_of=lambda _: "ILS")


# --- requests -------------------------------------------------------------------------------------


def test_amounts_are_read_exactly_from_text_and_from_json_numbers() -> None:
    for amount in ("37.10", Decimal("37.10"), Decimal("37.100000")):
        assert request(amount=amount).amount == 3710
    assert request(amount=37, currency="JPY").amount == 37
    assert request(amount="1.234", currency="BHD", pay_back="1").pay_back == 1000


def test_a_row_needs_no_currency_where_its_original_has_one() -> None:
    assert request().currency == "ILS"

    with pytest.raises(InvalidInputError, match="currency: say in which currency"):
        request_of({"key": "k", "kind": "credit"}, company=COMPANY, currency_of=lambda _: None)


def test_names_may_be_written_with_hyphens_and_in_the_singular() -> None:
    found = request(**{"pay-back": "5", "line": "1:x2:returned=1;2:30.00", "items-returned": "no"})

    assert found.pay_back == 500
    assert [line.model_dump(exclude_none=True) for line in found.lines] == [
        {"line": 1, "quantity": 2_000_000, "returned": 1_000_000},
        {"line": 2, "amount": 3000},
    ]
    assert not found.items_returned


def test_lines_and_payments_are_read_from_objects_too() -> None:
    found = request(
        lines=[{"line": "1", "quantity": Decimal("0.5"), "amount": None}],
        payments=[{"payment": 1}, {"payment": 2, "amount": "1.50"}],
    )

    assert found.lines[0].quantity == 500_000
    assert [payment.amount for payment in found.payments] == [None, 150]
    assert [payment.amount for payment in request(payment="1;2:1.50").payments] == [None, 150]


def test_empty_cells_say_nothing() -> None:
    assert request(amount="", comment=None, lines="") == request()


def test_details_are_an_object_or_cells_of_the_row() -> None:
    cells = request(bank="12", account="0123", number=77)

    assert cells.details.model_dump() == {
        "bank": 12,
        "branch": None,
        "account": "0123",
        "number": 77,
    }
    assert request(details={"bank": 12, "account": "0123", "number": "77"}) == cells
    assert request(details={"bank": 12, "account": None}, account="0123", number=77) == cells


def test_credits_are_a_list_or_parted_by_semicolons() -> None:
    assert request(credits="grant:a;grant:b").credits == ("grant:a", "grant:b")
    assert request(credit=["grant:a"]).credits == ("grant:a",)


AMOUNTS = [
    ("0", "more than zero"),
    ("0.00", "more than zero"),
    ("-5.00", "expected more than zero, got '-5.00'"),
    ("NaN", "expected a plain decimal"),
    ("Infinity", "expected a plain decimal"),
    (Decimal("NaN"), "expected a plain decimal"),
    (Decimal("-Infinity"), "expected a plain decimal"),
    (float("nan"), "not as a float"),
    (10.5, "not as a float"),
    ("1.005", "1.005 has more than the 2 places of ILS"),
    (Decimal("0.001"), "more than the 2 places of ILS"),
    ("9" * 18, "is too large"),
    ("9" * 19, "expected a plain decimal"),
    (10**30, "is too large"),
    (10**5000, "is too large"),
    ("1e3", "expected a plain decimal"),
    (Decimal("1e3"), r"expected a plain decimal such as 37.10, got 1E+3"),
    (Decimal("1e999999999"), "expected a plain decimal"),
    (Decimal("1e-999999999"), "expected a plain decimal"),
    (True, "expected a plain decimal"),
    (["10.00"], "got a list"),
    ({"amount": "10.00"}, "got an object"),
    ("1,000.00", "expected a plain decimal"),
    ("٣", "expected a plain decimal"),
    ("10.00 ILS", "expected a plain decimal"),
    ("+5", "expected a plain decimal"),
    ("5\u202e0", "expected a plain decimal"),
]


@pytest.mark.parametrize(("value", "sentence"), AMOUNTS, ids=range(len(AMOUNTS)))
def test_an_amount_that_is_none_is_refused_wherever_it_stands(value: Any, sentence: str) -> None:
    for fields, named in (
        ({"amount": value}, "amount: "),
        ({"pay_back": value}, "pay_back: "),
        ({"lines": [{"line": 1, "amount": value}]}, "line 1 amount: "),
        ({"payments": [{"payment": 2, "amount": value}]}, "payment 2 amount: "),
    ):
        said = refused(request, **fields)
        assert said.startswith(named)
        assert sentence in said


def test_a_quantity_that_is_none_is_refused() -> None:
    for quantity in ("0", "-1", "1.0000001", 0.5, "x", "9" * 17, True):
        said = refused(request, lines=[{"line": 3, "quantity": quantity}])
        assert said.startswith("line 3 quantity: ")
    assert refused(request, lines="3:x").startswith("line 3 quantity: ")
    assert refused(request, lines="3:x1:returned=-1").startswith("line 3 returned: ")


@pytest.mark.parametrize(
    "name", ["key", "original", "receipt", "reason", "comment", "customer_id", "source_account"]
)
def test_text_is_text_of_a_bounded_length_with_nothing_invisible(name: str) -> None:
    for value, sentence in (
        (["a"], "expected text, got a list"),
        ({"a": 1}, "expected text, got an object"),
        (1.5, "expected text, got 1.5"),
        (Decimal("1.0"), "expected text, got 1.0"),
        (True, "expected text, got True"),
        (10**5000, "expected text, got a number"),
        ("x" * 201, "longer than"),
        ("a\x00b", "invisible character U+0000"),
        ("line\nbreak", "invisible character U+000A"),
        ("a\x1b[31mb", "invisible character U+001B"),
        ("right\u202eleft", "invisible character U+202E"),
        ("mark\u200f", "invisible character U+200F"),
        ("isolate\u2066", "invisible character U+2066"),
        ("zero\u200bwidth", "invisible character U+200B"),
    ):
        said = refused(request, **{"currency": "ILS", name: value})
        assert said.startswith(f"{name}: ")
        assert sentence in said


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"amonut": "5"}, "amonut: is no field of a request; it has account, amount, bank,"),
        ({"a\u202eb": 1}, "'a\\u202eb': is no field"),
        ({"": "x"}, "'': is no field"),
        ({"lines": [{"line": 1, "price": "5"}]}, "price: is no field of a line to credit"),
        ({"payments": [{"pay": 1}]}, "pay: is no field of a payment to give back"),
        ({"details": {"iban": "DE"}}, "iban: is no field of details"),
        ({"details": "12-600"}, "details: expected an object"),
        ({"line": "1", "lines": "2"}, "lines: is said more than once"),
        ({"pay_back": "1", "pay-back": "2"}, "pay_back: is said more than once"),
        ({"details": {"bank": 12}, "bank": 13}, "bank: is said more than once"),
        ({"lines": "1:30.00:40.00"}, "lines: '1:30.00:40.00' says its amount more than once"),
        ({"lines": "1:x1:x2"}, "says its quantity more than once"),
        ({"lines": [{}]}, "line: expected a whole number"),
        ({"lines": {"line": 1}}, "lines: expected text, got an object"),
        ({"lines": [[1]]}, "lines: expected text, got a list"),
        ({"lines": [1.5]}, "lines: expected text, got 1.5"),
        ({"lines": "one"}, "line: expected a whole number"),
        ({"lines": "10000"}, "lines.0.line: "),
        ({"payments": "1:"}, "payment 1 amount: "),
        ({"payments": [None]}, "payments: expected text, got None"),
        ({"credits": [1.5]}, "credits: expected text"),
        ({"bank": 10.0}, "bank: expected a whole number"),
        ({"bank": 100}, "details.bank: "),
        ({"account": "12-34"}, "details.account: "),
        ({"items_returned": "perhaps"}, "items_returned: expected yes or no"),
        ({"kind": "gift"}, "'original', 'credit' or 'goodwill'"),
        ({"parts": "some"}, "'auto', 'both', 'invoice' or 'receipt'"),
        ({"method": "gold"}, "'cash', 'cheque', 'card', 'bank_transfer' or 'other'"),
        ({"currency": "ils"}, "currency: 'ils' is not an ISO 4217 code"),
        ({"currency": ["ILS"]}, "currency: expected text"),
        ({"currency": "QQQ", "amount": "1"}, "currency: 'QQQ' is not an ISO 4217 code"),
        ({"vat": "-0.01"}, "vat: expected zero or more"),
        ({"original": ["invoice:1/17"]}, "original: expected text"),
        ({"key": None}, "key: field required"),
        ({"key": "  "}, "key: expected some text"),
        ({"company": ["x"]}, "company: expected text"),
    ],
)
def test_a_request_that_cannot_be_read_names_its_field(
    fields: dict[str, Any], sentence: str
) -> None:
    assert sentence in refused(request, **{"amount": "1.00"} | fields)


def test_a_row_is_named_by_its_key_however_that_is_written() -> None:
    assert [key_of(row) for row in (None, {}, {"key": "a"}, {"key": 7}, {"key": ["a"]})] == [
        "",
        "",
        "a",
        "7",
        "a list",
    ]


@given(row=rows([*Request.model_fields, "bank", "number", "line"]), nearly_right=st.booleans())
@settings(max_examples=150)
def test_any_row_is_a_request_or_is_refused(row: dict[str, Any], *, nearly_right: bool) -> None:
    fields = {**REQUEST, **row} if nearly_right else row
    only_ledger_errors(
        lambda: request_of(fields, company=COMPANY, currency_of=lambda _: "ILS"),
    )
