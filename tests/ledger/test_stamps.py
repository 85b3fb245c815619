"""A stamp says who acts, when and why, and makes the same event twice from the same command."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest

from refund_ledger.errors import InvalidInputError
from refund_ledger.events import RefundApproved
from refund_ledger.stamps import Stamp
from support.books import MORNING, a_stamp

STREAM = UUID(int=7)


def an_approval(stamp: Stamp, version: int = 2, **fields: object) -> RefundApproved:
    given = {"company": "acme", "currency": "ILS", "customer_id": "7", "request_digest": "a" * 64}
    return stamp.event(RefundApproved, STREAM, version, **{**given, **fields})


def test_an_event_carries_the_whole_stamp() -> None:
    stamp = Stamp(
        at=MORNING, actor="dana", command_id="c1", correlation_id="batch", causation_id="click"
    )
    event = an_approval(stamp)
    assert (event.timestamp, event.actor, event.command_id) == (MORNING, "dana", "c1")
    assert (event.correlation_id, event.causation_id) == ("batch", "click")
    assert (event.originator_id, event.originator_version) == (STREAM, 2)


def test_a_command_is_its_own_correlation_where_none_is_named() -> None:
    assert an_approval(a_stamp(command="c1")).correlation_id == "c1"


def test_the_same_command_makes_the_same_event_at_the_same_place() -> None:
    once, again = an_approval(a_stamp(command="c1")), an_approval(a_stamp(command="c1"))
    assert once == again
    assert once.event_id == UUID("93b2ca34-de26-520c-ba5f-c3642e94f333")
    assert an_approval(a_stamp(command="c1"), 3).event_id != once.event_id
    assert an_approval(a_stamp(command="c2")).event_id != once.event_id


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="at: expected a time with its zone"):
        Stamp(at=datetime(2026, 1, 1), actor="dana", command_id="c")  # noqa: DTZ001


@pytest.mark.parametrize("actor", ["", "  ", "da\u202ena", "x" * 121])
def test_an_actor_has_a_name_that_can_be_read(actor: str) -> None:
    with pytest.raises(InvalidInputError, match="actor"):
        Stamp(at=MORNING, actor=actor, command_id="c")


def test_a_field_that_does_not_fit_is_named() -> None:
    with pytest.raises(InvalidInputError, match="request_digest"):
        an_approval(a_stamp(), request_digest="short")
