"""Ledgers on a PostgreSQL server of the tests: their tables made, and the service's address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from refund_adapters.store.postgres_address import Address
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


@contextmanager
def new_ledger(server: Server) -> Iterator[str]:
    """A ledger with empty tables in a database of its own: the address for the service."""
    with new_database(server) as dsn:
        migrate(Address.parse(address_of(dsn, user=OWNER)), service=SERVICE)
        yield address_of(dsn)
