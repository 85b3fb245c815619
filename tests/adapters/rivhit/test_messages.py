"""What we send: the vendor's names and limits, and questions that always say their dates."""

from datetime import date
from decimal import Decimal

import pytest

from refund_adapters.rivhit import messages
from refund_adapters.rivhit.envelope import write_json
from refund_adapters.rivhit.messages import (
    DocumentCancel,
    DocumentNew,
    Item,
    PaymentBack,
    ReceiptCancel,
    ReceiptNew,
    said,
    text_of,
    units,
)
from refund_ledger.errors import RefusedError
from refund_ledger.originals import Document, Half


def test_a_limit_of_the_vendor_is_refused_by_field() -> None:
    with pytest.raises(RefusedError) as refused:
        said(
            DocumentCancel,
            {
                "document_type": 1000,
                "document_number": 1,
                "comments": "א" * 401,
                "request_reference": "r",
            },
        )
    assert "document_type" in str(refused.value)
    assert "longer than 400" in str(refused.value)
    assert "א" not in str(refused.value)


def test_a_price_is_never_positive_and_a_quantity_always_is() -> None:
    good = {"quantity": Decimal(1), "description": "x", "price_nis": -1, "price_mtc": 0}
    assert said(Item, good).body() == {"item_id": 0, **good}
    for wrong in ({"price_nis": 1}, {"quantity": Decimal(0)}, {"quantity": Decimal(-1)}):
        with pytest.raises(RefusedError):
            said(Item, good | wrong)


def test_money_back_is_negative() -> None:
    with pytest.raises(RefusedError):
        said(PaymentBack, {"payment_type": 2, "amount_nis": Decimal(5)})
    with pytest.raises(RefusedError):
        said(PaymentBack, {"payment_type": 2, "amount_nis": Decimal("NaN")})


def test_a_number_with_an_exponent_is_written_plainly() -> None:
    item = said(
        Item, {"quantity": Decimal("1E+2"), "description": "x", "price_nis": -1, "price_mtc": 0}
    )
    assert '"quantity":100,' in write_json(item.body())


def test_what_is_not_said_is_not_sent() -> None:
    cancel = DocumentCancel(
        document_type=2, document_number=6923, comments="c", request_reference="r"
    )
    assert text_of(cancel) == (
        '{"document_type":2,"document_number":6923,"comments":"c","request_reference":"r"}'
    )


def test_the_four_writes_are_known_by_name() -> None:
    writes = (DocumentCancel, ReceiptCancel, DocumentNew, ReceiptNew)
    assert [write.METHOD for write in writes] == [
        "Document.Cancel",
        "Receipt.Cancel",
        "Document.New",
        "Receipt.New",
    ]


def test_characters_are_counted_as_the_vendors_system_does() -> None:
    assert units("אב") == 2
    assert units("😀") == 2


def test_a_list_always_says_both_dates() -> None:
    question = messages.list_of(
        Half.RECEIPT,
        types=(1, 1),
        since=date(2026, 1, 2),
        until=date(2026, 3, 4),
        customer_id=5,
        numbers=(7, 9),
    )
    assert question.method == "Receipt.List"
    assert question.body == {
        "from_receipt_type": 1,
        "to_receipt_type": 1,
        "from_customer_id": 5,
        "to_customer_id": 5,
        "from_date": "02/01/2026",
        "to_date": "04/03/2026",
        "from_receipt_number": 7,
        "to_receipt_number": 9,
    }


def test_every_question_names_its_method() -> None:
    day = date(2026, 1, 2)
    asked = [
        messages.details_of(Document(Half.DOCUMENT, 2, 5)),
        messages.details_of(Document(Half.RECEIPT, 2, 5)),
        messages.answers_under("rl-1"),
        messages.customer(5),
        messages.open_documents(5, since=day, until=day),
        messages.closed_documents(5, since=day, until=day),
        messages.payment_types(),
        messages.document_types(),
        messages.receipt_types(),
        messages.vat_rate(),
    ]
    assert [question.method for question in asked] == [
        "Document.Details",
        "Receipt.Details",
        "Status.AllRequests/JSON",
        "Customer.Get",
        "Customer.OpenDocuments",
        "Customer.ClosedDocuments",
        "Payment.TypeList",
        "Document.TypeList",
        "Receipt.TypeList",
        "Accounting.VatRate",
    ]
