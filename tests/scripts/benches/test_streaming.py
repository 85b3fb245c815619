"""Memory is that of a process and of all that it starts."""

import subprocess
import sys

import pytest

from benches.common import SQLITE, Bench, BenchError
from benches.filling import Filled, filled
from benches.streaming import GOAL, Family, memory, peak_of

MEGABYTES = 64
_BUSY = f"held = bytearray({MEGABYTES << 20}); print(len(held), flush=True); input()"


def test_a_process_that_was_started_counts() -> None:
    before = Family().peak()
    family = Family()
    with subprocess.Popen(
        [sys.executable, "-c", _BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdin
        assert started.stdout
        started.stdout.readline()
        # It is looked at while it lives: a look more than the one that began before it.
        family.look()
        started.stdin.close()
    assert family.peak() > before + MEGABYTES


def test_what_a_command_needs_is_told_in_megabytes(bench: Bench) -> None:
    assert 10 < peak_of("feed", filled(bench, SQLITE, bench.least)) < 1000


def test_a_command_that_fails_has_no_figure(bench: Bench) -> None:
    ledger = filled(bench, SQLITE, bench.least)
    other = Filled(ledger.where, ledger.events, ledger.lives + 1, ledger.underway)
    with pytest.raises(BenchError, match="reconcile failed"):
        peak_of("reconcile", other)


def test_the_jobs_that_are_named_are_measured_at_both_sizes(bench: Bench) -> None:
    (export,) = memory(bench, jobs=["export of events, csv"])
    assert export.scenario == "memory, sqlite"
    assert (
        export.what == f"export of events, csv, {filled(bench, SQLITE, bench.most).events:,} events"
    )
    assert export.ratio == pytest.approx(export.ours / export.baseline)
    assert export.goal == GOAL
