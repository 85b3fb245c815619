"""What every database tells in the same words: streams, balances, postings, what is due."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, StoredEvent

from refund_adapters.store.errors import DamagedStoreError
from refund_adapters.store.gathered import Gathered
from refund_adapters.store.mapper import EventMapper
from refund_adapters.store.prefetch import Prefetched, read_ahead
from refund_ledger.accounts import GUARDED, Account, AccountKind, Posting
from refund_ledger.application import Append
from refund_ledger.errors import NotFoundError
from refund_ledger.events import Event, Part
from refund_ledger.refund import CallDue, Waits
from refund_ledger.storing import Then
from refund_projections.replay import Recorded

PAGE = 1000
Row = tuple[Any, ...]
Values = Sequence[Any]
T = TypeVar("T")

_KEY = ("company", "kind", "subject", "customer", "item", "unit")
_WHERE_KEY = " AND ".join(f"{name} = ?" for name in _KEY)


Moment = Callable[[], AbstractContextManager["SqlStore"]]
"""Opens a store inside a snapshot; it can be sent to another process."""


class SqlStore(ABC):
    """A ledger's events and everything they add up to, in a database.

    What is read inside `snapshot()` is of one moment, whoever writes meanwhile.
    """

    where: str
    """The store's address, without anything secret."""
    recorder: ApplicationRecorder
    """The same events for whoever speaks the library's language."""

    def __init__(self) -> None:
        self._mapper = EventMapper()
        self._local = threading.local()
        self.patience = 60.0
        """Seconds that a server which went away is waited for; a file does not go away."""
        self.waits: Callable[[], None] = lambda: None
        """Called before a server that went away is tried again; may shorten the patience."""

    # --- what each database does in its own way ---------------------------------------------------

    @abstractmethod
    def append(self, *batches: Append) -> None:
        """Save everything in one transaction, or nothing; see `refund_ledger.storing.Store`."""

    @abstractmethod
    def take(
        self, company: str, *waits: Waits, worker: str, seconds: float, limit: int
    ) -> list[CallDue]:
        """Take what is due now in hand for a while, so that other workers leave it alone.

        What a worker has in hand already is among it. Nothing rests on this but speed: a call is
        sent by whoever saves that it is, and that is one.
        """

    @abstractmethod
    def now(self) -> datetime:
        """The time by the store's clock; all processes on one store agree on it."""

    @abstractmethod
    def close(self) -> None:
        """Give back the connections; the store is not usable afterwards."""

    @abstractmethod
    def _rows(self, statement: str, values: Values) -> list[Row]:
        """Run one question, inside the snapshot where there is one; `?` stands for a value."""

    @abstractmethod
    def _moment(self) -> AbstractContextManager[Any]:
        """Open a reading transaction; what it yields is what `_rows` reads from inside it."""

    @abstractmethod
    def _pages(self, after: int, stop: int | None) -> Iterator[list[tuple[int, StoredEvent]]]:
        """Stored events after a position in the order of the feed, a page at a time."""

    @abstractmethod
    def _told(self, positions: Sequence[int]) -> list[Row]:
        """For each of some positions that has postings, how many, and their text.

        See `refund_projections.replay.Recorded`. Positions in between may be among them.
        """

    @abstractmethod
    def _at(self, moment: datetime | None) -> Any:
        """A time as this database compares it; none is later than every other."""

    _backwards = "notification_id DESC"
    """The order of the feed, the other way."""

    def _recorded(self, moment: datetime) -> Any:
        """A time as the column of recorded times is compared with it."""
        return moment

    # --- one moment -------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read everything inside as it is now, in this thread; nothing may be written inside."""
        if getattr(self._local, "reading", None) is not None:
            yield
            return
        with self._moment() as reading:
            self._local.reading = reading
            try:
                yield
            finally:
                self._local.reading = None

    def about(self, company: str, streams: Sequence[UUID], subjects: Sequence[str]) -> Gathered:
        """The store as it is now, with all of these streams and subjects read at once."""
        with decoded(self.where):
            return Gathered(self, company, streams, subjects)

    def ahead(self, company: str, streams: Iterable[UUID], then: Then) -> Prefetched:
        """Read for many commands at one moment; see `refund_ledger.storing.GroupStore`."""
        return read_ahead(self, lambda: decoded(self.where), company, streams, then)

    def ask(self, statement: str, values: Values) -> list[Row]:
        """Ask something in SQL that every database understands; `?` stands for a value."""
        return self._rows(statement, values)

    def moment(self) -> Moment | None:
        """How another process sees what this thread's snapshot sees; none where it cannot."""
        return None

    # --- events -----------------------------------------------------------------------------------

    def stream(self, stream: UUID) -> list[Event]:
        """The events of one stream, in order."""
        rows = self._rows(
            "SELECT originator_version, topic, state FROM stored_events "
            "WHERE originator_id = ? ORDER BY originator_version",
            (self.stream_id(stream),),
        )
        found = self._read(rows, lambda row: StoredEvent(stream, row[0], row[1], bytes(row[2])))
        return [self.event(stored) for stored in found]

    def events(self, *, after: int = 0, stop: int | None = None) -> Iterator[tuple[int, Event]]:
        """Events after a position with their positions, in the order of the feed.

        Goes on to the newest, or until the event at `stop` was given.
        """
        for page in self._pages(after, stop):
            for position, stored in page:
                yield position, self.event(stored)

    def recorded(self, *, after: int = 0, stop: int | None = None) -> Iterator[Recorded]:
        """Events as `events` gives them, each with what is stored of its postings.

        An event that cannot be decoded is named by its position.
        """
        for page in filter(None, self._pages(after, stop)):
            told = {row[0]: row for row in self._told([position for position, _ in page])}
            for position, stored in page:
                try:
                    event = self.event(stored)
                except DamagedStoreError as error:
                    raise DamagedStoreError(f"at position {position}: {error}") from error
                yield Recorded(position, event, *told.get(position, ())[1:])

    def event_at(self, position: int) -> Event:
        """The event at one position; raises `NotFoundError`."""
        rows = self._rows(
            "SELECT originator_id, originator_version, topic, state FROM stored_events "
            "WHERE notification_id = ?",
            (position,),
        )
        if not rows:
            raise NotFoundError(f"there is no event at position {position}")
        (stored,) = self._read(
            rows, lambda row: StoredEvent(_uuid(row[0]), row[1], row[2], bytes(row[3]))
        )
        return self.event(stored)

    def position_at(self, moment: datetime | None) -> int:
        """The last event in the order of the feed, recorded by then or of all; zero for none."""
        found = self._rows(
            "SELECT notification_id FROM stored_events WHERE recorded_at <= ? "  # noqa: S608
            f"ORDER BY {self._backwards} LIMIT 1",
            (self._at(None) if moment is None else self._recorded(moment),),
        )
        return int(found[0][0]) if found else 0

    def position(self) -> int:
        """The highest position that was given; zero in an empty store."""
        newest = self._rows("SELECT max(notification_id) FROM stored_events", ())[0][0]
        return int(newest or 0)

    def in_order(self, positions: Iterable[int]) -> list[int]:
        """Positions that are given, in the order of the feed, each at or after one of these."""
        found = {
            self._rows(
                "SELECT min(notification_id) FROM stored_events WHERE notification_id >= ?",
                (position,),
            )[0][0]
            for position in positions
        }
        places = ", ".join(str(int(position)) for position in found) or "NULL"
        rows = self._rows(
            f"SELECT notification_id FROM stored_events WHERE notification_id IN ({places}) "  # noqa: S608
            f"ORDER BY {self._backwards}",
            (),
        )
        return [position for (position,) in reversed(rows)]

    def event(self, stored: StoredEvent) -> Event:
        """Decode one event; raises `DamagedStoreError`."""
        return self._mapper.to_domain_event(stored)

    def stream_id(self, stream: UUID) -> Any:
        """A stream's name as its column holds it."""
        return stream

    # --- money ------------------------------------------------------------------------------------

    def balance(self, account: Account) -> int:
        """The signed balance of one guarded account."""
        rows = self._rows(f"SELECT balance FROM balances WHERE {_WHERE_KEY}", key_of(account))  # noqa: S608
        return sum(self._read(rows, lambda row: int(row[0])))

    def balances(self, company: str, **columns: str) -> list[tuple[Account, int]]:
        """Guarded balances that are not zero and fit the columns given, oldest first."""
        where, values = _fits({"company": company, **columns})
        rows = self._rows(
            "SELECT company, kind, subject, customer, item, unit, balance FROM balances "  # noqa: S608
            f"WHERE {where} AND balance <> 0 ORDER BY since, kind, subject, item",
            values,
        )
        return self._read(
            rows,
            lambda row: (
                Account(row[0], AccountKind(row[1]), row[2], "", row[3], row[4], row[5]),
                int(row[6]),
            ),
        )

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """A customer's credits that are not zero, by source, oldest first, as positive amounts."""
        found = self.balances(company, kind=AccountKind.CREDIT, customer=customer, unit=unit)
        return [(account.subject, -balance) for account, balance in found]

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """The signed sum of all postings of one kind that fit the columns given."""
        where, values = _fits({"company": company, "kind": kind, **columns})
        table, amount = ("balances", "balance") if _is_kept(kind, columns) else _POSTED
        statement = f"SELECT coalesce(sum({amount}), 0) FROM {table} WHERE {where}"  # noqa: S608
        return sum(self._read(self._rows(statement, values), lambda row: int(row[0])))

    def sums(self, company: str, **columns: str) -> list[tuple[Account, int]]:
        """The signed sum of each account's postings, those that are not zero, in key order."""
        where, values = _fits({"company": company, **columns})
        names = "company, kind, subject, refund, customer, item, unit"
        rows = self._rows(
            f"SELECT {names}, sum(amount) FROM postings WHERE {where} "  # noqa: S608
            f"GROUP BY {names} HAVING sum(amount) <> 0 ORDER BY {names}",
            values,
        )
        return self._read(rows, lambda row: (account_of(row), int(row[7])))

    def kinds(self, company: str) -> dict[tuple[AccountKind, str], int]:
        """The signed sum of a company's postings by kind of account and unit, none of them zero."""
        rows = self._rows(
            "SELECT kind, unit, sum(amount) FROM postings WHERE company = ? "
            "GROUP BY kind, unit HAVING sum(amount) <> 0 ORDER BY kind, unit",
            (company,),
        )
        return dict(self._read(rows, lambda row: ((AccountKind(row[0]), row[1]), int(row[2]))))

    def postings(self, company: str, **columns: str) -> Iterator[tuple[int, Posting]]:
        """Postings that fit the columns given with their positions, in order, a page at a time."""
        where, values = _fits({"company": company, **columns})
        last = (0, -1)
        while True:
            rows = self._rows(
                "SELECT company, kind, subject, refund, customer, item, unit, amount, "  # noqa: S608
                f"position, seq FROM postings WHERE {where} AND (position, seq) > (?, ?) "
                f"ORDER BY position, seq LIMIT {PAGE}",
                (*values, *last),
            )
            yield from self._read(rows, lambda row: (row[8], Posting(account_of(row), int(row[7]))))
            if len(rows) < PAGE:
                return
            last = (rows[-1][8], rows[-1][9])

    # --- what is due ------------------------------------------------------------------------------

    def due(
        self, company: str, *waits: Waits, until: datetime | None = None, limit: int = PAGE
    ) -> list[CallDue]:
        """What waits to be done, the longest waiting first."""
        if not waits:
            return []
        marks = ",".join("?" * len(waits))
        rows = self._rows(
            "SELECT company, refund, part, waits, not_before FROM calls_due "  # noqa: S608
            f"WHERE company = ? AND waits IN ({marks}) AND not_before <= ? "
            "ORDER BY not_before, refund LIMIT ?",
            (company, *waits, self._at(until), limit),
        )
        return self._read(rows, due_of)

    def _read(self, rows: Iterable[Row], make: Callable[[Row], T]) -> list[T]:
        with decoded(self.where):
            return [make(row) for row in rows]


@contextmanager
def decoded(where: str) -> Iterator[None]:
    """Say that a row holds what the store never wrote."""
    try:
        yield
    except (ValueError, TypeError, AttributeError) as error:
        raise DamagedStoreError(
            f"the store {where} holds a value that it never wrote; restore it from a backup"
        ) from error


_POSTED = ("postings", "amount")


def _is_kept(kind: AccountKind, columns: dict[str, str]) -> bool:
    """Whether balance rows answer for the postings: they know everything but the refund."""
    return kind in GUARDED and "refund" not in columns


TEXT: dict[str, str] = {kind: kind.value for kind in AccountKind}
"""Kinds as bare text: of a member of an enumeration drivers and encoders ask a lot first."""


def key_of(account: Account) -> tuple[str, ...]:
    """The columns that name a guarded account."""
    return (
        account.company,
        TEXT[account.kind],
        account.subject,
        account.customer,
        account.item,
        account.unit,
    )


def due_of(row: Row) -> CallDue:
    """A call due from its row."""
    return CallDue(row[0], _uuid(row[1]), Part(row[2]), Waits(row[3]), time_of(row[4]))


def time_of(value: str | datetime) -> datetime:
    """An aware time in UTC from a column."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.astimezone(UTC)


def _uuid(value: str | UUID) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def account_of(row: Row) -> Account:
    """An account from its seven columns."""
    return Account(row[0], AccountKind(row[1]), row[2], row[3], row[4], row[5], row[6])


_COLUMNS = frozenset(Account._fields)


def _fits(columns: dict[str, str]) -> tuple[str, list[str]]:
    """A condition over known columns; a name that is none of them is a mistake in the code."""
    if unknown := set(columns) - _COLUMNS:
        raise TypeError(f"postings have no column {sorted(unknown)}")
    wanted = [f"{name} = ?" for name in columns]
    if columns.get("customer"):
        # The indexes of customers leave out accounts without one; only said so, they are used.
        wanted.append("customer <> ''")
    return " AND ".join(wanted), list(columns.values())
