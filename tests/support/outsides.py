"""What was given back outside, and what people say of it, in few words, for tests of the core."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from refund_ledger.accounts import AccountKind
from refund_ledger.discrepancies import Discrepancy, fold
from refund_ledger.events import DiscrepancyExplained, DocumentId, How, Part
from refund_ledger.explaining import Explanation
from refund_ledger.originals import Half, OriginalRef
from refund_ledger.outside import Outside
from refund_ledger.refund_events import RefundEvent
from support.books import COMPANY, CUSTOMER, ONE, Books, a_cash_sale, a_line


def an_outside(number: int, amount: int, part: Part = Part.INVOICE, **fields: Any) -> Outside:
    """A credit note (or a negative receipt) of customer 7 that was made by hand."""
    given = {
        "company": COMPANY,
        "part": part,
        "series": 3,
        "number": number,
        "customer_id": CUSTOMER,
        "currency": "ILS",
        "amount": amount,
        "issued_on": date(2026, 3, 1),
        "read_from": "the accounting system",
    }
    return Outside.model_validate({**given, **fields})


def record(books: Books, outside: Outside) -> bool:
    """Record what was given back outside."""
    return books.ledger.record_outside(outside, books.stamp("import"))


def outside(
    books: Books, number: int, amount: int, part: Part = Part.INVOICE, **fields: Any
) -> DocumentId:
    """Record a refund made outside; its document."""
    found = an_outside(number, amount, part, **_named(fields))
    assert record(books, found)
    return found.document


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    original = fields.get("original")
    return {**fields, "original": str(original)} if original else fields


def an_explanation(subject: DocumentId | str, how: How, **fields: Any) -> Explanation:
    """What somebody says of a document, or of a reduced credit."""
    named = {"document": subject} if isinstance(subject, DocumentId) else {"grant": subject}
    half = subject.half if isinstance(subject, DocumentId) else Half.DOCUMENT
    reversal = DocumentId(half=half, series=3, number=9_000)
    given = {
        "company": COMPANY,
        "reference": "because",
        "how": how,
        "why": "looked it up",
        "reversed_by": reversal if how is How.REVERSED else None,
    }
    return Explanation.model_validate({**given, **named, **_named(fields)})


def explain(books: Books, subject: DocumentId | str, how: How, **fields: Any) -> bool:
    """Explain a discrepancy by its document or credit, wherever that was booked."""
    name = str(subject.key) if isinstance(subject, DocumentId) else f"grant:{subject}"
    found = open_discrepancies(books).get(name)
    cause = found.cause if found else None
    refund = cause.originator_id if isinstance(cause, RefundEvent) else fields.pop("refund", None)
    told = an_explanation(subject, how, **fields)
    return books.ledger.explain(told, books.stamp("avi"), refund=refund)


def reverse(
    books: Books, document: DocumentId | str, by: int = 9_000, *, refund: UUID | None = None
) -> bool:
    """Say that a document was reversed there, whatever of it had found its place."""
    half, _, number = (document if isinstance(document, str) else str(document.key)).partition(" ")
    series, _, number = number.partition("/")
    named = {"half": Half(half), "series": int(series), "number": int(number)}
    subject = DocumentId.model_validate(named)
    reversal = subject.model_copy(update={"number": by})
    told = an_explanation(subject, How.REVERSED, reference=f"r{by}", reversed_by=reversal)
    return books.ledger.explain(told, books.stamp("avi"), refund=refund)


def open_discrepancies(books: Books) -> dict[str, Discrepancy]:
    """What is left to explain, by subject."""
    return {subject: found for (_, subject), found in fold(books.events()).items()}


def left(books: Books, subject: DocumentId | OriginalRef | str) -> tuple[int, int]:
    """What is left to explain of one document: excess, and unexplained."""
    name = str(subject.key) if isinstance(subject, DocumentId) else str(subject)
    found = open_discrepancies(books).get(name)
    return (found.excess, found.unexplained) if found else (0, 0)


def last(books: Books) -> DiscrepancyExplained:
    """The latest event, which is an explanation."""
    event = books.events()[-1]
    assert isinstance(event, DiscrepancyExplained)
    return event


def a_sale(books: Books, number: int = 1) -> OriginalRef:
    """A cash sale of two lines, 100 in all."""
    return books.record(a_cash_sale(number, a_line(1, 60, 10, quantity=2 * ONE), a_line(2, 30)))


def a_duplicate(books: Books, sale: OriginalRef, part: Part, asked: int = 70) -> DocumentId:
    """A second document of one part; the original has 30 of it left."""
    refund = books.ask("a", original=str(sale), amount=asked)
    books.finish(refund)
    return books.answer(refund, part)


def settled(books: Books, *sales: OriginalRef) -> None:
    """Nothing is left to explain, and the books are sound."""
    assert open_discrepancies(books) == {}
    assert books.total(AccountKind.EXCESS) == 0
    assert books.total(AccountKind.UNEXPLAINED) == 0
    books.check()
    for sale in sales:
        books.check_sale(sale)
