"""The feed of a server: whoever is overtaken is waited for, and restarts only interrupt it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import uuid4

import psycopg
import pytest

from refund_adapters.feed import feed
from refund_adapters.store.cursors import Cursor, RewoundError
from refund_adapters.store.errors import EraError, StoreBusyError
from refund_adapters.store.feeds import FeedSource
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_feed import PostgresFeed
from refund_adapters.store.postgres_migrations import adopt, migrate
from support.books import Books
from support.feeds import following, template, wait_until
from support.ledger_servers import OWNER, SERVICE, address_of, new_ledger, owner_of
from support.postgres import Server, new_database

Session = psycopg.Connection[tuple[object, ...]]
TABLES = ("eras", "stored_events", "postings", "balances", "claims", "calls_due")


@pytest.fixture
def store(postgres_ledger: str) -> Iterator[PostgresStore]:
    with closing(PostgresStore(postgres_ledger)) as opened:
        yield opened


# --- order --------------------------------------------------------------------------------------


def test_who_took_an_earlier_position_is_waited_for(
    postgres_ledger: str, store: PostgresStore
) -> None:
    with (
        session(postgres_ledger) as first,
        session(postgres_ledger) as second,
        following(store) as reader,
    ):
        with first.transaction():
            assert add(first) == 1
            assert add(second) == 2
            assert by_position(second) == [2], "the later one is there for all to see"
            reader.idles()
            assert reader.positions == []
            assert list(feed(store)) == []
        reader.has(2)
        assert reader.positions == [1, 2]


def test_a_later_position_comes_first_where_its_transaction_began_first(
    postgres_ledger: str, store: PostgresStore
) -> None:
    with (
        session(postgres_ledger) as first,
        session(postgres_ledger) as second,
        following(store) as reader,
    ):
        with first.transaction():
            first.execute("SELECT pg_current_xact_id()")
            assert add(second) == 1
            reader.idles()
            assert reader.positions == []
            assert add(first) == 2
        reader.has(2)
        assert reader.positions == [2, 1]
        whole = list(feed(store))
        assert [fed.position for fed in whole] == [2, 1]
        assert [fed.position for fed in feed(store, after=whole[0].cursor)] == [1]
        assert list(feed(store, after=whole[1].cursor)) == []


def test_saves_that_were_rolled_back_leave_gaps_that_harm_nobody(
    postgres_ledger: str, store: PostgresStore
) -> None:
    with session(postgres_ledger) as other, following(store) as reader:
        for _ in range(3):
            with other.transaction(force_rollback=True):
                add(other)
                add(other)
            add(other)
        reader.has(3)
        assert reader.positions == [3, 6, 9]
        first, second, third = feed(store)
        assert list(feed(store, after=first.cursor)) == [second, third]
        with pytest.raises(RewoundError, match="nothing is at position 4"):
            list(feed(store, after=str(Cursor(4, bytes(8)))))


def test_a_transaction_of_another_database_stalls_the_feed_and_skips_nothing(
    postgres_ledger: str, postgres_server: Server, store: PostgresStore
) -> None:
    with (
        psycopg.connect(postgres_server.dsn()) as elsewhere,
        session(postgres_ledger) as writer,
        following(store) as reader,
    ):
        elsewhere.execute("SELECT pg_current_xact_id()")
        for _ in range(3):
            add(writer)
        reader.idles()
        assert reader.positions == []
        elsewhere.rollback()
        reader.has(3)
        assert reader.positions == [1, 2, 3]


# --- waking, and what interrupts it -------------------------------------------------------------


def test_a_save_that_nobody_announces_is_found_all_the_same(
    postgres_ledger: str, store: PostgresStore
) -> None:
    with session(postgres_ledger) as silent, following(store) as reader:
        reader.idles()
        add(silent)
        reader.has(1, patience=5)


def test_a_reader_listens_before_its_first_look(postgres_ledger: str, store: PostgresStore) -> None:
    source: FeedSource = PostgresFeed(store)
    with closing(source), session(postgres_ledger) as other:
        source.open()
        add(other)
        store.waker.ring()
        assert len(source.page(None, 10)) == 1
        assert source.wait(10)


def test_a_reader_whose_connection_is_killed_connects_again(
    postgres_ledger: str, postgres_server: Server
) -> None:
    with Books(postgres_ledger) as books, following(books.store) as reader:
        for number in range(3):
            books.grant(f"g{number}", 5)
            reader.has(number + 1)
            assert kill_readers(postgres_server) == 1
            wait_until(lambda number=number: reader.outages > number)  # type: ignore[misc]
        books.grant("last", 5)
        reader.has(4)
        assert reader.positions == [1, 2, 3, 4]


def test_a_reader_goes_on_after_each_restart_of_the_server() -> None:
    with Server(durable=True) as server, new_ledger(server) as address, Books(address) as books:
        with following(books.store) as reader:
            for number in range(2):
                books.grant(f"before {number}", 5)
                reader.has(2 * number + 1)
                if number:
                    server.stop("fast")
                else:
                    server.kill()
                wait_until(lambda number=number: reader.outages > number)  # type: ignore[misc]
                server.start()
                books.grant(f"after {number}", 5)
                reader.has(2 * number + 2)
        whole = list(feed(books.store))
        assert reader.got == whole
        assert len(whole) == 4


def test_a_reader_that_stops_waits_for_no_server() -> None:
    with Server() as server, new_ledger(server) as address, Books(address) as books:
        with following(books.store) as reader:
            reader.idles()
            server.kill()
            wait_until(lambda: reader.outages > 0)
        assert reader.error is None


def test_a_reader_leaves_no_connection_behind(postgres_ledger: str) -> None:
    with Books(postgres_ledger) as books:
        books.grant("g", 5)
        for _ in range(3):
            assert len(list(feed(books.store))) == 1
        abandoned = feed(books.store, follow=True)
        next(abandoned)
        abandoned.close()  # type: ignore[attr-defined]
        with session(postgres_ledger) as looking:
            wait_until(lambda: readers(looking) == 0)


# --- other clusters -----------------------------------------------------------------------------


def test_the_cursor_of_before_goes_on_after_a_restore_into_another_cluster(
    postgres_ledger: str,
) -> None:
    with Books(postgres_ledger) as books, session(postgres_ledger) as spends:
        for number in range(5):
            books.grant(f"g{number}", 5)
            for _ in range(300):
                # So that the old numbers of transactions are above all of the new cluster.
                spends.execute("SELECT pg_current_xact_id()")
        before = list(feed(books.store))
    with Server() as fresh, new_database(fresh) as dsn:
        owner = Address.parse(address_of(dsn, user=OWNER))
        migrate(owner, service=SERVICE)
        copy_rows(owner_of(postgres_ledger), owner)
        with pytest.raises(EraError):
            PostgresStore(address_of(dsn))
        assert adopt(owner, why="a restore") == 2
        with Books(address_of(dsn)) as books:
            assert list(feed(books.store)) == before
            with following(books.store, before[2].cursor) as reader:
                reader.has(2)
                for number in range(5, 8):
                    books.grant(f"g{number}", 5)
                reader.has(5)
            assert reader.got[:2] == before[3:]
            assert list(feed(books.store, after=before[2].cursor)) == reader.got
            numbers = [int(str(one)) for one in transactions(address_of(dsn))]
            assert numbers != sorted(numbers), "the new transactions had higher numbers anyway"


def test_a_standby_is_read_and_one_that_is_behind_is_not_taken_for_rewound() -> None:
    with Server(durable=True) as server, new_ledger(server) as address:
        with Books(address) as books:
            books.grant("g", 5)
            (only,) = feed(books.store)
        server.stop()
        (server.folder / "data" / "standby.signal").touch()
        server.start()
        with closing(PostgresStore(address)) as standby, closing(PostgresFeed(standby)) as source:
            assert list(feed(standby)) == [only]
            source.open()
            assert not source.wait(0.01)
            with pytest.raises(StoreBusyError, match="has not come to position 9"):
                source.page(Cursor(9, bytes(8)), 10)
            with pytest.raises(RewoundError, match="another event is at position 1"):
                source.page(Cursor(1, bytes(8)), 10)
        server.stop()  # A standby drops no database.


def test_a_standby_where_an_event_is_not_settled_yet_is_not_taken_for_rewound() -> None:
    with Server(durable=True) as server, new_ledger(server) as address:
        parsed = Address.parse(address)
        with closing(psycopg.connect(parsed.conninfo)) as slow:
            slow.execute(f"SET search_path = {parsed.schema}".encode())
            undone = add(slow)
            with Books(address) as books:
                books.grant("g", 5)
                later = books.store.position()
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                connection.execute("CHECKPOINT")  # It makes known what is under way.
            server.kill()
        (server.folder / "data" / "standby.signal").touch()
        server.start()
        with closing(PostgresStore(address)) as standby, closing(PostgresFeed(standby)) as source:
            ((digest,),) = standby.ask(
                "SELECT hash FROM stored_events WHERE notification_id = ?", (later,)
            )
            assert list(feed(standby)) == []
            source.open()
            for position in (later, undone):
                with pytest.raises(StoreBusyError, match=f"has not come to position {position}"):
                    source.page(Cursor.of(position, bytes(digest)), 10)
        server.stop()  # A standby drops no database.


# --- below ----------------------------------------------------------------------------------------


@contextmanager
def session(address: str) -> Iterator[Session]:
    """A session of the service that does by hand what a writer does."""
    parsed = Address.parse(address)
    with psycopg.connect(parsed.conninfo, autocommit=True) as connection:
        connection.execute(f"SET search_path = {parsed.schema}".encode())
        yield connection


def add(connection: Session) -> int:
    """Add one event in the session's transaction; returns its position."""
    like = template()
    row = connection.execute(
        "SELECT (add_events(%s::jsonb))[1]",
        (json.dumps([[str(uuid4()), 1, like.topic, like.state.decode()]]),),
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def by_position(connection: Session) -> list[object]:
    """The positions of all events that can be seen."""
    rows = connection.execute("SELECT notification_id FROM stored_events ORDER BY 1").fetchall()
    return [row[0] for row in rows]


def transactions(address: str) -> list[object]:
    """The numbers of the transactions of all events, in the order of the feed."""
    with session(address) as looking:
        rows = looking.execute(
            "SELECT xid::text FROM stored_events ORDER BY era, xid, notification_id"
        ).fetchall()
    return [row[0] for row in rows]


def readers(connection: Session) -> int:
    """How many connections read the feed of this database."""
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'refund-ledger feed' "
        "AND datname = current_database()"
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def kill_readers(server: Server) -> int:
    """Kill every connection that reads a feed; returns how many."""
    with psycopg.connect(server.dsn()) as connection:
        return connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'refund-ledger feed'"
        ).rowcount


def copy_rows(source: Address, target: Address) -> None:
    """Copy all rows as a dump and its restore would: the columns as they are, triggers asleep."""
    with (
        psycopg.connect(source.conninfo) as old,
        psycopg.connect(target.conninfo) as new,
        new.transaction(),
    ):
        new.execute("SET LOCAL session_replication_role = replica")
        for table in TABLES:
            new.execute(f"DELETE FROM {target.schema}.{table}".encode())  # noqa: S608 - our own names
            columns = ", ".join(
                str(row[0])
                for row in old.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0",
                    (f"{source.schema}.{table}",),
                )
            )
            out = f"COPY {source.schema}.{table} ({columns}) TO STDOUT".encode()
            into = f"COPY {target.schema}.{table} ({columns}) FROM STDIN".encode()
            with (
                old.cursor().copy(out) as reading,
                new.cursor().copy(into) as writing,
            ):
                for data in reading:
                    writing.write(data)
