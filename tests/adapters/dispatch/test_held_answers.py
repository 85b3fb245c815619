"""An answer that the store cannot take when it comes is kept, and recorded before anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from refund_adapters.dispatch.dispatcher import Dispatcher
from refund_adapters.store.errors import (
    EraError,
    ReadOnlyStoreError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreGoneError,
)
from refund_ledger.application import RefundLedger
from refund_ledger.events import CallInDoubt, CallSubmitted
from refund_ledger.refund import PartStatus, Status
from refund_ledger.storing import Append
from support.one_part import BLIND, REFUSED, asked, events, writes
from support.ring import COMPANY, Ring, ring

SALE = "invoice_receipt:2/6926"


@dataclass
class Away:
    """A store that cannot be written to while something is so; what is announced it takes."""

    below: Any
    is_away: Callable[[], bool]
    error: StoreError
    refused: int = 0

    def append(self, batch: Append) -> None:
        """Save, unless it cannot be written to."""
        if self.is_away() and not all(isinstance(event, CallSubmitted) for event in batch.events):
            self.refused += 1
            raise self.error
        self.below.append(batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.below, name)


def over(house: Ring, store: Away, *, seconds: float) -> Dispatcher:
    """A dispatcher over such a store that is asked to stop after a time."""
    end = house.clock() + timedelta(seconds=seconds)
    dispatcher = house.desk.dispatcher(watch=house.steps.append, stop=lambda: house.clock() >= end)
    dispatcher.protocol.ledger = RefundLedger(store, COMPANY)
    return dispatcher


def away_for(house: Ring, seconds: float, error: StoreError) -> Away:
    """A store that is away for some seconds from now."""
    back = house.clock() + timedelta(seconds=seconds)
    return Away(house.desk.store, lambda: house.clock() < back, error)


@pytest.mark.parametrize(
    "error",
    [
        StoreFullError("no room"),
        StoreBusyError("held by another"),
        ReadOnlyStoreError("not to be written"),
        EraError("not adopted"),
        StoreGoneError("away"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_answer_outlives_a_store_that_is_away_for_a_while(error: StoreError) -> None:
    with ring(switches=BLIND) as house:
        asked(house)
        store = away_for(house, 25.0, error)
        dispatcher = over(house, store, seconds=600)
        heard: list[StoreError] = []
        dispatcher.away = heard.append

        dispatcher.run(forever=True)

        # Nobody but its sender could have said by which document a blind server cancelled.
        assert house.desk.refund("k").status is Status.COMPLETED
        assert events(house, CallInDoubt) == []
        assert writes(house) == 2
        assert heard[0] is error
        assert 2 <= store.refused <= 12


def test_a_refusal_is_kept_too() -> None:
    with ring() as house:
        asked(house, amount="10.00")
        house.sandbox.faults.script("Document.New", REFUSED)
        dispatcher = over(house, away_for(house, 5.0, StoreFullError("no room")), seconds=60)

        dispatcher.run(forever=True)

        assert house.desk.refund("k").invoice.status is PartStatus.REFUSED
        assert dispatcher.taken == 1


def test_nothing_new_is_begun_while_an_answer_is_not_recorded() -> None:
    with ring() as house:
        three_asked(house)
        back = house.clock() + timedelta(seconds=30)
        announced: list[int] = []
        store = away_for(house, 30.0, StoreFullError("no room"))
        dispatcher = over(house, store, seconds=600)
        dispatcher.away = lambda _: announced.append(submitted(house))

        dispatcher.run(forever=True)

        assert set(announced) == {1}
        assert house.clock() > back
        assert {house.desk.refund(f"k{n}").status for n in range(3)} == {Status.COMPLETED}
        assert writes(house) == submitted(house) == 3


def test_threads_hold_what_each_of_them_heard(tmp_path: Path) -> None:
    with ring(tmp_path / "refunds.db") as house:
        three_asked(house)
        store = away_for(house, 30.0, StoreFullError("no room"))
        dispatcher = over(house, store, seconds=600)
        dispatcher.concurrency = 3

        dispatcher.run(forever=True)

        assert {house.desk.refund(f"k{n}").status for n in range(3)} == {Status.COMPLETED}
        assert writes(house) == submitted(house) == 3
        assert not dispatcher.protocol.held


def test_an_answer_that_cannot_be_recorded_at_the_stop_is_tried_once_more() -> None:
    with ring() as house:
        asked(house, amount="10.00", parts="invoice")
        store = Away(house.desk.store, lambda: store.refused < 1, StoreFullError("no room"))
        dispatcher = over(house, store, seconds=600)
        dispatcher.stop = lambda: writes(house) == 1

        dispatcher.run(forever=True)

        assert house.desk.refund("k").status is Status.COMPLETED


def test_an_answer_that_cannot_be_recorded_at_the_end_either_is_in_doubt_and_looked_for() -> None:
    with ring() as house:
        asked(house, amount="10.00", parts="invoice")
        store = Away(house.desk.store, lambda: True, StoreFullError("no room"))
        dispatcher = over(house, store, seconds=600)
        dispatcher.stop = lambda: writes(house) == 1

        dispatcher.run(forever=True)

        assert store.refused == 2
        assert house.desk.refund("k").invoice.status is PartStatus.SUBMITTED
        house.dispatch()
        assert house.desk.refund("k").status is Status.COMPLETED
        assert (len(events(house, CallInDoubt)), writes(house)) == (1, 1)


def test_a_run_that_is_not_for_ever_says_at_once_that_the_store_is_away() -> None:
    with ring() as house:
        asked(house, amount="10.00", parts="invoice")
        store = Away(house.desk.store, lambda: store.refused < 1, StoreFullError("no room"))
        dispatcher = over(house, store, seconds=600)
        before = house.clock()

        with pytest.raises(StoreFullError):
            dispatcher.run()

        assert (store.refused, house.clock()) == (1, before)
        # Whoever runs the same one again loses nothing.
        dispatcher.run()
        assert house.desk.refund("k").status is Status.COMPLETED
        assert events(house, CallInDoubt) == []


def test_an_answer_that_others_put_in_doubt_meanwhile_is_a_fact_all_the_same() -> None:
    with ring(switches=BLIND) as house:
        asked(house)
        store = away_for(house, 150.0, StoreFullError("no room"))
        dispatcher = over(house, store, seconds=2000)
        others = house.desk.dispatcher()

        def another_works(_: StoreError) -> None:
            others.round()

        dispatcher.away = another_works

        dispatcher.run(forever=True)

        assert house.desk.refund("k").status is Status.COMPLETED
        assert len(events(house, CallInDoubt)) == 1
        assert writes(house) == 2


def three_asked(house: Ring) -> None:
    """Three refunds of one part each."""
    house.import_all()
    for number in range(3):
        house.desk.request(
            key=f"k{number}", original=SALE, amount="1.00", parts="invoice", reason="complaint"
        )


def submitted(house: Ring) -> int:
    """How many calls were announced."""
    return sum(isinstance(event, CallSubmitted) for _, event in house.desk.store.events())
