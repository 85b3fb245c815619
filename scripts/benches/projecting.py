"""The library's own replay beside ours: its projection folds the balances, an event a transaction.

It folds what our rebuild folds: every posting of every event into the sum of its account. On
PostgreSQL that is the library's `ProjectionRunner`. The library has no subscription to SQLite, so
there its projection is given the events page by page, without a thread between; a page costs less.
Both keep every commit, as its runner would have to. What they take for some thousand events is
what they take for each of a million.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.utils import Environment
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL

from benches.common import POSTGRES, Bench, Timing, must, opened, timed
from benches.library import Books
from refund_ledger.accounts import Account
from refund_ledger.postings import net_changes, postings
from support.ledger_servers import OWNER
from support.postgres import new_database

PAGE = 500
GROUP = 100
PATIENCE = 600.0
"""Seconds that a runner is waited for."""
_COLUMNS = ("company", "kind", "subject", "refund", "customer", "item", "unit")
_KEY = ", ".join(_COLUMNS)
_TABLE = (
    f"CREATE TABLE IF NOT EXISTS sums ({', '.join(f'{one} text' for one in _COLUMNS)}, "
    f"total bigint, PRIMARY KEY ({_KEY}))"
)
_ADDED = f"ON CONFLICT ({_KEY}) DO UPDATE SET total = sums.total + excluded.total"
_TO_POSTGRES = (
    f"INSERT INTO sums SELECT * FROM unnest({'%s::text[], ' * len(_COLUMNS)}%s::bigint[]) {_ADDED}"  # noqa: S608 - of constants
)
_TO_SQLITE = f"INSERT INTO sums VALUES ({'?, ' * len(_COLUMNS)}?) {_ADDED}"  # noqa: S608 - as above
_TOTALS = f"SELECT {_KEY}, total FROM sums WHERE total <> 0"  # noqa: S608 - of constants

Changes = dict[Account, int]
Totals = dict[tuple[str, ...], int]


class SumsOnPostgres(PostgresTrackingRecorder):
    """The sums of all accounts, and how far they were folded."""

    def __init__(self, datastore: Any, **given: Any) -> None:
        super().__init__(datastore, **given)
        self.sql_create_statements.append(SQL(_TABLE).format())

    def add(self, changes: Changes, tracking: Tracking) -> None:
        """Add what one event changes."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            if changes:
                columns = [list(map(str, column)) for column in zip(*changes, strict=True)]
                cursor.execute(
                    _TO_POSTGRES.encode(), (*columns, list(changes.values())), prepare=True
                )

    def totals(self) -> Totals:
        """What was folded."""
        with self.datastore.transaction(commit=False) as cursor:
            rows = cursor.execute(_TOTALS.encode()).fetchall()
        return {tuple(row[one] for one in _COLUMNS): row["total"] for row in rows}


class SumsOnSqlite(SQLiteTrackingRecorder):
    """The sums of all accounts, and how far they were folded."""

    def construct_create_table_statements(self) -> list[str]:
        """The library's own tables, and ours."""
        return [*super().construct_create_table_statements(), _TABLE]

    def add(self, changes: Changes, tracking: Tracking) -> None:
        """Add what one event changes."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            if changes:
                cursor.executemany(
                    _TO_SQLITE, [(*account, total) for account, total in changes.items()]
                )

    def totals(self) -> Totals:
        """What was folded."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(_TOTALS)
            return {tuple(row)[:-1]: row["total"] for row in cursor.fetchall()}


Sums = SumsOnPostgres | SumsOnSqlite


class Folding(Projection[Any]):
    """The library's projection."""

    name = "folding"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Fold one event."""
        self.view.add(net_changes(postings(domain_event)), tracking)


def projected(bench: Bench, engine: str, where: str, count: int) -> Timing:
    """Fold the first events of a ledger by the library alone, from its own tables."""
    with opened(where) as store, _settings(bench, engine) as settings:
        events = [event for _, event in islice(store.events(), count)]
        books = Books(env=settings)
        stored = [books.mapper.to_stored_event(event) for event in events]
        # More of its inserts in one transaction fill the pipeline, and it waits for ever.
        for first in range(0, len(stored), GROUP):
            books.recorder.insert_events(stored[first : first + GROUP])
        last = books.recorder.max_notification_id() or 0
        books.close()
        run = _runner if engine == POSTGRES else _pulled
        timing, totals = run(settings, count, last)
        meant = net_changes(one for event in events for one in postings(event))
    must(totals == {tuple(map(str, one)): total for one, total in meant.items() if total}, "sums")
    return timing


@contextmanager
def _settings(bench: Bench, engine: str) -> Iterator[dict[str, str]]:
    """The library's settings for a database of its own."""
    if engine == POSTGRES:
        with new_database(bench.server) as dsn:
            said = conninfo_to_dict(dsn)
            yield {
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": str(said["dbname"]),
                "POSTGRES_HOST": str(said["host"]),
                "POSTGRES_PORT": str(said["port"]),
                "POSTGRES_USER": OWNER,
                "POSTGRES_PASSWORD": "none",
            }
        return
    with tempfile.TemporaryDirectory() as folder:
        yield {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(Path(folder) / "library.db"),
        }


def _runner(settings: dict[str, str], count: int, last: int) -> tuple[Timing, Totals]:
    # It begins to read when it is made; what it needs to be made is part of its time.
    def run() -> Totals:
        with ProjectionRunner(
            application_class=Books,
            projection_class=Folding,
            view_class=SumsOnPostgres,
            env=settings,
        ) as runner:
            runner.wait(last, timeout=PATIENCE)
            totals: Totals = runner.view.totals()
            return totals

    found: list[Totals] = []
    timing = timed(count, lambda: found.append(run()))
    return timing, found[0]


def _pulled(settings: dict[str, str], count: int, last: int) -> tuple[Timing, Totals]:
    books = Books(env=settings)
    factory: Any = InfrastructureFactory.construct(Environment(Folding.name, settings))
    view: SumsOnSqlite = factory.tracking_recorder(SumsOnSqlite)
    projection = Folding(view)

    def run() -> None:
        done = 0
        while done < last:
            page = books.recorder.select_notifications(done + 1, PAGE)
            for one in page:
                projection.process_event(
                    books.mapper.to_domain_event(one), Tracking(books.name, one.id)
                )
            done = page[-1].id

    timing = timed(count, run)
    totals = view.totals()
    factory.close()
    books.close()
    return timing, totals
