"""Each error of the server is said in our words, without a word of what is stored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import OperationalError as LibraryError
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier, Literal

from refund_adapters.store.errors import (
    DamagedStoreError,
    EraError,
    NotOurStoreError,
    ReadOnlyStoreError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreGoneError,
)
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_errors import is_lost, translated
from refund_adapters.store.postgres_recorder import encoded, rows_of
from refund_ledger.errors import InvariantError, LedgerError, StreamMovedError
from refund_ledger.refund import Waits
from support.books import Books, a_cash_sale, a_line
from support.ledger_servers import (
    SERVICE,
    address_of,
    new_ledger,
    owner_connection,
    waiting_for_a_lock,
)
from support.postgres import Server

Owner = psycopg.Connection[tuple[Any, ...]]
SECRET = "s3cr3t"
LONG = 10_000_000


@pytest.fixture
def owner(postgres_ledger: str) -> Iterator[Owner]:
    """The owner of the ledger, who can stand in its way."""
    with owner_connection(postgres_ledger) as connection:
        yield connection


def let_the_service(owner: Owner, setting: str, value: str) -> None:
    """Give the connections that the service opens from now on in this database a setting."""
    statement = SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}")
    names = Identifier(SERVICE), Identifier(owner.info.dbname), Identifier(setting)
    owner.execute(statement.format(*names, Literal(value)))


# --- provoked for real ----------------------------------------------------------------------------


def test_a_lock_held_for_too_long_is_a_busy_store(postgres_ledger: str, owner: Owner) -> None:
    let_the_service(owner, "lock_timeout", "50ms")
    with Books(postgres_ledger) as books:
        books.grant("a", 5)
        with owner.transaction():
            owner.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
            with pytest.raises(StoreBusyError, match="held by others for too long; try again"):
                books.grant("b", 5)
        books.grant("b", 5)
        assert len(books.events()) == 2


def test_a_save_that_was_cancelled_wrote_nothing(postgres_ledger: str, owner: Owner) -> None:
    with Books(postgres_ledger) as books, ThreadPoolExecutor(1) as other:
        with owner.transaction():
            owner.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
            waiting = other.submit(books.grant, "a", 5)
            owner.execute("SELECT pg_cancel_backend(%s)", (waiting_for_a_lock(owner),))
            with pytest.raises(StoreBusyError, match="took too long and was stopped; try again"):
                waiting.result(30)
        assert books.events() == []


def test_a_save_whose_process_was_ended_is_made_once_all_the_same(
    postgres_ledger: str, owner: Owner
) -> None:
    with Books(postgres_ledger) as books, ThreadPoolExecutor(1) as other:
        with owner.transaction():
            owner.execute("LOCK TABLE postings IN EXCLUSIVE MODE")
            waiting = other.submit(books.grant, "a", 5)
            for _ in range(3):
                owner.execute("SELECT pg_terminate_backend(%s, 5000)", (waiting_for_a_lock(owner),))
        assert waiting.result(30) == "grant:a"
        assert len(books.events()) == 1
        books.check()


def test_saves_that_hold_each_other_up_crosswise_are_tried_again(
    postgres_ledger: str, owner: Owner, postgres_server: Server
) -> None:
    # Whoever looks first that it waits in a circle is the one who gives way.
    let_the_service(owner, "deadlock_timeout", "500ms")
    owner.execute("SET deadlock_timeout = '20s'")
    before = postgres_server.log(LONG).count("deadlock detected")
    with Books(postgres_ledger) as books, ThreadPoolExecutor(1) as other:
        sale = str(books.record(a_cash_sale(1, a_line(1, 100), a_line(2, 100))))
        row = "SELECT FROM balances WHERE kind = 'refundable' AND item = %s FOR UPDATE"
        with owner.transaction():
            owner.execute(row, ("line/2/net",))
            waiting = other.submit(books.ask, "k", original=sale, parts="invoice")
            waiting_for_a_lock(owner)
            owner.execute(row, ("line/1/net",))
            assert not waiting.done()
        waiting.result(30)
        assert len(books.refund_ids()) == 1
        books.check()
    assert postgres_server.log(LONG).count("deadlock detected") > before


def test_a_save_that_was_ended_for_its_silence_is_made_all_the_same(postgres_ledger: str) -> None:
    with Books(postgres_ledger) as books, Books() as elsewhere:
        elsewhere.grant("a", 5)
        store, silences = books.store, [0.3, 0.0]
        assert isinstance(store, PostgresStore)
        stored = store._mapper.to_stored_event(elsewhere.saved[0])
        said = encoded(rows_of([stored]))

        def slowly(cursor: psycopg.Cursor[Any]) -> None:
            with cursor.connection.transaction():
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
                time.sleep(silences.pop(0))
                cursor.execute("SELECT add_events(%s::jsonb)", (said,))

        store._write(slowly, stored)
        assert silences == []
        assert books.events() == elsewhere.events()


def test_a_server_that_may_only_be_read_says_so(postgres_ledger: str, owner: Owner) -> None:
    let_the_service(owner, "default_transaction_read_only", "on")
    with Books(postgres_ledger) as books:
        assert books.events() == []
        with pytest.raises(ReadOnlyStoreError, match="can only be read"):
            books.grant("a", 5)


def test_a_right_that_was_taken_away_is_missed_at_once(postgres_ledger: str, owner: Owner) -> None:
    with Books(postgres_ledger) as books:
        owner.execute(SQL("REVOKE INSERT ON postings FROM {}").format(Identifier(SERVICE)))
        with pytest.raises(ReadOnlyStoreError, match="grant its rights with `refund-ledger store"):
            books.grant("a", 5)
        assert books.events() == []


def test_a_table_that_is_gone_is_named_as_what_it_is(postgres_ledger: str, owner: Owner) -> None:
    with Books(postgres_ledger) as books:
        owner.execute("DROP TABLE calls_due")
        with pytest.raises(NotOurStoreError, match="make them with `refund-ledger store migrate`"):
            books.store.due("acme", *Waits)


def test_a_server_that_is_gone_and_stays_away_is_named(postgres_ledger: str) -> None:
    dsn = " ".join(
        f"{name}={value}"
        for name, value in conninfo_to_dict(postgres_ledger.partition("?")[0]).items()
        if name in {"dbname", "user"}
    )
    nowhere = f"{dsn} host=127.0.0.1 port=1"
    with pytest.raises(StoreGoneError, match=r"127\.0\.0\.1:1/.* does not answer"):
        PostgresStore(address_of(nowhere))


@pytest.mark.parametrize("wrong", [{"user": "nobody_here"}, {"database": "no_such_database"}])
def test_a_user_or_database_that_there_is_not_is_not_let_in(
    postgres_server: Server, wrong: dict[str, str]
) -> None:
    dsn = postgres_server.dsn(wrong.get("database", "postgres"))
    with pytest.raises(StoreGoneError, match="does not let this user in; check the server"):
        PostgresStore(address_of(dsn, user=wrong.get("user", "postgres")))


def test_a_page_that_was_destroyed_on_the_disk_is_damage() -> None:
    with Server(durable=True) as server, new_ledger(server) as address:
        with Books(address) as books:
            books.grant("a", 5)
        with owner_connection(address) as owner:
            found = owner.execute("SELECT pg_relation_filepath('stored_events')").fetchone()
        server.stop()
        assert found is not None
        file = server.folder / "data" / str(found[0])
        file.write_bytes(b"\xff" * len(file.read_bytes()))
        server.start()
        with Books(address) as books:
            with pytest.raises(DamagedStoreError, match="is damaged; restore it from a backup"):
                books.events()
            with pytest.raises(DamagedStoreError, match="is damaged; restore it from a backup"):
                books.grant("b", 5)


# --- what no test can provoke, raised by the server itself ----------------------------------------

RAISED = [
    ("53100", StoreFullError, "has no room left on its disk; nothing was written"),
    ("25006", ReadOnlyStoreError, "can only be read"),
    ("42501", ReadOnlyStoreError, "refuses this user"),
    ("55P03", StoreBusyError, "was held by others for too long"),
    ("57014", StoreBusyError, "took too long and was stopped"),
    ("40P01", StoreBusyError, "was held crosswise by others"),
    ("42P01", NotOurStoreError, "has no tables of a refund ledger"),
    ("XX001", DamagedStoreError, "is damaged"),
    ("XX002", DamagedStoreError, "is damaged"),
    ("57P01", StoreGoneError, "does not answer"),
    ("57P03", StoreGoneError, "does not answer"),
    ("25P03", StoreGoneError, "does not answer"),
    ("25P04", StoreGoneError, "does not answer"),
    ("53300", StoreGoneError, "does not answer"),
    ("08006", StoreGoneError, "does not answer"),
    ("58030", StoreError, "reports 58030"),
    ("53200", StoreError, "reports 53200"),
    ("22012", StoreError, "reports 22012"),
    ("RL000", ReadOnlyStoreError, "history is never changed"),
    ("RL005", InvariantError, "told"),
    ("RL006", EraError, "was promoted to another timeline"),
]


@pytest.mark.parametrize(("state", "ours", "words"), RAISED)
def test_what_the_server_raises_has_its_words(
    owner: Owner, state: str, ours: type[LedgerError], words: str
) -> None:
    told = "told" if state.startswith("RL") else SECRET
    raised = f"DO $$ BEGIN RAISE EXCEPTION '{told}' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(ours, match=words) as caught, translated("the place"):
        owner.execute(raised.encode())
    assert type(caught.value) is ours
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value.__cause__, psycopg.Error)


def test_what_the_library_wraps_is_unwrapped(owner: Owner) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero) as divided:
        owner.execute("SELECT 1 / 0")
    with pytest.raises(StoreError, match="reports 22012"), translated("the place"):
        raise LibraryError("of the driver's") from divided.value
    with pytest.raises(StoreError, match="reports OperationalError"), translated("the place"):
        raise LibraryError("of its own")


def test_our_own_errors_pass_and_others_are_not_touched() -> None:
    with pytest.raises(StreamMovedError), translated("the place"):
        raise StreamMovedError("another writer")
    with pytest.raises(KeyError), translated("the place"):
        raise KeyError("a mistake")
    assert not is_lost(KeyError("a mistake"))
    assert not is_lost(psycopg.errors.UniqueViolation())
