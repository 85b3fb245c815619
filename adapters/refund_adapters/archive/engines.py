"""Engines: what answers the questions; DuckDB in this process, or Spark on as many as there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from refund_adapters.archive.queries import Query

Value = int | str | date
Row = Sequence[Any]


class EngineName(StrEnum):
    """Which engine answers."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class View(NamedTuple):
    """Some files of one table, under the name by which the queries know them."""

    name: str
    paths: Sequence[Path]
    has_time: bool = True
    """Whether it has a column `happened_at`."""


class Engine(Protocol):
    """Answers queries over views."""

    def show(self, view: View) -> None:
        """Make files known under a name."""
        ...

    def ask(self, query: Query, *values: Value) -> list[Row]:
        """Answer a query; raises `EngineError`."""
        ...

    def close(self) -> None:
        """Give back what the engine holds."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much an engine may take."""

    memory: str = "2GB"
    """Of DuckDB, or of Spark's own process; what does not fit goes to a temporary folder."""
    threads: int | None = None
    """As many as there are processors where nothing is said."""
    master: str = ""
    """The address of a Spark cluster whose machines all see the archive; this machine if empty."""
    quiet: bool = True
    """Whether what Spark's own process says is kept from stderr."""


def opened(name: EngineName, bounds: Bounds) -> Engine:
    """Start an engine; raises `InvalidInputError` where its extra is not installed."""
    if name is EngineName.SPARK:
        from refund_adapters.archive.spark import SparkEngine  # noqa: PLC0415 - one engine a run

        return SparkEngine(bounds)
    from refund_adapters.archive.duck import DuckEngine  # noqa: PLC0415 - as above

    return DuckEngine(bounds)
