"""What ties papers together: which original a credit names, and what one paper closes of another.

The vendor documents no link but the comment that a person reads. The sandbox recognises one, to be
able to play servers that do: closing fields first, then the first `type/number` in the comment that
is a paper of the same customer.
"""

import re
from decimal import Decimal

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.books import Books
from refund_adapters.sandbox.messages import NewPaper
from refund_adapters.sandbox.office import Office
from refund_adapters.sandbox.papers import Closing, Key, Kind, Paper, amount_of
from refund_adapters.sandbox.switches import CreditedFlag

_NAMED = re.compile(r"(?<!\d)(\d{1,3})/(\d{1,6})(?!\d)", re.ASCII)


def closed_key(request: NewPaper, books: Books) -> Key | None:
    """Say which document a request closes; it must exist."""
    if not request.closed_document_type or not request.closed_document_number:
        return None
    key = Key(request.closed_document_type, request.closed_document_number)
    if key not in books.documents:
        raise refusals.DOCUMENT_NOT_EXISTS.error(f"{key.type}/{key.number}")
    return key


def original_of(
    kind: Kind, customer_id: int, comments: str, closed: Key | None, books: Books
) -> Key | None:
    """Recognise the original of a credit made by New, if it says so anywhere."""
    if closed is not None and kind is Kind.DOCUMENT:
        return closed
    there = {paper.key: paper for paper in _candidates(comments, kind, books)}
    return next((key for key, paper in there.items() if paper.customer_id == customer_id), None)


def within_the_original(kind: Kind, original: Key | None, amount: Decimal, office: Office) -> None:
    """Refuse to credit more than the original, where the server looks at all."""
    if not office.switches.ceiling_check or original is None or amount >= 0:
        return
    books = office.books
    found = (books.documents if kind is Kind.DOCUMENT else books.receipts)[original]
    if books.credited(kind, original) - amount > amount_of(found):
        raise refusals.CEILING_EXCEEDED.error(f"{original.type}/{original.number}")


def close(office: Office, closed: Key, closer: Paper, kind: Kind) -> None:
    """Close a document by another paper, as far as both go."""
    open_there = office.books.open_amount(closed)
    fits = (amount_of(closer) < 0) == (open_there < 0)
    if kind is Kind.DOCUMENT and office.books.is_accounting(closed):
        fits = not fits
    if not fits:
        return
    amount = min(abs(open_there), abs(amount_of(closer))).copy_sign(open_there)
    office.books.close(
        Closing(closed=closed, amount=amount, on=closer.issue_date, kind=kind, closer=closer.key)
    )


def shows_cancelled(paper: Paper, kind: Kind, office: Office) -> bool:
    """Say what is_cancelled shows for a paper."""
    books, switches = office.books, office.switches
    if paper.is_cancelled:
        return True
    if paper.cancels is not None:
        return switches.credit_carries_is_cancelled
    credited = books.credited(kind, paper.key)
    match switches.is_cancelled_after_partial_credit:
        case CreditedFlag.NEVER:
            return False
        case CreditedFlag.WHEN_PARTIAL:
            return credited > 0
        case CreditedFlag.WHEN_FULL:
            return 0 < amount_of(paper) <= credited


def _candidates(comments: str, kind: Kind, books: Books) -> list[Paper]:
    named = [Key(int(one), int(two)) for one, two in _NAMED.findall(comments)]
    if kind is Kind.DOCUMENT:
        return [books.documents[key] for key in named if key in books.documents]
    return [books.receipts[key] for key in named if key in books.receipts]
