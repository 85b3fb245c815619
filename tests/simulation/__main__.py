"""The command: lives through many seeds, tells the story of one, or tries the fault matrix."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter

from simulation import matrix
from simulation.mutations import MUTATIONS
from simulation.report import judge, mix_of, rerun, spread, try_cell
from simulation.run import WELL, simulate

EVERY = 100
MOST_STORIES = 3


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments say; 1 where anything was violated."""
    asked = _parser().parse_args(arguments)
    if asked.matrix:
        return _matrix(asked.jobs, every=asked.every)
    if asked.seed is not None:
        return _one(asked.seed, asked.mutation, story=asked.story)
    return _many(range(asked.start, asked.start + asked.seeds), asked.mutation, asked.jobs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many worlds to live through")
    parser.add_argument("--from", type=int, default=0, dest="start", help="the first seed")
    parser.add_argument("--seed", type=int, help="live through one world alone")
    parser.add_argument("--story", action="store_true", help="tell all that happens in it")
    parser.add_argument("--mutation", default="", choices=["", *MUTATIONS], metavar="NAME",
                        help=f"break the protocol: {', '.join(MUTATIONS)}")  # fmt: skip
    parser.add_argument("--matrix", action="store_true", help="try every fault in every place")
    parser.add_argument("--every", type=int, default=1, help="of the matrix only every so many")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser


def _one(seed: int, mutation: str, *, story: bool) -> int:
    outcome = simulate(seed, MUTATIONS[mutation] if mutation else WELL)
    if story or outcome.violations:
        _say(*outcome.story)
    _say(f"seed {seed}, {outcome.world.breaks}, {outcome.steps} effects, story {outcome.digest}")
    _say(*(f"VIOLATION {violation}" for violation in outcome.violations))
    return 1 if outcome.violations else 0


def _many(seeds: range, mutation: str, jobs: int) -> int:
    began, mix, steps = time.perf_counter(), Counter[str](), 0
    failed: list[int] = []
    work = ((seed, mutation) for seed in seeds)
    for done, verdict in enumerate(spread(judge, work, processes=jobs), 1):
        mix += verdict.mix
        steps += verdict.steps
        if verdict.violations:
            failed.append(verdict.seed)
            _say(f"seed {verdict.seed}: {'; '.join(verdict.violations)}")
        if not done % EVERY:
            rate = done / (time.perf_counter() - began)
            _say(
                f"{done} of {len(seeds)} seeds, {len(failed)} with violations, {rate:.0f} a second"
            )
    _say("", *mix_of(mix, len(seeds)), "")
    for seed in failed[:MOST_STORIES]:
        _say(f"--- seed {seed}: {rerun(seed, mutation)}")
        _one(seed, mutation, story=True)
    _say(f"{len(seeds)} seeds, {steps} effects, {len(failed)} seeds with violations")
    return 1 if failed else 0


def _matrix(jobs: int, *, every: int) -> int:
    tried = spread(try_cell, matrix.sample(every, 0), processes=jobs)
    found = matrix.table(tried)
    _say(*matrix.lines_of(found))
    return 1 if found.wrong else 0


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
