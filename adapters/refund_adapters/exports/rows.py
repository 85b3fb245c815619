"""Rows of an export: events and postings as plain columns, each with its position."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from refund_adapters.store.mapper import EventMapper
from refund_ledger.events import Event
from refund_ledger.postings import postings


class Source(Protocol):
    """What an export reads of a store, a page at a time."""

    def events(self, *, after: int = 0) -> Iterator[tuple[int, Event]]:
        """All events after a position with their positions, in the order of the feed.

        That order has no gaps that are filled later; positions need not rise in it.
        """
        ...

    def stream(self, stream: UUID) -> list[Event]:
        """The events of one stream, in order."""
        ...


class EventRow(NamedTuple):
    """One event; amounts inside `state` are whole minor units of `currency`."""

    position: int
    at: datetime
    topic: str
    stream: str
    version: int
    event_id: str
    actor: str
    company: str
    customer_id: str
    currency: str
    command_id: str
    correlation_id: str
    causation_id: str | None
    state: str
    """All of the event, as the store keeps it: JSON with whole numbers and text alone."""


class PostingRow(NamedTuple):
    """One line of double entry, with the event that it comes from."""

    position: int
    seq: int
    """Its place among the postings of its event, from zero."""
    at: datetime
    topic: str
    event_id: str
    book: str
    company: str
    kind: str
    subject: str
    refund: str
    customer: str
    item: str
    unit: str
    """A currency, or QTY for quantities in millionths."""
    amount: int
    """Debit positive, credit negative, in whole minor units of `unit`."""


def event_rows(source: Source, company: str, *, after: int = 0) -> Iterator[EventRow]:
    """Read a company's events after a position as rows, in the order of the feed."""
    mapper = EventMapper()
    for position, event in source.events(after=after):
        if event.company == company:
            yield EventRow(
                position=position,
                at=event.timestamp,
                topic=event.TOPIC,
                stream=str(event.originator_id),
                version=event.originator_version,
                event_id=str(event.event_id),
                actor=event.actor,
                company=event.company,
                customer_id=event.customer_id,
                currency=event.currency,
                command_id=event.command_id,
                correlation_id=event.correlation_id,
                causation_id=event.causation_id,
                state=bytes(mapper.to_stored_event(event).state).decode(),
            )


def posting_rows(source: Source, company: str, *, after: int = 0) -> Iterator[PostingRow]:
    """Read what a company's events after a position post as rows, in the order of the feed.

    They follow from the events, as those that are stored do: so an export goes on where the last
    one ended and misses none, also where two writers are at work.
    """
    for position, event in source.events(after=after):
        if event.company != company:
            continue
        for seq, (account, amount) in enumerate(postings(event)):
            yield PostingRow(
                position=position,
                seq=seq,
                at=event.timestamp,
                topic=event.TOPIC,
                event_id=str(event.event_id),
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
