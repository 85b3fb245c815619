"""Details and Last show one paper in full, with the quirks that clients have seen."""

from decimal import Decimal

import pytest

from support.sandboxes import SALE, Api, api


def details(books: Api, number: int, kind: int = 2) -> dict[str, object]:
    return books.ok("Document.Details", document_type=kind, document_number=number)


def receipt_details(books: Api, number: int, kind: int = 1) -> dict[str, object]:
    return books.ok("Receipt.Details", receipt_type=kind, receipt_number=number)


def first(rows: object) -> dict[str, object]:
    assert isinstance(rows, list)
    row = rows[0]
    assert isinstance(row, dict)
    return row


def test_a_document_is_shown_with_the_members_that_clients_have_seen() -> None:
    shown = details(api(demo=True), 6923)
    expected = """company_id customer_id customer_name document_type document_number document_date
        order currency_id sort_code price_include_vat vat_percent total_vat total_without_vat
        document_total receipt_total is_closed is_cancelled confirmation_number items payments"""
    assert set(expected.split()) <= set(shown)
    assert set(first(shown["items"])) == {
        "item_id",
        "catalog_number",
        "description",
        "quantity",
        "price_nis",
        "total_line",
        "line",
        "is_closed",
    }
    assert set(first(shown["payments"])) == {
        "payment_type_id",
        "payment_type",
        "amount",
        "check_number",
        "due_date",
    }


def test_names_stand_where_numbers_are_expected() -> None:
    shown = details(api(demo=True), 6923)
    assert shown["document_type"] == "חשבונית מס / קבלה"
    assert shown["document_number"] == "02/6923"
    assert shown["vat_percent"] == "17%"
    payment = first(shown["payments"])
    assert (payment["payment_type_id"], payment["payment_type"]) == (0, "מזומן")


def test_numbers_may_stand_there_instead() -> None:
    shown = details(api(demo=True, hebrew_type_names=False), 6923)
    assert (shown["document_type"], shown["document_number"]) == (2, 6923)
    assert shown["vat_percent"] == 17
    assert first(shown["payments"])["payment_type_id"] == 2


def test_amounts_are_exact() -> None:
    books = api(demo=True)
    shown = details(books, 6923)
    assert (shown["total_without_vat"], shown["total_vat"], shown["document_total"]) == (
        250,
        Decimal("42.5"),
        Decimal("292.5"),
    )
    assert (
        b'"document_total": 292.5,'
        in books.reply("Document.Details", document_type=2, document_number=6923).body
    )


def test_dates_are_shown_with_slashes_that_json_escapes() -> None:
    asked = {"document_type": 2, "document_number": 6923}
    for escapes, written in ((True, rb"14\/11\/2024"), (False, b"14/11/2024")):
        body = api(demo=True, escape_slashes=escapes).reply("Document.Details", **asked).body
        assert b'"document_date": "%s"' % written in body


def test_a_foreign_document_shows_its_rate_and_prices_in_both_currencies() -> None:
    shown = details(api(demo=True), 6928)
    assert (shown["currency_id"], shown["exchange_rate"]) == (2, Decimal("3.65"))
    item = first(shown["items"])
    assert (item["price_mtc"], item["price_nis"]) == (Decimal("31.25"), Decimal("114.06"))
    assert item["total_line"] == 1250
    assert shown["document_total"] == Decimal("1439.99")


def test_comments_are_shown_only_by_switch() -> None:
    for shows in (True, False):
        books = api(details_shows_comments=shows)
        books.invoice(comments="RL-1")
        assert ("comments" in details(books, 1, 1)) is shows


@pytest.mark.parametrize(("sign", "amount"), [("positive", 118), ("negative", -118)])
def test_a_credit_is_shown_in_either_sign(sign: str, amount: int) -> None:
    books = api(credit_sign_details=sign)
    books.invoice(SALE | {"price_nis": -118}, document_type=3)
    books.receipt(-118)
    shown = details(books, 1, 3)
    assert shown["document_total"] == amount
    assert first(shown["items"])["total_line"] == amount
    back = receipt_details(books, 1)
    assert back["amount"] == amount
    assert first(back["payments"])["amount"] == amount


def test_a_cancelled_document_says_so_and_its_credit_only_by_switch() -> None:
    for carries in (True, False):
        books = api(credit_carries_is_cancelled=carries)
        books.invoice()
        assert details(books, 1, 1)["is_cancelled"] is False
        books.ok("Document.Cancel", document_type=1, document_number=1)
        assert details(books, 1, 1)["is_cancelled"] is True
        assert details(books, 1, 3)["is_cancelled"] is carries


@pytest.mark.parametrize(
    ("switch", "after_part", "after_all"),
    [("never", False, False), ("when_full", False, True), ("when_partial", True, True)],
)
def test_credits_by_new_may_set_the_cancelled_flag(
    switch: str, *, after_part: bool, after_all: bool
) -> None:
    books = api(is_cancelled_after_partial_credit=switch)
    books.invoice()
    books.invoice(SALE | {"price_nis": -18}, document_type=3, comments="זיכוי חלקי 1/1")
    assert details(books, 1, 1)["is_cancelled"] is after_part
    books.invoice(
        SALE | {"price_nis": -100},
        document_type=3,
        closed_document_type=1,
        closed_document_number=1,
    )
    assert details(books, 1, 1)["is_cancelled"] is after_all


def test_a_receipt_shows_its_comments_and_printed_payments() -> None:
    shown = receipt_details(api(demo=True), 3003)
    assert "1/5004" in str(shown["comments"])
    payment = first(shown["payments"])
    assert (payment["bank"], payment["branch"], payment["account_number"]) == (12, 600, "123456")
    assert (payment["amount"], payment["check_number"]) == (5900, 560021)
    assert shown["customer_name"] == 'גלריה נמל יפו בע"מ'


def test_receipts_show_a_cancelled_flag_only_by_switch() -> None:
    for shows in (True, False):
        books = api(cancelled_flag_on_receipts=shows)
        books.receipt()
        books.ok("Receipt.Cancel", receipt_type=1, receipt_number=1)
        assert receipt_details(books, 1).get("is_cancelled") is (True if shows else None)


def test_the_last_of_a_type_is_the_one_with_the_highest_number() -> None:
    books = api(demo=True)
    assert books.ok("Document.Last", document_type=2)["document_number"] == "02/6930"
    assert books.ok("Receipt.Last", receipt_type=1)["receipt_number"] == 3007


@pytest.mark.parametrize(
    ("method", "fields", "debug"),
    [
        ("Document.Details", {"document_type": 2, "document_number": 1}, "-76 : "),
        ("Document.Details", {"document_type": 77, "document_number": 1}, "-23 : "),
        ("Document.Last", {"document_type": 77}, "-23 : "),
        ("Document.Last", {"document_type": 2}, "-2 : NO_DATA_FOUND"),
        ("Receipt.Details", {"receipt_type": 1, "receipt_number": 1}, "RECEIPT_NOT_EXISTS"),
        ("Receipt.Details", {"receipt_type": 77, "receipt_number": 1}, "RECEIPT_TYPE_NOT_EXISTS"),
        ("Receipt.Last", {"receipt_type": 77}, "RECEIPT_TYPE_NOT_EXISTS"),
        ("Receipt.Last", {"receipt_type": 1}, "-2 : NO_DATA_FOUND"),
    ],
)
def test_what_is_not_there_is_refused(method: str, fields: dict[str, object], debug: str) -> None:
    assert debug in api().refused(method, **fields)
