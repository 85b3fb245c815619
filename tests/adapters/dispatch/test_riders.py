"""A call that is announced with the answer to the one before it, where something comes between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from refund_adapters.accounting import Answer, Call, Done
from refund_adapters.dispatch.dispatcher import Dispatcher
from refund_adapters.dispatch.protocol import CallProtocol
from refund_adapters.dispatch.rhythm import Progress
from refund_adapters.dispatch.sending import Announced, Ready
from refund_adapters.sandbox import faults
from refund_adapters.store.errors import StoreGoneError
from refund_ledger.accounts import AccountKind
from refund_ledger.application import RefundLedger
from refund_ledger.errors import LedgerError, StreamMovedError
from refund_ledger.events import CallSubmitted
from refund_ledger.refund import PartStatus, Status, Waits
from refund_ledger.storing import Append
from support.cutting import Cut, cutting
from support.one_part import writes
from support.ring import COMPANY, Ring, ring

SALE = "invoice_receipt:2/6926"
TOO_MUCH = 900_000
BOOKED = b"refund.invoice_part_cancelled"
"""What stands in the save of an answer."""


@pytest.fixture(params=["memory", "server"])
def place(request: pytest.FixtureRequest) -> str | None:
    """Where a store of each sort is."""
    if request.param == "server":
        return str(request.getfixturevalue("postgres_ledger"))
    return None


def asked(house: Ring, count: int) -> None:
    """Several refunds of one part each."""
    house.import_all()
    for number in range(count):
        house.desk.request(
            key=f"k{number}", original=SALE, amount="1.00", parts="invoice", reason="complaint"
        )


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


def riding(house: Ring) -> tuple[CallProtocol, Announced]:
    """A dispatcher that has booked the first call, and holds the second one, announced with it."""
    acting = house.desk.dispatcher().protocol
    one, after = announced(house, acting, "k0"), ready(house, acting, "k1")
    outcome, then = acting.carry_out(one, lambda: after)
    assert outcome == Progress()
    assert isinstance(then, Announced)
    return acting, then


# --- an excess ------------------------------------------------------------------------------------


def booking_more(house: Ring) -> None:
    """Let every document be booked with far more than was asked."""
    send = house.rivhit.send

    def books_more(call: Call, may_begin: Callable[[], bool]) -> Answer:
        answer = send(call, may_begin)
        return replace(answer, booked=TOO_MUCH) if isinstance(answer, Done) else answer

    house.rivhit.send = books_more  # type: ignore[assignment, method-assign]


def test_an_answer_that_is_itself_an_excess_holds_back_the_call_that_follows() -> None:
    with ring() as house:
        asked(house, 2)
        booking_more(house)

        house.desk.dispatcher().round()

        assert house.desk.refund("k0").status is Status.COMPLETED
        assert house.desk.refund("k1").invoice.status is PartStatus.DUE
        assert writes(house) == 1


def test_an_excess_of_one_original_holds_back_no_call_about_another() -> None:
    with ring() as house:
        asked(house, 1)
        house.desk.request(
            key="k1", original="invoice_receipt:2/6930", amount="1.00", reason="complaint"
        )
        booking_more(house)

        riding(house)

        assert house.desk.refund("k0").status is Status.COMPLETED
        assert house.desk.refund("k1").invoice.status is PartStatus.SUBMITTED


def test_what_is_proven_absent_is_not_sent_again_before_an_excess_is_explained() -> None:
    with ring() as house:
        asked(house, 2)
        house.sandbox.faults.script("Document.New", faults.DROPPED_BEFORE)
        acting = house.desk.dispatcher().protocol
        acting.carry_out(announced(house, acting, "k0"))
        booking_more(house)
        acting.carry_out(announced(house, acting, "k1"))
        assert house.desk.refund("k1").status is Status.COMPLETED

        house.dispatch()

        part = house.desk.refund("k0").invoice
        assert (part.status, part.attempts, part.for_person) == (PartStatus.IN_DOUBT, 1, True)
        assert "explain what was booked beyond its original" in part.doubt
        assert writes(house) == 2


# --- the answer comes first -----------------------------------------------------------------------


@dataclass
class Failing:
    """A store that fails once where a rider is concerned."""

    below: Any
    reading: LedgerError | None = None
    saving: LedgerError | None = None

    def append(self, batch: Append) -> None:
        """Save, unless it is a save of two refunds."""
        if self.saving and len({event.originator_id for event in batch.events}) > 1:
            error, self.saving = self.saving, None
            raise error
        self.below.append(batch)

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """Say a sum, unless it fails."""
        if self.reading:
            error, self.reading = self.reading, None
            raise error
        return int(self.below.total(company, kind, **columns))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.below, name)


@pytest.mark.parametrize(
    ("fails", "error"),
    [
        ("reading", StoreGoneError("the server went away")),
        ("saving", StreamMovedError("the refund of the rider moved")),
    ],
    ids=["reading", "saving"],
)
def test_an_answer_is_saved_though_the_store_fails_what_would_ride_on_it(
    fails: str, error: LedgerError
) -> None:
    with ring() as house:
        asked(house, 2)
        dispatcher: Dispatcher = house.desk.dispatcher()
        acting = dispatcher.protocol
        one, after = announced(house, acting, "k0"), ready(house, acting, "k1")
        store = Failing(house.desk.store, **{fails: error})
        acting.ledger = RefundLedger(store, COMPANY)

        outcome, then = acting.carry_out(one, lambda: after)

        assert (outcome, then) == (Progress(), after)
        assert house.desk.refund("k0").status is Status.COMPLETED
        assert house.desk.refund("k1").version == 1
        assert isinstance(acting.announce(after), Announced)


def test_an_answer_and_its_rider_that_the_store_fails_are_tried_once_and_the_answer_is_held() -> (
    None
):
    with ring() as house:
        asked(house, 2)
        acting = house.desk.dispatcher().protocol
        one, after = announced(house, acting, "k0"), ready(house, acting, "k1")
        gone = StoreGoneError("the server went away, and was waited for")
        acting.ledger = RefundLedger(Failing(house.desk.store, saving=gone), COMPANY)

        with pytest.raises(StoreGoneError):
            acting.carry_out(one, lambda: after)

        assert house.desk.refund("k0").invoice.status is PartStatus.SUBMITTED
        assert [outcome for _, outcome in acting.record_held()] == [Progress()]
        assert house.desk.refund("k0").status is Status.COMPLETED
        assert (house.desk.refund("k1").version, writes(house)) == (1, 1)


def test_a_rider_of_the_very_refund_that_is_answered_is_dropped(place: str | None) -> None:
    with ring(place) as house:
        asked(house, 1)
        acting = house.desk.dispatcher().protocol
        after = ready(house, acting, "k0")
        one = announced(house, acting, "k0")

        outcome, then = acting.carry_out(one, lambda: after)

        assert (outcome, then) == (Progress(), after)
        assert house.desk.refund("k0").status is Status.COMPLETED
        assert acting.guarded(after.due, lambda: acting.announce(after)) == Progress()
        assert writes(house) == 1
        assert house.desk.store.due(COMPANY, *Waits) == []


@pytest.mark.parametrize("cut", [Cut(BOOKED, forwarded=False), Cut(BOOKED, answered=0)])
def test_a_save_of_both_whose_answer_is_lost_is_known_again(postgres_ledger: str, cut: Cut) -> None:
    with cutting(postgres_ledger) as (proxy, address), ring(address) as house:
        asked(house, 2)
        proxy.cut = cut

        acting, then = riding(house)
        acting.carry_out(then)

        assert proxy.cuts == 1
        refunds = [house.desk.refund(f"k{number}") for number in range(2)]
        assert [refund.invoice.attempts for refund in refunds] == [1, 1]
        assert {refund.status for refund in refunds} == {Status.COMPLETED}
        assert writes(house) == 2


def test_an_answer_is_saved_though_its_save_was_lost_and_the_rider_moved_meanwhile(
    postgres_ledger: str,
) -> None:
    with cutting(postgres_ledger) as (proxy, address), ring(address) as house:
        asked(house, 2)
        acting = house.desk.dispatcher().protocol
        one, after = announced(house, acting, "k0"), ready(house, acting, "k1")
        proxy.cut = Cut(BOOKED, forwarded=False, between=lambda: house.desk.withdraw("k1"))

        outcome, then = acting.carry_out(one, lambda: after)

        assert (outcome, then) == (Progress(), after)
        assert proxy.cuts == 1
        assert house.desk.refund("k0").status is Status.COMPLETED
        assert house.desk.refund("k1").status is Status.WITHDRAWN


# --- between the save and the call ----------------------------------------------------------------


def test_a_rider_whose_process_dies_is_in_doubt_later_and_sent_by_nobody_before(
    place: str | None,
) -> None:
    with ring(place) as house:
        asked(house, 2)
        riding(house)
        other = house.desk.dispatcher()

        assert other.round() == 0
        house.clock.advance(10 + house.rivhit.call_limit)
        assert other.round() == 1
        assert house.desk.refund("k1").invoice.status is PartStatus.IN_DOUBT
        assert writes(house) == 1
        house.dispatch()

        refund = house.desk.refund("k1")
        assert (refund.status, refund.invoice.attempts) == (Status.COMPLETED, 2)
        assert writes(house) == 2


def test_a_rider_cannot_be_withdrawn_and_is_not_sent_after_it_was_closed_too_late() -> None:
    with ring() as house:
        asked(house, 2)
        acting, then = riding(house)
        with pytest.raises(LedgerError):
            house.desk.withdraw("k1")
        house.clock.advance(10.1)

        acting.carry_out(then)

        assert writes(house) == 1
        assert house.desk.refund("k1").invoice.status is PartStatus.DUE
        house.desk.withdraw("k1")
        assert house.desk.store.due(COMPANY, *Waits) == []


def test_a_stop_between_save_and_call_leaves_no_call_that_is_announced_and_not_sent() -> None:
    with ring() as house:
        asked(house, 3)
        dispatcher = house.desk.dispatcher()
        dispatcher.stop = lambda: announcements(house) == 2

        dispatcher.run(forever=True)

        assert announcements(house) == writes(house) == 2
        statuses = [house.desk.refund(f"k{number}").status for number in range(3)]
        assert sorted(statuses) == [Status.COMPLETED, Status.COMPLETED, Status.IN_PROGRESS]


def announcements(house: Ring) -> int:
    """How many calls were announced."""
    return sum(isinstance(event, CallSubmitted) for _, event in house.desk.store.events())


def test_threads_book_and_announce_riders_of_one_sale_once_each(tmp_path: Path) -> None:
    with ring(tmp_path / "refunds.db") as house:
        asked(house, 12)
        dispatcher = house.desk.dispatcher()
        dispatcher.concurrency = 4

        dispatcher.run()

        refunds = [house.desk.refund(f"k{number}") for number in range(12)]
        assert {(refund.status, refund.invoice.attempts) for refund in refunds} == {
            (Status.COMPLETED, 1)
        }
        assert writes(house) == 12
        assert house.desk.store.due(COMPANY, *Waits) == []
