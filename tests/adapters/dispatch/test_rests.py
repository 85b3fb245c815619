"""What could not be done rests, longer each time, until something comes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from refund_adapters.dispatch.rests import LONGEST_REST, Rests
from refund_adapters.dispatch.rhythm import Clock
from refund_ledger.events import Part
from refund_ledger.refund import CallDue, Waits


def call() -> CallDue:
    """Something that is due."""
    return CallDue("acme", uuid4(), Part.INVOICE, Waits.SEND, datetime.now(UTC))


def resting() -> Rests:
    """Rests at one moment, without chance."""
    return Rests(Clock(monotonic=lambda: 100.0, jitter=lambda: 1.0))


def test_what_was_never_tried_does_not_rest() -> None:
    rest = resting().of(call())

    assert (rest.tries, rest.failures, rest.until) == (0, 0, 0.0)


def test_rests_double_up_to_a_limit_and_end_with_progress() -> None:
    rests, one = resting(), call()
    until = []

    for _ in range(8):
        rests.begin(one, unanswered=True)
        until.append(rests.of(one).until - 100.0)

    assert until == [1, 2, 4, 8, 16, 32, LONGEST_REST, LONGEST_REST]
    rests.end(one)
    rests.end(one)
    assert rests.of(one).tries == 0


def test_only_what_was_not_answered_counts_as_a_failure() -> None:
    rests, one, other = resting(), call(), call()
    assert rests.most_failures() == 0

    rests.begin(one, unanswered=False)
    rests.begin(other, unanswered=True)
    rests.begin(other, unanswered=False)

    assert (rests.of(one).failures, rests.of(other).failures) == (0, 1)
    assert (rests.of(other).tries, rests.most_failures()) == (2, 1)


def test_what_is_due_no_more_is_let_go_of() -> None:
    rests, one, other = resting(), call(), call()
    rests.begin(one, unanswered=True)
    rests.begin(other, unanswered=True)

    rests.keep_only([other])

    assert rests.of(one).tries == 0
    assert rests.of(other).tries == 1
