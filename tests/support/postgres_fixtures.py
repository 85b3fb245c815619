"""Fixtures of a PostgreSQL server: started when a test first asks, one in each test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.ledger_servers import new_ledger
from support.postgres import Server, new_database


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server for speed, shared by all tests of this process; nobody may kill it."""
    with Server() as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: Server) -> Iterator[str]:
    """How to reach an empty database of the test's own."""
    with new_database(postgres_server) as dsn:
        yield dsn


@pytest.fixture
def postgres_ledger(postgres_server: Server) -> Iterator[str]:
    """The address of an empty ledger on the server."""
    with new_ledger(postgres_server) as address:
        yield address
