"""Books are filled from the API's own answers, all lines or none."""

from decimal import Decimal
from pathlib import Path

import pytest
import simplejson

from refund_adapters.sandbox.answer_rows import LoadError
from refund_adapters.sandbox.books import Books
from refund_adapters.sandbox.company import Company
from refund_adapters.sandbox.loading import load, load_demo, load_file
from refund_adapters.sandbox.papers import Key, Kind
from support.sandboxes import TOKEN, api

CARD = {"customer": {"customer_id": 1, "last_name": "כהן"}}
INVOICE = {
    "customer_id": 1,
    "customer_name": "כהן",
    "document_type": "חשבונית מס",
    "document_number": "01/7",
    "document_date": "05/03/2026",
    "sort_code": 100,
    "price_include_vat": True,
    "vat_percent": "18%",
    "total_vat": 18,
    "total_without_vat": 100,
    "document_total": 118,
    "items": [{"quantity": 1, "price_nis": 118, "total_line": 118}],
}
CASH = {"payment_type_id": 0, "payment_type": "מזומן", "amount": 118}
RECEIPT = {
    "receipt_type": 1,
    "receipt_number": 3,
    "receipt_date": "06/03/2026",
    "amount": 118,
    "customer_id": 1,
    "payments": [CASH],
}
OPEN = {
    "document_type": 1,
    "document_number": 7,
    "issue_date": "05/03/2026",
    "total_amount": 118,
    "paid_amount": 0,
    "balance": 118,
}


def books() -> Books:
    return Books(Company.with_the_vendors_defaults())


def lines(*rows: object) -> list[str]:
    return [simplejson.dumps(row, use_decimal=True) for row in (CARD, *rows)]


def demo() -> Books:
    found = books()
    load_demo(found)
    return found


def test_the_demo_has_originals_of_all_kinds() -> None:
    loaded = demo()
    kinds = [key.type for key in loaded.documents]
    assert (kinds.count(1), kinds.count(2), kinds.count(3)) == (7, 8, 1)
    assert Key(2, 6923) in loaded.documents
    methods = {p.payment_type for one in loaded.receipts.values() for p in one.payments}
    assert {1, 2, 4, 5, 9} <= methods
    assert {document.currency_id for document in loaded.documents.values()} == {1, 2}
    assert {str(document.vat_percent) for document in loaded.documents.values()} == {
        "0",
        "17",
        "18",
    }
    assert any(line.exempt for one in loaded.documents.values() for line in one.lines)


def test_the_demo_has_invoices_in_each_state_of_payment() -> None:
    loaded = demo()
    states = {number: loaded.open_amount(Key(1, number)) for number in range(5001, 5008)}
    assert [number for number, amount in states.items() if not amount] == [5001, 5004, 5005, 5006]
    assert states[5002] == loaded.documents[Key(1, 5002)].amount
    assert states[5003] == Decimal("2173.02")
    assert loaded.open_amount(Key(3, 801)) == Decimal("-82.36")
    assert all(loaded.is_closed(key) for key in loaded.documents if key.type == 2)


def test_the_demo_has_an_overpayment() -> None:
    loaded = demo()
    (closing,) = loaded.closed_by(Kind.RECEIPT, Key(1, 3006))
    assert loaded.receipts[Key(1, 3006)].amount == 500
    assert closing.amount == 413


def test_what_is_loaded_was_made_by_no_request() -> None:
    assert {document.made_by for document in demo().documents.values()} == {None}


def test_new_numbers_follow_those_loaded() -> None:
    server = api(demo=True)
    assert server.invoice(customer_id=1001) == 5008


def test_details_can_be_loaded_again(tmp_path: Path) -> None:
    server = api(demo=True)
    rows: list[object] = []
    for key in server.sandbox.books.documents:
        asked = {"document_type": key.type, "document_number": key.number}
        rows.append({"document": server.ok("Document.Details", **asked)})
    for key in server.sandbox.books.receipts:
        asked = {"receipt_type": key.type, "receipt_number": key.number}
        rows.append({"receipt": server.ok("Receipt.Details", **asked)})
    rows += [
        {"customer": server.ok("Customer.Get", customer_id=number)} for number in range(1001, 1007)
    ]
    closed = server.rows("Customer.ClosedDocuments")
    rows += [
        {"closed_documents": closed},
        {"open_documents": server.rows("Customer.OpenDocuments")},
    ]
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join(lines(*rows)), encoding="utf-8")
    again = books()
    assert load_file(again, path) == 31
    for customer in range(1001, 1007):
        assert again.balance(customer) == server.sandbox.books.balance(customer)
    for key in again.documents:
        assert again.open_amount(key) == server.sandbox.books.open_amount(key)


def test_an_invoice_receipt_without_a_receipt_line_gets_one() -> None:
    found = books()
    kind = {"document_type": "חשבונית מס / קבלה", "document_number": "02/7"}
    load(found, lines({"document": INVOICE | kind | {"payments": [CASH], "receipt_total": 118}}))
    assert found.receipts[Key(2, 7)].amount == 118
    assert found.is_closed(Key(2, 7))


def test_a_credit_written_with_positive_amounts_is_turned_round() -> None:
    found = books()
    load(found, lines({"document": INVOICE | {"document_type": 3, "document_number": 9}}))
    assert found.documents[Key(3, 9)].amount == -118
    assert found.documents[Key(3, 9)].lines[0].price == -118


def test_what_an_open_row_says_is_paid_was_closed_by_hand() -> None:
    found = books()
    row = OPEN | {"paid_amount": 18, "balance": 100}
    load(found, lines({"document": INVOICE}, {"open_documents": [row]}))
    assert found.open_amount(Key(1, 7)) == 100
    assert found.closings[0].closer == Key(0, 0)


def test_blank_lines_are_passed_over() -> None:
    assert load(books(), ["", *lines(), "  "]) == 0


def closed_by(kind: str) -> dict[str, object]:
    closing = {
        "amount": 118,
        "close_date": "06/03/2026",
        "close_type": kind,
        "sub_type": 1,
        "sub_num": 3,
    }
    row = {"document_type": 1, "document_number": 7, "closing_list": [closing]}
    return {"closed_documents": [row]}


def test_a_receipt_closes_what_the_closing_list_says() -> None:
    found = books()
    load(found, lines({"document": INVOICE}, {"receipt": RECEIPT}, closed_by("קבלה")))
    assert found.is_closed(Key(1, 7))
    assert found.balance(1) == 0


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([{"documents": 1}], "line 2: expected one of customer"),
        ([{"document": {}}], "line 2: "),
        ([{"document": INVOICE | {"total_vat": 17}}], r"line 2: .*its lines come to 100\.00"),
        ([{"document": INVOICE | {"document_type": 2}}], "cannot be of type 2"),
        ([{"document": INVOICE | {"document_number": "x"}}], "is not a document number"),
        (
            [{"document": INVOICE | {"document_type": 55, "document_number": 1}}],
            "there is no document type 55",
        ),
        ([{"document": INVOICE | {"document_date": "2026-03-05"}}], "BAD_DATE_FORMAT"),
        ([{"document": INVOICE | {"customer_id": 2}}], "customer 2 has no card"),
        ([{"document": INVOICE}, {"document": INVOICE}], "already in the books"),
        ([{"document": INVOICE | {"payments": [CASH]}}], "are not receipt_total"),
        ([{"receipt": RECEIPT | {"amount": 117}}], "its payments come to 118"),
        ([{"receipt": RECEIPT | {"receipt_type": 8}}], "there is no receipt type 8"),
        ([{"receipt": RECEIPT | {"payments": [CASH | {"payment_type": "?"}]}}], "no payment type"),
        ([closed_by("קבלה")], "a closing names 1/7"),
        ([{"document": INVOICE}, closed_by("קבלה")], "a closing names 1/3"),
        ([{"open_documents": [OPEN]}], "is open but not there"),
        (
            [{"document": INVOICE}, {"open_documents": [OPEN | {"balance": 100}]}],
            "its open row does not add up",
        ),
        (
            [
                {"document": INVOICE},
                {"receipt": RECEIPT},
                closed_by("קבלה"),
                {"open_documents": [OPEN]},
            ],
            "more is closed than its open row says",
        ),
    ],
)
def test_a_line_that_is_wrong_is_named_and_nothing_is_loaded(rows: list[object], why: str) -> None:
    found = books()
    with pytest.raises(LoadError, match=why):
        load(found, lines(*rows))
    assert (found.customers, found.documents, found.receipts) == ({}, {}, {})


@pytest.mark.parametrize("line", ["{", "[]", '{"document": {"items": 1e999999}}'])
def test_a_line_that_is_no_json_object_is_named(line: str) -> None:
    with pytest.raises(LoadError, match="line 1: "):
        load(books(), [line])


def test_a_file_that_cannot_be_read_is_an_error_in_words(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\xff")
    for path in (tmp_path / "missing", tmp_path, binary):
        with pytest.raises(LoadError, match="cannot be read"):
            load_file(books(), path)


def test_the_demo_holds_no_token() -> None:
    source = Path(str(load_demo.__code__.co_filename)).with_name("demo_books.jsonl")
    assert TOKEN not in source.read_text(encoding="utf-8")
    assert "api_token" not in source.read_text(encoding="utf-8")
