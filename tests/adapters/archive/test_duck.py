"""DuckDB stays within its memory, loads nothing from elsewhere, and says what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refund_adapters.archive.duck import DuckEngine
from refund_adapters.archive.engines import Bounds, View
from refund_adapters.archive.errors import EngineError
from refund_adapters.archive.queries import Query
from refund_adapters.archive.tables import needed
from refund_ledger.errors import InvalidInputError


@pytest.fixture
def engine() -> Iterator[DuckEngine]:
    """A small engine."""
    opened = DuckEngine(Bounds(memory="64MB", threads=1))
    yield opened
    opened.close()


def test_bounds_hold_and_nothing_is_fetched(engine: DuckEngine) -> None:
    names = ("memory_limit", "threads", "autoinstall_known_extensions")
    for name, value in zip(names, ("61.0 MiB", 1, False), strict=True):
        (row,) = engine._run(f"SELECT current_setting('{name}')", ())
        assert row[0] == value
    (row,) = engine._run("SELECT COUNT(*) FROM duckdb_extensions() WHERE installed", ())
    (same,) = engine._run(
        "SELECT COUNT(*) FROM duckdb_extensions() WHERE install_mode = 'STATICALLY_LINKED'", ()
    )
    assert row == same, "every extension is part of the package"


def test_a_sum_is_exact_beyond_what_fits_into_an_amount(engine: DuckEngine, tmp_path: Path) -> None:
    path = tmp_path / "it's.parquet"
    arrow = needed("pyarrow")
    table = arrow.table({"amount": arrow.array([2**62, 2**62, 2**62, 1], arrow.int64())})
    needed("pyarrow.parquet").write_table(table, path)
    engine.show(View("postings", [path], has_time=False))
    (row,) = engine._run("SELECT SUM(amount) FROM postings", ())
    assert row[0] == 3 * 2**62 + 1
    assert isinstance(row[0], int)


def test_what_does_not_fit_is_said_with_the_flag_that_allows_more(engine: DuckEngine) -> None:
    with pytest.raises(EngineError, match="does not fit into 64MB; allow more with --memory"):
        engine._run("SELECT list(range) FROM range(50000000)", ())


def test_a_question_that_fails_says_so_in_one_line(engine: DuckEngine) -> None:
    with pytest.raises(EngineError, match="DuckDB could not answer: Catalog Error") as raised:
        engine.ask(Query.PLACE, 1)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("memory", ["", "2", "2 GB", "-1GB", "0GB", "lots", "1e3GB", "2GB;"])
def test_memory_is_a_size(memory: str) -> None:
    with pytest.raises(InvalidInputError, match="memory: expected a size such as 512MB or 2GB"):
        DuckEngine(Bounds(memory=memory))


def test_what_was_put_aside_goes_away() -> None:
    opened = DuckEngine(Bounds())
    spill = Path(opened._spill.name)
    assert spill.is_dir()
    opened.close()
    assert not spill.exists()
