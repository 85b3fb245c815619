"""Stores seen from below: every row of every table, the chain recomputed, other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.refund import Waits
from support.tree import ROOT

Dump = dict[str, list[tuple[Any, ...]]]


def rows(store: SqliteStore, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement outside the store's own verbs, and keep what it changed."""
    with store.recorder.datastore.writing() as cursor:
        cursor.execute(statement, values)
        return [tuple(row) for row in cursor.fetchall()]


def dump(store: SqliteStore) -> Dump:
    """Every row of every table; equal dumps are equal stores."""
    names = rows(store, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return {name: rows(store, f"SELECT * FROM {name} ORDER BY 1, 2") for (name,) in names}  # noqa: S608


Kept = tuple[str, int, str, bytes, bytes]
"""Stream, version, topic, state and hash of an event, as its row holds them."""


def kept_events(store: SqliteStore) -> list[Kept]:
    """Every event as it is stored."""
    columns = "originator_id, originator_version, topic, state, hash"
    found = rows(store, f"SELECT {columns} FROM stored_events ORDER BY notification_id")  # noqa: S608
    return [(row[0], row[1], row[2], row[3], row[4]) for row in found]


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


def everything(store: SqliteStore, companies: Iterable[str]) -> int:
    """Read all that a store can tell; returns how many rows that was."""
    found = len(list(store.events())) + store.position()
    for company in companies:
        found += len(list(store.postings(company))) + len(store.sums(company))
        found += len(store.balances(company)) + len(store.due(company, *Waits))
    return found
