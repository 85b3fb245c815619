"""The fault matrix: each fault, on each write, under each setting that matters, with each death.

One refund, one dispatcher, one thing that goes wrong. A wrong outcome is whatever the auditor
objects to; a case that a machine must not settle alone is counted with the reason.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from refund_adapters.sandbox import faults
from refund_adapters.sandbox.faults import Answer, Fault
from refund_adapters.sandbox.switches import Switches
from simulation.run import House, Outcome, build, finish
from simulation.stage import Nature
from simulation.weather import NOT_LET_IN, REFUSED_PLAINLY, WRITES, Climate, makes_one
from simulation.worlds import Ask, Break, Manners, World

WELL = Fault("none")
METHODS = WRITES
FAULTS: tuple[Fault, ...] = (
    WELL,
    *faults.FAULTS.values(),
    REFUSED_PLAINLY,
    faults.slow_before(60),
    faults.Fault("slow_and_lost", answer=Answer.LOST, before=60),
    faults.Fault("slow_to_the_limit", before=149),
    faults.slow_after(60),
    NOT_LET_IN,
)
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "everything is shown": {},
    "Status silent on cancels": {"status_for_cancels": "absent"},
    "Status late on cancels": {
        "status_for_cancels": "delayed",
        "status_cancel_delay_seconds": 900,
    },
    "comment replaces": {"cancel_comment": "replaces"},
    "comment dropped": {"cancel_comment": "ignored"},
    "comment dropped, Status silent": {
        "cancel_comment": "ignored",
        "status_for_cancels": "absent",
    },
    "no comments shown": {"list_shows_comments": False},
    "no comments shown, Status forgets": {
        "list_shows_comments": False,
        "status_retention_seconds": 100,
    },
    "credits come back positive": {
        "credit_sign_new": "positive",
        "credit_sign_details": "positive",
        "credit_sign_list": "positive",
    },
    "lists and Status lag": {"list_lag_seconds": 60, "status_lag_seconds": 60},
    "second cancel refused": {"second_cancel": "error"},
    "second cancel is nothing": {"second_cancel": "noop"},
    "errors with HTTP 200": {"error_http_status": 200},
    "code only in debug": {"error_code_in_debug": True, "error_data": "null"},
    "flag after a partial credit": {
        "is_cancelled_after_partial_credit": "when_partial",
        "cancelled_flag_on_receipts": True,
    },
    "one half marks the other": {
        "half_cancel_marks_other_half": True,
        "cancelled_flag_on_receipts": True,
    },
    "failed calls burn the reference": {"reference_burned_by_failed": True},
    "references race": {"reference_check": "racing", "reference_scope": "method"},
    "Status says still running": {"status_while_running": "synthetic_error"},
}
DEATHS: Mapping[str, str] = {
    "none": "",
    "before the call": "sends: {method}",
    "during the call": "the server has it",
    "after the answer": "the answer is there",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One cell of the matrix."""

    number: int
    fault: Fault
    method: str
    setting: str
    death: str

    @property
    def world(self) -> World:
        """The world in which exactly this goes wrong."""
        switches = Switches().with_(**SETTINGS[self.setting])
        whole = self.method.endswith(".Cancel")
        fields = {"original": "invoice_receipt:2/6923", "reason": "complaint"}
        amounts = (None, None) if whole else (1001, 1001)
        ask = Ask("k0", 0.0, fields if whole else {**fields, "amount": "10.01"}, *amounts)
        one = makes_one(self.fault, self.method, switches)
        return World(
            seed=self.number,
            breaks=Break.NOWHERE if one else Break.TWICE,
            lasts=330.0,
            switches=switches,
            climate=Climate(only=self.fault if self.fault is not WELL else None, on=self.method),
            nature=Nature(dies=0.0, freezes=0.0, stays=1.0),
            manners=Manners(looks_every=5000.0, early=0.0, closes=0.0, withdraws=0.0),
            originals=("invoice_receipt:2/6923",),
            asks=(ask,),
            dispatchers=1,
            watches=not one,
        )

    def __str__(self) -> str:
        return (
            f"{self.number}: {self.fault.name}, {self.method}, {self.setting}, death {self.death}"
        )


def cases() -> Iterator[Case]:
    """Every cell."""
    number = 0
    for fault in FAULTS:
        for method in METHODS:
            for setting in SETTINGS:
                for death in DEATHS:
                    yield Case(number, fault, method, setting, death)
                    number += 1


def sample(every: int, first: int) -> list[Case]:
    """Every so many cells from one on: another first one, another sample."""
    return [case for case in cases() if case.number % every == first % every]


def try_case(case: Case) -> Outcome:
    """Live through one cell."""
    house: House = build(case.world)
    house.stage.doom = DEATHS[case.death].format(method=case.method)
    return finish(house)


@dataclass(slots=True)
class Table:
    """What the cells came to."""

    cells: Counter[tuple[str, str]]
    people: Counter[tuple[str, str]]
    reasons: Counter[str]
    wrong: list[str]
    beyond: Counter[str]


def table(tried: Iterable[tuple[Case, list[str], Counter[str]]]) -> Table:
    """Add up what the cells came to."""
    found = Table(Counter(), Counter(), Counter(), [], Counter())
    for case, violations, mix in tried:
        row = (case.fault.name, case.method)
        found.cells[row] += 1
        found.wrong += [f"{case}: {violation}" for violation in violations]
        if case.world.breaks is not Break.NOWHERE:
            seen = "nothing tells it apart" if mix[UNSEEN] else "taken, or shown to a person"
            found.beyond[f"{case.fault.name} on {case.method}: {seen}"] += 1
        why = {name.removeprefix("person: ") for name in mix if name in REASONS}
        why |= {"refused by the server"} if mix["refused"] else set()
        for reason in why:
            found.reasons[f"{case.method}: {reason}"] += 1
        found.people[row] += bool(why)
    return found


UNSEEN = "unclaimed, and nobody can tell that it is ours"
"""How the settlement calls a document that only a comparison of both books will find."""
REASONS = frozenset(
    f"person: {reason}"
    for reason in (
        "its document is taken",
        "two documents",
        "found, and yet",
        "made, but nothing says that it is ours",
        "absent, but something fits",
        "absent, but the original is flagged",
        "closed, nothing found",
        "an absent cancel",
        "enough attempts",
        "absent, and yet",
    )
)


def lines_of(found: Table) -> Iterator[str]:
    """The table as text: cases and those left to a person, by fault and method."""
    by_fault: dict[str, dict[str, str]] = defaultdict(dict)
    for (fault, method), count in found.cells.items():
        by_fault[fault][method] = f"{count} / {found.people[fault, method]}"
    head = "".join(f"{method:>18}" for method in WRITES)
    yield f"{'cases / left to a person':<26}{head}"
    for fault, row in by_fault.items():
        yield f"{fault:<26}" + "".join(f"{row.get(method, '-'):>18}" for method in WRITES)
    yield ""
    yield f"cases {found.cells.total()}, wrong outcomes {len(found.wrong)}, "
    yield f"left to a person {found.people.total()}, because:"
    for reason, count in sorted(found.reasons.items()):
        yield f"  {count:5}  {reason}"
    if found.beyond:
        yield "beyond the assumptions (one call is carried out twice) the second document is:"
        for what, count in sorted(found.beyond.items()):
            yield f"  {count:5}  {what}"
    for wrong in found.wrong:
        yield f"WRONG {wrong}"
