"""Prefetch: what many commands will read, read in a few questions and answered from memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from refund_ledger.accounts import GUARDED, Account, AccountKind
from refund_ledger.events import Event
from refund_ledger.storing import Append, Store, Then, Wanted

if TYPE_CHECKING:
    from refund_adapters.store.sql_store import SqlStore

Row = Sequence[Any]
T = TypeVar("T")

MOST_NAMES = 500
"""How many names one question holds."""


_GUARDED = ",".join(f"'{kind}'" for kind in sorted(GUARDED))
"""Named, since SQLite finds subjects only below a kind."""

_Pair = tuple[str, str]
"""A subject or a customer, and a currency."""


Guard = Callable[[], AbstractContextManager[None]]
"""Inside it, a row that holds what the store never wrote is said to be damaged."""


def read_ahead(
    store: SqlStore, guard: Guard, company: str, streams: Iterable[UUID], then: Then
) -> Prefetched:
    """Read all of it at one moment; see `refund_ledger.storing.GroupStore.ahead`."""
    reader = _Reader(store, guard, company)
    with store.snapshot():
        found = reader.streams(streams)
        wanted = then(found)
        customers = dict.fromkeys(customer for customer, _ in wanted.customers if customer)
        return Prefetched(
            store,
            company,
            found,
            wanted,
            balances=reader.balances(wanted.subjects),
            excess=reader.excess(wanted.subjects),
            owed=reader.owed(customers),
            held=reader.held(customers),
        )


class Prefetched:
    """A store that answers from memory what was read before, and asks below for the rest."""

    def __init__(
        self,
        below: Store,
        company: str,
        streams: Mapping[UUID, list[Event]],
        wanted: Wanted,
        *,
        balances: Mapping[Account, int],
        excess: Mapping[_Pair, int],
        owed: Mapping[_Pair, int],
        held: Mapping[_Pair, list[tuple[str, int]]],
    ) -> None:
        self._below = below
        self._company = company
        self._streams = streams
        self._wanted = wanted
        self._balances = balances
        self._excess = excess
        self._owed = owed
        self._held = held

    def append(self, batch: Append) -> None:
        """Save below; what is in memory stays as it was read."""
        self._below.append(batch)

    def about(self, company: str, streams: Sequence[UUID], subjects: Sequence[str]) -> Store:  # noqa: ARG002
        """It is of one moment already, for whoever decides on it."""
        return self

    def stream(self, stream: UUID) -> list[Event]:
        """The events of one stream, in order."""
        found = self._streams.get(stream)
        return self._below.stream(stream) if found is None else found

    def balance(self, account: Account) -> int:
        """The signed balance of one guarded account."""
        if account.subject in self._wanted.subjects and account.company == self._company:
            return self._balances.get(account, 0)
        return self._below.balance(account)

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """A customer's credits that are not zero, by source, oldest first, as positive amounts."""
        if (customer, unit) in self._wanted.customers and company == self._company:
            return self._held.get((customer, unit), [])
        return self._below.credits(company, customer, unit)

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """The signed sum of all postings of one kind that fit the columns given."""
        if company == self._company:
            match kind, columns:
                case AccountKind.EXCESS, {"subject": subject, "unit": unit, **rest} if (
                    not rest and subject in self._wanted.subjects
                ):
                    return self._excess.get((subject, unit), 0)
                case AccountKind.OPEN, {"customer": customer, "unit": unit, **rest} if (
                    not rest and (customer, unit) in self._wanted.customers
                ):
                    return self._owed.get((customer, unit), 0)
                case _:
                    pass
        return self._below.total(company, kind, **columns)


class _Reader:
    """Asks one store about many names at a time."""

    def __init__(self, store: SqlStore, guard: Guard, company: str) -> None:
        self._store = store
        self._guard = guard
        self._company = company

    def streams(self, streams: Iterable[UUID]) -> dict[UUID, list[Event]]:
        """The events of many streams, each in order; an empty list where there are none."""
        found: dict[UUID, list[Event]] = {stream: [] for stream in streams}
        named = {self._store.stream_id(stream): stream for stream in found}
        rows = self._in_many(
            "SELECT originator_id, originator_version, topic, state FROM stored_events "
            "WHERE originator_id IN ({}) ORDER BY originator_id, originator_version",
            (),
            named,
        )
        for row in rows:
            stream = named[row[0]]
            with self._guard():
                stored = StoredEvent(stream, row[1], row[2], bytes(row[3]))
            found[stream].append(self._store.event(stored))
        return found

    def balances(self, subjects: Iterable[str]) -> dict[Account, int]:
        """Every guarded balance under these subjects."""
        rows = self._in_many(
            "SELECT company, kind, subject, customer, item, unit, balance FROM balances "  # noqa: S608
            f"WHERE company = ? AND kind IN ({_GUARDED}) AND subject IN ({{}})",
            (self._company,),
            subjects,
        )
        return dict(self._read(rows, _balance))

    def excess(self, subjects: Iterable[str]) -> dict[_Pair, int]:
        """What was booked beyond these originals, by currency."""
        rows = self._in_many(
            "SELECT subject, unit, sum(amount) FROM postings WHERE company = ? "  # noqa: S608
            f"AND kind = '{AccountKind.EXCESS}' AND subject IN ({{}}) GROUP BY subject, unit",
            (self._company,),
            subjects,
        )
        return dict(self._read(rows, _sum))

    def owed(self, customers: Iterable[str]) -> dict[_Pair, int]:
        """The whole debt of these customers, by currency."""
        rows = self._in_many(
            "SELECT customer, unit, sum(balance) FROM balances WHERE company = ? "  # noqa: S608
            f"AND kind = '{AccountKind.OPEN}' AND customer <> '' AND customer IN ({{}}) "
            "GROUP BY customer, unit",
            (self._company,),
            customers,
        )
        return dict(self._read(rows, _sum))

    def held(self, customers: Iterable[str]) -> dict[_Pair, list[tuple[str, int]]]:
        """The credits of these customers that are not zero, by currency, oldest first."""
        rows = self._in_many(
            "SELECT customer, unit, subject, balance FROM balances WHERE company = ? "  # noqa: S608
            f"AND kind = '{AccountKind.CREDIT}' AND customer <> '' AND balance <> 0 "
            "AND customer IN ({}) ORDER BY since, kind, subject, item",
            (self._company,),
            customers,
        )
        held: dict[_Pair, list[tuple[str, int]]] = {}
        for customer, unit, subject, amount in self._read(rows, _credit):
            held.setdefault((customer, unit), []).append((subject, amount))
        return held

    def _read(self, rows: Iterable[Row], make: Callable[[Row], T]) -> list[T]:
        with self._guard():
            return [make(row) for row in rows]

    def _in_many(
        self, statement: str, values: Sequence[Any], names: Iterable[Any]
    ) -> Iterator[Row]:
        """Ask about many names, so many at a time that each question stays short."""
        rest = iter(names)
        while some := list(islice(rest, MOST_NAMES)):
            marks = ",".join("?" * len(some))
            yield from self._store.ask(statement.replace("{}", marks), (*values, *some))


def _balance(row: Row) -> tuple[Account, int]:
    account = Account(row[0], AccountKind(row[1]), row[2], "", row[3], row[4], row[5])
    return account, int(row[6])


def _sum(row: Row) -> tuple[_Pair, int]:
    return (row[0], row[1]), int(row[2])


def _credit(row: Row) -> tuple[str, str, str, int]:
    return row[0], row[1], row[2], -int(row[3])
