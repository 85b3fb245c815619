"""The skip probe: many processes write while one reader follows, and it gets everything once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from refund_adapters.feed import feed
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.sqlite import SqliteStore
from support.books import Books
from support.feeds import ended, following, writers

IN_CI = bool(os.environ.get("CI"))
ON_SERVER = 100_000 if IN_CI else 24_000
IN_FILE = 24_000 if IN_CI else 6_000
PATIENCE = 400.0


@pytest.mark.timeout(600)
def test_a_reader_skips_nothing_while_eight_processes_write_to_a_server(
    postgres_ledger: str,
) -> None:
    store = PostgresStore(postgres_ledger)
    with (
        by_position(postgres_ledger) as naive,
        following(store) as reader,
        writers(postgres_ledger, 8, ON_SERVER // 8) as crowd,
        Books(postgres_ledger) as books,
    ):
        for number in range(100):
            books.grant(f"g{number}", 5)  # Real saves, which wake the reader.
        told = ended(crowd, PATIENCE)
        pages_meanwhile = reader.full_pages
        reader.has(ON_SERVER + 100, PATIENCE)
        reader.idles()
    with psycopg.connect(Address.parse(postgres_ledger).conninfo, autocommit=True) as connection:
        connection.execute("SET search_path = acme")
        whole = connection.execute(
            "SELECT notification_id FROM stored_events ORDER BY era, xid, notification_id"
        ).fetchall()
    in_order = [row[0] for row in whole]
    assert len(in_order) == ON_SERVER + 100
    assert reader.positions == in_order
    assert reader.positions == [fed.position for fed in feed(store)]
    # The probe could have failed: saves overtook each other, and a reader by position lost some.
    assert in_order != sorted(in_order)
    assert len(naive) < len(in_order), "nobody was overtaken: this run proves nothing"
    assert max(in_order) > len(in_order), "no save was rolled back"
    assert sum(one["undone"] for one in told) > 0
    assert pages_meanwhile > 20
    store.close()


@pytest.mark.timeout(600)
def test_a_reader_skips_nothing_while_six_processes_write_to_a_file(tmp_path: Path) -> None:
    path = str(tmp_path / "refunds.db")
    store = SqliteStore(path)
    with following(store) as reader, writers(path, 6, IN_FILE // 6) as crowd:
        told = ended(crowd, PATIENCE)
        pages_meanwhile = reader.full_pages
        reader.has(IN_FILE, PATIENCE)
        reader.idles()
    assert reader.positions == list(range(1, IN_FILE + 1))
    assert sum(one["undone"] for one in told) > 0
    assert pages_meanwhile > 20
    store.close()


@contextmanager
def by_position(address: str) -> Iterator[list[int]]:
    """What a reader gets that goes on after the highest position that it saw, as many do."""
    got: list[int] = []
    over = threading.Event()

    def run() -> None:
        with psycopg.connect(Address.parse(address).conninfo, autocommit=True) as connection:
            connection.execute("SET search_path = acme")
            last = False
            while not last:
                last = over.is_set()
                rows = connection.execute(
                    "SELECT notification_id FROM stored_events WHERE notification_id > %s "
                    "ORDER BY notification_id",
                    (got[-1] if got else 0,),
                ).fetchall()
                got.extend(row[0] for row in rows)
                over.wait(0.002)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield got
    finally:
        over.set()
        thread.join(30)
