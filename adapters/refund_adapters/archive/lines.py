"""Lines of an archive: events, postings and documents as plain columns, in the feed's order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NamedTuple

from refund_adapters.archive.documents import documents_of
from refund_adapters.feed import Fed
from refund_ledger.postings import postings
from refund_projections.moments import effective_on


class Table(StrEnum):
    """What a file of the archive holds."""

    EVENTS = "events"
    POSTINGS = "postings"
    DOCUMENTS = "documents"


class Place(NamedTuple):
    """Where an event stands in the archive."""

    number: int
    """Its place in the order of the feed, from one, without gaps."""
    command: int
    """The number of the first event of its command: what was saved together is equally old."""


class EventLine(NamedTuple):
    """One event; amounts inside `state` are whole minor units of `currency`."""

    number: int
    position: int
    """Its number in the store, which need not rise in the order of the feed."""
    command: int
    happened_at: datetime
    effective_on: date
    topic: str
    stream: str
    version: int
    event_id: str
    actor: str
    company: str
    customer: str
    currency: str
    command_id: str
    state: str
    """All of the event, as the store keeps it: JSON with whole numbers and text alone."""
    hash: str
    """Its link in the chain of its stream, in hexadecimal."""


class PostingLine(NamedTuple):
    """One line of double entry, with what the event says that it comes from."""

    number: int
    position: int
    seq: int
    """Its place among the postings of its event, from zero."""
    command: int
    happened_at: datetime
    effective_on: date
    topic: str
    book: str
    company: str
    kind: str
    subject: str
    refund: str
    customer: str
    item: str
    unit: str
    amount: int
    """Debit positive, credit negative, in whole minor units of `unit`."""


class DocumentLine(NamedTuple):
    """A document of the accounting system that an event names."""

    number: int
    position: int
    happened_at: datetime
    dated_on: date
    """The document's own date where it was read, otherwise the event's day in UTC."""
    role: str
    half: str
    series: int
    document: int
    company: str
    customer: str
    currency: str
    amount: int
    """In whole minor units, without sign."""


class ListedLine(NamedTuple):
    """A document as the accounting system lists it."""

    line: int
    """Its place in the list."""
    half: str
    series: int
    document: int
    customer: str
    currency: str | None
    """None where the list does not say."""
    amount: int
    """In whole minor units, without sign."""
    issued_on: date
    nature: str | None
    """`refund` for a credit or money given back, `sale`; None where nothing says it."""


Line = EventLine | PostingLine | DocumentLine | ListedLine

COLUMNS: dict[Table, type[Line]] = {
    Table.EVENTS: EventLine,
    Table.POSTINGS: PostingLine,
    Table.DOCUMENTS: DocumentLine,
}


def event_line(fed: Fed, place: Place) -> EventLine:
    """The line of an event."""
    event = fed.event
    return EventLine(
        number=place.number,
        position=fed.position,
        command=place.command,
        happened_at=event.timestamp,
        effective_on=effective_on(event),
        topic=event.TOPIC,
        stream=str(event.originator_id),
        version=event.originator_version,
        event_id=str(event.event_id),
        actor=event.actor,
        company=event.company,
        customer=event.customer_id,
        currency=event.currency,
        command_id=event.command_id,
        state=fed.state.decode(),
        hash=fed.hash.hex(),
    )


def posting_lines(fed: Fed, place: Place) -> Iterator[PostingLine]:
    """What an event posts; it follows from the event alone, as what the store keeps does."""
    event = fed.event
    day = effective_on(event)
    for seq, (account, amount) in enumerate(postings(event)):
        yield PostingLine(
            number=place.number,
            position=fed.position,
            seq=seq,
            command=place.command,
            happened_at=event.timestamp,
            effective_on=day,
            topic=event.TOPIC,
            book=account.rule.book,
            company=account.company,
            kind=account.kind,
            subject=account.subject,
            refund=account.refund,
            customer=account.customer,
            item=account.item,
            unit=account.unit,
            amount=amount,
        )


def document_lines(fed: Fed, place: Place) -> Iterator[DocumentLine]:
    """The documents that an event names with an amount."""
    event = fed.event
    for role, document, amount, dated in documents_of(event):
        yield DocumentLine(
            number=place.number,
            position=fed.position,
            happened_at=event.timestamp,
            dated_on=dated or event.timestamp.astimezone(UTC).date(),
            role=role,
            half=document.half,
            series=document.series,
            document=document.number,
            company=event.company,
            customer=event.customer_id,
            currency=event.currency,
            amount=amount,
        )
