"""Stores in a file and in memory alike, closed when the test is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refund_adapters.store.sqlite import SqliteStore
from support.books import Books


@pytest.fixture(params=["file", "memory"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Empty books over a store of either sort."""
    path = str(tmp_path / "refunds.db") if request.param == "file" else None
    with Books(path) as opened:
        yield opened


@pytest.fixture
def store(books: Books) -> SqliteStore:
    """The store below the books."""
    return books.store
