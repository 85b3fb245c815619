"""The command: which scenarios are run, and the table that is printed in the end."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benches.archiving import archive
from benches.balances import balances
from benches.common import MOST, QUICK, Bench, Result, machine, say
from benches.dispatching import Shape, dispatch
from benches.grouping import groups
from benches.library import library
from benches.loading import lives, loading
from benches.reading import reading
from benches.reconciling import reconcile
from benches.requesting import requests
from benches.streaming import JOBS, memory

Scenario = Callable[[Bench], Iterator[Result]]
SCENARIOS: dict[str, Scenario] = {
    "requests": requests,
    "library": library,
    "groups": groups,
    "loading": loading,
    "lives": lives,
    "reading": reading,
    "archive": archive,
    "reconcile": reconcile,
    "memory": memory,
    "balances": balances,
    "dispatch": dispatch,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scenarios asked for and print what they came to."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure scenarios beside their baselines in one run; ratios are the result.",
    )
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    parser.add_argument(
        "--size",
        type=int,
        default=MOST,
        metavar="EVENTS",
        help=f"of the large ledger that reading, archive, reconcile and memory share ({MOST:,}); "
        "the small one has a tenth",
    )
    parser.add_argument(
        "--jobs", nargs="+", default=[], metavar="JOB", help=f"of memory: {', '.join(JOBS)}"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results to FILE")
    _add_dispatch(parser)
    args = parser.parse_args(arguments)
    if unknown := set(args.jobs) - set(JOBS):
        parser.error(f"no job {', '.join(sorted(unknown))}; there are {', '.join(JOBS)}")
    if unknown := set(args.scenario) - SCENARIOS.keys():
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    on = machine()
    say(f"on {on}")
    results: list[Result] = []
    scenarios: dict[str, Scenario] = {**SCENARIOS, "memory": partial(memory, jobs=args.jobs)}
    if not args.quick:
        scenarios["dispatch"] = _dispatch(args)
    bench = Bench(
        rounds=1 if args.quick else args.rounds,
        quick=args.quick,
        most=QUICK if args.quick else args.size,
    )
    begun = time.monotonic()
    try:
        for name in args.scenario or SCENARIOS:
            started = time.monotonic()
            for result in scenarios[name](bench):
                results.append(result)
                if args.json:
                    _save(args.json, on, results)
            say(f"  {name} took {time.monotonic() - started:.0f} s")
    finally:
        # What was measured is told, too, where something fails after an hour.
        bench.close()
        show(results)
        say(f"\ntook {time.monotonic() - begun:.0f} s; load at the end {machine()['load']}")
    return 0


def _save(path: Path, on: dict[str, object], results: Sequence[Result]) -> None:
    content = {"machine": on, "results": [_shape(result) for result in results]}
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _add_dispatch(parser: argparse.ArgumentParser) -> None:
    """What only the dispatch knows."""
    usual, group = Shape(), parser.add_argument_group("dispatch")
    group.add_argument("--parts", type=int, default=usual.parts)
    group.add_argument("--processes", type=int, default=usual.processes)
    group.add_argument("--concurrency", type=int, default=usual.concurrency)
    group.add_argument(
        "--latency",
        type=float,
        nargs="+",
        default=[0.0, 20.0],
        metavar="MS",
        help="how much later a write is answered; they are measured one after another (0 20)",
    )


def _dispatch(args: argparse.Namespace) -> Scenario:
    latencies = tuple(latency / 1000 for latency in args.latency)
    shape = Shape(args.parts, args.processes, args.concurrency, latencies)
    return lambda bench: dispatch(bench, shape=shape)


def show(results: Sequence[Result]) -> None:
    """Print a table: each figure beside its baseline, and whether its goal is met."""
    say("")
    say(f"{'scenario':76}{'ours':>14}{'baseline':>14}{'ratio':>8}  {'spread':14}{'goal':16}")
    for one in results:
        low, high = one.spread
        verdict = "" if one.goal is None else f"{one.goal}: {'met' if one.met else 'MISSED'}"
        say(
            f"{f'{one.scenario}, {one.what}':76}{f'{one.ours:,.4g} {one.unit}':>14}"
            f"{f'{one.baseline:,.4g} {one.unit}':>14}{one.ratio:>8.2f}  "
            f"{f'{low:.2f}-{high:.2f}':14}{verdict}"
        )
        say(f"    against {one.against}")


def _shape(result: Result) -> dict[str, object]:
    return {**asdict(result), "goal": result.goal and str(result.goal), "met": result.met}


if __name__ == "__main__":
    raise SystemExit(main())
