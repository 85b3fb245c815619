"""Each way to pay needs its own fields, forwards and back."""

import pytest

from refund_adapters.sandbox.papers import Key
from support.sandboxes import api, receipt

CHEQUE = {
    "payment_type": 1,
    "amount_nis": 100,
    "bank_code": 12,
    "branch_number": 600,
    "bank_account_number": "123456",
    "check_number": 41,
}
TRANSFER = CHEQUE | {"payment_type": 9}
CARD = {"payment_type": 4, "amount_nis": 100}


def without(row: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in row.items() if key != name}


@pytest.mark.parametrize("row", [CHEQUE, TRANSFER], ids=["cheque", "transfer"])
@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("bank_code", "INVALID_BANK_CODE"),
        ("branch_number", "INVALID_BRANCH_NUM"),
        ("bank_account_number", "INVALID_ACCOUNT_NUM"),
        ("check_number", "INVALID_CHECK_NUM"),
    ],
)
def test_cheques_and_transfers_need_all_four_fields(
    row: dict[str, object], name: str, identifier: str
) -> None:
    assert api().ok("Receipt.New", **receipt(payments=[row]))
    assert identifier in api().refused("Receipt.New", **receipt(payments=[without(row, name)]))


def test_payments_back_need_the_fields_too_unless_a_switch_says_otherwise() -> None:
    back = receipt(payments=[{"payment_type": 1, "amount_nis": -100}])
    assert "INVALID_BANK_CODE" in api().refused("Receipt.New", **back)
    assert api(negative_payment_fields_required=False).ok("Receipt.New", **back)


def test_a_card_needs_digits_and_voucher_only_by_switch() -> None:
    card = receipt(payments=[CARD])
    full = receipt(payments=[CARD | {"bank_account_number": "4580", "check_number": 7}])
    assert api().ok("Receipt.New", **card)
    assert "INVALID_ACCOUNT_NUM" in api(card_fields_required=True).refused("Receipt.New", **card)
    assert api(card_fields_required=True).ok("Receipt.New", **full)


def test_a_negative_payment_is_refused_only_by_switch() -> None:
    assert api().ok("Receipt.New", **receipt(-5))
    refuses = api(invalid_amount_on_negative_payment=True)
    assert "INVALID_AMOUNT" in refuses.refused("Receipt.New", **receipt(-5))


@pytest.mark.parametrize(
    ("wrong", "debug"),
    [
        ({"payment_type": 42}, "PAY_CODE_NOT_EXISTS"),
        ({"payment_type": 0}, "PAY_CODE_NOT_EXISTS"),
        ({"bank_code": 98}, "BANK_CODE_NOT_EXISTS"),
        ({"bank_code": 100}, "INVALID_BANK_CODE"),
        ({"branch_number": 0}, "INVALID_BRANCH_NUM"),
        ({"bank_account_number": "12a"}, "INVALID_ACCOUNT_NUM"),
        ({"check_number": 0}, "INVALID_CHECK_NUM"),
        ({"due_date": "soon"}, "-52 : "),
        ({"description": "x" * 31}, "OUT_OF_RANGE : description"),
        ({"amount_nis": None}, "SANDBOX_FIELD_REQUIRED : amount_nis"),
    ],
)
def test_a_wrong_field_is_refused(wrong: dict[str, object], debug: str) -> None:
    refusal = api().refused("Receipt.New", **receipt(payments=[CHEQUE | wrong]))
    assert debug in refusal


def test_an_account_number_may_be_a_number() -> None:
    books = api()
    books.receipt(payments=[CHEQUE | {"bank_account_number": 123456}])
    assert books.sandbox.books.receipts[Key(1, 1)].payments[0].account_number == "123456"


def test_one_row_is_repeated_over_the_months_with_cheque_numbers_counted_up() -> None:
    books = api()
    books.receipt(payments=[CHEQUE | {"due_date": "31/12/2026", "number_of_payments": 3}])
    made = books.sandbox.books.receipts[Key(1, 1)]
    assert made.amount == 300
    assert [payment.check_number for payment in made.payments] == [41, 42, 43]
    assert [str(payment.due_date) for payment in made.payments] == [
        "2026-12-31",
        "2027-01-31",
        "2027-02-28",
    ]


def test_months_beyond_the_calendar_are_refused() -> None:
    far = CHEQUE | {"due_date": "31/12/9999", "number_of_payments": 2}
    assert "-52" in api().refused("Receipt.New", **receipt(payments=[far]))
