"""Customer.* shows cards, balances, and what is open or closed."""

from decimal import Decimal

import pytest

from support.sandboxes import CUSTOMER, Api, api


def documents(books: Api, **fields: object) -> list[object]:
    rows = books.rows("Customer.OpenDocuments", **fields)
    return [row["document_number"] for row in rows]


def test_a_card_is_found_by_any_member_and_all_must_match() -> None:
    books = api(demo=True)
    assert books.ok("Customer.Get", customer_id=1001)["last_name"] == "כהן"
    assert books.ok("Customer.Get", acc_ref="ARC-6")["customer_id"] == 1006
    assert books.ok("Customer.Get", email="david@example.com")["customer_id"] == 1003
    assert "-22" in books.refused("Customer.Get", customer_id=1001, acc_ref="ARC-6")


def test_a_card_that_is_not_there_has_either_code() -> None:
    assert api().refused("Customer.Get", customer_id=9) == "-22 : CUSTOMER_NOT_EXISTS"
    no_data = api(customer_not_found_is_no_data=True)
    assert no_data.refused("Customer.Get", customer_id=9) == "-2 : NO_DATA_FOUND"


def test_asking_for_nobody_finds_nobody() -> None:
    assert "-22" in api().refused("Customer.Get")


def test_a_new_card_gets_the_next_number_or_the_one_asked_for() -> None:
    books = api()
    assert books.ok("Customer.New", last_name="לוי", address="הרצל 1") == {"customer_id": 1002}
    assert books.ok("Customer.New", last_name="לוי", cust_id=5000) == {"customer_id": 5000}
    assert books.ok("Customer.New", last_name="לוי", cust_id=5000) == {"customer_id": 5001}
    assert books.ok("Customer.Get", customer_id=1002)["street"] == "הרצל 1"


def test_a_new_card_needs_a_name_and_a_valid_identity_number() -> None:
    assert "SANDBOX_FIELD_REQUIRED" in api().refused("Customer.New", first_name="דוד")
    assert "-28" in api().refused("Customer.New", last_name="לוי", id_number=123456789)


@pytest.mark.parametrize(
    ("customer", "balance"),
    [
        (1001, -250),
        (1002, 0),
        (1003, -87),
        (1004, Decimal("3480.91")),
        (1005, 0),
        (1006, 5015),
    ],
)
def test_the_balance_is_what_the_customer_owes(customer: int, balance: object) -> None:
    assert api(demo=True).ok("Customer.Balance", customer_id=customer) == {"balance": balance}


def test_an_unknown_customer_has_no_balance() -> None:
    assert "-22" in api().refused("Customer.Balance", customer_id=9)


def test_an_open_row_has_the_members_of_the_page() -> None:
    row = api(demo=True).rows("Customer.OpenDocuments", customer_id=1004)[0]
    assert set(row) == {
        "balance",
        "currency_id",
        "customer_id",
        "customer_name",
        "document_number",
        "document_type",
        "due_date",
        "issue_date",
        "order",
        "paid_amount",
        "reference",
        "total_amount",
    }
    assert (row["total_amount"], row["paid_amount"], row["balance"]) == (
        Decimal("3173.02"),
        1000,
        Decimal("2173.02"),
    )
    assert row["reference"] == "0"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"customer_id": 0}, [5002, 5003, 5007, 801]),
        ({"customer_id": 1004, "document_type": 1}, [5003, 5007]),
        ({"customer_id": 1004, "from_date": "01/11/2026"}, [5007]),
        ({"customer_id": 1004, "until_date": "01/07/2026"}, [5003]),
        ({"customer_id": 1004, "until_date": "05/10/2026", "by_produce_date": True}, [5003, 5007]),
        ({"customer_id": 1004, "accounting_only": True}, [5003, 5007, 801]),
    ],
)
def test_open_documents_are_filtered(fields: dict[str, object], found: list[int]) -> None:
    assert documents(api(demo=True), **fields) == found


def test_documents_outside_the_accounts_can_be_asked_for_alone() -> None:
    books = api()
    books.invoice()
    books.invoice(document_type=7)
    asked = {"customer_id": CUSTOMER, "no_accounting": True}
    assert [row["document_type"] for row in books.rows("Customer.OpenDocuments", **asked)] == [7]


def test_nothing_open_is_no_data_found() -> None:
    assert "-2" in api().refused("Customer.OpenDocuments", customer_id=CUSTOMER)
    assert "-2" in api().refused("Customer.ClosedDocuments", customer_id=CUSTOMER)


def test_closed_documents_say_what_closed_them() -> None:
    rows = api(demo=True).rows("Customer.ClosedDocuments", customer_id=1006)
    (row,) = (row for row in rows if row["document_number"] == 5005)
    assert row["balance"] == 0
    assert row["closing_list"] == [
        {
            "amount": 2000,
            "close_date": "14/08/2026",
            "close_type": "קבלה",
            "sub_type": 1,
            "sub_num": 3004,
        },
        {
            "amount": 2720,
            "close_date": "30/08/2026",
            "close_type": "קבלה",
            "sub_type": 1,
            "sub_num": 3005,
        },
    ]


def test_a_credit_that_closes_is_named_too() -> None:
    books = api()
    books.invoice()
    books.ok("Document.Cancel", document_type=1, document_number=1)
    (row,) = books.rows("Customer.ClosedDocuments", customer_id=CUSTOMER)
    assert isinstance(row["closing_list"], list)
    assert [(one["sub_type"], one["sub_num"]) for one in row["closing_list"]] == [(3, 1)]
