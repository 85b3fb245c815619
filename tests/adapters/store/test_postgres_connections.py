"""Connections are kept for the next use, judged when they are made, given up when they break."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg_pool import PoolClosed

from refund_adapters.store.errors import EraError
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_connections import MOST_IDLE, PROBES, Connection, Connections
from support.ledger_servers import owner_connection


@pytest.fixture
def judged() -> list[Connection]:
    """Which connections were judged, in order."""
    return []


@pytest.fixture
def connections(postgres_ledger: str, judged: list[Connection]) -> Iterator[Connections]:
    """A stack of connections to a ledger."""
    stack = Connections(Address.parse(postgres_ledger), check=judged.append)
    yield stack
    stack.close()


def test_a_connection_is_used_again_and_judged_once(
    connections: Connections, judged: list[Connection]
) -> None:
    with connections.get_connection() as first:
        pass
    with connections.get_connection() as second, connections.get_connection() as third:
        assert second is first
        assert third is not first
    assert judged == [first, third]


def test_a_connection_is_set_up_for_the_ledger_whatever_its_surroundings(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("PGCLIENTENCODING", "LATIN1"),
        ("PGTZ", "Asia/Jerusalem"),
        ("PGOPTIONS", "-c default_transaction_isolation=serializable"),
    ):
        monkeypatch.setenv(name, value)
    expected = {
        "search_path": "acme",
        "client_encoding": "UTF8",
        "TimeZone": "UTC",
        "default_transaction_isolation": "read committed",
        "idle_in_transaction_session_timeout": "5s",
        "lock_timeout": "30s",
        "application_name": "refund-ledger",
    }
    with connections.get_connection() as connection:
        for setting, value in expected.items():
            found = connection.execute("SELECT current_setting(%s) AS set", (setting,)).fetchone()
            assert found == {"set": value}, setting
        assert connection.autocommit


def test_a_host_that_vanishes_is_noticed_within_half_a_minute(
    connections: Connections, postgres_ledger: str
) -> None:
    expected = {name: str(value) for name, value in PROBES.items()}
    with connections.get_connection() as connection:
        said = connection.info.get_parameters()
        assert {name: said[name] for name in PROBES} == expected
    told = Address.parse(f"{postgres_ledger}&keepalives_idle=7")
    stack = Connections(told, check=lambda _: None)
    with stack.get_connection() as connection:
        assert connection.info.get_parameters()["keepalives_idle"] == "7"
    stack.close()


def test_one_that_is_refused_is_closed_and_says_why(postgres_ledger: str) -> None:
    seen = list[Connection]()

    def refuse(connection: Connection) -> None:
        seen.append(connection)
        raise EraError("another cluster")

    stack = Connections(Address.parse(postgres_ledger), check=refuse)
    for _ in range(2):
        with pytest.raises(EraError, match="another cluster"), stack.get_connection():
            pytest.fail("a refused connection was given out")
    assert [each.closed for each in seen] == [True, True]


def test_one_that_broke_or_is_in_the_middle_of_something_is_not_used_again(
    connections: Connections, postgres_ledger: str
) -> None:
    with connections.get_connection() as broken, owner_connection(postgres_ledger) as owner:
        owner.execute("SELECT pg_terminate_backend(%s, 5000)", (broken.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            broken.execute("SELECT 1")
    with connections.get_connection() as begun:
        begun.execute("BEGIN")
    with connections.get_connection() as fresh:
        assert fresh not in {broken, begun}
        assert broken.closed
        assert begun.closed


def test_no_more_are_kept_than_needed(connections: Connections) -> None:
    with ExitStack() as stack:
        used = [stack.enter_context(connections.get_connection()) for _ in range(MOST_IDLE + 3)]
    assert [each.closed for each in used].count(True) == 3
    connections.forget()
    assert all(each.closed for each in used)


def test_threads_never_share_one(connections: Connections) -> None:
    inside, most, lock = list[Connection](), list[int](), threading.Lock()

    def use() -> None:
        for _ in range(20):
            with connections.get_connection() as own:
                with lock:
                    assert own not in inside
                    inside.append(own)
                    most.append(len(inside))
                own.execute("SELECT pg_sleep(0.001)")
                with lock:
                    inside.remove(own)

    threads = [threading.Thread(target=use) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len(most) == 120
    assert max(most) > 1


def test_a_transaction_commits_only_where_it_shall(connections: Connections) -> None:
    add = "INSERT INTO claims VALUES ('acme', 'document', 3, %s, 1)"
    with connections.transaction(commit=True) as cursor:
        cursor.execute(add, (1,))
    with connections.transaction() as cursor:
        cursor.execute(add, (2,))

    def fails_halfway() -> None:
        with connections.transaction(commit=True) as cursor:
            cursor.execute(add, (3,))
            cursor.execute("SELECT 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        fails_halfway()
    with connections.moment() as reading:
        reading.execute("SELECT number FROM claims")
        assert reading.fetchall() == [(1,)]


def test_one_moment_is_read_for_as_long_as_it_takes_and_nothing_is_written(
    connections: Connections,
) -> None:
    with connections.moment() as reading:
        for setting, value in (
            ("transaction_isolation", "repeatable read"),
            ("transaction_read_only", "on"),
            ("idle_in_transaction_session_timeout", "0"),
        ):
            reading.execute("SELECT current_setting(%s)", (setting,))
            assert reading.fetchone() == (value,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reading.execute("DELETE FROM calls_due")
    with connections.get_connection() as connection:
        found = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()
        assert found == {"idle_in_transaction_session_timeout": "5s"}


def test_what_is_in_use_while_all_are_closed_is_closed_when_it_is_given_back(
    connections: Connections,
) -> None:
    with connections.get_connection() as used:
        connections.close()
        assert used.execute("SELECT 1 AS one").fetchone() == {"one": 1}
    assert used.closed
    with pytest.raises(PoolClosed):
        connections.take()


def test_a_store_that_is_only_asked_once_starts_no_thread(connections: Connections) -> None:
    before = threading.active_count()
    with connections.get_connection():
        assert threading.active_count() == before
