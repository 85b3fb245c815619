"""Stores in a file, in memory and on a server alike, closed when the test is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refund_adapters.store.sql_store import SqlStore
from support.books import Books


@pytest.fixture(params=["file", "memory", "server"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """Where a new store of each sort is."""
    if request.param == "server":
        return str(request.getfixturevalue("postgres_ledger"))
    return str(tmp_path / "refunds.db") if request.param == "file" else None


@pytest.fixture(params=["file", "server"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store is that several may open."""
    if request.param == "server":
        return str(request.getfixturevalue("postgres_ledger"))
    return str(tmp_path / "refunds.db")


@pytest.fixture
def books(address: str | None) -> Iterator[Books]:
    """Empty books over a store of each sort."""
    with Books(address) as opened:
        yield opened


@pytest.fixture
def store(books: Books) -> SqlStore:
    """The store below the books."""
    return books.store
