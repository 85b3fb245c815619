"""DuckDB: answers queries in this process, in bounded memory and without a network."""

from __future__ import annotations

import re
from tempfile import TemporaryDirectory
from typing import Any

from refund_adapters.archive.engines import Bounds, Row, Value, View
from refund_adapters.archive.errors import EngineError
from refund_adapters.archive.queries import Query, text_of
from refund_adapters.archive.tables import needed
from refund_ledger.errors import InvalidInputError

_MEMORY = re.compile(r"[1-9][0-9]{0,5}(MB|GB|MiB|GiB)")


class DuckEngine:
    """One database in memory over the archive's files."""

    def __init__(self, bounds: Bounds) -> None:
        self._duckdb = needed("duckdb")
        if not _MEMORY.fullmatch(bounds.memory):
            raise InvalidInputError(
                "memory", f"expected a size such as 512MB or 2GB, got {bounds.memory[:40]!r}"
            )
        self._memory = bounds.memory
        # What does not fit into memory goes here, and goes away with it.
        self._spill = TemporaryDirectory(prefix="refund-ledger-archive-")
        settings: dict[str, Any] = {
            "memory_limit": bounds.memory,
            "temp_directory": self._spill.name,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
        }
        if bounds.threads is not None:
            settings["threads"] = bounds.threads
        self._connection: Any = self._duckdb.connect(":memory:", config=settings)

    def show(self, view: View) -> None:
        """Make files known under a name."""
        paths = ", ".join(_quoted(str(path)) for path in view.paths)
        time = ", epoch_us(happened_at) AS happened_us" if view.has_time else ""
        # Names of folders with an equals sign in them are no columns.
        self._run(
            f"CREATE OR REPLACE VIEW {view.name} AS SELECT *{time} "  # noqa: S608 - quoted above
            f"FROM read_parquet([{paths}], hive_partitioning = false)",
            (),
        )

    def ask(self, query: Query, *values: Value) -> list[Row]:
        """Answer a query."""
        return self._run(text_of(query), values)

    def close(self) -> None:
        """Close the database and remove what it put aside."""
        self._connection.close()
        self._spill.cleanup()

    def _run(self, text: str, values: tuple[Value, ...]) -> list[Row]:
        try:
            return list(self._connection.execute(text, list(values)).fetchall())
        except self._duckdb.OutOfMemoryException as error:
            raise EngineError(
                f"the answer does not fit into {self._memory}; allow more with --memory"
            ) from error
        except self._duckdb.Error as error:
            reason = str(error).partition("\n")[0][:300]
            raise EngineError(f"DuckDB could not answer: {reason}") from error


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
