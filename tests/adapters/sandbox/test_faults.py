"""Faults are scripted in order, or drawn by seeded chance; impossible ones cannot be made."""

import random

import pytest

from refund_adapters.sandbox.faults import (
    ANSWER_LOST,
    CUT,
    DROPPED_BEFORE,
    FAULTS,
    OWN_ANSWERS,
    Answer,
    Execution,
    Fault,
    FaultPlan,
    slow_after,
    slow_before,
)
from refund_adapters.sandbox.refusals import SandboxError


def test_scripted_faults_come_in_order_and_for_their_method_only() -> None:
    plan = FaultPlan()
    plan.script("Document.New", ANSWER_LOST, None, CUT)
    assert plan.draw("Receipt.New") is None
    assert [plan.draw("Document.New") for _ in range(4)] == [ANSWER_LOST, None, CUT, None]


def test_chances_are_repeated_by_the_seed() -> None:
    def drawn() -> list[Fault | None]:
        plan = FaultPlan(rng=random.Random(7), chances={ANSWER_LOST: 0.2, DROPPED_BEFORE: 0.3})
        return [plan.draw("Document.New") for _ in range(1000)]

    first = drawn()
    assert first == drawn()
    assert 150 < first.count(ANSWER_LOST) < 250
    assert 250 < first.count(DROPPED_BEFORE) < 350


def test_chances_may_be_for_some_methods_only() -> None:
    plan = FaultPlan(rng=random.Random(7), chances={CUT: 1}, methods={"Document.New"})
    assert plan.draw("Document.List") is None
    assert plan.draw("Document.New") is CUT


def test_during_an_outage_every_call_meets_it_and_scripts_wait() -> None:
    plan = FaultPlan(outage=DROPPED_BEFORE)
    plan.script("Document.New", CUT)
    assert [plan.draw("Document.New"), plan.draw("Receipt.New")] == [DROPPED_BEFORE] * 2
    plan.outage = None
    assert plan.draw("Document.New") is CUT


def test_the_mix_of_a_run_is_counted() -> None:
    plan = FaultPlan(rng=random.Random(7), chances={CUT: 1}, methods={"Document.New"})
    for method in ("Document.New", "Document.New", "Document.List"):
        plan.draw(method)
    assert plan.mix == {"cut": 2, "none": 1}


@pytest.mark.parametrize("answer", sorted(OWN_ANSWERS))
def test_what_is_never_executed_has_no_answer_of_its_own(answer: Answer) -> None:
    with pytest.raises(SandboxError, match="no answer of its own"):
        Fault("impossible", Execution.NEVER, answer)


def test_time_does_not_run_backwards() -> None:
    for make in (slow_before, slow_after):
        with pytest.raises(SandboxError, match="backwards"):
            make(-1)


@pytest.mark.parametrize("chances", [{CUT: 1.1}, {CUT: -0.1}, {CUT: 0.6, ANSWER_LOST: 0.6}])
def test_chances_are_chances(chances: dict[Fault, float]) -> None:
    with pytest.raises(SandboxError, match="between 0 and 1"):
        FaultPlan(rng=random.Random(1), chances=chances)


def test_chance_needs_a_seed() -> None:
    with pytest.raises(SandboxError, match="seeded"):
        FaultPlan(chances={CUT: 0.5})


def test_each_fault_is_known_by_its_name() -> None:
    assert all(fault.name == name for name, fault in FAULTS.items())
    assert {fault.answer for fault in FAULTS.values()} == set(Answer)
    assert {fault.execution for fault in FAULTS.values()} == set(Execution)
