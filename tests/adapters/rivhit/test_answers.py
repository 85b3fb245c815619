"""What comes back: every quirk of the answers is read, and money is exact."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.rivhit.answers import (
    CustomerCard,
    DocumentRow,
    DocumentShown,
    PaymentShown,
    ReceiptShown,
    TypeRow,
    UnreadableError,
    exact,
    minor_of,
    read,
    rows,
)
from refund_ledger.errors import InvalidInputError

SHOWN: dict[str, object] = {
    "customer_id": 1001,
    "customer_name": "ישראלה כהן",
    "document_type": "חשבונית מס / קבלה",
    "document_number": "02/6923",
    "document_date": "14/11/2024",
    "vat_percent": "17%",
    "price_include_vat": True,
    "total_vat": Decimal("42.5"),
    "total_without_vat": 250,
    "document_total": Decimal("292.5"),
    "items": [{"line": 1, "quantity": 2, "price_nis": 117, "total_line": 234}],
    "payments": [{"payment_type_id": 0, "payment_type": "מזומן", "amount": Decimal("292.5")}],
    "something_new": {"unknown": True},
}


def shown(**members: object) -> DocumentShown:
    """Read the details of a document."""
    return read(DocumentShown, SHOWN | members, method="Document.Details")


def test_the_quirks_of_the_details_are_read() -> None:
    found = shown()
    assert found.document_date == date(2024, 11, 14)
    assert found.vat_percent == 17
    assert found.payments[0].payment_type_id == 0
    assert found.payments[0].payment_type == "מזומן"
    assert found.comments is None
    assert not found.discounted


@pytest.mark.parametrize(
    ("kind", "number", "same"),
    [
        ("חשבונית מס / קבלה", "02/6923", True),
        (2, 6923, True),
        ("02", "06923", True),
        ("חשבונית", "6923", True),
        (2, "02/6924", False),
        (2, "03/6923", False),
        (3, 6923, False),
        ("חשבונית", "?", False),
    ],
)
def test_a_document_is_the_one_asked_for_as_far_as_its_names_say(
    kind: object, number: object, *, same: bool
) -> None:
    found = shown(document_type=kind, document_number=number)
    assert found.is_numbered(2, 6923) is same


@pytest.mark.parametrize("percent", ["17%", "17.0", " 17 % ", 17])
def test_a_percentage_may_be_a_text(percent: object) -> None:
    assert shown(vat_percent=percent).vat_percent == 17


def test_any_member_that_speaks_of_a_discount_counts() -> None:
    assert shown(discount_type=0, discount_value=0).discounted is False
    assert shown(discount_value=Decimal("1.5")).discounted is True
    assert shown(discount_amount=5).discounted is True


def test_customers_names_are_not_read() -> None:
    assert "כהן" not in repr(shown())


@pytest.mark.parametrize(
    "members",
    [
        {"document_total": "a lot"},
        {"document_total": True},
        {"document_total": None},
        {"document_total": Decimal("1E+400")},
        {"document_total": Decimal("NaN")},
        {"document_date": "2024-11-14"},
        {"document_date": "31/02/2024"},
        {"document_date": 14},
        {"customer_id": "x"},
        {"items": "none"},
    ],
)
def test_what_cannot_be_read_is_said_without_repeating_it(members: dict[str, object]) -> None:
    with pytest.raises(UnreadableError) as unread:
        shown(**members)
    assert next(iter(members)) in str(unread.value)
    assert "a lot" not in str(unread.value)


def test_something_that_is_no_object_cannot_be_read() -> None:
    with pytest.raises(UnreadableError):
        read(ReceiptShown, [], method="Receipt.Details")


def test_rows_are_read_and_an_empty_result_has_none() -> None:
    row = {
        "document_type": 3,
        "document_number": 801,
        "document_date": "22/11/2026 00:00:00",
        "amount": -117,
        "customer_id": 5,
        "reference": None,
        "comments": "",
    }
    (found,) = rows(DocumentRow, {"document_list": [row]}, "document_list", method="Document.List")
    assert (found.amount, found.comments) == (Decimal(-117), "")
    assert rows(DocumentRow, None, "document_list", method="Document.List") == []
    nonsense: tuple[object, ...] = ({}, {"document_list": {}}, [])
    for data in nonsense:
        with pytest.raises(UnreadableError, match="document_list"):
            rows(DocumentRow, data, "document_list", method="Document.List")


def test_a_catalogue_row_has_a_number_and_a_name_whichever_it_is_of() -> None:
    for kind in ("document", "receipt", "payment"):
        row = read(TypeRow, {f"{kind}_type": 4, f"{kind}_name": "שם"}, method="TypeList")
        assert (row.number, row.name) == (4, "שם")


def test_what_is_missing_in_a_payment_or_a_card_is_empty() -> None:
    payment = read(PaymentShown, {"amount": 5, "bank": "לאומי", "branch": "012"}, method="x")
    assert (payment.bank, payment.branch, payment.payment_type) == (None, 12, "")
    assert read(CustomerCard, {"customer_id": 5, "last_name": None}, method="x").last_name == ""


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, max_value=10**12, min_value=0))
def test_an_amount_is_read_exactly(amount: Decimal) -> None:
    assert minor_of(exact(amount), "ILS", field="amount") == amount * 100
    assert minor_of(exact(str(amount)), "ILS", field="amount") == amount * 100


@given(st.integers(-(10**11), 10**11), st.sampled_from(["1e-9", "-1e-9", "4e-7"]))
def test_what_a_binary_float_leaves_behind_is_dropped(minor: int, noise: str) -> None:
    amount = Decimal(minor).scaleb(-2) + Decimal(noise)
    assert minor_of(amount, "ILS", field="amount") == minor


@pytest.mark.parametrize("amount", ["1.005", "0.001", "1.00999"])
def test_an_amount_that_a_person_could_have_meant_is_not_rounded(amount: str) -> None:
    with pytest.raises(InvalidInputError, match="is no amount in ILS"):
        minor_of(Decimal(amount), "ILS", field="amount")
