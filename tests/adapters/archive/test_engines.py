"""An engine is opened by its name, within bounds."""

import pytest

from refund_adapters.archive.duck import DuckEngine
from refund_adapters.archive.engines import Bounds, EngineName, opened


def test_duckdb_is_there_without_being_asked_for() -> None:
    engine = opened(EngineName.DUCKDB, Bounds(memory="64MB", threads=1))
    try:
        assert isinstance(engine, DuckEngine)
    finally:
        engine.close()


def test_the_names_are_those_of_the_command_line() -> None:
    assert set(EngineName) == {"duckdb", "spark"}
    with pytest.raises(ValueError, match="polars"):
        EngineName("polars")
