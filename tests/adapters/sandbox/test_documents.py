"""Document.New makes what it is asked for, to the agora, and refuses what the pages refuse."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.sandbox.papers import Key
from refund_adapters.sandbox.pricing import agorot
from support.sandboxes import CASH, CUSTOMER, SALE, api, document

prices = st.decimals(min_value=-9999, max_value=9999, places=2)
quantities = st.decimals(min_value=Decimal("0.1"), max_value=99, places=2)
items = st.lists(
    st.builds(lambda q, p: {"quantity": q, "price_nis": p}, quantities, prices),
    min_size=1,
    max_size=6,
)


def test_the_answer_has_the_members_of_the_page() -> None:
    answer = api().ok("Document.New", **document())
    assert set(answer) == {
        "document_type",
        "document_number",
        "customer_id",
        "document_identity",
        "document_link",
        "print_status",
        "amount",
        "confirmation_number",
    }
    assert answer["amount"] == 118
    assert answer["print_status"] == 0


def test_the_link_has_the_vendors_shape_on_our_own_host() -> None:
    answer = api().ok("Document.New", **document())
    assert answer["document_link"] == (
        "http://sandbox.invalid/pdf/FileService.svc/GetDocument/000123456/"
        f"{answer['document_identity']}/true"
    )


def test_numbers_are_consecutive_per_type() -> None:
    books = api(company={"first_document_numbers": {1: 500}})
    assert [books.invoice(), books.invoice(), books.invoice(document_type=4)] == [500, 501, 1]


def test_the_first_document_of_a_type_may_choose_its_number() -> None:
    books = api()
    assert [books.invoice(document_number=n) for n in (77, 900)] == [77, 78]


def test_vat_is_extracted_from_prices_that_include_it() -> None:
    books = api()
    made = books.sandbox.books.documents[Key(1, books.invoice())]
    assert (made.totals.net, made.totals.vat) == (Decimal(100), Decimal(18))


def test_vat_is_added_to_prices_that_do_not_include_it() -> None:
    answer = api().ok("Document.New", **document(price_include_vat=False))
    assert answer["amount"] == Decimal("139.24")


def test_the_price_mode_is_that_of_the_type_unless_it_is_said() -> None:
    asked = document()
    del asked["price_include_vat"]
    assert api().ok("Document.New", **asked)["amount"] == Decimal("139.24")


@given(items)
def test_with_vat_inside_the_total_is_the_sum_of_the_items(rows: list[dict[str, Decimal]]) -> None:
    answer = api().ok("Document.New", **document(*rows))
    assert answer["amount"] == sum(agorot(row["quantity"] * row["price_nis"]) for row in rows)


@given(items)
def test_with_vat_outside_the_total_is_the_sum_of_the_items_and_vat(
    rows: list[dict[str, Decimal]],
) -> None:
    answer = api().ok("Document.New", **document(*rows, price_include_vat=False))
    net = sum((agorot(row["quantity"] * row["price_nis"]) for row in rows), Decimal(0))
    assert answer["amount"] == net + agorot(net * Decimal("0.18"))


def test_a_negative_price_makes_a_credit_of_the_type_that_was_sent() -> None:
    books = api()
    answer = books.ok("Document.New", **document(SALE | {"price_nis": -118}, document_type=3))
    assert (answer["document_type"], answer["amount"]) == (3, -118)
    assert books.sandbox.books.balance(CUSTOMER) == -118


def test_a_credit_may_be_answered_with_a_positive_amount() -> None:
    books = api(credit_sign_new="positive")
    credit = document(SALE | {"price_nis": -118}, document_type=3)
    assert books.ok("Document.New", **credit)["amount"] == 118
    assert books.sandbox.books.balance(CUSTOMER) == -118


def test_an_exempt_document_bears_no_vat() -> None:
    assert (
        api().ok("Document.New", **document(sort_code=150, price_include_vat=False))["amount"]
        == 118
    )


def test_an_exempt_line_bears_no_vat() -> None:
    books = api()
    books.invoice(SALE, SALE | {"exempt_vat": True})
    sums = books.sandbox.books.documents[Key(1, 1)].totals
    assert (sums.vat, sums.exempt, sums.total) == (
        Decimal(18),
        Decimal(118),
        Decimal(236),
    )


def test_a_foreign_document_counts_in_its_currency_and_the_balance_in_shekels() -> None:
    books = api()
    asked = document({"quantity": 2, "price_mtc": 10}, currency_id=2, exchange_rate=Decimal("3.5"))
    assert books.ok("Document.New", **asked)["amount"] == 20
    assert books.sandbox.books.balance(CUSTOMER) == 70


def test_an_invoice_receipt_makes_a_receipt_of_the_same_number_that_closes_it() -> None:
    books = api()
    made = books.invoice_receipt()
    receipt = books.sandbox.books.receipts[Key(2, made)]
    assert receipt.amount == 118
    assert books.sandbox.books.is_closed(Key(2, made))
    assert books.sandbox.books.balance(CUSTOMER) == 0


def test_payments_are_ignored_where_the_type_takes_none() -> None:
    books = api()
    books.invoice(payments=[{"payment_type": CASH, "amount_nis": 1}])
    assert books.sandbox.books.receipts == {}


def test_items_and_payments_must_come_to_the_same() -> None:
    paid = [{"payment_type": CASH, "amount_nis": Decimal("117.99")}]
    refusal = api().refused("Document.New", **document(document_type=2, payments=paid))
    assert "DIFFERENT_AMOUNT_BETWEEN_INVOICE_AND_RECEIPT" in refusal


def test_without_vat_in_the_prices_the_payments_are_gross() -> None:
    paid = [{"payment_type": CASH, "amount_nis": Decimal("139.24")}]
    asked = document(document_type=2, payments=paid, price_include_vat=False)
    assert api().ok("Document.New", **asked)["amount"] == Decimal("139.24")


@pytest.mark.parametrize(
    ("wrong", "debug"),
    [
        ({"document_type": 99}, "-23 : DOCUMENT_TYPE_NOT_EXISTS"),
        ({"customer_id": 4}, "-20 : CUSTOMER_NOT_EXISTS"),
        ({"customer_id": 0}, "-20 : CUSTOMER_NOT_EXISTS"),
        ({"comments": "x" * 401}, "-46 : COMMENTS_SIZE_TO_BIG"),
        ({"reference": 1_000_000_000}, "-44 : INVALID_ASMACHTA"),
        ({"order": "x" * 16}, "-45 : "),
        ({"due_date": "31/02/2026"}, "-52 : "),
        ({"issue_date": "2026-01-01"}, "BAD_DATE_FORMAT"),
        ({"issue_time": "25:00"}, "BAD_DATE_FORMAT"),
        ({"id_number": 123456789}, "-28 : INVALID_ID_NUMBER"),
        ({"items": []}, "INVALID_NUMBER_ITEMS_RECORDS"),
        ({"items": [{"quantity": 0, "price_nis": 1}]}, "OUT_OF_RANGE : quantity"),
        ({"items": [{"quantity": Decimal("0.09"), "price_nis": 1}]}, "OUT_OF_RANGE : quantity"),
        ({"items": [{"quantity": -1, "price_nis": 1}]}, "OUT_OF_RANGE : quantity"),
        ({"items": [{"quantity": 100_000_000, "price_nis": 1}]}, "OUT_OF_RANGE : quantity"),
        ({"items": [{"price_nis": 1}]}, "SANDBOX_FIELD_REQUIRED : quantity"),
        ({"items": [SALE | {"description": "x" * 101}]}, "OUT_OF_RANGE : description"),
        ({"items": [SALE | {"currency_id": 2}]}, "-68 : "),
        ({"currency_id": 2}, "SANDBOX_FIELD_REQUIRED : price_mtc"),
        ({"currency_id": 11}, "MTC_CODE_NOT_EXISTS"),
        ({"exchange_rate": 0}, "INVALID_MTC_RATE"),
        ({"sort_code": 7}, "SORTCODE_NOT_EXISTS"),
        ({"discount_type": 3}, "INVALID_DISCOUNT_TYPE"),
        ({"discount_type": 1, "discount_value": 101}, "INVALID_DISCOUNT_VALUE"),
        ({"discount_value": -1}, "INVALID_DISCOUNT_VALUE"),
        ({"document_type": 2}, "RECEIPT_MISSING_PAYMENTS_RECORDS"),
        ({"closed_document_type": 7, "closed_document_number": 1}, "-76 : "),
        (
            {"items": [SALE | {"closed_document_type": 7, "closed_document_num": 1}]},
            "-76 : ",
        ),
        (
            {"items": [SALE | {"closed_document_type": 7, "closed_document_line": 233}]},
            "OUT_OF_RANGE : closed_document_line",
        ),
        ({"last_name": "x" * 31}, "OUT_OF_RANGE : last_name"),
        ({"round_digits": 3}, "OUT_OF_RANGE : round_digits"),
    ],
)
def test_what_breaks_a_documented_limit_is_refused_and_not_booked(
    wrong: dict[str, object], debug: str
) -> None:
    books = api()
    assert debug in books.refused("Document.New", **document(**wrong))
    assert books.sandbox.books.documents == {}


def test_an_amount_discount_does_not_go_with_exempt_and_taxed_lines() -> None:
    asked = document(SALE, SALE | {"exempt_vat": True}, discount_type=2, discount_value=5)
    assert "INVALID_DISCOUNT_TYPE" in api().refused("Document.New", **asked)


def test_400_characters_of_comment_are_kept() -> None:
    books = api()
    number = books.invoice(comments="א" * 400)
    assert books.sandbox.books.documents[Key(1, number)].comments == "א" * 400


def test_a_bad_identity_number_may_be_dropped() -> None:
    assert api().ok("Document.New", **document(id_number=123456789, validate_id=False))


def test_a_check_makes_nothing() -> None:
    books = api()
    assert books.ok("Document.New", **document(check_only=True)) == {}
    assert books.sandbox.books.documents == {}


def test_a_check_says_what_is_wrong() -> None:
    assert "-20" in api().refused("Document.New", **document(check_only=True, customer_id=4))


def test_a_credit_may_close_the_sale_it_credits() -> None:
    books = api()
    sale = books.invoice()
    books.invoice(
        SALE | {"price_nis": -18},
        document_type=3,
        closed_document_type=1,
        closed_document_number=sale,
    )
    assert books.sandbox.books.open_amount(Key(1, sale)) == 100
    assert books.sandbox.books.open_amount(Key(3, 1)) == 0


def test_the_customer_is_mailed_unless_the_request_says_no() -> None:
    books = api()
    books.invoice()
    books.invoice(send_mail=False)
    assert [mail.key for mail in books.sandbox.books.mails] == [Key(1, 1)]


def test_a_customer_can_be_found_by_mail_or_made() -> None:
    books = api()
    assert (
        books.ok(
            "Document.New",
            **document(customer_id=0, find_by_mail=True, email_to="israela@example.com"),
        )["customer_id"]
        == CUSTOMER
    )
    made = books.ok("Document.New", **document(customer_id=0, create_customer=True))
    assert made["customer_id"] == CUSTOMER + 1


def test_last_name_is_required_unless_a_switch_says_otherwise() -> None:
    asked = document()
    del asked["last_name"]
    assert "SANDBOX_FIELD_REQUIRED" in api().refused("Document.New", **asked)
    assert api(last_name_required=False).ok("Document.New", **asked)


def test_all_item_fields_may_be_required() -> None:
    full = SALE | {"item_id": 0, "price_mtc": 0}
    strict = api(item_fields_required=True)
    assert "SANDBOX_FIELD_REQUIRED" in strict.refused("Document.New", **document())
    assert strict.ok("Document.New", **document(full))
    assert api().ok("Document.New", **document())


def test_nothing_is_dated_into_a_closed_month() -> None:
    asked = document(issue_date="31/10/2026")
    closed = api(closed_until="2026-10-31")
    assert "MONTH_IS_CLOSED" in closed.refused("Document.New", **asked)
    assert closed.ok("Document.New", **document(issue_date="01/11/2026"))
    assert api().ok("Document.New", **asked)


def test_the_server_may_refuse_to_credit_more_than_the_original() -> None:
    credit = document(SALE | {"price_nis": -60}, document_type=3, comments="זיכוי על 1/1")
    for checks, allowed in ((True, 1), (False, 2)):
        books = api(ceiling_check=checks)
        books.invoice()
        codes = [books.envelope("Document.New", **credit)["error_code"] for _ in range(2)]
        assert codes.count(0) == allowed


def test_credits_may_get_an_allocation_number() -> None:
    credit = document(SALE | {"price_nis": -60}, document_type=3)
    assert api().ok("Document.New", **credit)["confirmation_number"] == 0
    allowed = api(allocation_number_on_credits=True).ok("Document.New", **credit)
    assert allowed["confirmation_number"] != 0
    assert api().ok("Document.New", **document())["confirmation_number"] != 0


def test_a_line_may_name_the_line_that_it_closes() -> None:
    books = api()
    books.invoice(document_type=7)
    closes = {"closed_document_type": 7, "closed_document_num": 1, "closed_document_line": 1}
    assert books.ok("Document.New", **document(SALE | closes))


def test_the_issue_date_is_now_in_israel_unless_it_is_said() -> None:
    books = api()
    books.clock.advance(12.5 * 3600)
    books.invoice()
    books.invoice(issue_date="02-04-21")
    dates = [str(made.issue_date) for made in books.sandbox.books.documents.values()]
    assert dates == ["2026-11-23", "2021-04-02"]
    utc = api(time_zone="utc")
    utc.clock.advance(12.5 * 3600)
    utc.invoice()
    assert str(utc.sandbox.books.documents[Key(1, 1)].issue_date) == "2026-11-22"
