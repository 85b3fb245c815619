"""Ledgers that are filled in bulk hold what the rules would have saved."""

from pathlib import Path
from typing import Any

import pytest

from benches.common import COMPANY, ENGINES, Bench, opened
from benches.filling import (
    EVENTS,
    FIRST,
    PRICES,
    SOME,
    TOGETHER,
    UNDERWAY,
    customer_of,
    fill_lives,
    filled,
    price_of,
    sale_of,
)
from benches.material import a_request, live, refund_of, stamp, submit_and_book
from refund_adapters.questions import Questions
from refund_adapters.store.sealing import Sealer
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_adapters.store.trees import tree_of
from refund_adapters.store.verifying import verify
from refund_ledger.application import RefundLedger
from refund_ledger.events import Part
from refund_ledger.refund import Waits

LIVES = TOGETHER + 100
OWN = {"event_id", "digest", "command_id", "correlation_id"}
"""Fields that a life in bulk has from the one that was lived, or of its own."""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_filled_ledger_is_what_its_events_say_and_nothing_of_it_was_changed(
    bench: Bench, engine: str
) -> None:
    ledger = filled(bench, engine, LIVES * EVENTS)
    with opened(ledger.where) as store:
        rebuilt = Questions(store, COMPANY).rebuild()
        assert rebuilt.differences == ()
        assert rebuilt.events == ledger.events == LIVES * EVENTS - UNDERWAY * (EVENTS - SOME)
        Sealer(tree_of(store)).seal()
        verified = verify(tree_of(store))
        assert verified.findings == ()
        assert verified.sealed == ledger.events


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_lives_still_owe_their_money(bench: Bench, engine: str) -> None:
    ledger = filled(bench, engine, LIVES * EVENTS)
    last = range(LIVES - UNDERWAY, LIVES)
    owed: dict[str, int] = {}
    for life in last:
        owed[customer_of(life)] = owed.get(customer_of(life), 0) + price_of(life)
    with opened(ledger.where) as store:
        questions = Questions(store, COMPANY)
        left = questions.calls_left()
        assert {(one.refund, one.part) for one in left} == {
            (refund_of(FIRST + life), Part.RECEIPT) for life in last
        }
        assert {one.customer_id: one.net for one in questions.balances()} == owed


def test_lives_in_bulk_are_those_that_the_ledger_would_have_lived(tmp_path: Path) -> None:
    where = f"sqlite:///{tmp_path / 'refunds.db'}"
    with opened(where) as store:
        pass
    ledger = fill_lives(where, 2 * len(PRICES) * EVENTS)
    lived = SqliteStore(None)
    desk = RefundLedger(lived, COMPANY)
    for life in range(ledger.lives):
        net = PRICES[life % len(PRICES)]
        desk.record_original(
            sale_of(FIRST + life, net, customer_of(life)), stamp(), read_from="bench"
        )
        if life < ledger.lives - ledger.underway:
            live(desk, FIRST + life)
        else:
            _live_some(desk, FIRST + life)

    with opened(where) as store:
        assert _events(store) == _events(lived)
        assert sorted(store.sums(COMPANY)) == sorted(lived.sums(COMPANY))
        assert sorted(store.balances(COMPANY)) == sorted(lived.balances(COMPANY))
        assert set(_due(store)) == set(_due(lived))
    lived.close()


def _live_some(desk: RefundLedger, number: int) -> None:
    refund = desk.request(a_request(number), stamp()).refund.id
    submit_and_book(desk, refund, number, parts=(Part.INVOICE,))


def _events(store: SqlStore) -> list[dict[str, Any]]:
    events = (event for _, event in store.events())
    ordered = sorted(events, key=lambda one: (one.originator_id, one.originator_version))
    return [{"topic": one.TOPIC, **one.model_dump(exclude=OWN)} for one in ordered]


def _due(store: SqlStore) -> list[Any]:
    return list(store.due(COMPANY, *Waits, limit=1000))
