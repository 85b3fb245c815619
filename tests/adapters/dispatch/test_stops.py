"""A dispatcher that is asked to stop begins nothing more and ends within the time of one call."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from refund_adapters.dispatch.pace import Pace
from refund_adapters.dispatch.rhythm import Heard, Progress, Unreachable
from refund_adapters.sandbox import faults
from refund_adapters.sandbox.switches import Switches
from refund_ledger.events import CallSubmitted, Part
from refund_ledger.refund import CallDue, PartStatus, Waits
from support.one_part import asked, due, events, protocol, writes
from support.ring import COMPANY, TOKEN, Ring, ring

SALE = "invoice_receipt:2/6926"
OF_THE_SAME_AMOUNT = 12
"""Documents that a look has to open one by one."""
SLOW = 20.0
"""Seconds that each of them takes."""


@pytest.mark.parametrize("concurrency", [1, 4])
def test_nothing_is_announced_after_a_stop_that_comes_while_calls_wait_for_their_place(
    tmp_path: Path, concurrency: int
) -> None:
    with ring(tmp_path / "refunds.db") as house:
        house.import_all()
        for number in range(6):
            house.desk.request(
                key=f"k{number}", original=SALE, amount="1.00", parts="invoice", reason="complaint"
            )
        slept: list[float] = []
        dispatcher = house.desk.dispatcher(stop=lambda: bool(slept))
        dispatcher.concurrency = concurrency
        dispatcher.protocol.pace = Pace(
            per_second=0.01, monotonic=house.clock.monotonic, sleep=slept.append
        )

        dispatcher.run(forever=True)

        announced = [e for _, e in house.desk.store.events() if isinstance(e, CallSubmitted)]
        assert len(announced) == writes(house) == 1
        assert len(slept) <= concurrency
        assert max(slept) <= 0.5


def in_doubt_among_many(house: Ring) -> None:
    """A call in doubt whose look has to open many documents."""
    asked(house, amount="10.00")
    customer = house.desk.refund("k").request.customer_id
    body = {
        "api_token": TOKEN,
        "document_type": 3,
        "customer_id": int(customer),
        "last_name": "x",
        "price_include_vat": True,
        "comments": "by hand",
        "items": [{"quantity": 1, "price_nis": -10.0, "description": "x"}],
    }
    for _ in range(OF_THE_SAME_AMOUNT):
        house.sandbox.handle("Document.New", json.dumps(body).encode())
    house.sandbox.faults.script("Document.New", faults.ANSWER_LOST)
    house.dispatch(patience=0)
    look = due(house)
    assert look.waits is Waits.LOOK
    house.clock.advance((look.not_before - house.clock()).total_seconds())


class Slow(httpx.BaseTransport):
    """A way on which each document that is opened takes long."""

    def __init__(self, house: Ring) -> None:
        self.house, self.opened = house, list[float]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Note when a document is opened, and let it take its time."""
        if "Details" in request.url.path:
            self.opened.append(self.house.clock.monotonic())
            self.house.clock.advance(SLOW)
        return self.house.network.handle_request(request)


@pytest.mark.parametrize("stops", [True, False])
def test_a_look_under_way_ends_with_the_read_that_is_under_way(stops: bool) -> None:  # noqa: FBT001 - a parameter
    with ring(
        switches=Switches(list_shows_comments=False, status_retention_seconds=Decimal(1))
    ) as house:
        in_doubt_among_many(house)
        before = house.desk.refund("k").version
        way = Slow(house)
        house.rivhit._client._transport = way
        dispatcher = house.desk.dispatcher(stop=lambda: stops and bool(way.opened))

        dispatcher.run(patience=0)

        if stops:
            assert len(way.opened) == 1
            assert house.clock.monotonic() - way.opened[0] <= house.rivhit.call_limit
            assert house.desk.refund("k").version == before
            assert due(house).waits is Waits.LOOK
        else:
            assert len(way.opened) >= OF_THE_SAME_AMOUNT


def test_a_call_that_is_prepared_when_the_stop_comes_is_left_for_later_without_a_word() -> None:
    with ring() as house:
        asked(house, amount="10.00")
        hands = protocol(house, stop=lambda: True)

        hands.handle(due(house))

        assert house.desk.refund("k").invoice.status is PartStatus.DUE
        assert (events(house, CallSubmitted), house.steps) == ([], [])


# --- what the circuit hears -----------------------------------------------------------------------


def some(waits: Waits) -> CallDue:
    """Something that is due."""
    return CallDue(COMPANY, uuid4(), Part.INVOICE, waits, datetime.now(UTC))


def test_only_what_the_accounting_system_answered_is_heard_by_the_circuit() -> None:
    with ring() as house:
        dispatcher = house.desk.dispatcher()
        for _ in range(3):
            dispatcher._learn(some(Waits.SEND), Unreachable("no answer"))
            dispatcher._learn(some(Waits.PARK), Progress())
        assert dispatcher.circuit.is_open

        dispatcher._learn(some(Waits.PARK), Progress())
        assert dispatcher.circuit.is_open

        circuit = dispatcher.circuit
        dispatcher._learn(some(Waits.LOOK), Progress(Heard.READ))
        assert not circuit.is_open
        assert circuit._opened == 1

        dispatcher._learn(some(Waits.SEND), Progress(Heard.CALL))
        assert circuit._opened == 0
        assert dispatcher.taken == 6


def test_each_way_of_going_on_says_what_the_accounting_system_answered() -> None:
    with ring() as house:
        asked(house, amount="10.00", parts="invoice")
        house.sandbox.faults.script("Document.New", faults.ANSWER_LOST)
        hands = protocol(house)
        sending = due(house)
        hands.handle(sending)
        house.clock.advance((due(house).not_before - house.clock()).total_seconds())

        assert heard(hands.handle(due(house))) is Heard.READ

        watch = due(house)
        house.clock.advance((watch.not_before - house.clock()).total_seconds())
        assert heard(hands.handle(watch)) is Heard.READ

    with ring() as house:
        asked(house, amount="10.00", parts="invoice")
        hands = protocol(house)
        ready = hands.make_ready(due(house))
        assert heard(hands.handle(due(house))) is Heard.CALL
        # Whoever lost the race asked nobody.
        assert heard(hands.guarded(ready.due, lambda: hands.announce(ready))) is Heard.NOTHING  # type: ignore[arg-type, union-attr]


def heard(outcome: object) -> Heard:
    """What was answered where something came of it."""
    assert isinstance(outcome, Progress)
    return outcome.heard
