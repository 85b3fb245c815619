"""A credit is linked to its original by closing fields or by a comment that names it."""

import pytest

from refund_adapters.sandbox.papers import Customer, Key
from support.sandboxes import SALE, Api, api

BACK = SALE | {"price_nis": -10}


def original(books: Api, **fields: object) -> Key | None:
    number = books.invoice(BACK, document_type=3, **fields)
    return books.sandbox.books.documents[Key(3, number)].credits


@pytest.mark.parametrize(
    "comment", ["1/1", "Refund of 1/1, RL-5", "זיכוי עבור 01/000001.", "9/9 1/1", "(1/1)"]
)
def test_a_comment_that_names_type_and_number_links(comment: str) -> None:
    books = api()
    books.invoice()
    assert original(books, comments=comment) == Key(1, 1)


@pytest.mark.parametrize("comment", ["document 1 number 1", "1/2", "2/1", "11/11/2026", "1-1"])
def test_another_comment_does_not(comment: str) -> None:
    books = api()
    books.invoice()
    assert original(books, comments=comment) is None


def test_a_paper_of_another_customer_is_not_meant() -> None:
    books = api()
    books.sandbox.books.customers[5] = Customer(customer_id=5, last_name="x")
    books.invoice(customer_id=5)
    assert original(books, comments="1/1") is None


def test_closing_fields_come_before_the_comment() -> None:
    books = api()
    books.invoice()
    books.invoice()
    linked = original(books, comments="1/1", closed_document_type=1, closed_document_number=2)
    assert linked == Key(1, 2)


def test_a_sale_is_linked_to_nothing() -> None:
    books = api()
    books.invoice()
    books.invoice(comments="1/1")
    assert books.sandbox.books.documents[Key(1, 2)].credits is None


def test_receipts_are_linked_to_receipts() -> None:
    books = api()
    books.receipt()
    books.invoice(SALE, SALE)
    books.receipt(-5, comments="1/1")
    assert books.sandbox.books.receipts[Key(1, 2)].credits == Key(1, 1)


def test_a_credit_closes_no_more_than_is_open() -> None:
    books = api()
    books.invoice()
    closes = {"closed_document_type": 1, "closed_document_number": 1}
    books.invoice(SALE | {"price_nis": -200}, document_type=3, **closes)
    assert books.sandbox.books.open_amount(Key(1, 1)) == 0
    assert books.sandbox.books.open_amount(Key(3, 1)) == -82


def test_a_sale_does_not_close_a_sale() -> None:
    books = api()
    books.invoice()
    books.invoice(closed_document_type=1, closed_document_number=1)
    assert books.sandbox.books.open_amount(Key(1, 1)) == 118
