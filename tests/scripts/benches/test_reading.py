"""Reading all of a ledger is measured beside a cursor, the library, a sum, and a smaller ledger."""

import pytest

from benches.common import ENGINES, POSTGRES, Bench, BenchError, Goal
from benches.filling import filled
from benches.projecting import projected
from benches.reading import reading


def test_each_engine_has_its_baselines_and_its_growth(bench: Bench) -> None:
    results = list(reading(bench))
    for engine in ENGINES:
        feed = [one for one in results if one.scenario == f"feed, {engine}"]
        assert [one.goal for one in feed] == [None, Goal(1.15, at_most=True)]
        shared, library, sums, alone, growth = (
            one for one in results if one.scenario.startswith("rebuild") and engine in one.scenario
        )
        assert shared.goal == Goal(0.8)
        assert "extrapolated from 700 events" in library.against
        assert library.goal == (Goal(200) if engine == POSTGRES else None)
        assert sums.goal is None
        assert library.ours == sums.ours == shared.ours
        assert alone.goal is None
        assert alone.scenario == growth.scenario == f"rebuild on one, {engine}"
        assert growth.goal == Goal(1.15, at_most=True)
        assert growth.against == f"each at {filled(bench, engine, bench.least).events:,} events"
        assert growth.ratio == pytest.approx(growth.ours / growth.baseline)
        assert growth.ours == pytest.approx(1e6 / alone.ours)


def test_the_librarys_projection_has_to_come_to_the_sums_of_the_postings(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = filled(bench, POSTGRES, bench.least)
    assert projected(bench, POSTGRES, ledger.where, ledger.events).rate > 0
    monkeypatch.setattr(
        "benches.projecting._TO_POSTGRES",
        "INSERT INTO sums SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], "
        "%s::text[], %s::text[], %s::text[], %s::bigint[]) ON CONFLICT DO NOTHING",
    )
    with pytest.raises(BenchError):
        projected(bench, POSTGRES, ledger.where, ledger.events)
