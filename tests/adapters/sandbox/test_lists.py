"""Lists give the rows that fit the request, and nothing found is NO_DATA_FOUND."""

from decimal import Decimal

import pytest

from support.sandboxes import CUSTOMER, SALE, Api, api

EVER = {"from_date": "01/01/2020", "to_date": "31/12/2030"}


def numbers(books: Api, **fields: object) -> list[object]:
    return [row["document_number"] for row in books.rows("Document.List", **(EVER | fields))]


def receipts(books: Api, **fields: object) -> list[object]:
    return [row["receipt_number"] for row in books.rows("Receipt.List", **(EVER | fields))]


def test_a_row_has_the_members_that_clients_have_seen() -> None:
    (row,) = api(demo=True).rows(
        "Document.List", **EVER, from_document_number=6923, to_document_number=6923
    )
    expected = """document_type document_number document_date document_time amount customer_id
        agent_id document_type_name sort_code customer_name total_vat amount_exempt is_accounting
        is_cancelled is_closed due_date reference comments document_link confirmation_number"""
    assert set(row) == set(expected.split())
    assert (row["document_date"], row["document_time"]) == ("14/11/2024", "10:24:05")
    assert (row["amount"], row["total_vat"]) == (Decimal("292.5"), Decimal("42.5"))


def test_a_receipt_row_has_the_members_of_the_page() -> None:
    row = api(demo=True).rows("Receipt.List", **EVER)[0]
    assert set(row) == {
        "receipt_type",
        "receipt_number",
        "receipt_date",
        "receipt_time",
        "amount",
        "customer_id",
    }


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"from_document_type": 3}, [801]),
        (
            {"from_document_type": 2, "to_document_type": 2, "to_document_number": 6924},
            [6923, 6924],
        ),
        ({"from_customer_id": 1005, "to_customer_id": 1005}, [6928]),
        ({"from_date": "05/10/2026", "to_date": "18-10-26"}, [5007, 801]),
        ({"to_date": "14/11/2024"}, [6923]),
    ],
)
def test_documents_are_filtered(fields: dict[str, object], found: list[int]) -> None:
    assert numbers(api(demo=True), **fields) == found


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"from_receipt_type": 1, "to_receipt_type": 1, "to_receipt_number": 3002}, [3001, 3002]),
        ({"from_customer_id": 1005, "to_customer_id": 1005}, [6928]),
        ({"from_date": "12/10/2026", "to_date": "12/10/2026"}, [3007]),
    ],
)
def test_receipts_are_filtered(fields: dict[str, object], found: list[int]) -> None:
    assert receipts(api(demo=True), **fields) == found


def test_agents_are_filtered() -> None:
    books = api()
    books.invoice(agent_id=7)
    books.invoice()
    assert numbers(books, from_agent_id=7, to_agent_id=7) == [1]


@pytest.mark.parametrize("method", ["Document.List", "Receipt.List"])
def test_nothing_found_is_no_data_found(method: str) -> None:
    assert api().refused(method, **EVER) == "-2 : NO_DATA_FOUND"
    assert api(no_data_code=204).refused(method, **EVER) == "204 : NO_DATA_FOUND"


def test_without_dates_the_list_covers_six_months_or_the_current_day() -> None:
    for window, found in (("six_months", [2, 3]), ("current_day", [3])):
        books = api(list_default_window=window)
        for day in ("21/05/2026", "22/05/2026", "22/11/2026"):
            books.invoice(issue_date=day)
        rows = books.rows("Document.List")
        assert [row["document_number"] for row in rows] == found


def test_six_months_before_a_long_month_ends_is_the_end_of_a_short_one() -> None:
    books = api()
    books.clock.advance(-83 * 86400)
    books.invoice(issue_date="27/02/2026")
    books.invoice(issue_date="28/02/2026")
    assert [row["document_number"] for row in books.rows("Document.List")] == [2]


def test_one_date_alone_is_a_bound() -> None:
    books = api(demo=True)
    assert len(books.rows("Document.List", from_date="18/10/2026")) == 1
    assert len(books.rows("Document.List", to_date="14/11/2024")) == 1


@pytest.mark.parametrize(
    ("order", "found"),
    [("by_number", [1, 2, 1]), ("oldest_first", [2, 1, 1]), ("newest_first", [1, 1, 2])],
)
def test_rows_come_in_the_order_of_the_switch(order: str, found: list[int]) -> None:
    books = api(list_order=order)
    books.invoice(issue_date="02/03/2026")
    books.invoice(issue_date="01/03/2026")
    books.invoice(document_type=4, issue_date="03/03/2026")
    assert numbers(books) == found


def test_a_list_may_be_cut_short() -> None:
    books = api(list_limit=1)
    books.invoice()
    books.invoice()
    assert numbers(books) == [1]


def test_a_list_may_lag_behind_the_books() -> None:
    books = api(list_lag_seconds=30)
    books.invoice()
    books.receipt()
    assert books.envelope("Document.List", **EVER)["error_code"] == -2
    assert books.envelope("Receipt.List", **EVER)["error_code"] == -2
    assert books.ok("Document.Details", document_type=1, document_number=1)
    books.clock.advance(30)
    assert numbers(books) == [1]
    assert receipts(books) == [1]


def test_comments_and_references_are_shown_by_switch() -> None:
    for comments, references in ((True, False), (False, True)):
        books = api(list_shows_comments=comments, list_shows_reference=references)
        books.invoice(comments="RL-1", reference=77)
        (row,) = books.rows("Document.List", **EVER)
        assert row.get("comments") == ("RL-1" if comments else None)
        assert row.get("reference") == (77 if references else None)
        assert ("document_link" in row) is references


@pytest.mark.parametrize(("sign", "amount"), [("positive", 118), ("negative", -118)])
def test_credits_are_listed_in_either_sign(sign: str, amount: int) -> None:
    books = api(credit_sign_list=sign)
    books.invoice(SALE | {"price_nis": -118}, document_type=3)
    books.receipt(-118)
    (document,) = books.rows("Document.List", **EVER)
    assert (document["amount"], document["total_vat"]) == (amount, amount * 18 // 118)
    assert books.rows("Receipt.List", **EVER)[0]["amount"] == amount
    assert books.rows("Customer.OpenDocuments", customer_id=CUSTOMER)[0]["balance"] == amount


def test_receipts_list_a_cancelled_flag_only_by_switch() -> None:
    for shows in (True, False):
        books = api(cancelled_flag_on_receipts=shows)
        books.receipt()
        (row,) = books.rows("Receipt.List", **EVER)
        assert ("is_cancelled" in row) is shows


def test_filter_fields_are_read_and_do_nothing() -> None:
    wanted = [{"filter_field": "comments", "filter_value": "RL-1"}]
    assert len(numbers(api(demo=True), filter_fields=wanted)) == 16
