"""Archives for tests: engines that are there, a Spark cluster, and a process that writes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import pytest

from refund_adapters.archive.engines import EngineName
from support.feeds import wait_until

SPARK_IS_DUE = os.environ.get("REFUND_LEDGER_TEST_SPARK") == "1"
"""Set by scripts/spark: then a test that finds no Spark fails and is not passed over."""

needs_spark = pytest.mark.skipif(
    find_spec("pyspark") is None and not SPARK_IS_DUE,
    reason="pyspark is not installed, being large: scripts/spark installs it and runs this",
)
ENGINES = [
    pytest.param(EngineName.DUCKDB, id="duckdb"),
    pytest.param(EngineName.SPARK, id="spark", marks=needs_spark),
]

WRITER = """import sys
from pathlib import Path
from refund_adapters.archive.writing import write
from refund_adapters.store.opening import open_store
write(open_store("sqlite:///" + sys.argv[1]), Path(sys.argv[2]), slice_events=int(sys.argv[3]))
"""


@contextmanager
def writer(store: Path, folder: Path, slice_events: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes an archive; killed where it still runs in the end."""
    arguments = [sys.executable, "-c", WRITER, str(store), str(folder), str(slice_events)]
    with subprocess.Popen(arguments) as process:
        try:
            yield process
        finally:
            process.kill()


class Cluster:
    """A Spark master and its workers on loopback, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.master = ""

    def __enter__(self) -> Self:
        """Start a master and two workers, and wait until both are known."""
        port = _free_port()
        self.master = f"spark://127.0.0.1:{port}"
        where = ("--host", "127.0.0.1", "--port")
        _, told = self._start("master.Master", *where, str(port), "--webui-port", "0")
        wait_until(lambda: b"I have been elected leader" in told.read_bytes(), patience=60)
        for _ in range(2):
            small = ("--cores", "1", "--memory", "1g", "--webui-port", "0")
            place = ("--work-dir", str(self._folder))
            process, _ = self._start("worker.Worker", *where, "0", *small, *place, self.master)
            self.workers.append(process)
        wait_until(lambda: told.read_bytes().count(b"Registering worker") == 2, patience=60)
        return self

    def __exit__(self, *_: object) -> None:
        """End every process."""
        self._stack.close()

    def _start(self, name: str, *arguments: str) -> tuple[subprocess.Popen[bytes], Path]:
        home = Path(import_module("pyspark").__file__ or "").parent
        told = self._folder / f"{name}-{len(self.workers)}.txt"
        log = self._stack.enter_context(told.open("wb"))
        process = subprocess.Popen(
            [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}", *arguments],
            stdout=log,
            stderr=log,
            env={**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"},
        )
        self._stack.callback(_end, process)
        return process, told


def _end(process: subprocess.Popen[Any]) -> None:
    process.kill()
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
