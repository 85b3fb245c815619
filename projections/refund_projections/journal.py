"""The journal: the events that move money as transactions of an accountant's books.

Each transaction holds the postings of one event under the names of a chart, dated in one time zone.
What the accounts come to is added up on the way; it grows with the accounts, not with the events.
"""

from __future__ import annotations

import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple
from uuid import UUID

from refund_ledger.accounts import QUANTITY, Book
from refund_ledger.errors import RefusedError
from refund_ledger.events import Event, RefundEvent, RefundRequested
from refund_ledger.money import QUANTITY_SCALE, exponent, format_minor, format_quantity
from refund_ledger.postings import postings
from refund_projections.chart import Chart
from refund_projections.wording import words

REMEMBERED = 10_000
"""Keys of refunds that are kept at hand; older ones are asked for again."""


class Line(NamedTuple):
    """One line of a transaction: debit positive, credit negative, in whole minor units."""

    account: str
    amount: int
    unit: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """What one event means; its lines sum to zero by unit. All texts are of one line."""

    position: int
    day: date
    at: datetime
    event_id: UUID
    topic: str
    actor: str
    what: str
    refund: UUID | None
    """The refund that it belongs to; none where the event is of no refund."""
    key: str
    """The key of that refund; empty where it has none."""
    lines: tuple[Line, ...]


class Journal:
    """The transactions of a company, and what its accounts come to after those read so far."""

    def __init__(
        self,
        company: str,
        *,
        chart: Chart | None = None,
        zone: tzinfo = UTC,
        books: Collection[Book] = (Book.MONEY,),
        key_of: Callable[[UUID], str] = lambda _: "",
    ) -> None:
        """`zone` says which day it is; `key_of` answers for refunds requested long ago."""
        self.company = company
        self._chart = chart or Chart()
        self._zone = zone
        self._books = frozenset(books)
        self._key_of = key_of
        self._keys: OrderedDict[UUID, str] = OrderedDict()
        self._sums: dict[tuple[str, str], int] = {}
        self._opened: dict[str, date] = {}
        self._last = date.min

    def transactions(self, events: Iterable[tuple[int, Event]]) -> Iterator[Transaction]:
        """Turn events with their positions into transactions; others' are passed over."""
        for position, event in events:
            if event.company != self.company:
                continue
            if isinstance(event, RefundRequested):
                self._remember(event.originator_id, event.key)
            lines = tuple(
                Line(self._chart.account(account), amount, account.unit)
                for account, amount in postings(event)
                if account.rule.book in self._books
            )
            if lines:
                yield self._transaction(position, event, lines)

    @property
    def opened(self) -> list[tuple[str, date]]:
        """The accounts in order, each with the first day on which it is used."""
        return sorted(self._opened.items())

    @property
    def balances(self) -> list[Line]:
        """What every account comes to in every unit, in order, zero too."""
        return [Line(name, total, unit) for (name, unit), total in sorted(self._sums.items())]

    @property
    def units(self) -> list[str]:
        """The currencies in order; quantities are one."""
        return sorted({unit for _, unit in self._sums})

    @property
    def day_after(self) -> date:
        """The day after the last transaction, when what the accounts come to holds."""
        return self._last + timedelta(days=1)

    def _transaction(self, position: int, event: Event, lines: tuple[Line, ...]) -> Transaction:
        day = self._day(position, event.timestamp)
        self._last = max(self._last, day)
        for name, amount, unit in lines:
            self._opened[name] = min(self._opened.get(name, day), day)
            self._sums[name, unit] = self._sums.get((name, unit), 0) + amount
        refund = event.originator_id if isinstance(event, RefundEvent) else None
        return Transaction(
            position=position,
            day=day,
            at=event.timestamp,
            event_id=event.event_id,
            topic=event.TOPIC,
            actor=one_line(event.actor),
            what=one_line(words(event)),
            refund=refund,
            key=one_line(self._key(refund)) if refund else "",
            lines=lines,
        )

    def _day(self, position: int, at: datetime) -> date:
        try:
            day = at.astimezone(self._zone).date()
        except OverflowError:
            day = date.max
        if day == date.max:
            raise RefusedError(
                f"the event at position {position} is dated {at.isoformat()}, which has no day "
                "after it in this time zone; no journal can be closed behind it"
            )
        return day

    def _key(self, refund: UUID) -> str:
        if refund not in self._keys:
            self._remember(refund, self._key_of(refund))
        return self._keys[refund]

    def _remember(self, refund: UUID, key: str) -> None:
        self._keys[refund] = key
        if len(self._keys) > REMEMBERED:
            self._keys.popitem(last=False)


def written(amount: int, unit: str) -> str:
    """An amount as a plain decimal with the places of its unit."""
    return format_quantity(amount) if unit == QUANTITY else format_minor(amount, unit)


def places(unit: str) -> int:
    """How many decimal places amounts of a unit have."""
    return QUANTITY_SCALE if unit == QUANTITY else exponent(unit)


def one_line(text: str) -> str:
    """Text on one line, without characters that nobody sees; journals are lines."""
    return text if text.isprintable() else "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    return "" if category == "Cf" else character
