"""The lists of types, banks and currencies, and the VAT rate: all per company."""

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.office import Office
from refund_adapters.sandbox.questions import TypeList


def document_types(request: TypeList, office: Office) -> dict[str, object]:
    """List document types, or the one asked for."""
    rows = [
        {
            "document_type": kind.number,
            "document_name": kind.name,
            "is_invoice_receipt": kind.invoice_receipt,
            "is_accounting": kind.accounting,
            "price_include_vat": kind.price_include_vat,
        }
        for kind in office.company.document_types
        if request.document_type in {None, kind.number}
    ]
    if not rows:
        raise refusals.NO_DATA_FOUND.error()
    return {"document_type_list": rows}


def receipt_types(request: TypeList, office: Office) -> dict[str, object]:
    """List receipt types."""
    del request
    rows = [
        {
            "receipt_type": kind.number,
            "receipt_name": kind.name,
            "is_invoice_receipt": kind.invoice_receipt,
        }
        for kind in office.company.receipt_types
    ]
    return {"receipt_type_list": rows}


def payment_types(request: TypeList, office: Office) -> dict[str, object]:
    """List payment types."""
    del request
    rows = [
        {
            "payment_type": kind.number,
            "payment_name": kind.name,
            "type_code": kind.type_code,
        }
        for kind in office.company.payment_types
    ]
    return {"payment_type_list": rows}


def banks(request: TypeList, office: Office) -> dict[str, object]:
    """List banks."""
    del request
    rows = [{"bank_code": bank.code, "bank_name": bank.name} for bank in office.company.banks]
    return {"bank_list": rows}


def currencies(request: TypeList, office: Office) -> dict[str, object]:
    """List currencies."""
    del request
    rows = [
        {"currency_id": one.number, "currency_name": one.name, "iso_code": one.iso}
        for one in office.company.currencies
    ]
    return {"currency_list": rows}


def vat_rate(request: TypeList, office: Office) -> dict[str, object]:
    """Say the company's last VAT rate."""
    del request
    return {"vat_rate": office.company.vat_rate}
