"""Spark refuses what it cannot start with, answers on a cluster, and outlives a worker."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from projections.histories import COMPANY, play
from refund_adapters.archive.answers import Archive
from refund_adapters.archive.engines import Bounds, EngineName, View
from refund_adapters.archive.errors import EngineError
from refund_adapters.archive.queries import Query
from refund_adapters.archive.spark import SparkEngine
from refund_adapters.archive.tables import needed
from refund_adapters.archive.writing import write
from refund_adapters.questions import Questions
from refund_ledger.errors import InvalidInputError
from support.archives import Cluster, needs_spark


def test_a_missing_spark_is_said_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(InvalidInputError, match="this needs the extra `spark`; install it with"):
        SparkEngine(Bounds())


def test_the_extra_is_there_where_it_is_due() -> None:
    from support.archives import SPARK_IS_DUE  # noqa: PLC0415 - what it says is tested here

    assert not SPARK_IS_DUE or importlib.util.find_spec("pyspark") is not None


@pytest.mark.parametrize("memory", ["", "2g", "1.5GB", "0GB"])
def test_memory_is_a_size(memory: str) -> None:
    with pytest.raises(InvalidInputError, match="memory: expected a size such as 512MB or 2GB"):
        SparkEngine(Bounds(memory=memory))


@pytest.mark.parametrize("master", ["local[2]", "yarn", "spark://", "spark://a b:1", "--conf x"])
def test_a_master_is_a_cluster_s_address(master: str) -> None:
    with pytest.raises(InvalidInputError, match="master: expected spark://HOST:PORT"):
        SparkEngine(Bounds(master=master))


@needs_spark
def test_a_sum_that_does_not_fit_is_an_error_and_no_other_number(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    arrow = needed("pyarrow")
    table = arrow.table({"amount": arrow.array([2**62, 2**62], arrow.int64())})
    needed("pyarrow.parquet").write_table(table, path)
    engine = SparkEngine(Bounds("700MB", threads=1))
    try:
        engine.show(View("events", [path], has_time=False))
        rows = engine._session.sql("SELECT SUM(amount) FROM events")
        with pytest.raises(engine._errors, match="ARITHMETIC_OVERFLOW"):
            rows.collect()
        with pytest.raises(EngineError, match=r"Spark could not answer: \[UNRESOLVED_COLUMN"):
            engine.ask(Query.PLACE, 1)
    finally:
        engine.close()


@needs_spark
def test_a_session_that_is_there_is_shared_and_left_alone(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "other"]
    for seed, folder in enumerate(folders, 1):
        write(play(seed, 10).store, folder)
    bounds = Bounds("700MB", threads=1)
    one, other = (
        Archive.open(folder, company=COMPANY, engine=EngineName.SPARK, bounds=bounds)
        for folder in folders
    )
    with one:
        before = one.sums()
        with other:
            assert other.sums() != before
        assert one.sums() == before


@needs_spark
@pytest.mark.timeout(300)
def test_a_cluster_answers_the_same_also_once_a_worker_was_killed(tmp_path: Path) -> None:
    company = play(seed=1, steps=40)
    folder = tmp_path / "archive"
    write(company.store, folder)
    expected = Questions(company.store, COMPANY).balances()
    with Cluster(tmp_path) as cluster:
        bounds = Bounds("900MB", threads=1, master=cluster.master)
        with Archive.open(
            folder, company=COMPANY, engine=EngineName.SPARK, bounds=bounds
        ) as archive:
            assert archive.balances() == expected
            cluster.workers[0].kill()
            cluster.workers[0].wait()
            assert archive.balances() == expected
            assert archive.sums() == company.store.sums(COMPANY)
