"""The tables are made once, brought forward step by step, and judged before they are used."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from refund_adapters.store import postgres_migrations
from refund_adapters.store.errors import (
    NewerStoreError,
    ReadOnlyStoreError,
    RightsError,
    SchemaError,
    StoreError,
)
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_migrations import migrate, newest, steps
from support.books import Books
from support.ledger_servers import (
    OWNER,
    SERVICE,
    address_of,
    new_ledger,
    owner_connection,
    owner_of,
)
from support.postgres import Server
from support.postgres_found import Installation, available
from support.stores import dump, processes

ALL = [number for number, _ in steps()]
HISTORY = ["stored_events", "postings", "claims", "eras", "tree_leaves", "tree_heads"]


def owner_at(dsn: str, schema: str = "acme") -> Address:
    """A ledger of a database, for the owner of its tables."""
    return Address.parse(address_of(dsn, user=OWNER, schema=schema))


# --- made and brought forward ---------------------------------------------------------------------


def test_the_steps_are_numbered_without_a_gap() -> None:
    assert list(range(1, newest() + 1)) == ALL


def test_tables_are_made_from_nothing_and_only_once(postgres_database: str) -> None:
    owner = owner_at(postgres_database)
    assert migrate(owner, service=SERVICE) == ALL
    with Books(address_of(postgres_database)) as books:
        books.grant("a", 5)
        before = dump(books.store)
        assert migrate(owner, service=SERVICE) == []
        assert migrate(owner) == []
        assert dump(books.store) == before
        books.grant("b", 5)


def test_several_ledgers_share_a_database_and_see_nothing_of_each_other(
    postgres_database: str,
) -> None:
    for schema in ("acme", "bolt"):
        assert migrate(owner_at(postgres_database, schema), service=SERVICE) == ALL
    with (
        Books(address_of(postgres_database)) as ours,
        Books(address_of(postgres_database, schema="bolt")) as theirs,
    ):
        ours.grant("a", 5)
        assert theirs.events() == []
        assert theirs.store.position() == 0


def test_eight_at_once_make_the_tables_once(postgres_database: str) -> None:
    owner = owner_at(postgres_database)
    with ThreadPoolExecutor(8) as crowd:
        asked = [crowd.submit(migrate, owner, service=SERVICE) for _ in range(8)]
        done = [each.result(60) for each in asked]
    assert sorted(done) == [[]] * 7 + [ALL]
    PostgresStore(address_of(postgres_database)).close()


def test_eight_processes_at_once_make_the_tables_once(postgres_database: str) -> None:
    address = address_of(postgres_database, user=OWNER)
    with processes(8) as crowd:
        for each in crowd:
            each.tell("migrate", address=address, service=SERVICE)
        done = [each.hear()["done"] for each in crowd]
    assert sorted(done) == [[]] * 7 + [ALL]
    PostgresStore(address_of(postgres_database)).close()


def test_each_step_is_run_by_itself_and_can_be_the_last_for_a_while(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, every = owner_at(postgres_database), steps()
    for number in ALL:
        monkeypatch.setattr(postgres_migrations, "steps", lambda upto=number: every[:upto])
        assert migrate(owner) == [number]
        with owner_connection(owner) as connection:
            said = f'[["{uuid4()}", 1, "x", "{{}}"]]'
            connection.execute("SELECT add_events(%s::jsonb)", (said,))
            versions = connection.execute("SELECT version FROM schema_versions ORDER BY 1")
            assert [version for (version,) in versions] == ALL[:number]
            kept = connection.execute("SELECT count(*) FROM stored_events").fetchone()
            assert kept == (number,)
    assert migrate(owner, service=SERVICE) == []
    PostgresStore(address_of(postgres_database)).close()


def test_a_step_that_fails_leaves_everything_as_it_was(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = owner_at(postgres_database)
    migrate(owner, service=SERVICE)
    broken = [*steps(), (newest() + 1, "CREATE TABLE half (number int); SELECT 1 / 0")]
    with monkeypatch.context() as patch:
        patch.setattr(postgres_migrations, "steps", lambda: broken)
        with pytest.raises(StoreError, match="reports 22012"):
            migrate(owner)
    with Books(address_of(postgres_database)) as books:
        assert "half" not in dump(books.store)
        books.grant("a", 5)


@pytest.mark.parametrize("installation", available(), ids=str)
def test_every_major_version_keeps_a_ledger(installation: Installation) -> None:
    with Server(installation) as server, new_ledger(server) as address:
        with Books(address) as books:
            books.grant("a", 500)
            paid = books.ask("c", kind="credit", customer_id="7", method="cash")
            books.finish(paid)
            gift = books.ask("g", kind="goodwill", customer_id="7", amount=100)
            books.finish(gift)
            books.check()
            before = dump(books.store)
        server.stop()
        server.start()
        with Books(address, minutes=50) as books:
            assert dump(books.store) == before
            books.grant("b", 5)
            books.check()


def test_a_database_that_keeps_no_unicode_is_refused(postgres_server: Server) -> None:
    name = "test_of_bytes"
    with psycopg.connect(postgres_server.dsn(), autocommit=True) as connection:
        connection.execute(
            SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'SQL_ASCII'").format(
                Identifier(name)
            )
        )
        try:
            with pytest.raises(SchemaError, match=r"keeps text as SQL_ASCII; make one with CREATE"):
                migrate(owner_at(postgres_server.dsn(name)))
        finally:
            connection.execute(SQL("DROP DATABASE {}").format(Identifier(name)))


def test_who_may_not_make_tables_is_told_so(postgres_database: str) -> None:
    migrate(owner_at(postgres_database), service=SERVICE)
    service = Address.parse(address_of(postgres_database, schema="another"))
    with pytest.raises(ReadOnlyStoreError, match="refuses this user"):
        migrate(service)


# --- judged before they are used ------------------------------------------------------------------


@pytest.fixture
def owner(postgres_ledger: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The owner of a ledger."""
    with owner_connection(postgres_ledger) as connection:
        yield connection


def test_tables_that_are_missing_are_asked_for_with_the_command(postgres_database: str) -> None:
    migrate(owner_at(postgres_database), service=SERVICE)
    nowhere = address_of(postgres_database, schema="nowhere")
    command = "`refund-ledger store migrate --store postgresql://OWNER@HOST/DATABASE`"
    with pytest.raises(SchemaError, match=f"has no tables .*; make them with {command}"):
        PostgresStore(nowhere)


def test_tables_of_newer_software_are_refused(
    postgres_ledger: str, owner: psycopg.Connection[Any]
) -> None:
    newer = newest() + 1
    owner.execute("INSERT INTO schema_versions VALUES (%s)", (newer,))
    words = f"has schema {newer} and this software knows {newest()}; update the software"
    with pytest.raises(NewerStoreError, match=words):
        PostgresStore(postgres_ledger)
    with pytest.raises(NewerStoreError, match=words):
        migrate(owner_of(postgres_ledger))


def test_tables_of_older_software_are_brought_forward_first(
    postgres_ledger: str, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("DELETE FROM schema_versions WHERE version = %s", (newest(),))
    words = f"has schema {newest() - 1} and this software needs {newest()}; bring it forward with"
    with pytest.raises(SchemaError, match=words):
        PostgresStore(postgres_ledger)


def test_a_superuser_and_the_owner_are_refused(
    postgres_ledger: str, owner: psycopg.Connection[Any]
) -> None:
    with pytest.raises(RightsError, match=r"is a superuser; use one that cannot: `refund-ledger"):
        PostgresStore(as_user(postgres_ledger, OWNER))
    for statement, harm in (
        ("ALTER TABLE stored_events OWNER TO {}", "owns the tables"),
        ("ALTER SCHEMA acme OWNER TO {}", "owns the schema"),
    ):
        role = a_role(owner)
        owner.execute(SQL(statement).format(Identifier(role)))
        with pytest.raises(RightsError, match=harm):
            PostgresStore(as_user(postgres_ledger, role))
        owner.execute(SQL(statement).format(Identifier(OWNER)))
        drop_role(owner, role)


@pytest.mark.parametrize("table", HISTORY)
@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE"])
def test_who_may_change_history_is_refused(
    postgres_ledger: str, owner: psycopg.Connection[Any], table: str, right: str
) -> None:
    role = a_role(owner)
    grant = SQL("GRANT {} ON {} TO {}")
    owner.execute(grant.format(SQL(right), Identifier(table), Identifier(role)))
    with pytest.raises(RightsError, match=f"may {right} {table}; use one that cannot"):
        PostgresStore(as_user(postgres_ledger, role))
    drop_role(owner, role)


def test_who_may_change_one_column_of_history_is_refused_too(
    postgres_ledger: str, owner: psycopg.Connection[Any]
) -> None:
    role = a_role(owner)
    owner.execute(SQL("GRANT UPDATE (amount) ON postings TO {}").format(Identifier(role)))
    with pytest.raises(RightsError, match="may UPDATE postings"):
        PostgresStore(as_user(postgres_ledger, role))
    drop_role(owner, role)


def test_the_service_cannot_change_history_and_the_owner_only_by_force(
    postgres_ledger: str, owner: psycopg.Connection[Any]
) -> None:
    with Books(postgres_ledger) as books:
        books.grant("a", 5)
        before = dump(books.store)
    conninfo = Address.parse(postgres_ledger).conninfo
    with psycopg.connect(conninfo, autocommit=True) as service:
        service.execute("SET search_path = acme")
        for table in HISTORY:
            for change in ("DELETE FROM {}", "TRUNCATE {}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    service.execute(SQL(change).format(Identifier(table)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute("SET session_replication_role = replica")
    for table in ("stored_events", "postings", "claims", "eras"):
        with pytest.raises(psycopg.DatabaseError, match="are append-only"):
            owner.execute(SQL("TRUNCATE {} CASCADE").format(Identifier(table)))
    with Books(postgres_ledger) as books:
        assert dump(books.store) == before


def as_user(address: str, user: str) -> Address:
    """A ledger's address for another user."""
    known = Address.parse(address)
    return Address(make_conninfo(known.conninfo, user=user), known.schema, known.where)


def a_role(owner: psycopg.Connection[Any]) -> str:
    """A user who may do what the service may."""
    role = f"test_{owner.info.backend_pid}"
    for statement in ("CREATE ROLE {} LOGIN", f"GRANT {SERVICE} TO {{}}"):
        owner.execute(SQL(statement).format(Identifier(role)))
    return role


def drop_role(owner: psycopg.Connection[Any], role: str) -> None:
    """Take a user away with all rights."""
    owner.execute(SQL("DROP OWNED BY {}").format(Identifier(role)))
    owner.execute(SQL("DROP ROLE {}").format(Identifier(role)))
