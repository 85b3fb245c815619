"""Health: how far the feed is, who holds it up, and what waits, on each sort of store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from refund_adapters.store.errors import StoreError
from refund_adapters.store.health import Holder, health
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_migrations import newest
from refund_adapters.store.sealing import Sealer
from refund_adapters.store.sqlite_recorder import SCHEMA_VERSION
from refund_adapters.store.trees import tree_of
from refund_ledger.events import Part
from refund_ledger.refund import Waits
from support.books import COMPANY, Books
from support.feeds import wait_until
from support.ledger_servers import new_ledger
from support.postgres import Server

Session = psycopg.Connection[tuple[Any, ...]]
NOTHING_DUE = dict.fromkeys(Waits, 0)


def test_an_empty_store_is_well(books: Books) -> None:
    found = health(books.store, COMPANY)
    on_server = isinstance(books.store, PostgresStore)
    assert found.store == books.store.where
    assert (found.newest, found.settled, found.lag) == (0, 0, 0)
    assert found.due == NOTHING_DUE
    assert found.era == (1 if on_server else None)
    assert found.schema_version == (newest() if on_server else SCHEMA_VERSION)
    assert found.unsealed is None


def test_what_is_saved_is_fed_at_once_where_nobody_holds_it_up(books: Books) -> None:
    for number in range(3):
        books.grant(f"g{number}", 5)
    wait_until(lambda: health(books.store, COMPANY).lag == 0)
    found = health(books.store, COMPANY)
    assert (found.newest, found.settled) == (3, 3)


def test_calls_due_now_are_counted_by_what_they_wait_for(books: Books) -> None:
    for number in range(3):
        books.ask(f"k{number}", kind="goodwill", customer_id="7", amount=10)
    sent = books.ask("sent", kind="goodwill", customer_id="7", amount=10)
    books.submit(sent, Part.INVOICE)
    # The fourth may be declared in doubt in a few seconds of the books' time, long ago by now.
    found = health(books.store, COMPANY)
    assert found.due == {**NOTHING_DUE, Waits.SEND: 3, Waits.PARK: 1}
    assert health(books.store, "another").due == NOTHING_DUE


def test_what_waits_for_later_is_not_due_now(books: Books) -> None:
    refund = books.ask("k", kind="goodwill", customer_id="7", amount=10)
    books.minutes = 60 * 24 * 365 * 50
    books.submit(refund, Part.INVOICE)
    assert health(books.store, COMPANY).due == NOTHING_DUE


def test_events_after_the_last_seal_are_counted(books: Books) -> None:
    books.grant("one", 5)
    books.grant("two", 5)
    Sealer(tree_of(books.store)).seal()
    assert health(books.store, COMPANY).unsealed == 0
    books.grant("three", 5)
    books.grant("four", 5)
    assert health(books.store, COMPANY).unsealed == 2


# --- a server -------------------------------------------------------------------------------------


def test_who_holds_the_feed_up_is_named_from_any_database(
    postgres_ledger: str, postgres_server: Server
) -> None:
    with (
        Books(postgres_ledger) as books,
        psycopg.connect(postgres_server.dsn(), application_name="nightly report") as elsewhere,
    ):
        books.grant("before", 5)
        wait_until(lambda: health(books.store, COMPANY).lag == 0)
        elsewhere.execute("SELECT pg_current_xact_id()")
        assert health(books.store, COMPANY).lag == 0
        books.grant("one", 5)
        books.grant("two", 5)
        found = health(books.store, COMPANY)
        assert (found.newest, found.settled, found.lag) == (3, 1, 2)
        # The server does not tell a stranger what it does, nor since when.
        assert found.holder == Holder(
            elsewhere.info.backend_pid, "postgres", "nightly report", "postgres", None, None
        )
        elsewhere.rollback()
        wait_until(lambda: health(books.store, COMPANY).lag == 0)
        assert health(books.store, COMPANY).settled == 3


def test_of_a_transaction_of_the_same_user_more_is_told(postgres_ledger: str) -> None:
    with Books(postgres_ledger) as books, session(postgres_ledger) as own, own.transaction():
        began = datetime.now(UTC)
        own.execute("SELECT pg_current_xact_id()")
        books.grant("g", 5)
        holder = health(books.store, COMPANY).holder
        assert holder is not None
        assert holder.pid == own.info.backend_pid
        assert holder.state == "idle in transaction"
        assert holder.since is not None
        assert abs(holder.since - began) < timedelta(seconds=30)


def test_the_oldest_of_several_is_named(postgres_ledger: str, postgres_server: Server) -> None:
    with (
        Books(postgres_ledger) as books,
        psycopg.connect(postgres_server.dsn(), application_name="old") as old,
        psycopg.connect(postgres_server.dsn(), application_name="young") as young,
    ):
        old.execute("SELECT pg_current_xact_id()")
        young.execute("SELECT pg_current_xact_id()")
        books.grant("g", 5)
        for name, one in (("old", old), ("young", young)):
            holder = health(books.store, COMPANY).holder
            assert holder is not None
            assert holder.name == name
            one.rollback()


def test_a_prepared_transaction_is_named_by_its_id() -> None:
    with (
        Server(settings={"max_prepared_transactions": "2"}) as server,
        new_ledger(server) as address,
        Books(address) as books,
        psycopg.connect(server.dsn(), autocommit=True) as elsewhere,
    ):
        elsewhere.execute("BEGIN")
        elsewhere.execute("CREATE TABLE forgotten (number int)")
        elsewhere.execute("PREPARE TRANSACTION 'monday''s load'")
        books.grant("g", 5)
        found = health(books.store, COMPANY)
        assert found.lag == 1
        assert found.holder is not None
        assert found.holder.pid is None
        assert (found.holder.name, found.holder.state) == ("monday's load", "prepared")
        assert found.holder.since is not None
        elsewhere.execute("ROLLBACK PREPARED 'monday''s load'")
        wait_until(lambda: health(books.store, COMPANY).lag == 0)


def test_a_server_that_does_not_answer_is_an_error() -> None:
    with (
        Server() as server,
        new_ledger(server) as address,
        closing(PostgresStore(address, patience=0.1)) as store,
    ):
        server.kill()
        with pytest.raises(StoreError, match="does not answer"):
            health(store, COMPANY)


@contextmanager
def session(address: str) -> Iterator[Session]:
    """A session of the service."""
    with psycopg.connect(Address.parse(address).conninfo, autocommit=True) as connection:
        yield connection
