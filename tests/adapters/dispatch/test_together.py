"""Two saves in one: both, or the first alone; never the rider alone, and never a part of either."""

from __future__ import annotations

import pytest

from refund_adapters.dispatch.together import Together
from refund_adapters.store.errors import StoreError, StoreFullError, StoreGoneError
from refund_ledger import calling, lifecycle
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.balances import Look
from refund_ledger.errors import BalancesMovedError, ClaimedError, StreamMovedError
from refund_ledger.events import Event, Learned, Part
from refund_ledger.refund import Refund, Waits, calls_due, evolve
from refund_ledger.storing import Append
from support.ring import COMPANY, Ring, ring

SALE = "invoice_receipt:2/6926"


def asked(house: Ring) -> tuple[Refund, Refund]:
    """Two refunds of one sale."""
    house.import_all()
    first, second = (
        house.desk.request(key=key, original=SALE, amount="1.00", reason="complaint").refund
        for key in ("first", "second")
    )
    return first, second


def append_of(refund: Refund, events: tuple[Event, ...], look: Look | None = None) -> Append:
    """A save as the ledger makes it."""
    for event in events:
        refund = evolve(refund, event)
    return Append(events, look.seen if look else {}, {refund.id: calls_due(refund)})


def withdrawal(house: Ring, refund: Refund) -> Append:
    """A save that takes a refund back."""
    look = Look(house.desk.store.balance)
    events = lifecycle.withdraw(refund, house.desk.stamp(), why="no longer wanted", look=look)
    return append_of(refund, events, look)


def submission(house: Ring, refund: Refund) -> Append:
    """A save that announces the call of the invoice part."""
    call = house.rivhit.prepare(refund.request, Part.INVOICE)
    events = calling.submit(
        refund,
        house.desk.stamp(),
        Part.INVOICE,
        method=call.method,
        reference=call.reference,
        marker=call.marker,
        request=call.request,
        digest=call.digest,
        send_by=house.clock(),
    )
    return append_of(refund, events)


def versions(house: Ring) -> tuple[int, int]:
    """How many events each of the two refunds has."""
    return house.desk.refund("first").version, house.desk.refund("second").version


def test_both_are_saved_and_what_is_due_on_both_is_new() -> None:
    with ring() as house:
        first, second = asked(house)
        together = Together(house.desk.store, submission(house, second))

        together.append(withdrawal(house, first))

        assert together.has_ridden
        assert versions(house) == (2, 2)
        due = {call.refund: call.waits for call in house.desk.store.due(COMPANY, *Waits)}
        assert due == {second.id: Waits.PARK}


def test_a_rider_that_has_ridden_is_not_saved_again() -> None:
    with ring() as house:
        first, second = asked(house)
        third = house.desk.request(key="third", original=SALE, amount="1.00", reason="complaint")
        together = Together(house.desk.store, submission(house, second))

        together.append(withdrawal(house, first))
        together.append(withdrawal(house, third.refund))

        assert versions(house) == (2, 2)
        assert house.desk.refund("third").version == 2


def test_a_rider_whose_refund_has_moved_is_dropped_and_the_other_is_saved() -> None:
    with ring() as house:
        first, second = asked(house)
        together = Together(house.desk.store, submission(house, second))
        house.desk.withdraw("second")

        together.append(withdrawal(house, first))

        assert not together.has_ridden
        assert versions(house) == (2, 2)
        assert house.desk.store.due(COMPANY, *Waits) == []


def test_where_the_first_has_moved_nothing_is_saved() -> None:
    with ring() as house:
        first, second = asked(house)
        batch = withdrawal(house, first)
        late = Append(batch.events, due=batch.due)
        house.desk.withdraw("first")
        together = Together(house.desk.store, submission(house, second))

        with pytest.raises(StreamMovedError):
            together.append(late)

        assert not together.has_ridden
        assert versions(house) == (2, 1)


def test_where_a_balance_has_moved_nothing_is_saved_and_both_are_with_the_next_try() -> None:
    with ring() as house:
        first, second = asked(house)
        together = Together(house.desk.store, submission(house, second))
        covered = Account(
            COMPANY, AccountKind.COVERED, SALE, customer=first.request.customer_id, unit="ILS"
        )
        batch = withdrawal(house, first)
        stale = Append(batch.events, {covered: -1}, batch.due)

        with pytest.raises(BalancesMovedError):
            together.append(stale)
        assert versions(house) == (1, 1)

        together.append(batch)
        assert together.has_ridden
        assert versions(house) == (2, 2)


@pytest.mark.parametrize("error", [StoreGoneError("away"), StoreFullError("no room")])
def test_an_error_of_the_store_goes_up_at_once_and_nothing_is_tried_again(
    error: StoreError,
) -> None:
    with ring() as house:
        first, second = asked(house)
        tried: list[int] = []

        class Failing(Together):
            def append(self, batch: Append) -> None:
                tried.append(len(batch.events))
                raise error

        below = Failing(house.desk.store, submission(house, first))
        together = Together(below, submission(house, second))

        with pytest.raises(type(error)):
            together.append(withdrawal(house, first))

        assert tried == [2]
        assert not together.has_ridden
        assert versions(house) == (1, 1)


def test_a_document_that_is_taken_is_said_of_the_first_and_nothing_rides() -> None:
    with ring() as house:
        first, second = asked(house)
        house.dispatch()
        (taken,) = house.desk.refund("second").invoice.documents
        other = house.desk.request(key="other", original=SALE, amount="2.00", reason="complaint")
        third = house.desk.request(key="third", original=SALE, amount="3.00", reason="complaint")
        look = Look(house.desk.store.balance)
        stamp = house.desk.stamp()
        events = calling.succeeded(
            other.refund, stamp, Part.INVOICE, taken, booked=200, learned=Learned.ANSWER, look=look
        )
        together = Together(house.desk.store, submission(house, third.refund))

        with pytest.raises(ClaimedError):
            together.append(append_of(other.refund, events, look))

        assert (first.version, second.version) == (1, 1)
        assert house.desk.refund("other").version == 1
        assert house.desk.refund("third").version == 1
        assert not together.has_ridden


def test_what_is_read_comes_from_the_store_below() -> None:
    with ring() as house:
        first, second = asked(house)
        below = house.desk.store
        together = Together(below, submission(house, second))
        customer = first.request.customer_id
        covered = Account(COMPANY, AccountKind.COVERED, SALE, customer=customer, unit="ILS")

        assert together.stream(first.id) == below.stream(first.id) != []
        assert together.balance(covered) == below.balance(covered) != 0
        assert together.credits(COMPANY, customer, "ILS") == below.credits(COMPANY, customer, "ILS")
        kind = AccountKind.COVERED
        assert together.total(COMPANY, kind) == below.total(COMPANY, kind) != 0
