"""Swapping: postings, balances and calls due made anew from the events, in place of the live ones.

All of it happens in one transaction that holds writers up; readers see the old or the new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteCursor
from psycopg.sql import SQL, Identifier

from refund_adapters.store.mapper import EventMapper
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_errors import translated
from refund_adapters.store.postgres_recorder import page_of
from refund_adapters.store.sql_store import key_of
from refund_adapters.store.sqlite_recorder import schema_statements, utc_text
from refund_ledger.accounts import GUARDED, Account
from refund_ledger.errors import InvariantError
from refund_ledger.events import Event
from refund_ledger.postings import postings
from refund_ledger.refund import CallDue
from refund_projections.calls_due import Waiting

PAGE = 2000
Page = list[tuple[int, StoredEvent]]
POSTING_COLUMNS = 10


@dataclass(frozen=True, slots=True)
class Swapped:
    """How much was made anew."""

    events: int
    postings: int
    balances: int
    calls: int


class Fresh:
    """What the events come to, while they are read in their order."""

    def __init__(self) -> None:
        self.events = self.postings = 0
        self._mapper = EventMapper()
        self._command: tuple[str, int] = ("", 0)
        self._held: dict[Account, int] = {}
        self._since: dict[Account, int] = {}
        self._waiting = Waiting()
        self._companies: set[str] = set()

    def rows(self, page: Page) -> list[tuple[Any, ...]]:
        """The posting rows of a page of stored events."""
        found: list[tuple[Any, ...]] = []
        for position, stored in page:
            event = self._mapper.to_domain_event(stored)
            self._count(position, event)
            for seq, (account, amount) in enumerate(postings(event)):
                found.append((position, seq, *map(str, account), amount))
                if account.kind in GUARDED:
                    bare = account._replace(refund="")
                    self._held[bare] = self._held.get(bare, 0) + amount
                    # The order of the feed is not that of positions on every database.
                    since = self._command[1]
                    self._since[bare] = min(self._since.get(bare, since), since)
        self.postings += len(found)
        return found

    def _count(self, position: int, event: Event) -> None:
        self.events += 1
        self._companies.add(event.company)
        self._waiting.add(event)
        if event.command_id != self._command[0]:
            # What one command saved is equally old.
            self._command = (event.command_id, position)

    def balances(self) -> Iterator[tuple[Any, ...]]:
        """The rows of guarded balances; raises `InvariantError` where the events take too much."""
        for account, balance in self._held.items():
            side = account.rule.side
            if side * balance < 0:
                raise InvariantError(
                    f"the events themselves leave {account} below zero; nothing was changed"
                )
            yield (*map(str, key_of(account)), side, balance, self._since[account])

    def calls(self) -> list[CallDue]:
        """What refunds wait for."""
        return [call for company in self._companies for call in self._waiting.due(company)]

    def done(self) -> Swapped:
        """How much it was."""
        return Swapped(self.events, self.postings, len(self._held), len(self.calls()))


def swap_sqlite(cursor: SQLiteCursor) -> Swapped:
    """Put fresh ones in place of the live ones of a file; `cursor` is in a writing transaction."""
    fresh = Fresh()
    guards = [one for one in schema_statements() if "ON postings" in one and "TRIGGER" in one]
    for name in ("postings_stay", "postings_remain"):
        cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
    for table in ("postings", "balances", "calls_due"):
        cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    marks = ",".join("?" * POSTING_COLUMNS)
    after = 0
    while page := _page_of_file(cursor, after):
        cursor.executemany(f"INSERT INTO postings VALUES ({marks})", fresh.rows(page))  # noqa: S608
        after = page[-1][0]
    cursor.executemany(
        "INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(fresh.balances())
    )
    cursor.executemany(
        "INSERT INTO calls_due (refund, part, company, waits, not_before) VALUES (?, ?, ?, ?, ?)",
        [
            (one.refund.hex, one.part, one.company, one.waits, utc_text(one.not_before))
            for one in fresh.calls()
        ],
    )
    for statement in guards:
        cursor.execute(statement)
    return fresh.done()


def _page_of_file(cursor: SQLiteCursor, after: int) -> Page:
    cursor.execute(
        "SELECT notification_id, originator_id, originator_version, topic, state "
        "FROM stored_events WHERE notification_id > ? ORDER BY notification_id LIMIT ?",
        (after, PAGE),
    )
    return [(row[0], StoredEvent(UUID(row[1]), *row[2:])) for row in map(tuple, cursor.fetchall())]


def swap_postgres(address: Address) -> Swapped:
    """Put fresh ones in place of the live ones of a server; `address` is that of the owner."""
    fresh = Fresh()
    with (
        translated(address.where),
        psycopg.connect(address.conninfo, connect_timeout=10) as connection,
        connection.cursor(binary=True) as cursor,
    ):
        cursor.execute(SQL("SET search_path = {}").format(Identifier(address.schema)))
        cursor.execute(
            "LOCK TABLE stored_events, postings, balances, calls_due IN ACCESS EXCLUSIVE MODE"
        )
        cursor.execute("ALTER TABLE postings DISABLE TRIGGER USER")
        cursor.execute("TRUNCATE postings, balances, calls_due")
        after = 0
        while page := _page(cursor, after):
            _copy(cursor, "postings", _TYPES, fresh.rows(page))
            after = page[-1][0]
        _copy(cursor, "balances", _BALANCE_TYPES, fresh.balances())
        _copy(
            cursor,
            "calls_due (refund, part, company, waits, not_before)",
            ("uuid", "text", "text", "text", "timestamptz"),
            (
                (one.refund, str(one.part), one.company, str(one.waits), one.not_before)
                for one in fresh.calls()
            ),
        )
        cursor.execute("ALTER TABLE postings ENABLE TRIGGER USER")
    return fresh.done()


_TYPES = ("int8", "int4", *["text"] * 7, "int8")
_BALANCE_TYPES = (*["text"] * 6, "int2", "int8", "int8")


def _page(cursor: psycopg.Cursor[Any], after: int) -> Page:
    statement, values = page_of(after, PAGE, settled=False)
    cursor.execute(statement.encode(), values)
    return [(row[0], StoredEvent(row[1], row[2], row[3], row[4])) for row in cursor.fetchall()]


def _copy(
    cursor: psycopg.Cursor[Any], table: str, types: Iterable[str], rows: Iterable[Any]
) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as copy:
        copy.set_types(list(types))
        for row in rows:
            copy.write_row(row)
