"""What the protocol does about one part, step by step, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from refund_adapters.dispatcher import Dispatcher
from refund_adapters.protocol import CallProtocol, Clock, Rhythm, Step, submitted
from refund_adapters.questions import Questions
from refund_adapters.rhythm import Nothing, Progress, Unreachable
from refund_adapters.sandbox import faults
from refund_adapters.sandbox.refusals import Refusal
from refund_adapters.sandbox.switches import Switches
from refund_ledger.events import (
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    LateSuccessFound,
    Learned,
    Part,
)
from refund_ledger.refund import CallDue, PartStatus, Refund, Status, Waits
from support.ring import COMPANY, Ring, ring

CASH_SALE = "invoice_receipt:2/6923"
BLIND = Switches(
    status_for_cancels="absent",  # type: ignore[arg-type]
    cancel_comment="replaces",  # type: ignore[arg-type]
    list_shows_comments=False,
)
"""A server on which a look cannot tell a cancel's document from others."""
RACING = Switches(reference_check="racing")  # type: ignore[arg-type]
"""A server whose check of duplicates misses a request that is still running."""
REFUSED = faults.Fault(
    "refused",
    faults.Execution.NEVER,
    faults.Answer.REFUSAL,
    refusal=Refusal(-46, "COMMENTS_SIZE_TO_BIG"),
)
"""A refusal on the closed list of those that are definite."""
FOREVER = 10_000.0
"""Seconds within which everything that a machine can do is done."""


def asked(house: Ring, **fields: str) -> Refund:
    """A refund of the cash sale, its originals imported."""
    house.import_all()
    return house.desk.request(key="k", original=CASH_SALE, reason="complaint", **fields).refund


def protocol(house: Ring, **settings: object) -> CallProtocol:
    """The protocol of one dispatcher over the ring."""
    dispatcher = house.desk.dispatcher(watch=house.steps.append)
    for name, value in settings.items():
        setattr(dispatcher.protocol, name, value)
    return dispatcher.protocol


def due(house: Ring) -> CallDue:
    """The one thing that is due."""
    (call,) = house.desk.store.due(COMPANY, *Waits)
    return call


def events(house: Ring, kind: type) -> list[object]:
    """The events of one kind of the refund."""
    found = house.desk.store.stream(house.desk.refund("k").id)
    return [event for event in found if isinstance(event, kind)]


def writes(house: Ring, what: str = "") -> int:
    """How many calls that change something arrived at the server."""
    wanted = (".Cancel", ".New")
    return sum(
        call.method.endswith(wanted) and call.method.startswith(what)
        for call in house.sandbox.log.calls
    )


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
        assert isinstance(refused, CallRefused)
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
        assert isinstance(doubt, CallInDoubt)
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


# --- what turns up later --------------------------------------------------------------------------


def resent(house: Ring) -> None:
    """A part that was sent again on proof of absence, while its first call still ran."""
    asked(house, amount="10.00")
    house.sandbox.faults.script("Document.New", faults.slow_before(1000))
    house.dispatch(patience=500)
    assert house.desk.refund("k").status is Status.COMPLETED


def test_the_watch_finds_a_second_document_and_shows_it_until_it_is_acknowledged() -> None:
    with ring(switches=RACING) as house:
        resent(house)
        house.clock.advance(900)
        house.dispatch()

        (alert,) = events(house, LateSuccessFound)
        assert isinstance(alert, LateSuccessFound)
        assert alert.duplicate_of is not None
        assert alert.learned is Learned.LOOK_UP
        questions = Questions(house.desk.store, COMPANY)
        assert [entry.status for entry in questions.pending()] == ["alert"]

        late = f"{alert.document.series}/{alert.document.number}"
        house.desk.acknowledge("k", document=late, part=Part.INVOICE, why="cancelled by hand")

        assert questions.pending() == ()
        assert house.desk.refund("k").alerts == ()


def test_a_duplicate_never_becomes_credit_that_can_be_paid_out() -> None:
    with ring(switches=RACING) as house:
        resent(house)
        house.clock.advance(900)
        house.dispatch()

        assert len(events(house, LateSuccessFound)) == 1
        assert house.desk.store.credits(COMPANY, "1001", "ILS") == []


def test_the_watch_waits_until_a_look_proves_something() -> None:
    with ring(switches=RACING) as house:
        resent(house)
        watch = due(house)

        assert watch.waits is Waits.WATCH
        assert protocol(house).handle(watch) == Nothing()


def test_a_watch_that_could_not_read_everything_is_made_again() -> None:
    with ring(switches=RACING) as house:
        resent(house)
        house.clock.advance(900)
        house.network.is_down = True
        hands = protocol(house)
        watch = due(house)

        assert isinstance(hands.handle(watch), Unreachable)
        assert due(house) == watch

        house.network.is_down = False
        assert hands.handle(watch) == Progress()
        assert due(house).not_before == watch.not_before + timedelta(hours=6, minutes=-15)


def test_a_refused_part_whose_document_turns_up_later_is_recorded() -> None:
    with ring() as house:
        asked(house, amount="10.00")
        liar = replace(REFUSED, name="liar", execution=faults.Execution.ONCE)
        house.sandbox.faults.script("Document.New", liar)
        house.dispatch(patience=0)
        before = house.desk.refund("k").invoice.status

        house.clock.advance(900)
        house.dispatch()

        assert before is PartStatus.REFUSED
        assert house.desk.refund("k").status is Status.COMPLETED
        assert writes(house, "Document") == 1


def test_a_closed_refund_whose_call_did_happen_is_an_alert() -> None:
    with ring() as house:
        asked(house, amount="10.00")
        house.sandbox.faults.script("Document.New", faults.ANSWER_LOST)
        house.dispatch(patience=0)
        house.desk.close_refund("k", why="in a hurry")

        house.dispatch()

        (alert,) = house.desk.refund("k").alerts
        assert alert.duplicate_of is None
        assert alert.booked == 1000
        assert house.desk.refund("k").status is Status.CLOSED
        assert writes(house) == 1


def test_a_closed_refund_whose_call_left_no_trace_asks_a_person_to_free_it() -> None:
    with ring() as house:
        asked(house, amount="10.00")
        house.sandbox.faults.script("Document.New", faults.DROPPED_BEFORE)
        house.dispatch(patience=0)
        house.desk.close_refund("k", why="in a hurry")

        house.dispatch()

        assert due(house).waits is Waits.PERSON
        assert "close it again to free it" in house.desk.refund("k").invoice.doubt
        assert writes(house) == 1

        house.desk.close_refund("k", why="it did not happen")
        house.desk.request(key="all", original=CASH_SALE, reason="complaint")


def test_the_protocol_is_where_dispatchers_and_lookers_find_it() -> None:
    with ring() as house:
        refund = asked(house)
        dispatcher = house.desk.dispatcher()
        dispatcher.run()

        assert isinstance(dispatcher, Dispatcher)
        assert isinstance(dispatcher.protocol, CallProtocol)
        state = house.desk.ledger.refund(refund.id)
        assert submitted(state, Part.INVOICE).method == "Document.Cancel"
