"""The export of a filled ledger is what the ledger knows, to the last agora."""

from pathlib import Path

import pytest

from benches.common import SQLITE, Bench, BenchError, opened
from benches.filling import filled
from benches.reconciling import compare, export, reconcile


def test_a_filled_ledger_agrees_with_its_export(bench: Bench) -> None:
    own, rows, bare = reconcile(bench)
    documents = filled(bench, SQLITE, bench.most).documents
    assert own.what == f"{documents:,} documents on each side, each"
    assert str(own.goal) == "ratio <= 3"
    assert (rows.goal, bare.goal) == (None, None)


def test_one_agora_in_the_export_is_noticed(bench: Bench, tmp_path: Path) -> None:
    ledger = filled(bench, SQLITE, bench.least)
    path = tmp_path / "export.jsonl"
    export(ledger, path)
    whole = path.read_text("utf-8")
    path.write_text(whole.replace('"118.00"', '"118.01"', 1), "utf-8")
    assert whole != path.read_text("utf-8")
    with opened(ledger.where) as store, pytest.raises(BenchError):
        compare(store, ledger, path)
