"""Document.List and Receipt.List: rows by type, number, customer, agent and date."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeVar

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.links import shows_cancelled
from refund_adapters.sandbox.office import Office, signed
from refund_adapters.sandbox.papers import Document, Kind, Paper, Receipt
from refund_adapters.sandbox.questions import DocumentList, PaperList, ReceiptList
from refund_adapters.sandbox.switches import ListOrder, ListWindow
from refund_adapters.sandbox.wire import local, read_date, write_date, write_time

SIX_MONTHS = 6
YEAR = 12

Listed = TypeVar("Listed", Document, Receipt)


def document_list(request: DocumentList, office: Office) -> dict[str, object]:
    """List documents."""
    wanted = [
        document
        for document in office.books.documents.values()
        if _between(document.key.type, request.from_document_type, request.to_document_type)
        and _between(document.key.number, request.from_document_number, request.to_document_number)
    ]
    return {"document_list": [_document(row, office) for row in _shown(wanted, request, office)]}


def receipt_list(request: ReceiptList, office: Office) -> dict[str, object]:
    """List receipts."""
    wanted = [
        receipt
        for receipt in office.books.receipts.values()
        if _between(receipt.key.type, request.from_receipt_type, request.to_receipt_type)
        and _between(receipt.key.number, request.from_receipt_number, request.to_receipt_number)
    ]
    return {"receipt_list": [_receipt(row, office) for row in _shown(wanted, request, office)]}


def visible(paper: Paper, office: Office) -> bool:
    """Tell whether lists show a paper yet."""
    lag = timedelta(seconds=float(office.switches.list_lag_seconds))
    return not lag or paper.made_at + lag <= office.at


def _shown(papers: Sequence[Listed], request: PaperList, office: Office) -> list[Listed]:
    first, last = _window(request, office)
    found = [
        paper
        for paper in papers
        if first <= paper.issue_date <= last
        and _between(paper.customer_id, request.from_customer_id, request.to_customer_id)
        and _between(paper.agent_id, request.from_agent_id, request.to_agent_id)
        and visible(paper, office)
    ]
    if not found:
        raise refusals.NO_DATA_FOUND.error()
    match office.switches.list_order:
        case ListOrder.BY_NUMBER:
            found.sort(key=lambda paper: paper.key)
        case ListOrder.OLDEST_FIRST:
            found.sort(key=lambda paper: (paper.issue_date, paper.issue_time))
        case ListOrder.NEWEST_FIRST:
            found.sort(key=lambda paper: (paper.issue_date, paper.issue_time), reverse=True)
    return found[: office.switches.list_limit]


def _window(request: PaperList, office: Office) -> tuple[date, date]:
    """Take the dates asked for; with neither, the default window up to today."""
    if request.from_date is None and request.to_date is None:
        today = local(office.at, office.switches.time_zone).date()
        if office.switches.list_default_window is ListWindow.CURRENT_DAY:
            return today, today
        return _six_months_before(today), today
    return (
        date.min if request.from_date is None else read_date(request.from_date),
        date.max if request.to_date is None else read_date(request.to_date),
    )


def _six_months_before(day: date) -> date:
    year, month = divmod(day.year * YEAR + day.month - 1 - SIX_MONTHS, YEAR)
    first = date(year, month + 1, 1)
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return first.replace(day=min(day.day, (following - timedelta(days=1)).day))


def _between(number: int, first: int | None, last: int | None) -> bool:
    return (first is None or first <= number) and (last is None or number <= last)


def _document(document: Document, office: Office) -> dict[str, object]:
    switches, sign = office.switches, office.switches.credit_sign_list
    kind = office.company.document_type(document.key.type)
    credit = document.amount < 0
    row: dict[str, object] = {
        "document_type": document.key.type,
        "document_type_name": kind.name if kind else "",
        "document_number": document.key.number,
        "document_date": write_date(document.issue_date),
        "document_time": write_time(document.issue_time),
        "amount": signed(document.amount, sign, credit=credit),
        "total_vat": signed(document.totals.vat, sign, credit=credit),
        "amount_exempt": signed(document.totals.exempt, sign, credit=credit),
        "customer_id": document.customer_id,
        "customer_name": document.customer_name,
        "agent_id": document.agent_id,
        "sort_code": document.sort_code,
        "is_accounting": office.books.is_accounting(document.key),
        "is_cancelled": shows_cancelled(document, Kind.DOCUMENT, office),
        "is_closed": office.books.is_closed(document.key),
        "due_date": write_date(document.due_date),
        "confirmation_number": document.confirmation_number,
    }
    if switches.list_shows_comments:
        row["comments"] = document.comments
    if switches.list_shows_reference:
        row["reference"] = document.reference
        row["document_link"] = office.link(document.identity)
    return row


def _receipt(receipt: Receipt, office: Office) -> dict[str, object]:
    row: dict[str, object] = {
        "receipt_type": receipt.key.type,
        "receipt_number": receipt.key.number,
        "receipt_date": write_date(receipt.issue_date),
        "receipt_time": write_time(receipt.issue_time),
        "amount": signed(
            receipt.amount, office.switches.credit_sign_list, credit=receipt.amount < 0
        ),
        "customer_id": receipt.customer_id,
    }
    if office.switches.cancelled_flag_on_receipts:
        row["is_cancelled"] = shows_cancelled(receipt, Kind.RECEIPT, office)
    return row
