"""Stores seen from below: every row of every table, the chain recomputed, other processes.

What a statement changes is kept. On a server it runs as the owner of the tables, who may do more
than the store itself.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.types.string import TextLoader

from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.postgres import PostgresStore, said_of
from refund_adapters.store.postgres_recorder import encoded
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.sqlite_recorder import Rules
from refund_ledger.accounts import GUARDED, Account, Posting
from refund_ledger.originals import Document
from refund_ledger.postings import net_changes
from refund_ledger.refund import Waits
from support.ledger_servers import owner_connection
from support.tree import ROOT

Dump = dict[str, list[tuple[Any, ...]]]
REFUSED = (sqlite3.IntegrityError, psycopg.Error)
"""What either database raises where a statement breaks a rule of its tables."""
STREAMS = (UUID(int=number) for number in count(1))


def rows(store: SqlStore, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement outside the store's own verbs; `?` stands for a value."""
    with _asking(store) as ask:
        return ask(statement, *values)


def dump(store: SqlStore) -> Dump:
    """Every row of every table; equal dumps are equal stores."""
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    if isinstance(store, PostgresStore):
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema ORDER BY 1"
    with _asking(store) as ask:
        return {name: ask(f"SELECT * FROM {name} ORDER BY 1, 2") for (name,) in ask(tables)}  # noqa: S608


@contextmanager
def _asking(store: SqlStore) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    if isinstance(store, PostgresStore):
        with owner_connection(store.address) as connection:
            # Python has no time that is infinitely early.
            connection.adapters.register_loader("timestamptz", TextLoader)

            def on_server(statement: str, *values: Any) -> list[tuple[Any, ...]]:
                found = connection.execute(statement.replace("?", "%s").encode(), values or None)
                return found.fetchall() if found.description else []

            yield on_server
        return
    assert isinstance(store, SqliteStore)
    with store.recorder.datastore.writing() as cursor:

        def in_file(statement: str, *values: Any) -> list[tuple[Any, ...]]:
            cursor.execute(statement, values)
            return [tuple(row) for row in cursor.fetchall()]

        yield in_file


Kept = tuple[str, int, str, bytes, bytes]
"""Stream, version, topic, state and hash of an event, as its row holds them."""


def kept_events(store: SqlStore) -> list[Kept]:
    """Every event as it is stored; a stream is named by 32 hexadecimal digits."""
    columns = "originator_id, originator_version, topic, state, hash"
    found = rows(store, f"SELECT {columns} FROM stored_events ORDER BY notification_id")  # noqa: S608
    return [
        (row[0].hex if isinstance(row[0], UUID) else row[0], row[1], row[2], row[3], row[4])
        for row in found
    ]


def save(
    store: SqlStore,
    *postings: Posting,
    seen: Sequence[tuple[Account, int]] = (),
    claims: Sequence[Document] = (),
    event: StoredEvent | None = None,
) -> None:
    """Save one event, with whatever it is said to mean."""
    stored = event or StoredEvent(next(STREAMS), 1, "x", b"{}")
    changes = net_changes(one for one in postings if one.account.kind in GUARDED)
    if isinstance(store, PostgresStore):
        meant = said_of(
            "acme", [stored], [postings], [claims], changes=changes, seen=dict(seen), due={}
        )
        store._save(encoded(meant), stored)
        return
    assert isinstance(store, SqliteStore)
    rules = Rules("acme", (postings,), (tuple(claims),), changes=changes, seen=tuple(seen), due=())
    store.recorder.append([([stored], rules)])


def broken_links(kept: Iterable[Kept]) -> list[tuple[str, int]]:
    """Stream and version of every event whose hash does not follow from what is stored."""
    found: list[tuple[str, int]] = []
    stream_before, last, previous = "", 0, NOTHING_BEFORE
    for stream, version, topic, state, own in sorted(kept):
        if stream != stream_before:
            last, previous = 0, NOTHING_BEFORE
        stored = StoredEvent(UUID(stream), version, topic, state)
        if version != last + 1 or link(previous, stored) != own:
            found.append((stream, version))
        stream_before, last, previous = stream, version, own
    return found


class Process:
    """Another process at work on a store; see `support.store_worker`."""

    def __init__(self, started: subprocess.Popen[str]) -> None:
        self._started = started

    def tell(self, do: str, **fields: Any) -> None:
        """Give a command without waiting for its answer."""
        assert self._started.stdin
        self._started.stdin.write(json.dumps({"do": do, **fields}) + "\n")
        self._started.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Wait for the answer to the oldest command."""
        assert self._started.stdout
        heard: dict[str, Any] = json.loads(self._started.stdout.readline())
        return heard

    def do(self, what: str, **fields: Any) -> dict[str, Any]:
        """Give a command and wait for its answer."""
        self.tell(what, **fields)
        return self.hear()


@contextmanager
def processes(count: int) -> Iterator[list[Process]]:
    """Run processes of their own; they end when their input does."""
    paths = os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    with ExitStack() as stack:
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "support.store_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": paths},
            )
            for _ in range(count)
        ]
        for each in started:
            stack.enter_context(each)
            stack.callback(each.kill)
            assert each.stdin
            stack.enter_context(closing(each.stdin))
        yield [Process(each) for each in started]


def everything(store: SqlStore, companies: Iterable[str]) -> int:
    """Read all that a store can tell; returns how many rows that was."""
    found = len(list(store.events())) + store.position()
    for company in companies:
        found += len(list(store.postings(company))) + len(store.sums(company))
        found += len(store.balances(company)) + len(store.due(company, *Waits))
    return found
