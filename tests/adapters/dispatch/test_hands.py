"""Hands say who acts and when, what a look may prove, and what holds a call back."""

from __future__ import annotations

from datetime import timedelta

from refund_adapters.dispatch.hands import Hands
from refund_ledger import calling
from refund_ledger.events import CallInDoubt, Learned, Part
from refund_ledger.refund import Waits
from support.one_part import CASH_SALE, asked, due, events, protocol
from support.ring import Ring, ring


def hands(house: Ring) -> Hands:
    """The hands of a dispatcher over the ring."""
    return protocol(house, actor="night shift")


def test_a_stamp_has_the_store_s_time_and_names_what_it_follows_from() -> None:
    with ring() as house:
        refund = asked(house)

        one, other = hands(house).stamp(refund), hands(house).stamp(refund)

        assert (one.at, one.actor) == (house.clock(), "night shift")
        assert one.causation_id == str(refund.request.event_id)
        assert one.correlation_id == refund.request.correlation_id
        assert one.command_id != other.command_id


def test_a_look_proves_something_only_after_the_settle_time() -> None:
    with ring() as house:
        asked(house)
        settled = hands(house).settled(house.clock())

        assert settled == house.clock() + timedelta(seconds=house.rivhit.settle_seconds)


def test_what_was_booked_beyond_an_original_is_its_excess() -> None:
    with ring() as house:
        refund = asked(house, amount="10.00")
        assert hands(house).originals(refund) == {CASH_SALE}
        assert hands(house).excess(refund) == 0
        protocol(house).handle(due(house))
        (document,) = house.desk.refund("k").invoice.documents
        beyond = document.model_copy(update={"number": 999_999})
        stamp = house.desk.stamp()

        house.desk.ledger.fact(
            refund.id,
            lambda now, look: calling.succeeded(
                now, stamp, Part.INVOICE, beyond, booked=40_000, learned=Learned.LOOK_UP, look=look
            ),
        )

        assert hands(house).excess(refund) != 0


def test_a_step_is_told_with_the_refund_s_key() -> None:
    with ring() as house:
        refund = asked(house)

        hands(house).say(refund, Part.INVOICE, "waits", "for nothing")

        (step,) = house.steps
        assert (step.refund, step.key, step.what) == (refund.id, "k", "waits")


def test_a_part_that_waits_for_a_person_says_why() -> None:
    with ring() as house:
        asked(house)
        house.sandbox.faults.outage = None
        acting = protocol(house)
        ready = acting.make_ready(due(house))
        announced = acting.announce(ready)  # type: ignore[arg-type]

        acting.for_person(announced.refund, Part.INVOICE, "nobody knows", ())  # type: ignore[union-attr]

        (doubt,) = events(house, CallInDoubt)
        assert (doubt.why, doubt.for_person) == ("nobody knows", True)
        assert due(house).waits is Waits.PERSON
