"""Balances out of an archive, beside a rebuild of the store that it was written from."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benches.common import COMPANY, SQLITE, Bench, Goal, Pairs, Result, must, opened, say, timed
from benches.filling import filled
from refund_adapters.archive.answers import Archive
from refund_adapters.archive.writing import write
from refund_adapters.questions import Questions


def archive(bench: Bench) -> Iterator[Result]:
    """Write an archive of everything, and ask it who owes whom."""
    ledger = filled(bench, SQLITE, bench.most)
    with tempfile.TemporaryDirectory() as name, opened(ledger.where) as store:
        folder, begun = Path(name), time.perf_counter()
        wrote = write(store, folder)
        rate = wrote.events / (time.perf_counter() - begun)
        size = sum(file.stat().st_size for file in folder.rglob("*.parquet")) / 1e6
        say(f"  archive of {wrote.events:,} events, {size:,.0f} MB, {rate:,.0f} events a second")
        questions = Questions(store, COMPANY)
        known = questions.balances()
        must(bool(known), "nobody is owed anything")

        def ask() -> None:
            with Archive.open(folder, company=COMPANY) as archived:
                must(archived.balances() == known, "the archive says something else")

        def rebuild() -> None:
            must(questions.rebuild(workers=os.cpu_count() or 1).equal, "the rebuild differs")

        pairs = Pairs("balances from the archive", f"{wrote.events:,} events", "a rebuild")
        for number in range(1, bench.rounds + 1):
            # A rebuild takes so long that one of them is enough for a round.
            baseline = timed(ledger.events, rebuild)
            ours = timed(wrote.events, ask)
            pairs.rounds.append((baseline, ours, baseline))
            say(f"  archive, round {number}: {ours.rate:,.0f} against {baseline.rate:,.0f} /s")
        yield pairs.result(goal=Goal(10))
