"""An engine is opened by its name, within bounds."""

import re
import tomllib

import pytest

from refund_adapters.archive.duck import DuckEngine
from refund_adapters.archive.engines import Bounds, EngineName, opened
from support.tree import ROOT


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


def test_the_lock_of_spark_is_of_what_the_extra_names() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    lock = ROOT / "scripts" / "requirements"
    named = [line for line in (lock / "spark.in").read_text().splitlines() if line[0] != "#"]
    assert named == extras["spark"]
    locked = re.findall(r"^([\w-]+)==", (lock / "spark.txt").read_text(), re.MULTILINE)
    assert locked == ["py4j", "pyspark"], "it brings nothing that the other lock has too"
