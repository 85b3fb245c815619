"""A row of an answer is read whichever way the server wrote it."""

from decimal import Decimal

import pytest

from refund_adapters.sandbox.answer_rows import DocumentRow, LoadError, PaymentRow
from refund_adapters.sandbox.company import Company
from refund_adapters.sandbox.papers import Key
from refund_adapters.sandbox.wire import read_date

COMPANY = Company.with_the_vendors_defaults()


def row(**changes: object) -> DocumentRow:
    return DocumentRow.model_validate(
        {
            "customer_id": 1,
            "document_type": 2,
            "document_number": 6923,
            "document_date": "14/11/2024",
            "sort_code": 100,
            "price_include_vat": True,
            "vat_percent": 17,
            "total_vat": 0,
            "total_without_vat": 0,
            "document_total": 0,
            "items": [],
        }
        | changes
    )


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"document_number": "6923"},
        {"document_number": "02/6923"},
        {"document_type": "חשבונית מס / קבלה"},
        {"document_type": "חשבונית מס / קבלה", "document_number": "02/6923"},
    ],
)
def test_type_and_number_are_read_with_and_without_quirks(written: dict[str, object]) -> None:
    assert row(**written).key(COMPANY) == Key(2, 6923)


@pytest.mark.parametrize(
    "written",
    [{"document_type": "?"}, {"document_number": "03/6923"}, {"document_number": "6923a"}],
)
def test_what_names_no_document_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(LoadError):
        row(**written).key(COMPANY)


@pytest.mark.parametrize("written", [17, "17.00", "17%", "17.0%"])
def test_a_percentage_is_read_with_and_without_its_sign(written: object) -> None:
    assert row(vat_percent=written).vat_percent == 17


@pytest.mark.parametrize(
    ("number", "name"), [(9, ""), (0, "העברה בנקאית"), (9, "whatever it is called")]
)
def test_a_payment_type_is_known_by_number_or_name(number: int, name: str) -> None:
    payment = PaymentRow(payment_type_id=number, payment_type=name, amount=Decimal(5))
    made = payment.payment(COMPANY, read_date("14/11/2024"))
    assert (made.payment_type, str(made.due_date)) == (9, "2024-11-14")
