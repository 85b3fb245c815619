"""Requests have the names, types and limits of the vendor's pages."""

from decimal import Decimal

import pytest

from refund_adapters.sandbox.messages import (
    TEXT_LIMITS,
    DocumentCancel,
    DocumentNew,
    ReceiptCancel,
    ReceiptNew,
    read,
)
from refund_adapters.sandbox.refusals import ApiError, MalformedRequestError
from refund_adapters.sandbox.switches import OverlongText, Switches
from support.sandboxes import document, receipt

LIKELY = Switches()


def test_numbers_are_read_exactly() -> None:
    row = {"quantity": Decimal("0.30"), "price_nis": Decimal("-12.345")}
    request = read(DocumentNew, document(row), LIKELY)
    assert str(request.items[0].quantity) == "0.30"
    assert str(request.items[0].price_nis) == "-12.345"


@pytest.mark.parametrize("price", [Decimal("1e12"), Decimal("1e-20"), 10**15, Decimal("-1e999")])
def test_a_number_without_bounds_is_refused(price: object) -> None:
    with pytest.raises(ApiError, match="OUT_OF_RANGE"):
        read(DocumentNew, document({"quantity": 1, "price_nis": price}), LIKELY)


@pytest.mark.parametrize("price", ["1", True, [], {}])
def test_what_is_no_number_is_malformed(price: object) -> None:
    with pytest.raises(MalformedRequestError):
        read(DocumentNew, document({"quantity": 1, "price_nis": price}), LIKELY)


@pytest.mark.parametrize(
    "wrong",
    [{"document_type": "2"}, {"comments": 5}, {"send_mail": 1}, {"items": {}}, {"items": [1]}],
)
def test_another_type_is_malformed(wrong: dict[str, object]) -> None:
    with pytest.raises(MalformedRequestError):
        read(DocumentNew, document(**wrong), LIKELY)


def test_null_is_the_same_as_nothing() -> None:
    request = read(DocumentNew, document(comments=None, reference=None), LIKELY)
    assert (request.comments, request.reference) == (None, None)


@pytest.mark.parametrize("name", ["last_name", "first_name", "city", "phone", "acc_ref"])
def test_a_text_over_its_limit_is_refused_or_cut(name: str) -> None:
    limit = TEXT_LIMITS[name]
    long = document(**{name: "x" * (limit + 1)})
    assert getattr(read(DocumentNew, document(**{name: "x" * limit}), LIKELY), name)
    with pytest.raises(ApiError, match="OUT_OF_RANGE"):
        read(DocumentNew, long, LIKELY)
    cutting = Switches(overlong_text=OverlongText.TRUNCATED)
    assert getattr(read(DocumentNew, long, cutting), name) == "x" * limit


def test_a_text_with_a_code_of_its_own_is_never_cut() -> None:
    cutting = Switches().with_(overlong_text="truncated")
    for wrong, code in (({"comments": "x" * 401}, "-46"), ({"order": "x" * 16}, "-45")):
        with pytest.raises(ApiError, match=code):
            read(DocumentNew, document(**wrong), cutting)


def test_the_limits_of_cut_texts_are_those_of_their_fields() -> None:
    for name, limit in TEXT_LIMITS.items():
        if name in {"catalog_number", "serial_number"}:
            text = document({"quantity": 1, name: "x" * (limit + 1)})
        else:
            text = document(**{name: "x" * (limit + 1)})
        with pytest.raises(ApiError, match="OUT_OF_RANGE"):
            read(DocumentNew, text, LIKELY)


def test_the_examples_of_the_refund_guide_are_read() -> None:
    invoice = {"document_type": 2, "document_number": 6923}
    assert read(DocumentCancel, invoice, LIKELY).document_number == 6923
    receipt_half = {"receipt_type": 2, "receipt_number": 6923}
    assert read(ReceiptCancel, receipt_half, LIKELY).receipt_number == 6923


@pytest.mark.parametrize(
    "wrong",
    [
        {"signature_pin": "12"},
        {"signature_pin": "1234567"},
        {"email_to": "a@b.c"},
        {"email_to": "x" * 51},
        {"receipt_type": 1000},
        {"receipt_number": 1_000_000},
        {"cancellation_date": ""},
        {"request_reference": ""},
        {"comments": ""},
    ],
)
def test_a_receipt_cancel_keeps_its_limits(wrong: dict[str, object]) -> None:
    with pytest.raises(ApiError):
        read(ReceiptCancel, {"receipt_type": 2, "receipt_number": 1} | wrong, LIKELY)


def test_a_receipt_without_payments_has_a_code_of_its_own() -> None:
    asked = receipt()
    del asked["payments"]
    with pytest.raises(ApiError, match="INVALID_NUMBER_PAYMENTS_RECORDS"):
        read(ReceiptNew, asked, LIKELY)
