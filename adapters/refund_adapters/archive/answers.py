"""Answers: balances, statements and a comparison with the accounting system, from an archive.

with Archive.open(Path("archive"), company="acme") as archive:
    archive.balances()
    archive.statement(customer_id="1001", currency="ILS")

They are what the ledger itself says at the archive's last event, whichever engine works them out.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from refund_adapters.archive.engines import Bounds, Engine, EngineName, Row, View, opened
from refund_adapters.archive.errors import EngineError
from refund_adapters.archive.lines import Table
from refund_adapters.archive.log import Log, read_log
from refund_adapters.archive.queries import Query
from refund_adapters.store.mapper import EventMapper
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.errors import InvalidInputError, NotFoundError
from refund_ledger.events import Event, RefundRequested
from refund_projections.credit_balances import CreditBalance, SourceCredit
from refund_projections.statement import Standing, Statement, line_of

NEWEST = 2**63 - 1
LAST_DAY = date.max
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Archive:
    """What an archive holds of one company, and an engine that answers questions about it."""

    def __init__(self, log: Log, company: str, engine: Engine) -> None:
        self.log = log
        self.company = company
        self.engine = engine
        self._mapper = EventMapper()

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        company: str,
        engine: EngineName = EngineName.DUCKDB,
        bounds: Bounds | None = None,
    ) -> Self:
        """Open an archive to ask; raises `NotFoundError` where it holds nothing of the company."""
        log = read_log(folder)
        views = [View(table, log.paths(company, table)) for table in Table]
        started = opened(engine, bounds or Bounds())
        try:
            for view in views:
                started.show(view)
        except BaseException:
            started.close()
            raise
        return cls(log, company, started)

    def __enter__(self) -> Self:
        """Ask; leaving ends the engine."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the engine."""
        self.close()

    def close(self) -> None:
        """End the engine."""
        self.engine.close()

    # --- money ------------------------------------------------------------------------------------

    def sums(
        self, *, position: int | None = None, effective: date | None = None
    ) -> list[tuple[Account, int]]:
        """The signed sum of each account, those that are not zero, in key order; all in memory."""
        rows = self.engine.ask(Query.ACCOUNTS, self._number(position), effective or LAST_DAY)
        return [(Account(row[0], AccountKind(row[1]), *row[2:7]), whole(row[7])) for row in rows]

    def balances(
        self,
        *,
        customer_id: str | None = None,
        position: int | None = None,
        effective: date | None = None,
    ) -> tuple[CreditBalance, ...]:
        """Who owes whom, for each customer and currency; who comes to nothing is left out.

        `position` is that of an event, up to which is read in the order of the feed; `effective`
        leaves out what counts on a later day.
        """
        whose = customer_id or ""
        limits = (self._number(position), effective or LAST_DAY, whose, whose)
        sources: dict[tuple[str, str], list[SourceCredit]] = defaultdict(list)
        for row in self.engine.ask(Query.SOURCES, *limits):
            sources[row[0], row[1]].append(SourceCredit(row[2], whole(row[3])))
        return tuple(
            self._balance(row, tuple(sources[row[0], row[1]]))
            for row in self.engine.ask(Query.BALANCES, *limits)
            if customer_id in {None, row[0]}
        )

    def statement(
        self,
        *,
        customer_id: str,
        currency: str,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Statement:
        """What happened to one customer in one currency, from `since` to before `until`."""
        first, end = _micros(since, "since", -NEWEST), _micros(until, "until", NEWEST)
        if first > end:
            raise InvalidInputError("until", "is before the period begins; turn the two around")
        rows = self.engine.ask(Query.STATEMENT, customer_id, currency, customer_id, currency, end)
        keys: dict[UUID, str] = {}
        opening = balance = Standing()
        moved: list[tuple[Event, int, Standing]] = []
        for row in rows:
            event = self._event(row)
            if isinstance(event, RefundRequested):
                keys[event.originator_id] = event.key
            if row[5] is None or row[0] >= end:
                continue
            balance = Standing(whole(row[6]), whole(row[7]))
            if row[0] < first:
                opening = balance
            else:
                moved.append((event, whole(row[5]), balance))
        lines = tuple(line_of(event, net, after, keys) for event, net, after in moved)
        whose = (self.company, customer_id, currency)
        return Statement(*whose, since, until, opening, lines, balance)

    # --- reading ----------------------------------------------------------------------------------

    def _number(self, position: int | None) -> int:
        if position is None:
            return NEWEST
        rows = self.engine.ask(Query.PLACE, position)
        if not rows:
            raise NotFoundError(
                f"the archive holds no event of company {self.company!r} at position {position}"
            )
        return int(rows[0][0])

    def _balance(self, row: Row, sources: tuple[SourceCredit, ...]) -> CreditBalance:
        return CreditBalance(
            company=self.company,
            customer_id=row[0],
            currency=row[1],
            open=whole(row[2]),
            credit=whole(row[3]),
            held=whole(row[4]),
            promised=whole(row[5]),
            unexplained=whole(row[6]),
            sources=sources,
        )

    def _event(self, row: Row) -> Event:
        """Decode an event as the store does."""
        topic, stream, version, state = row[1:5]
        return self._mapper.to_domain_event(
            StoredEvent(UUID(stream), version, topic, state.encode())
        )


def whole(amount: Any) -> int:
    """An amount as the engine gave it, which has to be whole: an int, or a decimal without places.

    Anything else would be a sum that went through a float.
    """
    whole = int(amount) if not isinstance(amount, float) else None
    if whole is None or whole != amount:
        raise EngineError(f"the engine answered {amount!r} where a whole number was due")
    return whole


def _micros(at: datetime | None, field: str, none: int) -> int:
    if at is None:
        return none
    if at.utcoffset() is None:
        raise InvalidInputError(field, "expected a time with its zone")
    return (at - EPOCH) // MICROSECOND
