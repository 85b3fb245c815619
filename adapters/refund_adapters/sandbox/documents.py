"""Document.New: an invoice, an invoice-receipt, or with negative prices a credit."""

from decimal import Decimal

from refund_adapters.sandbox import links, parties, refusals
from refund_adapters.sandbox.company import ILS, DocumentType
from refund_adapters.sandbox.messages import DocumentNew, ItemRow
from refund_adapters.sandbox.office import Office, signed
from refund_adapters.sandbox.papers import Customer, Document, Key, Kind, Line, Payment, Receipt
from refund_adapters.sandbox.payments import payments_of, sum_of
from refund_adapters.sandbox.pricing import PERCENT, Terms, agorot, totals
from refund_adapters.sandbox.wire import read_due_date

AMOUNT = 2
WHOLE = 100
LARGEST_DISCOUNT = Decimal("999999999.99")
ALLOCATION_NUMBERS = (10**8, 10**9)


def new_document(request: DocumentNew, office: Office) -> dict[str, object]:
    """Make the document, and for an invoice-receipt its receipt, unless it is only a check."""
    kind = office.company.document_type(request.document_type)
    if kind is None:
        raise refusals.DOCUMENT_TYPE_NOT_EXISTS.error(str(request.document_type))
    card = parties.customer_of(request, office)
    parties.valid_id_number(request)
    closed = links.closed_key(request, office.books)
    document = _document(request, kind, card, closed, office)
    links.within_the_original(Kind.DOCUMENT, document.credits, document.amount, office)
    if request.check_only:
        return {}
    office.books.customers.setdefault(card.customer_id, card)
    _book(document, kind, office)
    if closed is not None:
        links.close(office, closed, document, Kind.DOCUMENT)
    if request.send_mail is not False:
        office.mail(request.email_to, card.customer_id, Kind.DOCUMENT, document.key)
    return answer(document, office)


def answer(document: Document, office: Office) -> dict[str, object]:
    """Write what Document.New answers."""
    return {
        "document_type": document.key.type,
        "document_number": document.key.number,
        "customer_id": document.customer_id,
        "document_identity": document.identity,
        "document_link": office.link(document.identity),
        "print_status": 0,
        "amount": signed(
            document.amount, office.switches.credit_sign_new, credit=document.amount < 0
        ),
        "confirmation_number": document.confirmation_number,
    }


def confirmation_number(kind: DocumentType, office: Office, *, credit: bool) -> int:
    """Draw an allocation number, for documents that get one."""
    allowed = office.switches.allocation_number_on_credits if credit else kind.accounting
    return office.rng.randrange(*ALLOCATION_NUMBERS) if allowed else 0


def _document(
    request: DocumentNew, kind: DocumentType, card: Customer, closed: Key | None, office: Office
) -> Document:
    issue_date, issue_time = office.issued(request.issue_date, request.issue_time)
    currency_id, rate = office.currency(request.currency_id, request.exchange_rate)
    terms = _terms(request, kind, office)
    lines = _lines(request, terms, office, currency_id, rate)
    sums = totals([(line.total, line.exempt) for line in lines], terms, office.switches)
    payments = _paid(request, office, currency_id, sums.total) if kind.invoice_receipt else ()
    comments = request.comments or ""
    credit = sums.total < 0
    original = links.original_of(Kind.DOCUMENT, card.customer_id, comments, closed, office.books)
    return Document(
        key=Key(
            kind.number,
            office.books.next_number(Kind.DOCUMENT, kind.number, request.document_number),
        ),
        identity=office.identity(),
        customer_id=card.customer_id,
        customer_name=parties.name_of(request, card),
        issue_date=issue_date,
        issue_time=issue_time,
        due_date=issue_date if request.due_date is None else read_due_date(request.due_date),
        currency_id=currency_id,
        exchange_rate=rate,
        reference=request.reference or 0,
        agent_id=request.agent_id or 0,
        comments=comments,
        payments=payments,
        made_at=office.at,
        made_by=office.order,
        credits=original if credit else None,
        order=request.order or "",
        sort_code=_sort_code(request, office),
        price_include_vat=terms.price_include_vat,
        vat_percent=terms.vat_percent,
        discount_type=terms.discount_type,
        discount_value=terms.discount_value,
        lines=lines,
        totals=sums,
        confirmation_number=confirmation_number(kind, office, credit=credit or kind.credit),
    )


def _book(document: Document, kind: DocumentType, office: Office) -> None:
    office.books.add_document(document)
    if not kind.invoice_receipt:
        return
    receipt = Receipt(
        key=document.key,
        identity=office.identity(),
        customer_id=document.customer_id,
        customer_name=document.customer_name,
        issue_date=document.issue_date,
        issue_time=document.issue_time,
        currency_id=document.currency_id,
        exchange_rate=document.exchange_rate,
        payments=document.payments,
        made_at=document.made_at,
        made_by=document.made_by,
        amount=sum_of(document.payments),
    )
    office.books.add_receipt(receipt)
    links.close(office, document.key, receipt, Kind.RECEIPT)


def _terms(request: DocumentNew, kind: DocumentType, office: Office) -> Terms:
    company = office.company
    exempt = _sort_code(request, office) == company.sort_code_exempt
    value = request.discount_value or Decimal(0)
    if request.discount_type is not None and request.discount_type not in {PERCENT, AMOUNT}:
        raise refusals.INVALID_DISCOUNT_TYPE.error(str(request.discount_type))
    most = WHOLE if request.discount_type == PERCENT else LARGEST_DISCOUNT
    if not 0 <= value <= most:
        raise refusals.INVALID_DISCOUNT_VALUE.error(str(value))
    mode = request.price_include_vat
    return Terms(
        price_include_vat=kind.price_include_vat if mode is None else mode,
        vat_percent=Decimal(0) if exempt else company.vat_rate,
        discount_type=request.discount_type,
        discount_value=value,
        round_digits=request.round_digits,
    )


def _sort_code(request: DocumentNew, office: Office) -> int:
    company = office.company
    code = company.sort_code_with_vat if request.sort_code is None else request.sort_code
    if code not in {company.sort_code_with_vat, company.sort_code_exempt}:
        raise refusals.SORT_CODE_NOT_EXISTS.error(str(code))
    return code


def _lines(
    request: DocumentNew, terms: Terms, office: Office, currency_id: int, rate: Decimal
) -> tuple[Line, ...]:
    lines = tuple(
        _line(number, row, office, currency_id, rate)
        for number, row in enumerate(request.items, start=1)
    )
    if terms.discount_type == AMOUNT and len({line.exempt for line in lines}) > 1:
        raise refusals.INVALID_DISCOUNT_TYPE.error("exempt and taxed lines need a percentage")
    return lines


def _line(number: int, row: ItemRow, office: Office, currency_id: int, rate: Decimal) -> Line:
    wanted = (row.item_id, row.quantity, row.description, row.price_nis, row.price_mtc)
    if office.switches.item_fields_required and None in wanted:
        raise refusals.FIELD_REQUIRED.error("item_id, quantity, description, price_nis, price_mtc")
    if row.currency_id is not None and row.currency_id != currency_id:
        raise refusals.ITEM_CURRENCY_DIFFERS.error(str(row.currency_id))
    foreign = currency_id != ILS
    if foreign and row.price_mtc is None:
        raise refusals.FIELD_REQUIRED.error("price_mtc")
    in_shekels = row.price_nis or Decimal(0)
    price = row.price_mtc or Decimal(0) if foreign else in_shekels
    if row.closed_document_type and row.closed_document_num:
        _exists(Key(row.closed_document_type, row.closed_document_num), office)
    return Line(
        line=number,
        item_id=row.item_id or 0,
        catalog_number=row.catalog_number or "",
        description=row.description or office.company.general_item,
        quantity=row.quantity,
        price=price,
        price_nis=agorot(price * rate) if foreign else price,
        exempt=bool(row.exempt_vat) and not foreign,
        total=agorot(row.quantity * price),
    )


def _exists(key: Key, office: Office) -> None:
    if key not in office.books.documents:
        raise refusals.DOCUMENT_NOT_EXISTS.error(f"{key.type}/{key.number}")


def _paid(
    request: DocumentNew, office: Office, currency_id: int, total: Decimal
) -> tuple[Payment, ...]:
    issue_date, _ = office.issued(request.issue_date, request.issue_time)
    if not request.payments:
        raise refusals.RECEIPT_MISSING_PAYMENTS.error()
    payments = payments_of(request.payments, office, currency_id=currency_id, issue_date=issue_date)
    if sum_of(payments) != total:
        raise refusals.AMOUNTS_DIFFER.error(f"items {total}, payments {sum_of(payments)}")
    return payments
