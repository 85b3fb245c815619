"""Memory of what reads or writes everything: the same at a million events as at a hundred thousand.

Each runs in a process of its own, whose highest resident size the system tells in the end.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benches.common import (
    COMPANY,
    POSTGRES,
    SQLITE,
    Bench,
    Goal,
    Result,
    must,
    opened,
    say,
)
from benches.filling import EVENTS, fill_lives
from benches.grouping import line_of
from benches.material import stamp
from refund_adapters.exports.exporting import Exports, TableFormat
from refund_adapters.feed import feed
from refund_adapters.files import rows_of
from refund_adapters.questions import Questions
from refund_adapters.rows import Rows
from refund_adapters.store.sealing import Sealer
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.trees import tree_of
from refund_adapters.store.verifying import verify
from refund_ledger.application import RefundLedger

Job = Callable[[SqlStore, Path], object]
CONTEXT = multiprocessing.get_context("spawn")
GOAL = Goal(1.2, at_most=True)


def _feed(store: SqlStore, _: Path) -> None:
    deque(feed(store), 0)


def _events(how: TableFormat, store: SqlStore, folder: Path) -> None:
    Exports(store, COMPANY).events(how, folder / f"events.{how}")


def _postings(how: TableFormat, store: SqlStore, folder: Path) -> None:
    Exports(store, COMPANY).postings(how, folder / f"postings.{how}")


def _seal(store: SqlStore, _: Path) -> None:
    Sealer(tree_of(store)).seal()


def _verify(store: SqlStore, _: Path) -> None:
    verified = verify(tree_of(store))
    must(verified.intact, verified.findings)


def _rebuild(store: SqlStore, _: Path) -> None:
    must(Questions(store, COMPANY).rebuild().equal, "the rebuild differs")


def _import(store: SqlStore, folder: Path) -> None:
    rows = Rows(RefundLedger(store, COMPANY), stamp)
    for row in rows.imported(rows_of(folder / "sales.jsonl"), read_from="bench"):
        must(row.outcome == "recorded", row)


JOBS: dict[str, Job] = {
    "feed": _feed,
    **{f"export of events, {how}": partial(_events, how) for how in TableFormat},
    **{f"export of postings, {how}": partial(_postings, how) for how in TableFormat},
    "seal": _seal,
    "verify": _verify,
    "rebuild": _rebuild,
}
ON_POSTGRES = ("feed", "seal", "verify")
"""What reads the store in its own way there; the rest is above it."""


def memory(bench: Bench) -> Iterator[Result]:
    """Measure each at both sizes."""
    small, large = bench.size(100_000, 7_000), bench.size(1_000_000, 21_000)
    for engine, names in ((SQLITE, tuple(JOBS)), (POSTGRES, ON_POSTGRES)):
        peaks: list[dict[str, float]] = []
        for size in (small, large):
            events = size // EVENTS * EVENTS
            with bench.ledger(engine) as where, tempfile.TemporaryDirectory() as folder:
                fill_lives(where, events)
                peaks.append({name: _peak(where, name, Path(folder)) for name in names})
        for name in names:
            yield _result(
                f"memory, {engine}", f"{name}, {small:,} to {large:,} events", peaks, name
            )
    small, large = bench.size(10_000, 1_000), bench.size(100_000, 3_000)
    peaks = [_peak_of_import(bench, size) for size in (small, large)]
    yield _result(f"memory, {SQLITE}", f"import, {small:,} to {large:,} originals", peaks, "import")


def _peak_of_import(bench: Bench, size: int) -> dict[str, float]:
    with bench.ledger(SQLITE) as where, tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "sales.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(map(line_of, range(1, size + 1)))
        return {"import": _peak(where, "import", Path(folder))}


def _result(scenario: str, what: str, peaks: list[dict[str, float]], name: str) -> Result:
    least, most = (of_size[name] for of_size in peaks)
    ratio = most / least
    return Result(
        scenario=scenario,
        what=what,
        against="itself at the smaller size",
        ours=most,
        baseline=least,
        unit="MB",
        ratio=ratio,
        spread=(ratio, ratio),
        rounds=1,
        goal=GOAL,
    )


def _peak(where: str, name: str, folder: Path) -> float:
    """The highest resident size of a process that does one thing, in megabytes."""
    here, there = CONTEXT.Pipe(duplex=False)
    begun = time.perf_counter()
    process = CONTEXT.Process(target=_alone, args=(there, where, name, folder), daemon=True)
    process.start()
    there.close()
    peak: float = here.recv()
    process.join()
    say(f"  {where.partition(':')[0]}, {name}: {peak:.0f} MB, {time.perf_counter() - begun:.0f} s")
    return peak


def _alone(
    pipe: multiprocessing.connection.Connection, where: str, name: str, folder: Path
) -> None:
    job = _import if name == "import" else JOBS[name]
    with opened(where) as store:
        job(store, folder)
    # Not `getrusage`: its figure may be that of the process which started this one.
    status = Path("/proc/self/status").read_text("ascii")
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    pipe.send(int(peak) / 1024)
    pipe.close()
