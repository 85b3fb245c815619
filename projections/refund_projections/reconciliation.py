"""Reconciliation: the documents that the ledger knows, beside those the accounting system lists.

It links and never posts. A document there that is unknown here is for a person to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from refund_ledger.events import (
    CreditGranted,
    DiscrepancyExplained,
    DocumentId,
    Event,
    InvoicePartCancelled,
    LateSuccessFound,
    OriginalRecorded,
    OutsideRefundRecorded,
    ReceiptPartCancelled,
)
from refund_ledger.originals import Document, Half


class Role(StrEnum):
    """What a document is to the ledger."""

    ORIGINAL = "original"
    GRANT = "grant"
    ISSUED = "issued"
    """Made by a refund."""
    LATE = "late"
    """Made by a refund, and found after the ledger had moved on, or a second time."""
    OUTSIDE = "outside"
    """Made outside this ledger, and recorded."""
    REVERSAL = "reversal"
    """It reversed another document, as a person said."""


@dataclass(frozen=True, slots=True)
class Known:
    """A document as the ledger's events tell it; the amount in minor units, without sign."""

    document: Document
    role: Role
    customer_id: str
    currency: str
    amount: int
    at: datetime
    stream: UUID
    """The refund, original or grant that it belongs to."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document as the accounting system lists it; the amount in minor units, without sign."""

    document: Document
    customer_id: str
    currency: str | None
    """None where the list does not say."""
    amount: int


class Finding(StrEnum):
    """In what the two sides of a document differ."""

    MISSING_THERE = "missing there"
    UNKNOWN_HERE = "unknown here"
    AMOUNT_DIFFERS = "amount differs"
    CUSTOMER_DIFFERS = "customer differs"
    CURRENCY_DIFFERS = "currency differs"
    LISTED_TWICE = "listed twice"


@dataclass(frozen=True, slots=True)
class Compared:
    """One document that differs, on both sides, with everything found about it."""

    document: Document
    findings: tuple[Finding, ...]
    here: Known | None
    there: Listed | None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a comparison came to."""

    matched: int
    differences: tuple[Compared, ...]

    @property
    def clean(self) -> bool:
        """Whether every document matched."""
        return not self.differences


def known_documents(events: Iterable[Event], company: str) -> Iterator[Known]:
    """Every document that a company's events claim: originals, grants, and what refunds made."""
    for event in events:
        if event.company == company:
            for document, role, amount in _documents(event):
                yield Known(
                    document,
                    role,
                    event.customer_id,
                    event.currency,
                    amount,
                    event.timestamp,
                    event.originator_id,
                )


def _documents(event: Event) -> Iterator[tuple[Document, Role, int]]:
    match event:
        case InvoicePartCancelled() | ReceiptPartCancelled():
            yield event.document.key, Role.ISSUED, event.booked
        case LateSuccessFound():
            yield event.document.key, Role.LATE, event.booked
        case OutsideRefundRecorded():
            yield event.document.key, Role.OUTSIDE, event.booked
        case DiscrepancyExplained(reversed_by=DocumentId() as document):
            yield document.key, Role.REVERSAL, event.amount
        case CreditGranted(document=DocumentId() as document):
            yield document.key, Role.GRANT, event.amount
        case OriginalRecorded():
            if event.lines:
                sold = sum(line.gross for line in event.lines)
                yield event.ref.document(Half.DOCUMENT), Role.ORIGINAL, sold
            if event.payments:
                paid = sum(payment.amount for payment in event.payments)
                yield event.ref.document(Half.RECEIPT), Role.ORIGINAL, paid
        case _:
            return


def reconcile(here: Iterable[Known], there: Iterable[Listed]) -> Reconciliation:
    """Compare both sides, document by document; give both the same period and kinds.

    Keeps the ledger's side in memory and reads the accounting system's once.
    """
    known = {one.document: one for one in here}
    matched = 0
    seen: set[Document] = set()
    differences: list[Compared] = []
    for listed in there:
        one = known.get(listed.document)
        findings = _findings(one, listed, twice=listed.document in seen)
        seen.add(listed.document)
        if findings:
            differences.append(Compared(listed.document, findings, one, listed))
        else:
            matched += 1
    differences += [
        Compared(document, (Finding.MISSING_THERE,), one, None)
        for document, one in known.items()
        if document not in seen
    ]
    return Reconciliation(matched, tuple(sorted(differences, key=lambda each: each.document)))


def _findings(known: Known | None, listed: Listed, *, twice: bool) -> tuple[Finding, ...]:
    found = [Finding.LISTED_TWICE] if twice else []
    if known is None:
        return (Finding.UNKNOWN_HERE, *found)
    if listed.amount != known.amount:
        found.append(Finding.AMOUNT_DIFFERS)
    if listed.customer_id != known.customer_id:
        found.append(Finding.CUSTOMER_DIFFERS)
    if listed.currency not in {None, known.currency}:
        found.append(Finding.CURRENCY_DIFFERS)
    return tuple(found)
