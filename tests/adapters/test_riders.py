"""A call that is announced with the answer to the one before it, where something comes between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from refund_adapters.accounting import Answer, Call, Done
from refund_adapters.protocol import CallProtocol
from refund_adapters.rhythm import Nothing, Progress
from refund_adapters.sending import Announced, Ready
from refund_ledger.events import CallSubmitted
from refund_ledger.refund import PartStatus, Status, Waits
from support.one_part import writes
from support.ring import COMPANY, Ring, ring

SALE = "invoice_receipt:2/6926"
TOO_MUCH = 900_000


def asked(house: Ring, count: int) -> None:
    house.import_all()
    for number in range(count):
        house.desk.request(
            key=f"k{number}", original=SALE, amount="1.00", parts="invoice", reason="complaint"
        )


def ready(house: Ring, acting: CallProtocol, key: str) -> Ready:
    refund = house.desk.refund(key)
    (call,) = (c for c in house.desk.store.due(COMPANY, Waits.SEND) if c.refund == refund.id)
    found = acting.make_ready(call)
    assert isinstance(found, Ready)
    return found


def announced(house: Ring, acting: CallProtocol, key: str) -> Announced:
    found = acting.announce(ready(house, acting, key))
    assert isinstance(found, Announced)
    return found


def test_an_answer_that_is_itself_an_excess_holds_back_the_call_that_follows() -> None:
    with ring() as house:
        asked(house, 2)
        send = house.rivhit.send

        def books_more(call: Call) -> Answer:
            answer = send(call)
            return replace(answer, booked=TOO_MUCH) if isinstance(answer, Done) else answer

        house.rivhit.send = books_more  # type: ignore[method-assign]
        house.desk.dispatcher().round()

        assert house.desk.refund("k0").status is Status.COMPLETED
        assert house.desk.refund("k1").invoice.status is PartStatus.DUE
        assert writes(house) == 1
