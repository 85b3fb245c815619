"""A call is announced, sent once and recorded; an answer is saved with the call that follows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from refund_adapters.accounting import Answer, Call
from refund_adapters.dispatch.dispatcher import Dispatcher
from refund_adapters.dispatch.pace import Pace
from refund_adapters.dispatch.protocol import CallProtocol, Clock
from refund_adapters.dispatch.rhythm import Nothing, Progress, Unreachable
from refund_adapters.dispatch.sending import Announced, Ready
from refund_adapters.sandbox import faults
from refund_ledger import calling
from refund_ledger.application import RefundLedger
from refund_ledger.errors import WrongStateError
from refund_ledger.events import CallNotSent, CallSubmitted, DocumentId, Event, Learned, Part
from refund_ledger.originals import Half
from refund_ledger.refund import CallDue, PartStatus, Status, Waits
from refund_ledger.storing import Append
from support.one_part import REFUSED, writes
from support.ring import COMPANY, Ring, ring

SALE = "invoice_receipt:2/6926"


@dataclass
class Noted:
    """A store that notes what each save held."""

    below: Any
    saves: list[list[str]] = field(default_factory=list)

    def append(self, batch: Append) -> None:
        """Save, and note it."""
        self.below.append(batch)
        self.saves.append([event.TOPIC.removeprefix("refund.") for event in batch.events])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.below, name)


def asked(house: Ring, count: int) -> None:
    """Several refunds of one part each."""
    house.import_all()
    for number in range(count):
        house.desk.request(
            key=f"k{number}", original=SALE, amount="1.00", parts="invoice", reason="complaint"
        )


def noting(house: Ring) -> tuple[Dispatcher, list[list[str]]]:
    """A dispatcher, and what each of its saves holds."""
    dispatcher = house.desk.dispatcher(watch=house.steps.append)
    store = Noted(house.desk.store)
    dispatcher.protocol.ledger = RefundLedger(store, COMPANY)
    return dispatcher, store.saves


def while_the_first_is_sent(house: Ring, happens: Callable[[], object]) -> None:
    """Let something happen between the first announcement and its answer."""
    send, left = house.rivhit.send, [happens]

    def slow(call: Call, may_begin: Callable[[], bool]) -> Answer:
        if left:
            left.pop()()
        return send(call, may_begin)

    house.rivhit.send = slow  # type: ignore[assignment, method-assign]


def ready(house: Ring, acting: CallProtocol, key: str) -> Ready:
    """The call of one refund, prepared."""
    refund = house.desk.refund(key)
    (call,) = (c for c in house.desk.store.due(COMPANY, Waits.SEND) if c.refund == refund.id)
    found = acting.make_ready(call)
    assert isinstance(found, Ready)
    return found


def announced(house: Ring, acting: CallProtocol, key: str) -> Announced:
    """The call of one refund, announced."""
    found = acting.announce(ready(house, acting, key))
    assert isinstance(found, Announced)
    return found


def of(house: Ring, key: str, kind: type[Event]) -> int:
    """How many events of a kind a refund has."""
    found = house.desk.store.stream(house.desk.refund(key).id)
    return sum(isinstance(event, kind) for event in found)


SUBMITTED = ["call_submitted"]
DOUBTED = ["call_in_doubt"]
BOOKED = ["invoice_part_cancelled", "completed"]


# --- one save for an answer and the next call -----------------------------------------------------


def test_a_success_and_the_call_that_follows_it_are_one_save() -> None:
    with ring() as house:
        asked(house, 3)
        dispatcher, saves = noting(house)

        assert dispatcher.round() == 3

        assert saves == [SUBMITTED, BOOKED + SUBMITTED, BOOKED + SUBMITTED, BOOKED]
        assert {house.desk.refund(f"k{n}").status for n in range(3)} == {Status.COMPLETED}
        assert [step.what for step in house.steps] == ["submitted", "cancelled"] * 3


def test_a_refusal_is_saved_alone_before_anything_else_is_begun() -> None:
    with ring() as house:
        asked(house, 2)
        house.sandbox.faults.script("Document.New", REFUSED)
        dispatcher, saves = noting(house)

        dispatcher.round()

        assert saves == [SUBMITTED, ["call_refused"], SUBMITTED, BOOKED]


def test_a_call_that_never_left_is_saved_alone_and_no_other_is_announced_with_it() -> None:
    with ring() as house:
        asked(house, 2)
        dispatcher, saves = noting(house)
        while_the_first_is_sent(house, lambda: setattr(house.network, "is_down", True))

        dispatcher.round()

        assert saves == [SUBMITTED, ["call_not_sent"]] * 2


def test_a_doubt_and_the_call_that_follows_it_are_one_save() -> None:
    with ring() as house:
        asked(house, 3)
        house.sandbox.faults.script("Document.New", faults.ANSWER_LOST)
        dispatcher, saves = noting(house)

        assert dispatcher.round() == 2

        assert saves == [SUBMITTED, DOUBTED + SUBMITTED, BOOKED + SUBMITTED, BOOKED]
        parts = [house.desk.refund(f"k{n}").invoice.status for n in range(3)]
        assert sorted(parts) == [PartStatus.CANCELLED, PartStatus.CANCELLED, PartStatus.IN_DOUBT]


def test_the_doubt_that_opens_the_circuit_is_saved_alone_and_nothing_follows() -> None:
    with ring() as house:
        asked(house, 5)
        lost = [faults.ANSWER_LOST] * 3
        house.sandbox.faults.script("Document.New", *lost)
        dispatcher, saves = noting(house)

        assert dispatcher.round() == 0

        assert saves == [SUBMITTED, DOUBTED + SUBMITTED, DOUBTED + SUBMITTED, DOUBTED]
        assert dispatcher.circuit.is_open
        assert sorted(house.desk.refund(f"k{n}").version for n in range(5)) == [1, 1, 3, 3, 3]


def test_nothing_is_read_over_the_network_while_an_answer_is_not_saved() -> None:
    with ring() as house:
        asked(house, 3)
        house.rivhit._names.clear()

        house.desk.dispatcher().round()

        methods = [call.method for call in house.sandbox.log.calls]
        first = methods.index("Document.New")
        assert methods[first:] == ["Document.New"] * 3


# --- the answer comes first -----------------------------------------------------------------------


def test_an_answer_is_saved_though_the_refund_that_follows_has_moved() -> None:
    with ring() as house:
        asked(house, 2)
        acting = house.desk.dispatcher().protocol
        one, after = announced(house, acting, "k0"), ready(house, acting, "k1")
        while_the_first_is_sent(house, lambda: house.desk.withdraw("k1"))

        outcome, then = acting.carry_out(one, lambda: after)

        assert (outcome, then) == (Progress(), after)
        assert house.desk.refund("k0").status is Status.COMPLETED
        assert acting.guarded(after.due, lambda: acting.announce(after)) == Progress()
        assert house.desk.refund("k1").status is Status.WITHDRAWN
        assert writes(house) == 1


def test_an_answer_is_saved_though_what_follows_may_not_be_said_yet() -> None:
    with ring() as house:
        asked(house, 1)
        both = house.desk.request(key="k1", original=SALE, amount="2.00", reason="complaint").refund
        acting = house.desk.dispatcher().protocol
        one = announced(house, acting, "k0")
        early = CallDue(COMPANY, both.id, Part.RECEIPT, Waits.SEND, house.clock())
        after = acting.make_ready(early)
        assert isinstance(after, Ready)

        outcome, then = acting.carry_out(one, lambda: after)

        assert (outcome, then) == (Progress(), after)
        assert house.desk.refund("k0").status is Status.COMPLETED
        with pytest.raises(WrongStateError, match="waits until the invoice part"):
            acting.announce(after)


def test_what_an_excess_holds_back_is_neither_saved_with_the_answer_nor_after_it() -> None:
    with ring() as house:
        asked(house, 2)
        acting = house.desk.dispatcher().protocol
        one, after = announced(house, acting, "k0"), ready(house, acting, "k1")
        other = house.desk.request(key="other", original=SALE, amount="1.00", reason="complaint")

        def too_much() -> None:
            stamp = house.desk.stamp()
            document = DocumentId(half=Half.DOCUMENT, series=3, number=999_999)
            house.desk.ledger.fact(
                other.refund.id,
                lambda now, look: calling.succeeded(
                    now,
                    stamp,
                    Part.INVOICE,
                    document,
                    booked=900_000,
                    learned=Learned.LOOK_UP,
                    look=look,
                ),
            )

        while_the_first_is_sent(house, too_much)

        outcome, then = acting.carry_out(one, lambda: after)

        assert (outcome, then) == (Progress(), after)
        assert house.desk.refund("k0").status is Status.COMPLETED
        assert acting.announce(after) == Nothing()
        assert of(house, "k1", CallSubmitted) == 0


def test_an_answer_does_not_wait_for_the_pace_of_the_next_call() -> None:
    with ring() as house:
        asked(house, 2)
        slept: list[tuple[float, Status]] = []
        dispatcher, saves = noting(house)
        dispatcher.protocol.pace = Pace(
            per_second=2.0,
            monotonic=lambda: 100.0,
            sleep=lambda seconds: slept.append((seconds, house.desk.refund("k0").status)),
        )

        dispatcher.round()

        assert [seconds for seconds, _ in slept] == [0.5]
        assert saves == [SUBMITTED, BOOKED, SUBMITTED, BOOKED]


# --- the fence ------------------------------------------------------------------------------------


def test_the_time_of_a_call_that_rode_along_runs_from_before_that_save() -> None:
    with ring() as house:
        asked(house, 2)
        acting = house.desk.dispatcher().protocol
        # Announced, sent, and the second one announced within a moment; then a long pause.
        ticks = iter([0.0, 0.1, 0.2, 10.3])
        acting.clock = Clock(monotonic=lambda: next(ticks))
        one, after = announced(house, acting, "k0"), ready(house, acting, "k1")

        _, then = acting.carry_out(one, lambda: after)
        assert isinstance(then, Announced)
        outcome, _ = acting.carry_out(then)

        assert isinstance(outcome, Unreachable)
        assert (of(house, "k1", CallSubmitted), of(house, "k1", CallNotSent)) == (1, 1)
        assert writes(house) == 1
        assert house.desk.refund("k1").invoice.status is PartStatus.DUE


def test_the_time_to_begin_is_read_last_thing_before_the_call_leaves() -> None:
    with ring() as house:
        asked(house, 1)
        acting = house.desk.dispatcher().protocol
        call = announced(house, acting, "k0")
        # What comes between the dispatcher and the wire takes longer than a call may wait.
        while_the_first_is_sent(house, lambda: house.clock.advance(10.5))

        outcome, _ = acting.carry_out(call)

        assert isinstance(outcome, Unreachable)
        assert of(house, "k0", CallNotSent) == 1
        assert writes(house) == 0
