"""Documents that turn up later than their answer: recorded, shown until somebody has seen them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from refund_adapters.accounting import Submitted, Traces
from refund_adapters.dispatch.rhythm import Nothing, Progress, Unreachable
from refund_adapters.questions import Questions
from refund_adapters.sandbox import faults
from refund_ledger.events import (
    LateSuccessFound,
    Learned,
    Part,
    PartWatched,
)
from refund_ledger.refund import CallDue, PartStatus, Status, Waits
from support.garbled import garble
from support.one_part import CASH_SALE, RACING, REFUSED, asked, due, events, protocol, writes
from support.ring import COMPANY, Ring, ring


def resent(house: Ring) -> None:
    """A part that was sent again on proof of absence, while its first call still ran."""
    asked(house, amount="10.00")
    house.sandbox.faults.script("Document.New", faults.slow_before(1000))
    house.dispatch(patience=500)
    assert house.desk.refund("k").status is Status.COMPLETED


def test_the_watch_finds_a_second_document_and_shows_it_until_it_is_explained() -> None:
    with ring(switches=RACING) as house:
        resent(house)
        house.clock.advance(900)
        house.dispatch()

        (alert,) = events(house, LateSuccessFound)
        assert alert.duplicate_of is not None
        assert alert.learned is Learned.LOOK_UP
        questions = Questions(house.desk.store, COMPANY)
        assert [entry.status for entry in questions.pending()] == ["alert", "unexplained"]

        late = f"{alert.document.series}/{alert.document.number}"
        house.desk.acknowledge("k", document=late, part=Part.INVOICE, why="cancelled by hand")

        assert house.desk.refund("k").alerts == ()
        (left,) = questions.pending()
        assert left.what_to_do.endswith(f"`discrepancy explain invoice {late}`")

        told = {"part": "invoice", "document": late, "how": "reversed", "reversed_by": "3/9999"}
        house.desk.explain(**told, why="cancelled by hand", key="a")

        assert questions.pending() == ()


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
        watch = due(house)
        house.clock.advance((watch.not_before - house.clock()).total_seconds())
        house.network.is_down = True
        hands = protocol(house)

        assert isinstance(hands.handle(watch), Unreachable)
        assert due(house) == watch

        house.network.is_down = False
        assert hands.handle(watch) == Progress()
        assert due(house).not_before == watch.not_before + timedelta(hours=6, minutes=-15)


def test_a_watch_records_what_cannot_be_read_and_does_not_ask_for_it_for_ever() -> None:
    with ring(switches=RACING) as house:
        resent(house)
        house.clock.advance(1000)
        garble(house.rivhit, "Status.AllRequests/JSON", ["<html>an old answer</html>"])
        watch = due(house)

        assert protocol(house).handle(watch) == Progress()

        assert due(house).not_before > watch.not_before
        (seen,) = events(house, PartWatched)
        assert any("could not be read" in each.said for each in seen.evidence)
        assert len(events(house, LateSuccessFound)) == 1


def test_a_watch_that_is_answered_with_an_error_is_made_again_and_is_no_outage() -> None:
    with ring(switches=RACING) as house:
        resent(house)
        house.clock.advance(1000)
        garble(house.rivhit, "Status.AllRequests/JSON", [], code=-90006)
        watch = due(house)

        assert protocol(house).handle(watch) == Nothing()

        assert due(house) == watch


def watched(house: Ring) -> CallDue:
    """A part whose first watch is due."""
    asked(house, amount="10.00")
    house.sandbox.faults.script("Document.New", faults.ANSWER_LOST)
    house.dispatch(patience=500)
    watch = due(house)
    assert watch.waits is Waits.WATCH
    house.clock.advance((watch.not_before - house.clock()).total_seconds())
    return watch


def test_a_watch_that_two_dispatchers_come_to_one_after_the_other_is_one() -> None:
    with ring() as house:
        watch = watched(house)
        before = len(house.sandbox.log.calls)

        assert protocol(house).handle(watch) == Progress()
        looked = len(house.sandbox.log.calls) - before
        assert protocol(house).handle(watch) == Nothing()

        assert len(house.sandbox.log.calls) - before == looked > 0
        assert len(events(house, PartWatched)) == 1
        assert due(house).not_before == watch.not_before + timedelta(hours=6, minutes=-15)


def test_a_watch_that_two_dispatchers_make_at_the_same_time_is_one() -> None:
    with ring() as house:
        watch = watched(house)
        first, second = protocol(house), protocol(house)
        traces = house.rivhit.traces

        def while_another_looks(submitted: Submitted) -> Traces:
            house.rivhit.traces = traces  # type: ignore[method-assign]
            assert second.handle(watch) == Progress()
            return traces(submitted)

        house.rivhit.traces = while_another_looks  # type: ignore[method-assign]

        assert first.handle(watch) == Progress()

        assert len(events(house, PartWatched)) == 1
        assert due(house).not_before == watch.not_before + timedelta(hours=6, minutes=-15)


def test_after_the_last_watch_nothing_is_due_and_nothing_is_counted() -> None:
    with ring() as house:
        last = watched(house)
        for _ in range(3):
            last = due(house)
            house.clock.advance(max((last.not_before - house.clock()).total_seconds(), 0))
            assert protocol(house).handle(last) == Progress()

        assert protocol(house).handle(last) == Nothing()

        assert len(events(house, PartWatched)) == 3
        assert house.desk.store.due(COMPANY, *Waits) == []


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
