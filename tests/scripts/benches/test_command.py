"""The command prints each figure beside its goal, and keeps what was measured when one fails."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benches.command import SCENARIOS, main
from benches.common import Bench, BenchError, Goal, Pairs, Result, Timing, microseconds_of

PAIRS = Pairs("reading", "ten", "nothing", [(Timing(10), Timing(5), Timing(10))] * 2)


def _fails(_: Bench) -> Iterator[Result]:
    yield PAIRS.result(goal=Goal(0.8))
    yield PAIRS.result(microseconds_of, unit="us", goal=Goal(3, at_most=True))
    raise BenchError("it went wrong")


def test_what_was_measured_before_a_failure_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(SCENARIOS, "failing", _fails)
    with pytest.raises(BenchError, match="it went wrong"):
        main(["failing", "--json", str(tmp_path / "out.json")])
    printed = capsys.readouterr().out
    assert "ratio >= 0.8: MISSED" in printed
    assert "ratio <= 3: met" in printed
    rate, time = json.loads((tmp_path / "out.json").read_text("utf-8"))["results"]
    assert (rate["ratio"], rate["met"], rate["rounds"]) == (0.5, False, 2)
    assert (time["ratio"], time["met"], time["spread"]) == (2.0, True, [2.0, 2.0])


def test_the_size_is_that_of_the_large_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []

    def asked(bench: Bench) -> Iterator[Result]:
        sizes.append((bench.least, bench.most))
        yield PAIRS.result()

    monkeypatch.setitem(SCENARIOS, "sizes", asked)
    main(["sizes", "--size", "10000000"])
    main(["sizes"])
    main(["sizes", "--quick"])
    assert sizes == [(1_000_000, 10_000_000), (20_000, 200_000), (1_400, 14_000)]


def test_a_name_that_is_none_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    for given in (["memory", "--jobs", "feeds"], ["memories"]):
        with pytest.raises(SystemExit):
            main(given)
    printed = capsys.readouterr().err
    assert "no job feeds; there are feed, rebuild, verify" in printed
    assert "no scenario memories; there are requests" in printed
