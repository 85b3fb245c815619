"""Document.Cancel and Receipt.Cancel: a new paper that takes the whole of an old one back."""

from dataclasses import replace
from datetime import date, time

from refund_adapters.sandbox import links, refusals
from refund_adapters.sandbox.company import PLAIN_RECEIPT
from refund_adapters.sandbox.documents import confirmation_number
from refund_adapters.sandbox.messages import Cancel, DocumentCancel, ReceiptCancel
from refund_adapters.sandbox.office import Office
from refund_adapters.sandbox.papers import Document, Key, Kind, Paper, Receipt, amount_of
from refund_adapters.sandbox.switches import CancelComment, SecondCancel


def cancel_document(request: DocumentCancel, office: Office) -> dict[str, object]:
    """Credit the whole document; of an invoice-receipt this is the invoice half only."""
    kind = office.company.document_type(request.document_type)
    if kind is None:
        raise refusals.DOCUMENT_TYPE_NOT_EXISTS.error(str(request.document_type))
    key = Key(request.document_type, request.document_number)
    original = office.books.documents.get(key)
    if original is None:
        raise refusals.DOCUMENT_NOT_EXISTS.error(f"{key.type}/{key.number}")
    issued = office.issued(request.cancellation_date, request.cancellation_time)
    earlier = _earlier(original, Kind.DOCUMENT, office)
    if isinstance(earlier, Document):
        return _document_answer(earlier, office)
    _may_be_cancelled(original, office)
    comments = _comments(request, original.key, kind.name, request.language or "he", office)
    credit = _credit(original, issued, comments, office)
    if request.check_only and office.switches.check_only_on_cancel:
        return {}
    open_before = office.books.open_amount(key)
    office.books.add_document(credit)
    _mark(original, Kind.DOCUMENT, office)
    if office.switches.cancel_closes_original and open_before:
        links.close(office, key, credit, Kind.DOCUMENT)
    _mail(request, credit, Kind.DOCUMENT, office)
    return _document_answer(credit, office)


def cancel_receipt(request: ReceiptCancel, office: Office) -> dict[str, object]:
    """Take the whole receipt back; of an invoice-receipt this is the receipt half only."""
    kind = office.company.receipt_type(request.receipt_type)
    if kind is None:
        raise refusals.RECEIPT_TYPE_NOT_EXISTS.error(str(request.receipt_type))
    key = Key(request.receipt_type, request.receipt_number)
    original = office.books.receipts.get(key)
    if original is None:
        raise refusals.RECEIPT_NOT_EXISTS.error(f"{key.type}/{key.number}")
    invoice = office.books.documents.get(key) if kind.invoice_receipt else None
    if invoice is not None and not invoice.is_cancelled and office.switches.invoice_half_first:
        raise refusals.INVOICE_HALF_FIRST.error(f"{key.type}/{key.number}")
    issued = office.issued(request.cancellation_date, request.cancellation_time)
    earlier = _earlier(original, Kind.RECEIPT, office)
    if isinstance(earlier, Receipt):
        return _receipt_answer(earlier, office)
    _not_partly_credited(original, Kind.RECEIPT, office)
    comments = _comments(request, key, kind.name, "he", office)
    back = _return(original, issued, comments, office, invoice_receipt=kind.invoice_receipt)
    if request.check_only and office.switches.check_only_on_cancel:
        return {}
    office.books.add_receipt(back)
    _mark(original, Kind.RECEIPT, office)
    _reopen(original, back, office)
    _mail(request, back, Kind.RECEIPT, office)
    return _receipt_answer(back, office)


def _earlier(original: Paper, kind: Kind, office: Office) -> Paper | None:
    """Look for an earlier cancellation and do with it what the switch says."""
    found = next(
        (one for one in office.books.credits_of(kind, original.key) if one.cancels is not None),
        None,
    )
    if found is None:
        return None
    match office.switches.second_cancel:
        case SecondCancel.ERROR:
            key = found.key
            raise refusals.ALREADY_CANCELLED.error(f"by {key.type}/{key.number}")
        case SecondCancel.NOOP:
            return found
        case SecondCancel.DUPLICATE:
            return None


def _may_be_cancelled(original: Document, office: Office) -> None:
    switches, books = office.switches, office.books
    _not_partly_credited(original, Kind.DOCUMENT, office)
    if not switches.cancel_of_closed_allowed and books.is_closed(original.key):
        raise refusals.CANCEL_NOT_ALLOWED.error("closed")
    if not switches.cancel_of_credit_allowed and original.amount < 0:
        raise refusals.CANCEL_NOT_ALLOWED.error("a credit")
    if not switches.cancel_of_non_accounting_allowed and not books.is_accounting(original.key):
        raise refusals.CANCEL_NOT_ALLOWED.error("not in the accounts")


def _not_partly_credited(original: Paper, kind: Kind, office: Office) -> None:
    if not office.switches.cancel_of_partly_credited_allowed and any(
        paper.credits is not None for paper in office.books.credits_of(kind, original.key)
    ):
        raise refusals.CANCEL_NOT_ALLOWED.error("partly credited")
    links.within_the_original(kind, original.key, -amount_of(original), office)


def _credit(
    original: Document, issued: tuple[date, time], comments: str, office: Office
) -> Document:
    number_of_type = office.company.cancelled_into
    kind = office.company.document_type(number_of_type)
    if kind is None:
        raise refusals.DOCUMENT_TYPE_NOT_EXISTS.error(str(number_of_type))
    return replace(
        original,
        key=Key(number_of_type, office.books.next_number(Kind.DOCUMENT, number_of_type)),
        identity=office.identity(),
        issue_date=issued[0],
        issue_time=issued[1],
        due_date=issued[0],
        reference=0,
        comments=comments,
        is_cancelled=False,
        payments=(),
        made_at=office.at,
        made_by=office.order,
        cancels=original.key,
        credits=None,
        lines=tuple(replace(line.negated(), is_closed=False) for line in original.lines),
        totals=original.totals.negated(),
        confirmation_number=confirmation_number(kind, office, credit=True),
    )


def _return(
    original: Receipt,
    issued: tuple[date, time],
    comments: str,
    office: Office,
    *,
    invoice_receipt: bool,
) -> Receipt:
    number_of_type = original.key.type
    if invoice_receipt:
        number_of_type = office.switches.receipt_cancel_of_type_2_gives
    if office.company.receipt_type(number_of_type) is None:
        number_of_type = PLAIN_RECEIPT
    return replace(
        original,
        key=Key(number_of_type, office.books.next_number(Kind.RECEIPT, number_of_type)),
        identity=office.identity(),
        issue_date=issued[0],
        issue_time=issued[1],
        reference=0,
        comments=comments,
        is_cancelled=False,
        payments=tuple(payment.negated() for payment in original.payments),
        made_at=office.at,
        made_by=office.order,
        cancels=original.key,
        credits=None,
        amount=-original.amount,
    )


def _comments(request: Cancel, key: Key, name: str, language: str, office: Office) -> str:
    """Name the cancelled paper, and treat the caller's comment as the switch says."""
    automatic = office.company.cancellation_comment[language].format(
        name=name, type=key.type, number=key.number
    )
    if request.comments is None:
        return automatic
    match office.switches.cancel_comment:
        case CancelComment.JOINS:
            return f"{automatic} {request.comments}"
        case CancelComment.REPLACES:
            return request.comments
        case CancelComment.IGNORED:
            return automatic


def _mark(original: Paper, kind: Kind, office: Office) -> None:
    office.books.mark_cancelled(kind, original.key)
    if not office.switches.half_cancel_marks_other_half:
        return
    number_of_type = original.key.type
    found = (
        office.company.document_type(number_of_type)
        if kind is Kind.DOCUMENT
        else office.company.receipt_type(number_of_type)
    )
    if found is not None and found.invoice_receipt:
        other = Kind.RECEIPT if kind is Kind.DOCUMENT else Kind.DOCUMENT
        office.books.mark_cancelled(other, original.key)


def _reopen(original: Receipt, back: Receipt, office: Office) -> None:
    """Open again what the receipt had closed, or close the credit of its invoice instead."""
    books, switches = office.books, office.switches
    if switches.receipt_cancel_closes_credit:
        credit = _open_credit_of(original.key, office)
        if credit is not None:
            links.close(office, credit.key, back, Kind.RECEIPT)
            return
    if not switches.receipt_cancel_reopens:
        return
    for closing in books.closed_by(Kind.RECEIPT, original.key):
        books.close(replace(closing, amount=-closing.amount, on=back.issue_date, closer=back.key))
        credit = _open_credit_of(closing.closed, office)
        if credit is not None and switches.cancel_closes_original:
            links.close(office, closing.closed, credit, Kind.DOCUMENT)


def _open_credit_of(original: Key, office: Office) -> Document | None:
    books = office.books
    return next(
        (
            books.documents[credit.key]
            for credit in books.credits_of(Kind.DOCUMENT, original)
            if credit.cancels is not None and books.open_amount(credit.key) < 0
        ),
        None,
    )


def _mail(request: Cancel, made: Paper, kind: Kind, office: Office) -> None:
    if request.email_to is not None or office.switches.mail_on_cancel:
        office.mail(request.email_to, made.customer_id, kind, made.key)


def _document_answer(credit: Document, office: Office) -> dict[str, object]:
    data: dict[str, object] = {
        "cancel_document_type": credit.key.type,
        "cancel_document_number": credit.key.number,
        "cancel_document_identity": credit.identity,
        "cancel_document_link": office.link(credit.identity),
    }
    return {"status": 0} | data if office.switches.document_cancel_answers_status else data


def _receipt_answer(back: Receipt, office: Office) -> dict[str, object]:
    return {
        "status": 0,
        "cancel_receipt_type": back.key.type,
        "cancel_receipt_number": back.key.number,
        "cancel_receipt_identity": back.identity,
        "cancel_receipt_link": office.link(back.identity),
    }
