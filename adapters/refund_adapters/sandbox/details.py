"""Document.Details and Receipt.Details, and the last paper of a type: one paper in full.

Where a foreign-currency document's members are not published, they are named as in Document.New:
`price_mtc` and `exchange_rate` stand beside the others, and totals are in the document's currency.
"""

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.company import ILS
from refund_adapters.sandbox.links import shows_cancelled
from refund_adapters.sandbox.office import Office, signed
from refund_adapters.sandbox.papers import Document, Key, Kind, Line, Payment, Receipt
from refund_adapters.sandbox.payments import sum_of
from refund_adapters.sandbox.questions import OneDocument, OneReceipt
from refund_adapters.sandbox.switches import Sign
from refund_adapters.sandbox.wire import write_date, write_time


def document_details(request: OneDocument, office: Office) -> dict[str, object]:
    """Show one document."""
    _type_exists(request.document_type, office)
    key = Key(request.document_type, request.document_number)
    document = office.books.documents.get(key)
    if document is None:
        raise refusals.DOCUMENT_NOT_EXISTS.error(f"{key.type}/{key.number}")
    return show_document(document, office)


def last_document(request: OneDocument, office: Office) -> dict[str, object]:
    """Show the last document of a type."""
    _type_exists(request.document_type, office)
    found = [key for key in office.books.documents if key.type == request.document_type]
    if not found:
        raise refusals.NO_DATA_FOUND.error()
    return show_document(office.books.documents[max(found)], office)


def receipt_details(request: OneReceipt, office: Office) -> dict[str, object]:
    """Show one receipt."""
    if office.company.receipt_type(request.receipt_type) is None:
        raise refusals.RECEIPT_TYPE_NOT_EXISTS.error(str(request.receipt_type))
    key = Key(request.receipt_type, request.receipt_number)
    receipt = office.books.receipts.get(key)
    if receipt is None:
        raise refusals.RECEIPT_NOT_EXISTS.error(f"{key.type}/{key.number}")
    return show_receipt(receipt, office)


def last_receipt(request: OneReceipt, office: Office) -> dict[str, object]:
    """Show the last receipt of a type."""
    if office.company.receipt_type(request.receipt_type) is None:
        raise refusals.RECEIPT_TYPE_NOT_EXISTS.error(str(request.receipt_type))
    found = [key for key in office.books.receipts if key.type == request.receipt_type]
    if not found:
        raise refusals.NO_DATA_FOUND.error()
    return show_receipt(office.books.receipts[max(found)], office)


def show_document(document: Document, office: Office) -> dict[str, object]:
    """Write a document as Document.Details does."""
    switches, sums = office.switches, document.totals
    sign, credit = switches.credit_sign_details, document.amount < 0
    quirks = switches.hebrew_type_names
    kind = office.company.document_type(document.key.type)
    number = document.key.number
    data: dict[str, object] = {
        "company_id": office.company.company_id,
        "customer_id": document.customer_id,
        "customer_name": document.customer_name,
        "document_type": kind.name if quirks and kind else document.key.type,
        "document_number": f"{document.key.type:02d}/{number}" if quirks else number,
        "document_date": write_date(document.issue_date),
        "document_time": write_time(document.issue_time),
        "due_date": write_date(document.due_date),
        "order": document.order,
        "currency_id": document.currency_id,
        "sort_code": document.sort_code,
        "price_include_vat": document.price_include_vat,
        "vat_percent": f"{document.vat_percent.normalize():f}%" if quirks else document.vat_percent,
        "total_vat": signed(sums.vat, sign, credit=credit),
        "total_without_vat": signed(sums.net, sign, credit=credit),
        "document_total": signed(sums.total, sign, credit=credit),
        "receipt_total": sum_of(document.payments),
        "is_closed": office.books.is_closed(document.key),
        "is_cancelled": shows_cancelled(document, Kind.DOCUMENT, office),
        "confirmation_number": document.confirmation_number,
        "discount_type": document.discount_type or 0,
        "discount_value": document.discount_value,
        "items": [_line(line, document, sign) for line in document.lines],
        "payments": [_payment(payment, office) for payment in document.payments],
    }
    if document.currency_id != ILS:
        data["exchange_rate"] = document.exchange_rate
    if switches.details_shows_comments:
        data["comments"] = document.comments
    return data


def show_receipt(receipt: Receipt, office: Office) -> dict[str, object]:
    """Write a receipt as Receipt.Details does."""
    card = office.books.customers.get(receipt.customer_id)
    sign = office.switches.credit_sign_details
    data: dict[str, object] = {
        "receipt_type": receipt.key.type,
        "receipt_number": receipt.key.number,
        "receipt_date": write_date(receipt.issue_date),
        "receipt_time": write_time(receipt.issue_time),
        "amount": signed(receipt.amount, sign, credit=receipt.amount < 0),
        "agent_id": receipt.agent_id,
        "comments": receipt.comments,
        "company_id": office.company.company_id,
        "company_name": office.company.name,
        "currency_id": receipt.currency_id,
        "exchange_rate": receipt.exchange_rate,
        "reference": receipt.reference,
        "customer_id": receipt.customer_id,
        "customer_name": receipt.customer_name,
        "customer_city": card.city if card else "",
        "customer_email": card.email if card else "",
        "customer_id_number": card.id_number if card else 0,
        "customer_phone": card.phone if card else "",
        "customer_zipcode": card.zipcode if card else 0,
        "payments": [_printed(payment, receipt, office) for payment in receipt.payments],
    }
    if office.switches.cancelled_flag_on_receipts:
        data["is_cancelled"] = shows_cancelled(receipt, Kind.RECEIPT, office)
    return data


def _type_exists(number: int, office: Office) -> None:
    if office.company.document_type(number) is None:
        raise refusals.DOCUMENT_TYPE_NOT_EXISTS.error(str(number))


def _line(line: Line, document: Document, sign: Sign) -> dict[str, object]:
    turned = document.amount < 0 and sign is Sign.POSITIVE
    shown = line.negated() if turned else line
    data: dict[str, object] = {
        "line": shown.line,
        "item_id": shown.item_id,
        "catalog_number": shown.catalog_number,
        "description": shown.description,
        "quantity": shown.quantity,
        "price_nis": shown.price_nis,
        "total_line": shown.total,
        "is_closed": shown.is_closed,
    }
    if document.currency_id != ILS:
        data["price_mtc"] = shown.price
    if shown.exempt:
        data["exempt_vat"] = True
    return data


def _payment(payment: Payment, office: Office) -> dict[str, object]:
    return _named(payment.payment_type, office) | {
        "amount": payment.amount,
        "check_number": payment.check_number or 0,
        "due_date": write_date(payment.due_date),
    }


def _printed(payment: Payment, receipt: Receipt, office: Office) -> dict[str, object]:
    sign, credit = office.switches.credit_sign_details, receipt.amount < 0
    return _named(payment.payment_type, office) | {
        "amount": signed(payment.amount, sign, credit=credit),
        "bank": payment.bank or 0,
        "branch": payment.branch or 0,
        "account_number": payment.account_number,
        "check_number": payment.check_number or 0,
        "description": payment.description,
        "due_date": write_date(payment.due_date),
    }


def _named(payment_type: int, office: Office) -> dict[str, object]:
    found = office.company.payment_type(payment_type)
    return {
        "payment_type_id": 0 if office.switches.hebrew_type_names else payment_type,
        "payment_type": found.name if found else "",
    }
