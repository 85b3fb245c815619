"""The report: what a run of many seeds came to, and the mix of everything that happened in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from simulation import matrix
from simulation.mutations import MUTATIONS
from simulation.run import WELL, simulate

LONGEST_NAME = 62
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one seed, small enough to be handed between processes."""

    seed: int
    violations: tuple[str, ...]
    steps: int
    mix: Counter[str]


def judge(job: tuple[int, str]) -> Verdict:
    """Live through one seed, with or without a broken protocol."""
    seed, mutation = job
    outcome = simulate(seed, MUTATIONS[mutation] if mutation else WELL)
    return Verdict(seed, tuple(outcome.violations), outcome.steps, outcome.mix)


def try_cell(case: matrix.Case) -> tuple[matrix.Case, list[str], Counter[str]]:
    """Live through one cell of the matrix."""
    outcome = matrix.try_case(case)
    return case, outcome.violations, outcome.mix


def spread(work: Callable[[T], R], jobs: Iterable[T], *, processes: int) -> Iterator[R]:
    """Do work in several processes, in order."""
    if processes == 1:
        yield from map(work, jobs)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(work, jobs, chunksize=8)


def catch(mutation: str, seeds: Iterable[int]) -> Verdict | None:
    """The first of some seeds at which a broken protocol is noticed."""
    verdicts = (judge((seed, mutation)) for seed in seeds)
    return next((verdict for verdict in verdicts if verdict.violations), None)


def mix_of(mix: Counter[str], seeds: int) -> Iterator[str]:
    """How often everything happened, grouped, so that a blind spot shows."""
    groups: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, count in mix.items():
        group, _, what = name.partition(": ")
        groups[group].append((what or group, count))
    for group in sorted(groups):
        yield f"{group}:"
        for what, count in sorted(groups[group], key=lambda one: (-one[1], one[0])):
            yield f"  {what:<{LONGEST_NAME}} {count:7}  {count / seeds:7.2f} a seed"


def rerun(seed: int, mutation: str) -> str:
    """How to tell the story of a seed again."""
    broken = f' --mutation "{mutation}"' if mutation else ""
    return f"scripts/simulate --seed {seed} --story{broken}"
