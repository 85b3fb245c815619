"""Moments: the day on which an event counts, for questions about an earlier day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, tzinfo

from refund_ledger.events import (
    CreditGranted,
    Event,
    OriginalPaid,
    OriginalRecorded,
    OutsideRefundRecorded,
)


def effective_on(event: Event, zone: tzinfo = UTC) -> date:
    """The day on which an event counts: its document's day, or else the day of the event itself.

    An original that was recorded in March and issued in January counts from January on.
    """
    match event:
        case OriginalRecorded() | OutsideRefundRecorded():
            return event.issued_on
        case OriginalPaid(issued_on=date() as day):
            return day
        case CreditGranted():
            return event.granted_on
        case _:
            return event.timestamp.astimezone(zone).date()


def effective_until(events: Iterable[Event], last: date, zone: tzinfo = UTC) -> Iterator[Event]:
    """Only the events that count on a day or before it."""
    return (event for event in events if effective_on(event, zone) <= last)
