"""Spark: answers the same queries on a cluster, or on this machine where there is none."""

from __future__ import annotations

import os
import re
import subprocess
from tempfile import TemporaryDirectory
from typing import Any

from refund_adapters.archive.engines import Bounds, Row, Value, View
from refund_adapters.archive.errors import EngineError
from refund_adapters.archive.queries import Query, text_of
from refund_adapters.archive.tables import needed
from refund_ledger.errors import InvalidInputError

LOOPBACK = "127.0.0.1"
_MEMORY = re.compile(r"([1-9][0-9]{0,5})(M|G)i?B")
_MASTER = re.compile(r"spark://[A-Za-z0-9.:_,-]+")

_running: list[Any] = []
"""The way to Spark's own process, which lives as long as ours; its memory is that of the first."""


class SparkEngine:
    """One Spark session, with views of its own.

    Where this process has a session already, as a pipeline may, that one's cluster answers and the
    bounds are what it was started with.
    """

    def __init__(self, bounds: Bounds) -> None:
        settings = _settings(bounds)
        pyspark = needed("pyspark", "spark")
        session = needed("pyspark.sql", "spark").SparkSession
        self._errors: tuple[type[Exception], ...] = (
            needed("pyspark.errors", "spark").PySparkException,
            needed("py4j.protocol", "spark").Py4JError,
        )
        self._folder = TemporaryDirectory(prefix="refund-ledger-archive-")
        settings["spark.local.dir"] = self._folder.name
        settings["spark.sql.warehouse.dir"] = f"{self._folder.name}/warehouse"
        configured = pyspark.SparkConf(loadDefaults=False).setAll(list(settings.items()))
        running = session.getActiveSession()
        try:
            if running is None:
                context = pyspark.SparkContext(
                    conf=configured, gateway=_process(configured, bounds)
                )
                running = session(context)
                self._started: Any = running
            else:
                self._started = None
            self._session: Any = running.newSession()
            for name in ("spark.sql.session.timeZone", "spark.sql.ansi.enabled"):
                self._session.conf.set(name, settings[name])
        except (*self._errors, RuntimeError, OSError, ValueError) as error:
            self._folder.cleanup()
            raise EngineError(
                "Spark did not start: it needs Java 17 or newer and, where a cluster is named, a "
                f"master that answers ({type(error).__name__})"
            ) from error

    def show(self, view: View) -> None:
        """Make files known under a name."""
        reader = self._session.read.option("recursiveFileLookup", "true")
        frame = reader.parquet(*(str(path.resolve()) for path in view.paths))
        if view.has_time:
            frame = frame.selectExpr("*", "unix_micros(happened_at) AS happened_us")
        frame.createOrReplaceTempView(view.name)

    def ask(self, query: Query, *values: Value) -> list[Row]:
        """Answer a query."""
        try:
            return list(self._session.sql(text_of(query), args=list(values)).collect())
        except self._errors as error:
            reason = str(error).strip().partition("\n")[0][:300]
            raise EngineError(f"Spark could not answer: {reason}") from error

    def close(self) -> None:
        """End the session, if it was begun here, and remove what it put aside."""
        if self._started is not None:
            self._started.stop()
        self._folder.cleanup()


def _settings(bounds: Bounds) -> dict[str, str]:
    memory = _MEMORY.fullmatch(bounds.memory)
    if memory is None:
        raise InvalidInputError(
            "memory", f"expected a size such as 512MB or 2GB, got {bounds.memory[:40]!r}"
        )
    if bounds.master and not _MASTER.fullmatch(bounds.master):
        raise InvalidInputError("master", f"expected spark://HOST:PORT, got {bounds.master[:60]!r}")
    threads = bounds.threads or os.cpu_count() or 1
    size = memory[1] + memory[2].lower()
    settings = {
        "spark.app.name": "refund-ledger archive",
        "spark.master": bounds.master or f"local[{threads}]",
        "spark.driver.memory": size,
        "spark.executor.memory": size,
        "spark.sql.session.timeZone": "UTC",
        # A sum that does not fit is an error and never a wrong number.
        "spark.sql.ansi.enabled": "true",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.shuffle.partitions": str(4 * threads),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    if not bounds.master or bounds.master.startswith(f"spark://{LOOPBACK}:"):
        settings |= {"spark.driver.host": LOOPBACK, "spark.driver.bindAddress": LOOPBACK}
    return settings


def _process(configured: Any, bounds: Bounds) -> Any:
    """Start Spark's own process, or go on with the one that runs."""
    if not _running:
        if configured.get("spark.driver.host") == LOOPBACK:
            os.environ.setdefault("SPARK_LOCAL_IP", LOOPBACK)
        launch = needed("pyspark.java_gateway", "spark").launch_gateway
        kept = {"stderr": subprocess.DEVNULL} if bounds.quiet else {}
        _running.append(launch(configured, popen_kwargs=kept))
    return _running[0]
