"""In an outage no attempts are spent and few probes; when it ends, all that is due goes out."""

from __future__ import annotations

import pytest

from refund_adapters.dispatch.dispatcher import IN_HAND, Dispatcher
from refund_adapters.sandbox import faults
from refund_adapters.sandbox.faults import Fault
from refund_ledger import calling
from refund_ledger.events import CallSubmitted, Learned, Part
from refund_ledger.refund import PartStatus, Status, Waits
from support.ring import COMPANY, Ring, ring

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
        (rest,) = dispatcher._rests.values()
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
            rests.append(dispatcher._rest(call).until - house.clock.monotonic())

        assert rests[:7] == [1, 2, 4, 8, 16, 32, 60]
        assert set(rests[7:]) == {60.0}


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
        assert dispatcher._rests

        house.desk.withdraw("k0")
        house.network.is_down = False
        house.clock.advance(100)
        dispatcher.run()

        assert not dispatcher._rests
