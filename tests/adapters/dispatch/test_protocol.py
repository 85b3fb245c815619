"""What the protocol does about one part, step by step, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from refund_adapters.dispatch.dispatcher import Dispatcher
from refund_adapters.dispatch.protocol import CallProtocol, Clock, Rhythm, Step, submitted
from refund_adapters.dispatch.rhythm import Nothing, Progress, Unreachable
from refund_adapters.sandbox import faults
from refund_ledger.events import (
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    Part,
)
from refund_ledger.refund import CallDue, PartStatus, Waits
from support.one_part import BLIND, REFUSED, asked, due, events, protocol, writes
from support.ring import COMPANY, ring

FOREVER = 10_000.0
"""Seconds within which everything that a machine can do is done."""


# --- what is not due is left alone ----------------------------------------------------------------


@pytest.mark.parametrize("waits", list(Waits))
def test_what_is_due_no_more_is_left_alone(waits: Waits) -> None:
    with ring() as house:
        refund = asked(house)
        house.desk.withdraw("k")
        position = house.desk.store.position()
        stale = CallDue(COMPANY, refund.id, Part.INVOICE, waits, house.clock())

        assert protocol(house).handle(stale) == Nothing()

        assert house.desk.store.position() == position
        assert house.sandbox.log.calls[-1].method != "Document.Cancel"


def test_a_decision_that_comes_second_is_progress_of_somebody_else() -> None:
    with ring() as house:
        asked(house)
        call, hands = due(house), protocol(house)
        prepare = house.rivhit.prepare

        def slow(request: object, part: Part) -> object:
            house.desk.withdraw("k")
            return prepare(request, part)  # type: ignore[arg-type]

        house.rivhit.prepare = slow  # type: ignore[method-assign, assignment]

        assert hands.handle(call) == Progress()
        assert writes(house) == 0


def test_nothing_is_parked_or_looked_for_before_its_time() -> None:
    with ring() as house:
        asked(house)
        house.sandbox.faults.script("Document.Cancel", faults.ANSWER_LOST)
        hands = protocol(house)
        hands.handle(due(house))
        look = due(house)
        position = house.desk.store.position()

        early = [hands.handle(replace(look, waits=waits)) for waits in (Waits.LOOK, Waits.WATCH)]

        assert look.waits is Waits.LOOK
        assert look.not_before > house.clock()
        assert early == [Nothing(), Nothing()]
        assert house.desk.store.position() == position


# --- sending --------------------------------------------------------------------------------------


def test_a_system_that_cannot_be_read_spends_no_attempt() -> None:
    with ring() as house:
        asked(house, amount="10.00")
        house.network.is_down = True

        outcome = protocol(house).handle(due(house))

        assert isinstance(outcome, Unreachable)
        assert [step.what for step in house.steps] == ["waits"]
        assert house.desk.refund("k").invoice.attempts == 0


def test_what_the_system_has_no_words_for_waits_for_a_person_unsent() -> None:
    with ring() as house:
        asked(house, amount="10.00")
        customer = house.sandbox.books.customers[1001]
        house.sandbox.books.customers[1001] = customer.model_copy(update={"last_name": ""})

        assert protocol(house).handle(due(house)) == Progress()

        (refused,) = events(house, CallRefused)
        assert refused.code == "not sent"
        assert "has no last name" in refused.message
        assert due(house).waits is Waits.PERSON
        assert writes(house) == 0


def test_past_its_time_a_call_is_not_sent_and_is_due_again() -> None:
    with ring() as house:
        asked(house)
        ticks = iter([0.0, 10.1])
        hands = protocol(house, clock=Clock(monotonic=lambda: next(ticks)))

        outcome = hands.handle(due(house))

        assert isinstance(outcome, Unreachable)
        assert len(events(house, CallSubmitted)) == len(events(house, CallNotSent)) == 1
        assert due(house).waits is Waits.SEND
        assert writes(house) == 0


def test_a_refusal_of_the_only_attempt_is_recorded_with_its_code() -> None:
    with ring() as house:
        asked(house)
        house.sandbox.faults.script("Document.Cancel", REFUSED)

        assert protocol(house).handle(due(house)) == Progress()

        assert house.desk.refund("k").invoice.status is PartStatus.REFUSED
        assert house.steps[-1].what == "refused"


def test_every_step_is_told_with_the_key_and_the_part() -> None:
    with ring() as house:
        refund = asked(house)

        protocol(house).handle(due(house))

        assert [(step.key, step.part, step.what) for step in house.steps] == [
            ("k", Part.INVOICE, "submitted"),
            ("k", Part.INVOICE, "cancelled"),
        ]
        assert isinstance(house.steps[0], Step)
        assert house.steps[0].refund == refund.id


# --- doubt ----------------------------------------------------------------------------------------


def test_a_new_document_that_cannot_be_said_any_more_waits_for_a_person() -> None:
    with ring() as house:
        asked(house, amount="10.00")
        house.sandbox.faults.script("Document.New", faults.DROPPED_BEFORE)
        protocol(house).handle(due(house))
        customer = house.sandbox.books.customers[1001]
        house.sandbox.books.customers[1001] = customer.model_copy(update={"last_name": ""})
        house.clock.advance(3600)

        assert protocol(house).handle(due(house)) == Progress()

        assert due(house).waits is Waits.PERSON
        assert "it cannot be said any more" in house.desk.refund("k").invoice.doubt
        assert writes(house) == 1


def test_after_its_last_attempt_a_part_without_a_trace_waits_for_a_person() -> None:
    with ring() as house:
        asked(house, amount="10.00")
        house.sandbox.faults.script("Document.New", *[faults.DROPPED_BEFORE] * 9)
        hands = protocol(house, rhythm=Rhythm(max_attempts=2))

        while due(house).waits is not Waits.PERSON:
            hands.handle(due(house))
            house.clock.advance(3600)

        assert writes(house) == 2
        assert "after 2 attempts" in house.desk.refund("k").invoice.doubt

        house.desk.send_again("k", Part.INVOICE, why="the server was mended")
        hands.handle(due(house))
        assert writes(house) == 3


def test_what_a_look_cannot_settle_waits_for_a_person_with_the_evidence() -> None:
    with ring(switches=BLIND) as house:
        asked(house)
        house.sandbox.faults.script("Document.Cancel", faults.ANSWER_LOST)

        house.dispatch(patience=FOREVER)

        assert due(house).waits is Waits.PERSON
        doubt = events(house, CallInDoubt)[-1]
        assert doubt.for_person
        assert doubt.evidence


def test_a_source_that_cannot_be_read_is_asked_again_later() -> None:
    with ring() as house:
        asked(house)
        house.sandbox.faults.script("Document.Cancel", faults.ANSWER_LOST)
        hands = protocol(house)
        hands.handle(due(house))
        house.clock.advance(3600)
        house.sandbox.faults.outage = faults.UNAVAILABLE

        assert isinstance(hands.handle(due(house)), Unreachable)
        assert due(house).waits is Waits.LOOK

        house.sandbox.faults.outage = None
        assert hands.handle(due(house)) == Progress()
        assert house.desk.refund("k").invoice.status is PartStatus.CANCELLED


def test_a_document_that_serves_another_part_is_not_taken_but_shown_to_a_person() -> None:
    with ring() as house:
        asked(house)
        house.sandbox.faults.script("Document.Cancel", faults.ANSWER_LOST)
        hands = protocol(house)
        hands.handle(due(house))
        (made,) = [key for call in house.sandbox.log.calls for _, key in call.made]
        house.desk.grant(
            reference="theirs",
            customer_id="1001",
            currency="ILS",
            amount="292.50",
            why="credit_note",
            granted_on="2026-11-22",
            document_half="document",
            document_series=made.type,
            document_number=made.number,
        )
        house.clock.advance(3600)

        hands.handle(due(house))

        assert due(house).waits is Waits.PERSON
        assert "is already taken by" in house.desk.refund("k").invoice.doubt


def test_the_protocol_is_where_dispatchers_and_lookers_find_it() -> None:
    with ring() as house:
        refund = asked(house)
        dispatcher = house.desk.dispatcher()
        dispatcher.run()

        assert isinstance(dispatcher, Dispatcher)
        assert isinstance(dispatcher.protocol, CallProtocol)
        state = house.desk.ledger.refund(refund.id)
        assert submitted(state, Part.INVOICE).method == "Document.Cancel"
