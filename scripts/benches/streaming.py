"""Memory of what reads or writes everything: the same in a ledger ten times as large.

Each runs in a process of its own. Its memory is the highest resident size that the system tells of
it, and of each process that it starts, added up; what a server keeps is not counted.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

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
from benches.filling import EVENTS, Filled, filled
from benches.grouping import line_of
from benches.material import stamp
from benches.reconciling import compare, export
from refund_adapters.archive.verifying import verify as verify_archive
from refund_adapters.archive.writing import write
from refund_adapters.exports.exporting import Exports, JournalFormat, TableFormat
from refund_adapters.feed import feed
from refund_adapters.files import rows_of
from refund_adapters.questions import Questions
from refund_adapters.rows import Rows
from refund_adapters.store.sealing import Sealer
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.trees import tree_of
from refund_adapters.store.verifying import verify
from refund_ledger.application import RefundLedger

CONTEXT = multiprocessing.get_context("spawn")
GOAL = Goal(1.2, at_most=True)
AT_ONCE = 2
"""Processes that are measured at once: their memory is their own, and it takes half as long."""
SAMPLED = 0.02
"""Seconds between two looks at the processes that one has started."""


class Place(NamedTuple):
    """Where a job works."""

    store: SqlStore
    ledger: Filled
    folder: Path
    """Of its own, empty but for what it reads."""


Job = Callable[[Place], object]


def _feed(place: Place) -> None:
    deque(feed(place.store), 0)


def _trail(place: Place) -> None:
    deque(Questions(place.store, COMPANY).trail(), 0)


def _events(how: TableFormat, place: Place) -> None:
    Exports(place.store, COMPANY).events(how, place.folder / f"events.{how}")


def _postings(how: TableFormat, place: Place) -> None:
    Exports(place.store, COMPANY).postings(how, place.folder / f"postings.{how}")


def _journal(how: JournalFormat, place: Place) -> None:
    Exports(place.store, COMPANY).journal(how, place.folder / f"journal.{how}")


def _archive(place: Place) -> None:
    write(place.store, place.folder / "archive")
    must(verify_archive(place.folder / "archive").sound, "the archive is damaged")


def _seal(place: Place) -> None:
    Sealer(tree_of(place.store)).seal()


def _verify(place: Place) -> None:
    verified = verify(tree_of(place.store))
    must(verified.intact, verified.findings)


def _rebuild(place: Place) -> None:
    must(Questions(place.store, COMPANY).rebuild().equal, "the rebuild differs")


def _reconcile(place: Place) -> None:
    path = place.folder / "export.jsonl"
    export(place.ledger, path)
    compare(place.store, place.ledger, path)


def _import(place: Place) -> None:
    path = place.folder / "sales.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(map(line_of, range(1, place.ledger.lives + 1)))
    rows = Rows(RefundLedger(place.store, COMPANY), stamp)
    for row in rows.imported(rows_of(path), read_from="bench"):
        must(row.outcome == "recorded", row)


READING: dict[str, Job] = {
    "feed": _feed,
    "rebuild": _rebuild,
    "verify": _verify,
    "trail": _trail,
    **{f"export of events, {how}": partial(_events, how) for how in TableFormat},
    **{f"export of postings, {how}": partial(_postings, how) for how in TableFormat},
    **{f"journal, {how}": partial(_journal, how) for how in JournalFormat},
    "archive written and verified": _archive,
}
WRITING: dict[str, Job] = {"seal": _seal, "reconcile": _reconcile, "import": _import}
"""These change the ledger, so nothing else runs in it meanwhile."""
JOBS: dict[str, Job] = READING | WRITING
ON_POSTGRES = ("feed", "rebuild", "verify")
"""What reads the store in its own way there, beside the sealing; the rest is above it."""


def memory(bench: Bench, *, jobs: Sequence[str] = ()) -> Iterator[Result]:
    """Measure each at both sizes; `jobs` names those that are meant, where not all are."""
    wanted = set(jobs or JOBS)
    for engine, names in ((SQLITE, tuple(READING)), (POSTGRES, ON_POSTGRES)):
        asked = [name for name in names if name in wanted]
        if not asked and "seal" not in wanted:
            continue
        sizes = [filled(bench, engine, size) for size in (bench.least, bench.most)]
        if wanted & {"seal", "verify"}:
            # The sealing comes first: what is verified then is the tree, too.
            yield from _compared(engine, "events", sizes, ["seal"], at_once=1)
        yield from _compared(engine, "events", sizes, asked, at_once=AT_ONCE)
    if "reconcile" in wanted:
        sizes = [filled(bench, SQLITE, size) for size in (bench.least, bench.most)]
        yield from _compared(SQLITE, "events", sizes, ["reconcile"], at_once=1)
    if "import" in wanted:
        yield from _imported(bench)


def _imported(bench: Bench) -> Iterator[Result]:
    """As many originals as the other ledgers have lives."""
    with bench.ledger(SQLITE) as one, bench.ledger(SQLITE) as other:
        sizes = [
            Filled(where, size // EVENTS, size // EVENTS, 0)
            for where, size in ((one, bench.least), (other, bench.most))
        ]
        yield from _compared(SQLITE, "originals", sizes, ["import"], at_once=1)


def _compared(
    engine: str, what: str, sizes: Sequence[Filled], names: Sequence[str], *, at_once: int
) -> Iterator[Result]:
    small, large = sizes
    asked = [(name, size) for size in sizes for name in names]
    with ThreadPoolExecutor(at_once) as pool:
        peaks = list(pool.map(lambda one: peak_of(*one), asked))
    for name, least, most in zip(names, peaks, peaks[len(names) :], strict=False):
        yield Result(
            scenario=f"memory, {engine}",
            what=f"{name}, {large.events:,} {what}",
            against=f"itself at {small.events:,}",
            ours=most,
            baseline=least,
            unit="MB",
            ratio=most / least,
            spread=(most / least,) * 2,
            rounds=1,
            goal=GOAL,
        )


def peak_of(name: str, ledger: Filled) -> float:
    """The highest resident size of a process that does one thing, in megabytes."""
    here, there = CONTEXT.Pipe(duplex=False)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        process = CONTEXT.Process(target=_alone, args=(there, name, ledger, folder), daemon=False)
        process.start()
        there.close()
        try:
            peak: float = here.recv()
        except EOFError:
            must(False, f"{name} failed")  # noqa: FBT003 - it reads as what did not hold
        process.join()
    engine = ledger.where.partition(":")[0]
    say(
        f"  {engine}, {name}, {ledger.events:,}: {peak:.0f} MB, {time.perf_counter() - begun:.0f} s"
    )
    return peak


def _alone(pipe: Connection, name: str, ledger: Filled, folder: str) -> None:
    family = Family()
    with opened(ledger.where) as store:
        JOBS[name](Place(store, ledger, Path(folder)))
    pipe.send(family.peak())
    pipe.close()


class Family:
    """The highest resident sizes of this process and of all that it starts."""

    def __init__(self) -> None:
        self._peaks: dict[int, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def peak(self) -> float:
        """All of them added up, in megabytes."""
        self._over.set()
        self._thread.join()
        return sum((_highest(os.getpid()), *self._peaks.values())) / 1024

    def look(self) -> None:
        """See what the processes have come to that were started."""
        for child in _started_by(os.getpid()):
            self._peaks[child] = max(self._peaks.get(child, 0), _highest(child))

    def _watch(self) -> None:
        while not self._over.wait(SAMPLED):
            self.look()


def _started_by(process: int) -> Iterator[int]:
    """Processes that one has started, and those that they have."""
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = task.read_text("ascii").split()
        except OSError:
            continue
        for child in map(int, children):
            yield child
            yield from _started_by(child)


def _highest(process: int) -> int:
    # Not `getrusage`: its figure may be that of the process which started this one.
    try:
        status = Path(f"/proc/{process}/status").read_text("ascii")
    except OSError:
        return 0
    # One that has just ended has no memory, and no such line.
    return next((int(line.split()[1]) for line in status.splitlines() if line[:6] == "VmHWM:"), 0)
