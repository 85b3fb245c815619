"""Receipt.New: money received, or with negative payments money given back."""

from refund_adapters.sandbox import links, parties, refusals
from refund_adapters.sandbox.company import ReceiptType
from refund_adapters.sandbox.messages import ReceiptNew
from refund_adapters.sandbox.office import Office, signed
from refund_adapters.sandbox.papers import Customer, Key, Kind, Receipt
from refund_adapters.sandbox.payments import payments_of, sum_of


def new_receipt(request: ReceiptNew, office: Office) -> dict[str, object]:
    """Make the receipt, unless it is only a check."""
    kind = office.company.receipt_type(request.receipt_type)
    if kind is None:
        raise refusals.RECEIPT_TYPE_NOT_EXISTS.error(str(request.receipt_type))
    if kind.invoice_receipt:
        raise refusals.NOT_SUPPORTED_RECEIPT_TYPE.error(str(request.receipt_type))
    card = parties.customer_of(request, office)
    parties.valid_id_number(request)
    closed = links.closed_key(request, office.books)
    receipt = _receipt(request, kind, card, closed, office)
    links.within_the_original(Kind.RECEIPT, receipt.credits, receipt.amount, office)
    if request.check_only:
        return {}
    office.books.customers.setdefault(card.customer_id, card)
    office.books.add_receipt(receipt)
    if closed is not None:
        links.close(office, closed, receipt, Kind.RECEIPT)
    if request.send_mail is not False:
        office.mail(request.email_to, card.customer_id, Kind.RECEIPT, receipt.key)
    return answer(receipt, office)


def answer(receipt: Receipt, office: Office) -> dict[str, object]:
    """Write what Receipt.New answers: under the names of a document."""
    data: dict[str, object] = {
        "document_type": receipt.key.type,
        "document_number": receipt.key.number,
        "document_identity": receipt.identity,
        "document_link": office.link(receipt.identity),
        "print_status": 0,
        "customer_id": receipt.customer_id,
    }
    if office.switches.receipt_new_answers_amount:
        data["amount"] = signed(
            receipt.amount, office.switches.credit_sign_new, credit=receipt.amount < 0
        )
    return data


def _receipt(
    request: ReceiptNew, kind: ReceiptType, card: Customer, closed: Key | None, office: Office
) -> Receipt:
    issue_date, issue_time = office.issued(request.issue_date, request.issue_time)
    currency_id, rate = office.currency(request.currency_id, request.exchange_rate)
    payments = payments_of(request.payments, office, currency_id=currency_id, issue_date=issue_date)
    amount = sum_of(payments)
    original = links.original_of(
        Kind.RECEIPT, card.customer_id, request.comments or "", None, office.books
    )
    return Receipt(
        key=Key(kind.number, office.books.next_number(Kind.RECEIPT, kind.number)),
        identity=office.identity(),
        customer_id=card.customer_id,
        customer_name=parties.name_of(request, card),
        issue_date=issue_date,
        issue_time=issue_time,
        currency_id=currency_id,
        exchange_rate=rate,
        reference=request.reference or 0,
        agent_id=request.agent_id or 0,
        comments=_comments(request.comments, closed, office),
        payments=payments,
        made_at=office.at,
        made_by=office.order,
        credits=original if amount < 0 else None,
        amount=amount,
    )


def _comments(asked: str | None, closed: Key | None, office: Office) -> str:
    """Closing with a receipt makes the system add which document it closes."""
    if closed is None:
        return asked or ""
    kind = office.company.document_type(closed.type)
    automatic = office.company.closing_comment.format(
        name=kind.name if kind else "", type=closed.type, number=closed.number
    )
    return f"{asked} {automatic}" if asked else automatic
