"""Receipt.New takes money in, and with negative payments gives it back."""

from decimal import Decimal

import pytest

from refund_adapters.sandbox.papers import Key
from support.sandboxes import CASH, CUSTOMER, api, receipt


def test_the_answer_uses_the_names_of_a_document() -> None:
    answer = api().ok("Receipt.New", **receipt())
    assert set(answer) == {
        "document_type",
        "document_number",
        "document_identity",
        "document_link",
        "print_status",
        "customer_id",
    }
    assert (answer["document_type"], answer["document_number"]) == (1, 1)


def test_the_answer_may_hold_an_amount_in_either_sign() -> None:
    back = receipt(Decimal("-11.80"))
    shown = api(receipt_new_answers_amount=True).ok("Receipt.New", **back)
    turned = api(receipt_new_answers_amount=True, credit_sign_new="positive")
    assert shown["amount"] == Decimal("-11.80")
    assert turned.ok("Receipt.New", **back)["amount"] == Decimal("11.80")


def test_a_receipt_lowers_what_the_customer_owes_and_money_back_raises_it() -> None:
    books = api()
    books.receipt(100)
    books.receipt(Decimal("-30.01"))
    assert books.sandbox.books.balance(CUSTOMER) == Decimal("-69.99")


def test_receipts_have_their_own_numbers() -> None:
    books = api(company={"first_receipt_numbers": {1: 3000}})
    books.invoice()
    assert [books.receipt(), books.receipt(), books.receipt(receipt_type=3)] == [3000, 3001, 1]


def test_a_receipt_closes_the_invoice_that_it_names_and_says_so() -> None:
    books = api()
    books.invoice()
    books.receipt(100, closed_document_type=1, closed_document_number=1, comments="תודה")
    assert books.sandbox.books.open_amount(Key(1, 1)) == 18
    comment = books.sandbox.books.receipts[Key(1, 1)].comments
    assert comment.startswith("תודה")
    assert "1/1" in comment


def test_what_is_overpaid_closes_no_more_than_is_open() -> None:
    books = api()
    books.invoice()
    books.receipt(200, closed_document_type=1, closed_document_number=1)
    assert books.sandbox.books.open_amount(Key(1, 1)) == 0
    assert books.sandbox.books.balance(CUSTOMER) == -82


def test_money_back_closes_an_open_credit() -> None:
    books = api()
    books.invoice({"quantity": 1, "price_nis": -118}, document_type=3)
    books.receipt(-100, closed_document_type=3, closed_document_number=1)
    assert books.sandbox.books.open_amount(Key(3, 1)) == -18


def test_money_back_does_not_close_a_sale() -> None:
    books = api()
    books.invoice()
    books.receipt(-100, closed_document_type=1, closed_document_number=1)
    assert books.sandbox.books.open_amount(Key(1, 1)) == 118


@pytest.mark.parametrize(
    ("wrong", "debug"),
    [
        ({"receipt_type": 2}, "NOT_SUPPORTED_RECEIPT_TYPE"),
        ({"receipt_type": 9}, "RECEIPT_TYPE_NOT_EXISTS"),
        ({"customer_id": 4}, "-20 : CUSTOMER_NOT_EXISTS"),
        ({"payments": []}, "INVALID_NUMBER_PAYMENTS_RECORDS"),
        ({"comments": "x" * 401}, "-46 : "),
        ({"reference": 10_000_000_000}, "-44 : "),
        ({"currency_id": 2}, "SANDBOX_FIELD_REQUIRED : amount_mtc"),
    ],
)
def test_what_breaks_a_documented_rule_is_refused(wrong: dict[str, object], debug: str) -> None:
    books = api()
    assert debug in books.refused("Receipt.New", **receipt(**wrong))
    assert books.sandbox.books.receipts == {}


def test_a_check_makes_nothing() -> None:
    books = api()
    assert books.ok("Receipt.New", **receipt(check_only=True)) == {}
    assert books.sandbox.books.receipts == {}


def test_a_reference_of_ten_digits_is_fine_on_a_receipt() -> None:
    books = api()
    books.receipt(reference=9_999_999_999)
    assert books.sandbox.books.receipts[Key(1, 1)].reference == 9_999_999_999


def test_the_customer_is_mailed_unless_the_request_says_no() -> None:
    books = api()
    books.receipt()
    books.receipt(send_mail=False)
    assert [mail.key for mail in books.sandbox.books.mails] == [Key(1, 1)]


def test_the_server_may_refuse_to_give_back_more_than_was_received() -> None:
    for checks, allowed in ((True, 1), (False, 2)):
        books = api(ceiling_check=checks)
        books.receipt(100)
        back = receipt(-60, comments="החזר 1/1")
        codes = [books.envelope("Receipt.New", **back)["error_code"] for _ in range(2)]
        assert codes.count(0) == allowed


def test_a_foreign_receipt_counts_in_its_currency() -> None:
    books = api()
    paid = [{"payment_type": CASH, "amount_mtc": 10}]
    books.receipt(payments=paid, currency_id=2, exchange_rate=Decimal("3.5"))
    assert books.sandbox.books.receipts[Key(1, 1)].amount == 10
    assert books.sandbox.books.balance(CUSTOMER) == -35
