"""Customer.*: the cards, what a customer owes, and which documents are open or closed."""

from decimal import Decimal

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.office import Office, signed
from refund_adapters.sandbox.papers import Closing, Customer, Document, Kind
from refund_adapters.sandbox.parties import id_number_is_valid
from refund_adapters.sandbox.questions import (
    CustomerBalance,
    CustomerDocuments,
    CustomerGet,
    CustomerNew,
)
from refund_adapters.sandbox.wire import read_date, write_date

CRITERIA = ("customer_id", "email", "acc_ref", "id_number", "vat_number")


def get_customer(request: CustomerGet, office: Office) -> dict[str, object]:
    """Find the card on which every member of the request matches."""
    asked = {name: value for name in CRITERIA if (value := getattr(request, name)) is not None}
    for card in office.books.customers.values():
        if asked and all(getattr(card, name) == value for name, value in asked.items()):
            return card.model_dump()
    if office.switches.customer_not_found_is_no_data:
        raise refusals.NO_DATA_FOUND.error()
    raise refusals.CUSTOMER_CARD_NOT_EXISTS.error()


def new_customer(request: CustomerNew, office: Office) -> dict[str, object]:
    """Make a card; a number asked for in cust_id is used while it is free."""
    if not id_number_is_valid(request.id_number or 0):
        raise refusals.INVALID_ID_NUMBER.error()
    cards = office.books.customers
    number = request.cust_id or 0
    if not number or number in cards:
        number = max(cards, default=0) + 1
    given = request.model_dump(exclude_none=True)
    given["exempt_vat"] = bool(request.exempt_vat or request.exampt_vat)
    given["street"] = given.pop("address", "")
    cards[number] = Customer.model_validate(given | {"customer_id": number})
    return {"customer_id": number}


def balance(request: CustomerBalance, office: Office) -> dict[str, object]:
    """Say what a customer owes, in shekels."""
    if request.customer_id not in office.books.customers:
        raise refusals.CUSTOMER_CARD_NOT_EXISTS.error(str(request.customer_id))
    return {"balance": office.books.balance(request.customer_id)}


def open_documents(request: CustomerDocuments, office: Office) -> dict[str, object]:
    """List documents of which something is open."""
    rows = [
        _open(document, office)
        for document in office.books.documents.values()
        if _asked_for(document, request, office) and office.books.open_amount(document.key)
    ]
    if not rows:
        raise refusals.NO_DATA_FOUND.error()
    return {"open_documents": rows}


def closed_documents(request: CustomerDocuments, office: Office) -> dict[str, object]:
    """List documents of which something is closed, and by what; the only place that says so."""
    rows = [
        _open(document, office)
        | {"closing_list": [_closing(one, office) for one in closings if one.amount]}
        for document in office.books.documents.values()
        if _asked_for(document, request, office)
        and (closings := office.books.closings_of(document.key))
    ]
    if not rows:
        raise refusals.NO_DATA_FOUND.error()
    return {"closed_documents": rows}


def _asked_for(document: Document, request: CustomerDocuments, office: Office) -> bool:
    day = document.issue_date if request.by_produce_date else document.due_date
    accounting = office.books.is_accounting(document.key)
    return (
        request.customer_id in {0, document.customer_id}
        and request.document_type in {None, 0, document.key.type}
        and (request.from_date is None or read_date(request.from_date) <= day)
        and (request.until_date is None or day <= read_date(request.until_date))
        and not (request.accounting_only and not accounting)
        and not (request.no_accounting and accounting)
        and request.agent_id in {None, 0, document.agent_id}
    )


def _open(document: Document, office: Office) -> dict[str, object]:
    sign, credit = office.switches.credit_sign_list, document.amount < 0
    still_open = office.books.open_amount(document.key)
    paid: Decimal = document.amount - still_open
    return {
        "document_type": document.key.type,
        "document_number": document.key.number,
        "customer_id": document.customer_id,
        "customer_name": document.customer_name,
        "currency_id": document.currency_id,
        "issue_date": write_date(document.issue_date),
        "due_date": write_date(document.due_date),
        "order": document.order,
        "reference": str(document.reference),
        "total_amount": signed(document.amount, sign, credit=credit),
        "paid_amount": signed(paid, sign, credit=credit),
        "balance": signed(still_open, sign, credit=credit),
    }


def _closing(closing: Closing, office: Office) -> dict[str, object]:
    kind = (
        office.company.receipt_type(closing.closer.type)
        if closing.kind is Kind.RECEIPT
        else office.company.document_type(closing.closer.type)
    )
    return {
        "amount": closing.amount,
        "close_date": write_date(closing.on),
        "close_type": kind.name if kind else "",
        "sub_type": closing.closer.type,
        "sub_num": closing.closer.number,
    }
