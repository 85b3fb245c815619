"""Fills the books from JSON Lines in the API's own answer format.

Each line is an object with one member that says what it is: {"customer": ...} as Customer.Get
answers it, {"document": ...} as Document.Details does, {"receipt": ...} as Receipt.Details does,
{"closed_documents": [...]} and {"open_documents": [...]} as the methods of Customer.* do. Amounts
are checked to the agora: a document must add up, and the open rows must be what the books say.
"""

import copy
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from decimal import Decimal
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from refund_adapters.sandbox.answer_rows import (
    ClosedRow,
    DocumentRow,
    LoadError,
    OpenRow,
    ReceiptRow,
)
from refund_adapters.sandbox.books import Books
from refund_adapters.sandbox.papers import (
    Closing,
    Customer,
    Document,
    Key,
    Kind,
    Line,
    Receipt,
)
from refund_adapters.sandbox.payments import sum_of
from refund_adapters.sandbox.pricing import Terms, Totals, totals
from refund_adapters.sandbox.refusals import ApiError, MalformedRequestError, SandboxError
from refund_adapters.sandbox.switches import Switches
from refund_adapters.sandbox.wire import ISRAEL, read_date, read_json

DEMO = "demo_books.jsonl"
BY_HAND = Key(0, 0)
READING_FAILS = (MalformedRequestError, ValidationError, ApiError, LoadError, ArithmeticError)
NAMESPACE = uuid.UUID("6f0b7a1e-6923-4c1d-9c6e-000000000001")


@dataclass(slots=True)
class _Found:
    """What the lines hold, before it is booked."""

    documents: list[Document] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    open_rows: list[OpenRow] = field(default_factory=list)


def load_demo(books: Books) -> int:
    """Load the originals of the demo; return how many papers came in."""
    shipped = resources.files(__package__).joinpath(DEMO).read_text(encoding="utf-8")
    return load(books, shipped.splitlines())


def load_file(books: Books, path: Path) -> int:
    """Load a file; return how many papers came in."""
    try:
        return load(books, path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(f"{path} cannot be read: {error}") from error


def load(books: Books, lines: Iterable[str]) -> int:
    """Load lines into the books, all or, where one is wrong, none; return how many papers."""
    found = _Found()
    customers: dict[int, Customer] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            _take(read_json(line.encode()), found, customers, books)
        except READING_FAILS as error:
            raise LoadError(f"line {number}: {error}") from error
    filled = copy.deepcopy(books)
    filled.customers.update(customers)
    try:
        _book(found, filled)
    except (SandboxError, ArithmeticError) as error:
        raise LoadError(str(error)) from error
    for one in fields(books):
        setattr(books, one.name, getattr(filled, one.name))
    return len(found.documents) + len(found.receipts)


def _take(
    line: dict[str, object], found: _Found, customers: dict[int, Customer], books: Books
) -> None:
    match line:
        case {"customer": dict() as row}:
            card = Customer.model_validate(row)
            customers[card.customer_id] = card
        case {"document": dict() as row}:
            found.documents.append(_document(DocumentRow.model_validate(row), books))
        case {"receipt": dict() as row}:
            found.receipts.append(_receipt(ReceiptRow.model_validate(row), books))
        case {"closed_documents": list() as rows}:
            for row in rows:
                found.closings += _closings(ClosedRow.model_validate(row), books)
        case {"open_documents": list() as rows}:
            found.open_rows += [OpenRow.model_validate(row) for row in rows]
        case _:
            raise LoadError(
                "expected one of customer, document, receipt, closed_documents, open_documents"
            )


def _document(row: DocumentRow, books: Books) -> Document:
    key = row.key(books.company)
    kind = books.company.document_type(key.type)
    if kind is None:
        raise LoadError(f"there is no document type {key.type}")
    lines = _lines(row)
    if sum((payment.amount for payment in row.payments), Decimal(0)) != row.receipt_total:
        raise LoadError(f"document {row.document_number}: its payments are not receipt_total")
    sums = _sums(row, lines)
    issued = read_date(row.document_date)
    document = Document(
        key=key,
        identity=_identity(Kind.DOCUMENT, key),
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        issue_date=issued,
        issue_time=row.document_time,
        due_date=read_date(row.due_date) if row.due_date else issued,
        currency_id=row.currency_id,
        exchange_rate=row.exchange_rate,
        order=row.order,
        comments=row.comments,
        is_cancelled=row.is_cancelled,
        sort_code=row.sort_code,
        price_include_vat=row.price_include_vat,
        vat_percent=row.vat_percent,
        discount_type=row.discount_type or None,
        discount_value=row.discount_value,
        lines=lines,
        totals=sums,
        payments=tuple(payment.payment(books.company, issued) for payment in row.payments),
        confirmation_number=row.confirmation_number,
        made_at=datetime.combine(issued, row.document_time, ISRAEL),
    )
    return _as_credit(document) if kind.credit and document.amount > 0 else document


def _lines(row: DocumentRow) -> tuple[Line, ...]:
    return tuple(
        Line(
            line=item.line or number,
            item_id=item.item_id,
            catalog_number=item.catalog_number,
            description=item.description,
            quantity=item.quantity,
            price=item.price_nis if item.price_mtc is None else item.price_mtc,
            price_nis=item.price_nis,
            exempt=item.exempt_vat,
            total=item.total_line,
            is_closed=item.is_closed,
        )
        for number, item in enumerate(row.items, start=1)
    )


def _sums(row: DocumentRow, lines: tuple[Line, ...]) -> Totals:
    """Take the totals as they stand, if the lines come to them."""
    terms = Terms(
        price_include_vat=row.price_include_vat,
        vat_percent=row.vat_percent,
        discount_type=row.discount_type or None,
        discount_value=row.discount_value,
    )
    expected = totals([(line.total, line.exempt) for line in lines], terms, Switches())
    stated = Totals(row.total_without_vat, row.total_vat, row.document_total, expected.exempt)
    if stated != expected:
        raise LoadError(
            f"document {row.document_number} says {stated.net} + {stated.vat} = {stated.total}, "
            f"but its lines come to {expected.net} + {expected.vat} = {expected.total}"
        )
    return stated


def _as_credit(document: Document) -> Document:
    """Turn a credit that was written with positive amounts round, as the books keep it."""
    return replace(
        document,
        lines=tuple(line.negated() for line in document.lines),
        totals=document.totals.negated(),
    )


def _receipt(row: ReceiptRow, books: Books) -> Receipt:
    issued = read_date(row.receipt_date)
    key = Key(row.receipt_type, row.receipt_number)
    if books.company.receipt_type(key.type) is None:
        raise LoadError(f"there is no receipt type {key.type}")
    payments = tuple(payment.payment(books.company, issued) for payment in row.payments)
    if sum_of(payments) != row.amount:
        raise LoadError(
            f"receipt {key.type}/{key.number} says {row.amount}, "
            f"but its payments come to {sum_of(payments)}"
        )
    return Receipt(
        key=key,
        identity=_identity(Kind.RECEIPT, key),
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        issue_date=issued,
        issue_time=row.receipt_time,
        currency_id=row.currency_id,
        exchange_rate=row.exchange_rate,
        comments=row.comments,
        payments=payments,
        made_at=datetime.combine(issued, row.receipt_time, ISRAEL),
        amount=row.amount,
    )


def _closings(row: ClosedRow, books: Books) -> list[Closing]:
    receipts = {kind.name for kind in books.company.receipt_types}
    return [
        Closing(
            closed=Key(row.document_type, row.document_number),
            amount=one.amount,
            on=read_date(one.close_date),
            kind=Kind.RECEIPT if one.close_type in receipts else Kind.DOCUMENT,
            closer=Key(one.sub_type, one.sub_num),
        )
        for one in row.closing_list
    ]


def _book(found: _Found, books: Books) -> None:
    for document in found.documents:
        _known(document.customer_id, books)
        books.add_document(document)
    for receipt in found.receipts:
        _known(receipt.customer_id, books)
        books.add_receipt(receipt)
    for closing in found.closings:
        _between_what_is_there(closing, books)
        books.close(closing)
    linked = {closing.closed for closing in found.closings}
    for document in found.documents:
        kind = books.company.document_type(document.key.type)
        if kind is not None and kind.invoice_receipt:
            _with_its_receipt(document, books, closed=document.key in linked)
    for row in found.open_rows:
        _open_as_stated(row, books)


def _known(customer_id: int, books: Books) -> None:
    if customer_id not in books.customers:
        raise LoadError(f"customer {customer_id} has no card")


def _between_what_is_there(closing: Closing, books: Books) -> None:
    papers = books.receipts if closing.kind is Kind.RECEIPT else books.documents
    for key, there in ((closing.closed, books.documents), (closing.closer, papers)):
        if key != BY_HAND and key not in there:
            raise LoadError(f"a closing names {key.type}/{key.number}, which is not there")


def _with_its_receipt(document: Document, books: Books, *, closed: bool) -> None:
    """Book the receipt half where no line gave it, and that it pays the invoice half."""
    if document.key not in books.receipts:
        books.add_receipt(_own_receipt(document))
    if not closed:
        paid = books.receipts[document.key].amount
        books.close(_closing(document.key, paid, document.issue_date, document.key))


def _open_as_stated(row: OpenRow, books: Books) -> None:
    """Compare an open row with the books; what it says is paid beyond them was closed by hand."""
    key = Key(row.document_type, row.document_number)
    document = books.documents.get(key)
    if document is None:
        raise LoadError(f"document {key.type}/{key.number} is open but not there")
    sign = Decimal(1).copy_sign(document.amount)
    paid, still_open = abs(row.paid_amount) * sign, abs(row.balance) * sign
    if abs(row.total_amount) * sign != document.amount or paid + still_open != document.amount:
        raise LoadError(f"document {key.type}/{key.number}: its open row does not add up")
    more = books.open_amount(key) - still_open
    if more * sign < 0:
        raise LoadError(f"document {key.type}/{key.number}: more is closed than its open row says")
    books.close(_closing(key, more, document.issue_date, BY_HAND))


def _own_receipt(document: Document) -> Receipt:
    return Receipt(
        key=document.key,
        identity=_identity(Kind.RECEIPT, document.key),
        customer_id=document.customer_id,
        customer_name=document.customer_name,
        issue_date=document.issue_date,
        issue_time=document.issue_time,
        currency_id=document.currency_id,
        exchange_rate=document.exchange_rate,
        payments=document.payments,
        made_at=document.made_at,
        amount=sum_of(document.payments),
    )


def _closing(closed: Key, amount: Decimal, on: date, closer: Key) -> Closing:
    return Closing(closed=closed, amount=amount, on=on, kind=Kind.RECEIPT, closer=closer)


def _identity(kind: Kind, key: Key) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{key.type}/{key.number}"))
