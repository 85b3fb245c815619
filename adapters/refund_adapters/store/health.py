"""Health: how far the feed of a store is behind, who holds it up, and what waits to be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from refund_adapters.store.sql_store import Row, SqlStore, time_of
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.refund import Waits


@dataclass(frozen=True, slots=True)
class Holder:
    """The oldest transaction that has written and not ended, in any database of the server.

    What was saved after it began is not fed before it ends. The server keeps some of this from a
    user who is neither the same nor may read all its statistics.
    """

    pid: int | None
    """None for a prepared transaction, which outlives its connection."""
    user: str
    name: str
    """What the connection calls itself; the id of a prepared transaction."""
    database: str
    state: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Health:
    """How a store stands now; counts of calls are one company's."""

    store: str
    newest: int
    """The highest position of an event that was saved; zero in an empty store."""
    settled: int
    """The position of the last event that the feed gives; zero where it gives none."""
    lag: int
    """Events that are saved and not given yet, since an older transaction has not ended."""
    holder: Holder | None
    era: int | None
    """Counts restores and promotions of a server; None for a file."""
    schema_version: int
    due: dict[Waits, int]
    """How many calls wait for each thing now; what is to be done later is not counted."""
    unsealed: int | None
    """Events that came after the last sealed one; None where nothing was ever sealed."""


def health(store: SqlStore, company: str) -> Health:
    """Look at a store as it is now; raises `StoreError`."""
    now = store.now()
    with store.snapshot():
        ask = _InFile(store) if isinstance(store, SqliteStore) else _OnServer(store)
        settled, lag = ask.settled()
        return Health(
            store=store.where,
            newest=store.position(),
            settled=settled,
            lag=lag,
            holder=ask.holder(),
            era=ask.era(),
            schema_version=ask.schema_version(),
            due=_due(store, company, now),
            unsealed=ask.unsealed(),
        )


def _due(store: SqlStore, company: str, now: datetime) -> dict[Waits, int]:
    rows = store._rows(  # noqa: SLF001 - one question of the store's own package
        "SELECT waits, count(*) FROM calls_due WHERE company = ? AND not_before <= ? "
        "GROUP BY waits",
        (company, store._at(now)),  # noqa: SLF001 - as above
    )
    counted = {Waits(row[0]): int(row[1]) for row in rows}
    return {waits: counted.get(waits, 0) for waits in Waits}


class _InFile:
    """What a file is asked: whoever saves is alone, so all that is saved is settled."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def settled(self) -> tuple[int, int]:
        """The last position of the feed, and how many events are behind it."""
        return self._store.position(), 0

    def holder(self) -> Holder | None:
        """Nobody holds anything up."""
        return None

    def era(self) -> int | None:
        """A file has none."""
        return None

    def schema_version(self) -> int:
        """Which tables it has."""
        return int(self._rows("PRAGMA user_version")[0][0])

    def unsealed(self) -> int | None:
        """How many events came after the last sealed one."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'tree_leaves'"):
            return None
        return _counted(self._rows(_UNSEALED_IN_FILE))

    def _rows(self, statement: str) -> Sequence[Row]:
        return self._store._rows(statement, ())  # noqa: SLF001 - as above


class _OnServer(_InFile):
    """What a server is asked."""

    def settled(self) -> tuple[int, int]:
        """The last position of the feed, and how many events are behind it."""
        last = self._rows(
            f"SELECT e.notification_id FROM stored_events e WHERE (e.era, e.xid) < {_HORIZON} "  # noqa: S608 - our own words
            "ORDER BY e.era DESC, e.xid DESC, e.notification_id DESC LIMIT 1"
        )
        behind = self._rows(
            f"SELECT count(*) FROM stored_events e WHERE (e.era, e.xid) >= {_HORIZON}"  # noqa: S608 - as above
        )
        return int(last[0][0]) if last else 0, int(behind[0][0])

    def holder(self) -> Holder | None:
        """Whose transaction is the oldest of those that have written."""
        for pid, user, name, database, state, since in self._rows(_HOLDER):
            return Holder(
                pid, user or "", name or "", database or "", state, since and time_of(since)
            )
        return None

    def era(self) -> int | None:
        """In which era it is."""
        return int(self._rows("SELECT max(era) FROM eras")[0][0])

    def schema_version(self) -> int:
        """Which tables it has."""
        return int(self._rows("SELECT max(version) FROM schema_versions")[0][0])

    def unsealed(self) -> int | None:
        """How many events came after the last sealed one."""
        return _counted(self._rows(_UNSEALED_ON_SERVER))


def _counted(rows: Sequence[Row]) -> int | None:
    ((sealed, count),) = rows
    return None if sealed is None else int(count)


_HORIZON = "((SELECT max(era) FROM eras), pg_snapshot_xmin(pg_current_snapshot()))"

# The age of a transaction's number is right also after the numbers have begun anew.
_HOLDER = """
SELECT pid, usename, name, database, state, since FROM (
  SELECT pid, usename::text, application_name AS name, datname::text AS database,
    state, xact_start AS since, age(backend_xid) AS age
  FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
  UNION ALL
  SELECT NULL, owner::text, gid, database::text, 'prepared', prepared, age(transaction)
  FROM pg_prepared_xacts
) AS writing ORDER BY age DESC LIMIT 1
"""

_LAST_LEAF = "SELECT position FROM tree_leaves ORDER BY number DESC LIMIT 1"

_UNSEALED_IN_FILE = f"""
SELECT ({_LAST_LEAF}),
  (SELECT count(*) FROM stored_events WHERE notification_id > ({_LAST_LEAF}))
"""  # noqa: S608 - our own words

_UNSEALED_ON_SERVER = f"""
WITH leaf AS (
  SELECT era, xid, notification_id FROM stored_events WHERE notification_id = ({_LAST_LEAF}))
SELECT ({_LAST_LEAF}), (SELECT count(*) FROM stored_events e WHERE
  (e.era, e.xid, e.notification_id) > (
    (SELECT era FROM leaf), (SELECT xid FROM leaf), (SELECT notification_id FROM leaf)))
"""  # noqa: S608 - our own words
