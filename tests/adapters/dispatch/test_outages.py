"""In an outage no attempts are spent and few probes; when it ends, all that is due goes out."""

from __future__ import annotations

import pytest

from refund_adapters.dispatch.dispatcher import IN_HAND, Dispatcher
from refund_adapters.sandbox import faults
from refund_adapters.sandbox.faults import Fault
from refund_ledger import calling
from refund_ledger.events import CallSubmitted, Learned, Part
from refund_ledger.refund import PartStatus, Status, Waits
from support.garbled import garble
from support.ring import COMPANY, TOKEN, Ring, ring

SALE = "invoice_receipt:2/6926"
OTHER = "invoice_receipt:2/6930"
MINUTE = 60.0
HOUR = 60 * MINUTE
WEEK = 7 * 24 * HOUR


def asked(house: Ring, count: int) -> None:
    """Several refunds of one sale, by new documents."""
    house.import_all()
    for number in range(count):
        house.desk.request(key=f"k{number}", original=SALE, amount="1.00", reason="complaint")


def dispatch_for(house: Ring, dispatcher: Dispatcher, seconds: float) -> None:
    """Let a dispatcher that runs for ever work for a time."""
    until = house.clock.monotonic() + seconds
    dispatcher.stop = lambda: house.clock.monotonic() >= until
    dispatcher.run(forever=True, poll=100.0)


def submitted(house: Ring) -> int:
    """How many calls were announced."""
    return sum(isinstance(event, CallSubmitted) for _, event in house.desk.store.events())


@pytest.mark.parametrize(
    ("outage", "lasts"),
    [
        (faults.UNAVAILABLE, WEEK),
        (faults.HTML_500_BEFORE, 4 * HOUR),
        (faults.DROPPED_BEFORE, 4 * HOUR),
    ],
    ids=["a week", "pages of HTML", "no answer"],
)
def test_an_outage_costs_less_than_a_probe_a_minute_and_then_drains_by_itself(
    outage: Fault, lasts: float
) -> None:
    with ring() as house:
        asked(house, 12)
        dispatcher = house.desk.dispatcher()
        before = len(house.sandbox.log.calls)
        house.sandbox.faults.outage = outage

        dispatch_for(house, dispatcher, lasts)

        assert len(house.sandbox.log.calls) - before < lasts / MINUTE
        assert submitted(house) <= 3
        assert dispatcher.circuit.is_open

        house.sandbox.faults.outage = None
        dispatch_for(house, dispatcher, HOUR)

        assert {house.desk.refund(f"k{n}").status for n in range(12)} == {Status.COMPLETED}
        made = [call for call in house.sandbox.log.calls if call.made]
        assert len(made) == 24


def test_while_nobody_listens_no_attempt_is_used_up() -> None:
    with ring() as house:
        asked(house, 5)
        house.network.is_down = True

        dispatch_for(house, house.desk.dispatcher(), 4 * HOUR)

        assert {house.desk.refund(f"k{n}").invoice.status for n in range(5)} == {PartStatus.DUE}
        house.network.is_down = not house.network.is_down
        house.dispatch()
        assert {house.desk.refund(f"k{n}").status for n in range(5)} == {Status.COMPLETED}


def test_a_server_that_answers_reads_and_no_writes_is_not_sent_everything_that_is_due() -> None:
    with ring() as house:
        asked(house, 100)
        house.sandbox.faults.script("Document.New", *[faults.UNAVAILABLE] * 1000)
        dispatcher = house.desk.dispatcher()

        # Half an hour in which each probe is answered and no call is.
        house.rivhit.settle_seconds = HOUR
        dispatch_for(house, dispatcher, HOUR / 2)

        assert submitted(house) < 50
        assert all(house.desk.refund(f"k{n}").invoice.attempts <= 1 for n in range(100))


def test_a_run_that_is_not_for_ever_gives_up_and_leaves_everything_in_order() -> None:
    with ring() as house:
        asked(house, 2)
        house.network.is_down = True
        before = house.clock.monotonic()

        house.dispatch()

        assert house.clock.monotonic() - before < 5 * MINUTE
        assert len(house.desk.store.due(COMPANY, Waits.SEND)) == 2


def test_a_run_that_cannot_read_one_thing_gives_up_after_some_tries() -> None:
    with ring() as house:
        asked(house, 1)
        house.desk.request(key="cancel", original=OTHER, reason="complaint")
        house.sandbox.faults.script("Customer.Get", *[faults.UNAVAILABLE] * 1000)
        dispatcher = house.desk.dispatcher()

        dispatcher.run(patience=10_000)

        assert house.desk.refund("cancel").status is Status.COMPLETED
        (rest,) = dispatcher.rests.known.values()
        assert 2 <= rest.failures <= dispatcher.most_tries


def test_rests_grow_up_to_a_minute_however_long_it_lasts() -> None:
    with ring() as house:
        asked(house, 1)
        (call,) = house.desk.store.due(COMPANY, Waits.SEND)
        house.network.is_down = True
        dispatcher = house.desk.dispatcher()
        rests: list[float] = []

        for _ in range(1100):
            dispatcher._do(call)
            rests.append(dispatcher.rests.of(call).until - house.clock.monotonic())

        assert rests[:7] == [1, 2, 4, 8, 16, 32, 60]
        assert set(rests[7:]) == {60.0}


def test_a_token_that_is_refused_is_an_outage_that_ends_with_the_right_one() -> None:
    with ring() as house:
        house.import_all()
        sales = [f"invoice_receipt:2/{number}" for number in (6923, 6924, 6925, 6926, 6930)]
        for number, sale in enumerate(sales):
            house.desk.request(key=f"k{number}", original=sale, reason="complaint")
        dispatcher = house.desk.dispatcher(watch=house.steps.append)
        before = len(house.sandbox.log.calls)
        house.sandbox._token = "another-token-0000"

        dispatch_for(house, dispatcher, 4 * HOUR)

        assert {house.desk.refund(f"k{n}").invoice.status for n in range(5)} == {PartStatus.DUE}
        assert submitted(house) == 3
        assert len(house.sandbox.log.calls) - before < 4 * HOUR / MINUTE
        assert {step.what for step in house.steps} == {"submitted", "not sent"}
        assert "check the token setting" in house.steps[-1].detail

        house.sandbox._token = TOKEN
        dispatch_for(house, dispatcher, HOUR)
        assert {house.desk.refund(f"k{n}").status for n in range(5)} == {Status.COMPLETED}


# --- what answers, and says nothing that helps ----------------------------------------------------


def in_doubt(house: Ring) -> None:
    """Three calls whose answers came as pages of HTML."""
    asked(house, 3)
    house.sandbox.faults.script("Document.New", *[faults.HTML_500_BEFORE] * 3)
    house.dispatch(patience=0)


def test_what_is_answered_and_cannot_be_read_is_a_persons_and_slows_nothing_down() -> None:
    with ring() as house:
        in_doubt(house)
        garbled = garble(house.rivhit, "Status.AllRequests/JSON", ["<html>an old answer</html>"])
        dispatcher = house.desk.dispatcher()

        dispatch_for(house, dispatcher, HOUR)

        parts = [house.desk.refund(f"k{n}").invoice for n in range(3)]
        assert [(part.status, part.for_person) for part in parts] == [
            (PartStatus.IN_DOUBT, True)
        ] * 3
        assert all("what it said cannot be read" in part.doubt for part in parts)
        assert garbled.asked == 3
        assert not dispatcher.circuit.is_open

        house.desk.close_refund("k0", why="somebody looked: it is not there")
        dispatch_for(house, dispatcher, HOUR)
        assert house.desk.refund("k0").invoice.status is PartStatus.IN_DOUBT
        assert house.desk.store.due(COMPANY, Waits.SEND) == []


@pytest.mark.parametrize("method", ["Status.AllRequests/JSON", "Customer.Get"])
def test_an_error_in_answer_to_one_thing_is_no_outage_for_the_others(method: str) -> None:
    with ring() as house:
        if method.startswith("Status"):
            in_doubt(house)
        else:
            asked(house, 3)
        garbled = garble(house.rivhit, method, [], code=-90006)
        dispatcher = house.desk.dispatcher()

        dispatch_for(house, dispatcher, 2 * HOUR)

        assert garbled.asked > dispatcher.circuit.threshold
        assert not dispatcher.circuit.is_open
        assert not any(house.desk.refund(f"k{n}").invoice.for_person for n in range(3))

        garbled.is_over = True
        dispatch_for(house, dispatcher, HOUR)
        assert {house.desk.refund(f"k{n}").status for n in range(3)} == {Status.COMPLETED}


@pytest.mark.parametrize("fault", [faults.UNAVAILABLE, None], ids=["silence", "an error"])
def test_a_look_that_fails_for_a_day_is_shown_to_a_person_who_may_let_it_be_made_again(
    fault: Fault | None,
) -> None:
    with ring() as house:
        asked(house, 1)
        house.sandbox.faults.script("Document.New", faults.HTML_500_BEFORE)
        house.dispatch(patience=0)
        if fault:
            house.sandbox.faults.script("Document.List", *[fault] * 10_000)
        else:
            garble(house.rivhit, "Status.AllRequests/JSON", [], code=-90006)
        dispatcher = house.desk.dispatcher()

        dispatch_for(house, dispatcher, 23 * HOUR)
        assert not house.desk.refund("k0").invoice.for_person
        dispatch_for(house, dispatcher, 2 * HOUR)

        part = house.desk.refund("k0").invoice
        assert (part.status, part.for_person) == (PartStatus.IN_DOUBT, True)
        assert part.doubt.startswith("could not read ")
        assert part.doubt.endswith(" for a day and longer")
        house.desk.send_again("k0", Part.INVOICE, why="look once more")
        assert [due.waits for due in house.desk.store.due(COMPANY, *Waits)] == [Waits.LOOK]
        assert submitted(house) == 1


def test_one_look_that_fails_after_days_without_a_dispatcher_is_made_again() -> None:
    with ring() as house:
        asked(house, 1)
        house.sandbox.faults.script("Document.New", faults.ANSWER_LOST)
        house.dispatch(patience=0)
        house.clock.advance(WEEK)
        house.sandbox.faults.script("Document.List", faults.UNAVAILABLE)

        house.dispatch()

        assert house.desk.refund("k0").status is Status.COMPLETED


# --- what is held back ----------------------------------------------------------------------------


def booked_twice(house: Ring, key: str) -> None:
    """Book more on a refund's original than it came to."""
    refund, stamp = house.desk.refund(key), house.desk.stamp()
    document = refund.invoice.documents[0].model_copy(update={"number": 999_999})
    house.desk.ledger.fact(
        refund.id,
        lambda now, look: calling.succeeded(
            now, stamp, Part.INVOICE, document, booked=362_000, learned=Learned.LOOK_UP, look=look
        ),
    )


def test_calls_held_by_an_excess_keep_nobody_else_waiting_and_end_no_run_late() -> None:
    with ring() as house:
        asked(house, 2 * IN_HAND)
        house.desk.dispatcher().protocol.handle(house.desk.store.due(COMPANY, Waits.SEND)[0])
        first = next(
            f"k{n}" for n in range(2 * IN_HAND) if house.desk.refund(f"k{n}").invoice.documents
        )
        booked_twice(house, first)
        house.clock.advance(1)
        house.desk.request(key="young", original=OTHER, reason="complaint")
        before = house.clock.monotonic()

        house.dispatch(patience=1000)

        assert house.desk.refund("young").status is Status.COMPLETED
        assert len(house.desk.store.due(COMPANY, Waits.SEND)) == 2 * IN_HAND
        assert house.clock.monotonic() - before < MINUTE


def test_a_watch_of_a_system_that_settles_late_is_awaited_and_not_polled() -> None:
    with ring() as house:
        asked(house, 1)
        house.sandbox.faults.script("Document.New", faults.ANSWER_LOST)
        house.dispatch(patience=500)
        house.rivhit.settle_seconds = 3600.0
        dispatcher = house.desk.dispatcher()
        (watch,) = house.desk.store.due(COMPANY, Waits.WATCH)
        house.clock.advance(16 * MINUTE)

        assert not dispatcher._is_ripe(watch, house.clock())
        assert dispatcher.run(patience=30) == 0

        house.clock.advance(60 * MINUTE)
        assert dispatcher.run(patience=0) == 1


def test_what_somebody_else_has_done_is_forgotten() -> None:
    with ring() as house:
        asked(house, 1)
        dispatcher = house.desk.dispatcher()
        house.network.is_down = True
        dispatcher.round()
        assert dispatcher.rests.known

        house.desk.withdraw("k0")
        house.network.is_down = False
        house.clock.advance(100)
        dispatcher.run()

        assert not dispatcher.rests.known
