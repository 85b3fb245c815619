"""The books number papers, remember what closes and credits what, and add up balances."""

from decimal import Decimal

import pytest

from refund_adapters.sandbox.papers import Key, Kind
from refund_adapters.sandbox.refusals import SandboxError
from support.sandboxes import CUSTOMER, SALE, api


def test_a_paper_enters_once() -> None:
    books = api()
    books.invoice()
    found = books.sandbox.books
    with pytest.raises(SandboxError, match="already in the books"):
        found.add_document(found.documents[Key(1, 1)])
    books.receipt()
    with pytest.raises(SandboxError, match="already in the books"):
        found.add_receipt(found.receipts[Key(1, 1)])


def test_an_invoice_receipt_and_its_receipt_share_one_series() -> None:
    books = api(receipt_cancel_of_type_2_gives=2)
    assert books.invoice_receipt() == 1
    books.ok("Receipt.Cancel", receipt_type=2, receipt_number=1)
    assert books.invoice_receipt() == 3


def test_the_balance_leaves_out_what_is_outside_the_accounts() -> None:
    books = api()
    books.invoice(document_type=7)
    books.invoice()
    books.receipt(Decimal("18.01"))
    assert books.sandbox.books.balance(CUSTOMER) == Decimal("99.99")
    assert books.sandbox.books.balance(999) == 0


def test_the_credits_of_an_original_are_cancels_and_credits_that_name_it() -> None:
    books = api()
    books.invoice()
    books.invoice(SALE | {"price_nis": -10}, document_type=3, comments="1/1")
    books.ok("Document.Cancel", document_type=1, document_number=1)
    found = books.sandbox.books
    assert [one.key for one in found.credits_of(Kind.DOCUMENT, Key(1, 1))] == [Key(3, 1), Key(3, 2)]
    assert found.credited(Kind.DOCUMENT, Key(1, 1)) == 128


def test_an_invoice_that_closes_an_order_stays_open_itself() -> None:
    books = api()
    books.invoice(document_type=7)
    books.invoice(closed_document_type=7, closed_document_number=1)
    assert books.sandbox.books.is_closed(Key(7, 1))
    assert books.sandbox.books.open_amount(Key(1, 1)) == 118


def test_a_document_of_no_amount_never_closes() -> None:
    books = api()
    books.invoice(SALE | {"price_nis": 0})
    assert not books.sandbox.books.is_closed(Key(1, 1))


def test_what_a_request_made_is_known_by_its_order() -> None:
    books = api()
    books.invoice()
    books.invoice_receipt()
    made = books.sandbox.books.made_by(2)
    assert [(kind, paper.key) for kind, paper in made] == [
        (Kind.DOCUMENT, Key(2, 1)),
        (Kind.RECEIPT, Key(2, 1)),
    ]
    assert books.sandbox.books.made_by(3) == ()
    assert [paper.key for paper in books.sandbox.books.papers(Kind.RECEIPT)] == [Key(2, 1)]
