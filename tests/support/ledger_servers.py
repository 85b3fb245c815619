"""Ledgers on a PostgreSQL server of the tests: their tables made, and the service's address."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_connections import APPLICATION
from refund_adapters.store.postgres_migrations import migrate
from support.postgres import Server, new_database

SERVICE = "refund_service"
OWNER = "postgres"
SCHEMA = "acme"


def address_of(dsn: str, *, user: str = SERVICE, schema: str = SCHEMA) -> str:
    """The address of a ledger in a database of a test's server."""
    said = conninfo_to_dict(dsn)
    place = f"host={quote(str(said['host']))}&port={said['port']}"
    return f"postgresql://{user}@/{said['dbname']}?{place}&schema={schema}"


def owner_of(address: str | Address) -> Address:
    """The same ledger's address for the owner of its tables."""
    known = Address.parse(address) if isinstance(address, str) else address
    return Address(make_conninfo(known.conninfo, user=OWNER), known.schema, known.where)


@contextmanager
def owner_connection(address: str | Address) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection of the owner in which the ledger's tables need no schema before their names."""
    owner = owner_of(address)
    with psycopg.connect(owner.conninfo, autocommit=True) as connection:
        connection.execute(SQL("SET search_path = {}").format(Identifier(owner.schema)))
        yield connection


@contextmanager
def new_ledger(server: Server) -> Iterator[str]:
    """A ledger with empty tables in a database of its own: the address for the service."""
    with new_database(server) as dsn:
        migrate(Address.parse(address_of(dsn, user=OWNER)), service=SERVICE)
        yield address_of(dsn)


def waiting_for_a_lock(connection: psycopg.Connection[Any], *, patience: float = 30.0) -> int:
    """Wait until a store's process on the server waits for a lock; returns its number."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        # Inside a transaction the server would tell for ever what it told first.
        connection.execute("SELECT pg_stat_clear_snapshot()")
        row = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = %s AND wait_event_type = 'Lock'",
            (APPLICATION,),
        ).fetchone()
        if row:
            return int(row[0])
        time.sleep(0.002)
    raise AssertionError("no process of a store waits for a lock")
