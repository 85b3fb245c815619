"""A customer's statement in one currency: what happened, and what it did to what is owed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from refund_ledger.accounts import AccountKind
from refund_ledger.events import Event, RefundEvent, RefundRequested
from refund_ledger.postings import postings
from refund_projections.credit_balances import POSITION
from refund_projections.moments import check_period
from refund_projections.wording import document_of, words


class Standing(NamedTuple):
    """Where a customer stands, in whole minor units; positive is owed to the customer."""

    net: int = 0
    """Everything set off: credit, also what refunds have taken of it, less what is open."""
    available: int = 0
    """The part that the customer may ask for."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One event that moved the customer's money, in whole minor units."""

    at: datetime
    what: str
    document: str
    """The document behind it; empty where there is none."""
    refund: UUID | None
    key: str
    """The refund's key; empty where it is no refund."""
    debit: int
    """What it took from the customer's net: a sale still open, money paid back."""
    credit: int
    """What it added: a payment, a credited sale. Both are zero where credit only changed hands."""
    balance: Standing
    """After it."""
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Statement:
    """A period of one customer in one currency; opening - debits + credits = closing."""

    company: str
    customer_id: str
    currency: str
    since: datetime | None
    until: datetime | None
    opening: Standing
    lines: tuple[StatementLine, ...]
    closing: Standing

    @property
    def debits(self) -> int:
        """All debits of the period."""
        return sum(line.debit for line in self.lines)

    @property
    def credits(self) -> int:
        """All credits of the period."""
        return sum(line.credit for line in self.lines)


def statement(
    events: Iterable[Event],
    *,
    company: str,
    customer_id: str,
    currency: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Statement:
    """Draw up a statement from `since` (counted in) to `until` (not counted in), by event time.

    Reads any events, in the order in which they were saved, and keeps only the lines of the period
    and the keys of this customer's refunds. Raises `InvalidInputError` where the period is none.
    """
    check_period(since, until)
    keys: dict[UUID, str] = {}
    opening = Standing()
    moved: list[tuple[Event, Standing]] = []
    for event in events:
        if (event.company, event.customer_id, event.currency) != (company, customer_id, currency):
            continue
        if isinstance(event, RefundRequested):
            keys[event.originator_id] = event.key
        change = _change(event)
        if change is None or (until and event.timestamp >= until):
            continue
        if since and event.timestamp < since:
            opening = _plus(opening, change)
        else:
            moved.append((event, change))
    # Clocks of several machines may disagree a little; events of one moment keep their saved order.
    moved.sort(key=lambda one: one[0].timestamp)
    lines: list[StatementLine] = []
    balance = opening
    for event, change in moved:
        balance = _plus(balance, change)
        lines.append(line_of(event, change.net, balance, keys))
    whose = (company, customer_id, currency)
    return Statement(*whose, since, until, opening, tuple(lines), balance)


def _change(event: Event) -> Standing | None:
    """What an event did to its customer's position; none where it did not touch it."""
    net, available, touched = 0, 0, False
    for account, amount in postings(event):
        if account.kind in POSITION:
            touched = True
            net -= amount
            if account.kind is AccountKind.CREDIT:
                available -= amount
    return Standing(net, available) if touched else None


def _plus(balance: Standing, change: Standing) -> Standing:
    return Standing(balance.net + change.net, balance.available + change.available)


def line_of(event: Event, net: int, balance: Standing, keys: dict[UUID, str]) -> StatementLine:
    """Make the line of one event; `net` is what it adds to what the customer is owed."""
    refund = event.originator_id if isinstance(event, RefundEvent) else None
    return StatementLine(
        at=event.timestamp,
        what=words(event),
        document=document_of(event),
        refund=refund,
        key=keys.get(refund, "") if refund else "",
        debit=max(-net, 0),
        credit=max(net, 0),
        balance=balance,
        event_id=event.event_id,
    )
