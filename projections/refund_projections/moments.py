"""Moments: the day on which an event counts, and the times from which to which one asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from refund_ledger.errors import InvalidInputError
from refund_ledger.events import (
    CreditGranted,
    Event,
    OriginalPaid,
    OriginalRecorded,
    OutsideRefundRecorded,
)


def effective_on(event: Event) -> date:
    """The day on which an event counts: its document's day, or else its own day in UTC.

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
            return event.timestamp.astimezone(UTC).date()


def effective_until(events: Iterable[Event], last: date) -> Iterator[Event]:
    """Only the events that count on a day or before it."""
    return (event for event in events if effective_on(event) <= last)


def check_period(since: datetime | None, until: datetime | None) -> None:
    """Refuse times without a zone, and a period that ends before it begins."""
    for field, at in (("since", since), ("until", until)):
        if at is not None:
            check_time(at, field)
    if since and until and since > until:
        raise InvalidInputError("until", "is before the period begins; turn the two around")


def check_time(at: Any, field: str) -> None:
    """Refuse what is no time, and one without a zone: it would be read in that of this machine."""
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise InvalidInputError(field, "expected a time with its zone")
    try:
        at.astimezone(UTC)
    except OverflowError:
        raise InvalidInputError(field, f"{at} is beyond the first or the last day in UTC") from None
