"""Totals: what was credited and paid back, by reason, method, source account and month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from refund_ledger.accounts import AccountKind
from refund_ledger.events import (
    DiscrepancyExplained,
    Event,
    OutsideRefundRecorded,
    RefundRequested,
)
from refund_ledger.postings import postings
from refund_projections.moments import check_period

OUTSIDE = "made outside this ledger"


class By(StrEnum):
    """What totals are told apart by."""

    REASON = "reason"
    METHOD = "method"
    SOURCE_ACCOUNT = "source account"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Total:
    """What one group came to in one currency, in whole minor units."""

    group: str
    currency: str
    refunds: int
    """How many refunds have a part in it."""
    net: int
    """Credited, without VAT."""
    vat: int
    paid_back: int

    @property
    def credited(self) -> int:
        """Credited, with VAT."""
        return self.net + self.vat


def totals(
    events: Iterable[Event],
    *,
    company: str,
    by: By,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Total, ...]:
    """Add up what was booked from `since` (counted in) to `until` (not counted in), by event time.

    Reads any events in the order in which they were saved; keeps the requests of refunds. Raises
    `InvalidInputError` where the period is none.
    """
    check_period(since, until)
    requests: dict[UUID, RefundRequested] = {}
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    refunds: dict[tuple[str, str], set[UUID]] = defaultdict(set)
    for event in events:
        if event.company != company:
            continue
        if isinstance(event, RefundRequested):
            requests[event.originator_id] = event
        if (since and event.timestamp < since) or (until and event.timestamp >= until):
            continue
        for account, amount in postings(event):
            if account.kind not in _COLUMNS:
                continue
            key = (_group(event, requests, by, account.subject), event.currency)
            sums[key][_COLUMNS[account.kind]] += account.rule.side * amount
            if not isinstance(event, DiscrepancyExplained):
                refunds[key].add(event.originator_id)
    return tuple(
        Total(group, currency, len(refunds[group, currency]), *sums[group, currency])
        for group, currency in sorted(sums)
    )


_COLUMNS = {AccountKind.RETURNS: 0, AccountKind.VAT: 1, AccountKind.PAID: 2}


_MADE_OUTSIDE = (OutsideRefundRecorded, DiscrepancyExplained)


def _refund_of(event: Event) -> UUID:
    """The refund whose document an event books or explains, or else the event's own stream."""
    named = event.refund if isinstance(event, DiscrepancyExplained) else ""
    return UUID(named) if named else event.originator_id


def _group(event: Event, requests: dict[UUID, RefundRequested], by: By, account: str) -> str:
    request = requests.get(_refund_of(event))
    if by is By.MONTH:
        # The calendar that `since` and `until` are in, whatever day a document is dated.
        return f"{event.timestamp.astimezone(UTC):%Y-%m}"
    if by is By.SOURCE_ACCOUNT:
        return account or (request.source_account if request else "") or "none named"
    if request is None:
        return OUTSIDE if isinstance(event, _MADE_OUTSIDE) else event.TOPIC
    if by is By.REASON:
        return request.reason
    return str(request.method or "as it was paid")
