"""The audit trail: who did what, when, in plain words, with every detail that the event holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from refund_ledger.accounts import Posting
from refund_ledger.events import (
    CreditGranted,
    CreditReduced,
    DiscrepancyExplained,
    Event,
    OriginalPaid,
    OriginalRecorded,
    OutsideRefundRecorded,
    ReceiptLinked,
    RefundRequested,
)
from refund_ledger.money import format_quantity
from refund_ledger.originals import Immutable, OriginalRef
from refund_ledger.postings import postings
from refund_projections.moments import check_period
from refund_projections.wording import amount, document_of, moment, words
from refund_projections.wording_of_values import say


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, ready to be read."""

    at: datetime
    who: str
    company: str
    topic: str
    what: str
    """One sentence."""
    document: str
    """The document that it is about; empty where there is none."""
    details: tuple[tuple[str, str], ...]
    """Label and text, in order; what is empty or zero is left out."""
    postings: tuple[Posting, ...]
    stream: UUID
    version: int
    event_id: UUID
    command_id: str
    correlation_id: str
    causation_id: str | None


def entry(event: Event) -> Entry:
    """Tell one event."""
    return Entry(
        at=event.timestamp,
        who=event.actor,
        company=event.company,
        topic=event.TOPIC,
        what=words(event),
        document=document_of(event),
        details=tuple(_details(event)),
        postings=postings(event),
        stream=event.originator_id,
        version=event.originator_version,
        event_id=event.event_id,
        command_id=event.command_id,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
    )


def of_refund(events: Iterable[Event], refund: UUID) -> Iterator[Entry]:
    """Tell the story of one refund; its stream is enough, all events do as well."""
    return (entry(event) for event in events if event.originator_id == refund)


def of_original(events: Iterable[Event], company: str, original: OriginalRef) -> Iterator[Entry]:
    """Tell everything that touched an original: its reading, payments, refunds and credit.

    Reads all events in their saved order, and remembers the refunds that take from the original and
    the credits that its money became.
    """
    names, refunds = {str(original)}, set[UUID]()
    for event in events:
        if event.company != company:
            continue
        touches = not names.isdisjoint(_names(event))
        if touches and isinstance(event, RefundRequested):
            refunds.add(event.originator_id)
        if touches and isinstance(event, CreditGranted):
            names.add(event.source)
        if touches or event.originator_id in refunds:
            yield entry(event)


def of_customer(events: Iterable[Event], company: str, customer_id: str) -> Iterator[Entry]:
    """Tell everything that happened to one customer."""
    return (
        entry(event)
        for event in events
        if event.company == company and event.customer_id == customer_id
    )


def of_period(
    events: Iterable[Event],
    company: str,
    *,
    actor: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Entry]:
    """Tell what one or all did from `since` (counted in) to `until` (not counted in).

    Raises `InvalidInputError` where the period is none.
    """
    check_period(since, until)
    return (
        entry(event)
        for event in events
        if event.company == company
        and actor in {None, event.actor}
        and (since is None or event.timestamp >= since)
        and (until is None or event.timestamp < until)
    )


def within(
    entries: Iterable[Entry],
    *,
    actor: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Entry]:
    """Of a story only what one or all did from `since` to before `until`; as `of_period` of all."""
    check_period(since, until)
    return (
        one
        for one in entries
        if actor in {None, one.who}
        and (since is None or one.at >= since)
        and (until is None or one.at < until)
    )


def _names(event: Event) -> set[str]:
    """The originals and credits that an event names."""
    match event:
        case OriginalRecorded():
            return {str(event.ref), *(part.sale for part in event.closes)}
        case OriginalPaid():
            return {event.sale, event.receipt}
        case ReceiptLinked():
            return {event.receipt, *(part.sale for part in event.links)}
        case CreditGranted():
            return {event.receipt}
        case CreditReduced():
            return {event.sale, event.source, event.receipt}
        case OutsideRefundRecorded():
            return {event.original, event.source}
        case DiscrepancyExplained():
            return {event.original, event.counts_on, event.source}
        case RefundRequested():
            return {event.sale, event.receipt, *(backing.source for backing in event.backing)}
        case _:
            return set()


# --- details --------------------------------------------------------------------------------------

LABELS = {
    "absent": "part proven absent",
    "accepted": "accepted before",
    "allowed": "stands beyond the original",
    "amount": "amount",
    "asked": "amount asked for",
    "attempt": "attempt",
    "backing": "money comes from",
    "booked": "amount booked",
    "closes": "pays",
    "code": "answer code",
    "comment": "comment",
    "counts_on": "counts against",
    "covered": "paid part of the sale",
    "credit": "became credit",
    "credited": "to be credited",
    "decision": "decision",
    "details": "payment details",
    "difference": "kind of difference",
    "differences": "differences",
    "digest": "digest",
    "digest_here": "digest of the ledger's side",
    "digest_there": "digest of the accounting system's side",
    "document": "document",
    "documents_here": "documents of the ledger",
    "documents_there": "documents of the accounting system",
    "draws": "money taken from",
    "duplicate_of": "duplicate of",
    "evidence": "evidence",
    "exceeds": "unexplained",
    "excess": "beyond the original",
    "exchange_rate": "exchange rate",
    "fall": "credit went to",
    "for_person": "a person decides",
    "from_cover": "had been counted as paid",
    "from_reserved": "out of what was reserved",
    "given_back": "freed again",
    "granted_on": "granted on",
    "how": "explained as",
    "in_doubt": "part still in doubt",
    "invoice_way": "invoice part is booked by",
    "issued_on": "issued on",
    "key": "key",
    "kind": "kind",
    "learned": "known by",
    "lines": "line",
    "links": "pays too",
    "look_after": "a look proves something after",
    "looked_from": "looked from",
    "marker": "marker",
    "matched": "documents that match",
    "message": "answer",
    "method": "method",
    "needs_approval": "needs approval because",
    "net": "net",
    "not_judged": "too new to be judged",
    "open_amount": "still open",
    "original": "original",
    "overpaid": "paid too much",
    "paid": "not known as paid before",
    "paid_back": "to be paid back",
    "part": "part",
    "payments": "payment",
    "pays": "taken off the debt",
    "position": "up to position",
    "price_includes_vat": "prices include VAT",
    "quantity": "quantity",
    "read_from": "read from",
    "reason": "reason",
    "receipt": "receipt",
    "receipt_rate": "exchange rate of the receipt",
    "receipt_way": "receipt part is booked by",
    "reference": "reference",
    "refund": "refund",
    "request": "request, redacted",
    "request_digest": "digest of the request",
    "restored_lines": "line, free again",
    "restored_payments": "payment, free again",
    "reversed_by": "reversed by",
    "sale": "sale",
    "seen_version": "decided on version",
    "send_by": "to be sent by",
    "since": "first day",
    "source": "kept under",
    "source_account": "source account",
    "subject": "what is explained",
    "undone": "moved back",
    "to_cover": "counted as paid again",
    "unexplained": "unexplained no more",
    "until": "last day",
    "vat": "VAT",
    "why": "why",
}
"""What each field of an event is called."""

IN_THE_NAME = frozenset({"series", "number"})
"""Fields that the document's name holds already."""

AMOUNTS = frozenset(
    {
        *(
            "allowed",
            "amount",
            "asked",
            "booked",
            "closes",
            "covered",
            "credit",
            "credited",
            "exceeds",
        ),
        *(
            "excess",
            "from_cover",
            "from_reserved",
            "net",
            "open_amount",
            "overpaid",
            "paid",
            "paid_back",
        ),
        *("pays", "to_cover", "unexplained", "vat"),
    }
)
"""Whole numbers that are minor units of the event's currency."""

QUANTITIES = frozenset({"quantity"})
"""Whole numbers that are millionths of a unit."""

COUNTS = frozenset(
    {
        *("attempt", "documents_here", "documents_there", "matched", "not_judged", "position"),
        "seen_version",
    }
)
"""Whole numbers that are just that."""


def _details(event: Event) -> Iterator[tuple[str, str]]:
    """Every field that the event has beyond the common ones, under its label."""
    for name in type(event).model_fields:
        if name in Event.model_fields or name in IN_THE_NAME:
            continue
        for text in _texts(name, getattr(event, name), event.currency):
            yield LABELS[name], text


def _texts(name: str, value: Any, currency: str) -> Iterator[str]:
    """A value as text, each element of a list on its own; nothing where it is empty."""
    match value:
        case bool():
            yield "yes" if value else "no"
        case None | "" | 0:
            return
        case int():
            yield _number(name, value, currency)
        case tuple():
            for each in value:
                yield from _texts(name, each, currency)
        case datetime():
            yield moment(value)
        case Immutable():
            text = say(value, currency)
            if text:
                yield text
        case _:
            yield str(value)


def _number(name: str, value: int, currency: str) -> str:
    if name in AMOUNTS:
        return amount(value, currency)
    return format_quantity(value) if name in QUANTITIES else str(value)
