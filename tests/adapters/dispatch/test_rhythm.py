"""Dispatching spends its time as the rhythm says, by a clock that a simulation can replace."""

from __future__ import annotations

from uuid import UUID

from refund_adapters.dispatch.rhythm import Clock, Nothing, Progress, Rhythm, Step, Unreachable
from refund_ledger.events import Part


def test_a_call_begins_within_seconds_of_its_save_and_is_tried_a_few_times() -> None:
    rhythm = Rhythm()

    assert 0 < rhythm.send_window <= 60
    assert 1 <= rhythm.max_attempts <= 20


def test_the_clock_of_a_process_only_goes_on_and_its_jitter_is_a_share() -> None:
    clock = Clock()
    before = clock.monotonic()

    clock.sleep(0)

    assert clock.monotonic() >= before
    assert all(0 <= clock.jitter() < 1 for _ in range(100))


def test_a_system_that_does_not_answer_is_told_with_its_reason() -> None:
    assert len({Progress(), Progress(), Nothing(), Unreachable("a"), Unreachable("b")}) == 4


def test_a_step_says_of_which_refund_and_part_it_is() -> None:
    step = Step(UUID(int=7), "order-17", Part.INVOICE, "submitted", "Document.New, attempt 1")

    assert (step.key, step.part.value, step.what) == ("order-17", "invoice", "submitted")
