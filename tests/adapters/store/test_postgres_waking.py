"""Waking readers: a word soon after appends, few of them, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest

from refund_adapters.store import postgres_waking
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_waking import PAUSE, channel_of, listen, wake
from support.books import Books
from support.feeds import wait_until
from support.ledger_servers import SCHEMA
from support.postgres import Server
from support.tree import ROOT

Session = psycopg.Connection[tuple[Any, ...]]


def test_a_word_follows_an_append(postgres_ledger: str) -> None:
    with listening(postgres_ledger) as ear, Books(postgres_ledger) as books:
        assert heard(ear, 0.1) == 0
        books.grant("g", 5)
        assert heard(ear, 10, enough=1) == 1


def test_a_burst_of_appends_makes_few_words(postgres_ledger: str) -> None:
    with listening(postgres_ledger) as ear, Books(postgres_ledger) as books:
        began = time.monotonic()
        for number in range(150):
            books.grant(f"g{number}", 5)
        words = heard(ear, 4 * PAUSE)
        assert 1 <= words <= (time.monotonic() - began) / PAUSE + 2
        assert words < 150


def test_nothing_is_said_where_nobody_listens(postgres_ledger: str) -> None:
    with session(postgres_ledger) as ear, session(postgres_ledger) as mouth:
        ear.execute(f"LISTEN {channel_of(SCHEMA)}".encode())
        wake(mouth, SCHEMA)
        assert heard(ear, 0.2) == 0, "it listens without saying so"
        with listening(postgres_ledger) as other:
            wake(mouth, SCHEMA)
            assert heard(other, 10, enough=1) == 1
            assert heard(ear, 10, enough=1) == 1
        wait_until(lambda: connections(mouth) == 1)  # The server takes a moment to notice.
        wake(mouth, SCHEMA)
        assert heard(ear, 0.2) == 0


def test_each_ledger_has_its_own_words(postgres_ledger: str) -> None:
    with listening(postgres_ledger) as ear, session(postgres_ledger) as mouth:
        wake(mouth, "another")
        assert heard(ear, 0.2) == 0
        assert channel_of("a" * 63) != channel_of("a" * 62)
        assert len(channel_of("a" * 63)) < 63


def test_what_was_not_said_yet_is_said_when_the_store_closes(postgres_ledger: str) -> None:
    with listening(postgres_ledger) as ear:
        for number in range(3):
            with Books(postgres_ledger) as books:
                books.grant(f"{number} one", 5)
                assert heard(ear, 10, enough=1) == 1
                # The thread is silent for a moment now, and ends in it.
                books.grant(f"{number} two", 5)
            assert heard(ear, 10, enough=1) == 1


def test_a_store_that_is_closed_leaves_neither_thread_nor_connection(
    postgres_ledger: str,
) -> None:
    with Books(postgres_ledger) as books:
        books.grant("g", 5)
    wait_until(lambda: not wakers())
    with session(postgres_ledger) as looking:
        wait_until(lambda: connections(looking) == 0)


def test_the_thread_ends_by_itself_and_the_next_append_has_its_word_again(
    postgres_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_waking, "IDLE", 0.02)
    with Books(postgres_ledger) as books, listening(postgres_ledger) as ear:
        for number in range(5):
            books.grant(f"g{number}", 5)
            assert heard(ear, 10, enough=1) == 1
            wait_until(lambda: not wakers())
            assert not books_waker(books).is_running


def test_no_ring_is_lost_while_the_thread_comes_and_goes(
    postgres_ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_waking, "IDLE", 0.0005)
    monkeypatch.setattr(postgres_waking, "PAUSE", 0.0005)
    with closing(PostgresStore(postgres_ledger)) as store, listening(postgres_ledger) as ear:
        for number in range(400):
            time.sleep(number % 20 / 10_000)
            store.waker.ring()
            assert heard(ear, 10, enough=1) >= 1, number


def test_a_store_without_appends_starts_no_thread(postgres_ledger: str) -> None:
    with Books(postgres_ledger) as books:
        assert books.store.position() == 0
        assert not wakers()


def test_a_broken_connection_costs_one_word_and_no_append(
    postgres_ledger: str, postgres_server: Server
) -> None:
    with Books(postgres_ledger) as books, listening(postgres_ledger) as ear:
        for number in range(3):
            books.grant(f"g{number}", 5)
            assert heard(ear, 10, enough=1) >= 1
            with psycopg.connect(postgres_server.dsn()) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'refund-ledger'"
                )
        books.grant("last", 5)
        assert heard(ear, 10, enough=1) >= 1
        assert books.store.position() >= 4


def test_a_process_that_closes_nothing_ends_all_the_same(postgres_ledger: str) -> None:
    script = (
        "from support.books import Books; "
        f"Books({postgres_ledger!r}).grant('g', 5); print('saved', flush=True)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout == "saved\n"
    assert ended.stderr == ""


def wakers() -> list[threading.Thread]:
    """The threads that wake readers."""
    return [one for one in threading.enumerate() if one.name == "refund-ledger waker"]


def books_waker(books: Books) -> postgres_waking.Waker:
    """The waker of a store on a server."""
    assert isinstance(books.store, PostgresStore)
    return books.store.waker


@contextmanager
def session(address: str) -> Iterator[Session]:
    """A connection of a test's own."""
    with psycopg.connect(Address.parse(address).conninfo, autocommit=True) as connection:
        yield connection


@contextmanager
def listening(address: str) -> Iterator[Session]:
    """A connection that listens as readers do."""
    with session(address) as connection:
        listen(connection, SCHEMA)
        yield connection


def heard(ear: Session, seconds: float, *, enough: int | None = None) -> int:
    """How many words came in so many seconds, or until there were enough."""
    return len(list(ear.notifies(timeout=seconds, stop_after=enough)))


def connections(looking: Session) -> int:
    """How many others are connected to this database."""
    row = looking.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    ).fetchone()
    assert row is not None
    return int(row[0])
