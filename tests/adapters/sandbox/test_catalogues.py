"""The catalogues answer under the vendor's names."""

import pytest

from support.sandboxes import api


@pytest.mark.parametrize(
    ("method", "row"),
    [
        (
            "Document.TypeList",
            {
                "document_type": 1,
                "document_name": "חשבונית מס",
                "is_invoice_receipt": False,
                "is_accounting": True,
                "price_include_vat": False,
            },
        ),
        (
            "Receipt.TypeList",
            {"receipt_type": 1, "receipt_name": "קבלה", "is_invoice_receipt": False},
        ),
        ("Payment.TypeList", {"payment_type": 1, "payment_name": "שיק", "type_code": 2}),
        ("Payment.BankList", {"bank_code": 9, "bank_name": "בנק הדואר"}),
        ("Currency.List", {"currency_id": 1, "currency_name": 'ש"ח', "iso_code": "ILS"}),
    ],
)
def test_the_first_row_is_the_vendors(method: str, row: dict[str, object]) -> None:
    assert api().rows(method)[0] == row


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("Document.TypeList", "document_type_list"),
        ("Receipt.TypeList", "receipt_type_list"),
        ("Payment.TypeList", "payment_type_list"),
        ("Payment.BankList", "bank_list"),
        ("Currency.List", "currency_list"),
    ],
)
def test_the_list_has_the_vendors_name(method: str, name: str) -> None:
    assert list(api().ok(method)) == [name]


def test_document_types_can_be_asked_for_one_by_one() -> None:
    assert [row["document_type"] for row in api().rows("Document.TypeList", document_type=2)] == [2]
    assert "-2" in api().refused("Document.TypeList", document_type=99)


def test_the_vat_rate_is_the_companys() -> None:
    assert api().ok("Accounting.VatRate") == {"vat_rate": 18}
    assert api(company={"vat_rate": 17}).ok("Accounting.VatRate") == {"vat_rate": 17}
