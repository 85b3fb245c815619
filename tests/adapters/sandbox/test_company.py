"""A company has the vendor's catalogues unless it says otherwise."""

import pytest
from pydantic import ValidationError

from refund_adapters.sandbox.company import Company, PaymentKind

COMPANY = Company.with_the_vendors_defaults()


def test_rows_are_found_by_their_number_or_not_at_all() -> None:
    for find, there, missing in (
        (COMPANY.document_type, 3, 55),
        (COMPANY.receipt_type, 2, 55),
        (COMPANY.payment_type, 9, 55),
        (COMPANY.currency, 10, 55),
        (COMPANY.bank, 13, 55),
    ):
        assert find(there) is not None
        assert find(missing) is None


def test_the_defaults_are_the_vendors() -> None:
    invoice_receipts = [row.number for row in COMPANY.document_types if row.invoice_receipt]
    assert invoice_receipts == [2]
    assert [row.number for row in COMPANY.receipt_types if row.invoice_receipt] == [2]
    cards = [row.number for row in COMPANY.payment_types if row.kind is PaymentKind.CARD]
    assert cards == [4, 5, 6, 7, 8]
    assert [row.iso for row in COMPANY.currencies][:4] == ["ILS", "USD", "EUR", "GBP"]


def test_a_company_may_differ() -> None:
    assert Company.with_the_vendors_defaults(company_id=7).link("http://h", "g") == (
        "http://h/pdf/FileService.svc/GetDocument/000000007/g/true"
    )
    with pytest.raises(ValidationError):
        Company.with_the_vendors_defaults(colour="blue")
