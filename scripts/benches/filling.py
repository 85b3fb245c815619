"""Large ledgers, made by plain SQL: whole lives of refunds that decode, link up and balance.

One life is lived by the ledger itself; the others are its rows with other numbers, so that millions
of them take minutes. `verify` finds nothing wrong with them.
"""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from benches.common import COMPANY, must, say
from benches.material import Saved, Watched, a_sale, live, refund_of, rows_of, stamp
from benches.requesting import raw
from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.sql_store import key_of
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.accounts import Account
from refund_ledger.application import RefundLedger
from refund_ledger.originals import Kind, OriginalRef

FIRST = 7_000_001
"""The number of the life that is lived; long enough to stand for nothing else."""
CHUNK = 1000
EVENTS = 7
"""Of one life, the sale's own among them."""


class Rows(NamedTuple):
    """The rows of some lives, by table."""

    events: list[tuple[Any, ...]]
    postings: list[tuple[Any, ...]]
    balances: list[tuple[Any, ...]]
    claims: list[tuple[Any, ...]]


def fill_lives(where: str, events: int, *, after: int = 0) -> None:
    """Add so many events, in lives, to a ledger that holds `after` of them."""
    begun = time.perf_counter()
    template = _Template()
    lives = range(after // EVENTS, events // EVENTS + after // EVENTS)
    with closing(raw(where)) as connection:
        add = _add_sqlite if where.startswith("sqlite") else _add_postgres
        numbers = iter(lives)
        while some := list(itertools.islice(numbers, CHUNK)):
            add(connection.connection, template.rows(some))
        if where.startswith("postgresql"):
            connection.connection.execute(
                "SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'), "
                "(SELECT max(notification_id) FROM stored_events))"
            )
            connection.connection.execute("ANALYZE")
    engine = where.partition(":")[0]
    say(f"  {engine}: {events:,} events added in {time.perf_counter() - begun:.0f} s")


class _Template:
    """The rows of one life, to be written with other numbers."""

    def __init__(self) -> None:
        store = SqliteStore(None)
        watched = Watched(store)
        ledger = RefundLedger(watched, COMPANY)
        sale = a_sale(FIRST).model_copy(update={"customer_id": f"c{FIRST}"})
        ledger.record_original(sale, stamp(), read_from="bench")
        live(ledger, FIRST)
        self._refund = str(refund_of(FIRST))
        heads: dict[UUID, bytes] = {}
        self._saved = [rows for batch in watched.batches for rows in rows_of(batch, heads)]
        self._ids = [str(event.event_id) for batch in watched.batches for event in batch.events]
        store.close()
        must(len(self._saved) == EVENTS, self._saved)
        self._balances = _balances(self._saved)
        self._texts = {
            text
            for rows in self._saved
            for posting in rows.postings
            for text in map(str, posting.account)
        }

    def rows(self, lives: Iterable[int]) -> Rows:
        """The rows of the lives with these numbers, counted from zero."""
        rows = Rows([], [], [], [])
        for life in lives:
            self._add(rows, life)
        return rows

    def _add(self, rows: Rows, life: int) -> None:
        number = FIRST + life
        refund = refund_of(number)
        sale = OriginalRef(Kind.INVOICE_RECEIPT, 2, number).stream(COMPANY)
        swaps = ((str(FIRST), str(number)), (self._refund, str(refund)))
        texts = {text: _swapped(text, swaps) for text in self._texts}
        heads: dict[UUID, bytes] = {}
        first = 1 + life * EVENTS
        for position, (saved, event_id) in enumerate(
            zip(self._saved, self._ids, strict=True), first
        ):
            stream = sale if saved.topic.startswith("original.") else refund
            own_id = f"00000000-0000-5000-8000-{position:012x}"
            text = _swapped(saved.state.decode(), (*swaps, (event_id, own_id)))
            stored = StoredEvent(stream, saved.version, saved.topic, text.encode())
            digest = link(heads.get(stream, NOTHING_BEFORE), stored)
            heads[stream] = digest
            rows.events.append((position, stream, saved.version, saved.topic, stored.state, digest))
            rows.postings.extend(
                (position, seq, *(texts[part] for part in one.account), one.amount)
                for seq, one in enumerate(saved.postings)
            )
            rows.claims.extend(
                (COMPANY, one.half, one.series, number, position) for one in saved.claims
            )
        rows.balances.extend(
            (*(texts[part] for part in key_of(account)), account.rule.side, amount, first + at)
            for account, (amount, at) in self._balances.items()
        )


def _swapped(text: str, swaps: Iterable[tuple[str, str]]) -> str:
    for old, new in swaps:
        text = text.replace(old, new)
    return text


def _balances(saved: Iterable[Saved]) -> dict[Account, tuple[int, int]]:
    """What each guarded account comes to in the end, and at which event it was first touched."""
    amounts: dict[Account, int] = defaultdict(int)
    first: dict[Account, int] = {}
    for number, rows in enumerate(saved):
        for account, change in rows.changes:
            amounts[account] += change
            first.setdefault(account, number)
    return {account: (amounts[account], first[account]) for account in sorted(amounts)}


def _add_sqlite(connection: Any, rows: Rows) -> None:
    run, many = connection.execute, connection.executemany
    run("PRAGMA synchronous=OFF")
    run("PRAGMA cache_size=-262144")
    run("BEGIN IMMEDIATE")
    many(
        "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic, "
        "state, hash) VALUES (?, ?, ?, ?, ?, ?)",
        ((row[0], row[1].hex, *row[2:]) for row in rows.events),
    )
    many("INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows.postings)
    many("INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows.balances)
    many("INSERT INTO claims VALUES (?, ?, ?, ?, ?)", rows.claims)
    run("COMMIT")


_TYPES = {
    "stored_events (notification_id, originator_id, originator_version, topic, state, hash, era)": (
        "int8 uuid int8 text bytea bytea int4"
    ),
    "postings": "int8 int4 text text text text text text text int8",
    "balances": "text text text text text text int2 int8 int8",
    "claims": "text text int8 int8 int8",
}


def _add_postgres(connection: Any, rows: Rows) -> None:
    tables = zip(_TYPES.items(), _in_order(rows), strict=True)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        for (table, types), of_table in tables:
            with cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(types.split())
                for row in of_table:
                    copy.write_row(row)


def _in_order(rows: Rows) -> Iterator[Iterable[tuple[Any, ...]]]:
    yield ((*row, 1) for row in rows.events)
    yield rows.postings
    yield rows.balances
    yield rows.claims
