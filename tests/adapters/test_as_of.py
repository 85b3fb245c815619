"""An answer about an earlier moment is that of a store which ends there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.histories import COMPANY, Company, histories
from refund_adapters.desk import Desk
from refund_adapters.questions import NOW, AsOf, Questions
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.accounts import AccountKind
from refund_ledger.application import RefundLedger
from refund_ledger.errors import InvalidInputError, NotFoundError
from refund_ledger.events import Event
from refund_ledger.refund import refund_id
from refund_ledger.storing import Append
from support.books import Books, a_cash_sale, a_line


def saves(store: SqlStore) -> Iterator[tuple[int, tuple[Event, ...]]]:
    """What was saved together, with the position of the last event of it."""
    for _, together in groupby(store.events(), key=lambda one: one[1].command_id):
        events = list(together)
        yield events[-1][0], tuple(event for _, event in events)


def truncated(store: SqlStore, last: int) -> SqliteStore:
    """A store that holds the same saves up to a position."""
    copy = SqliteStore(None)
    for position, events in saves(store):
        if position <= last:
            copy.append(Append(events))
    return copy


@given(company=histories, where=st.integers(0, 1_000))
def test_as_of_a_position_is_what_a_store_says_that_ends_there(
    company: Company, where: int
) -> None:
    ends = [position for position, _ in saves(company.store)]
    last = ends[where % len(ends)]
    asked = Questions(company.store, COMPANY)
    earlier = Questions(truncated(company.store, last), COMPANY)
    moment = AsOf(position=last)
    assert asked.balances_at(moment) == earlier.balances()
    for customer in ("7", "8"):
        told = asked.balances_at(moment, customer_id=customer)
        assert told == earlier.balances(customer_id=customer)
        kinds = frozenset(AccountKind)
        assert asked.explain(kinds=kinds, as_of=moment, customer=customer) == earlier.explain(
            kinds=kinds, customer=customer
        )


@given(histories)
def test_as_of_the_newest_position_is_now(company: Company) -> None:
    asked = Questions(company.store, COMPANY)
    newest = AsOf(position=company.store.position())
    assert asked.balances_at(newest) == asked.balances_at(NOW) == asked.balances()


@pytest.mark.parametrize("kind", ["file", "server"])
def test_as_of_a_recorded_time_is_what_the_store_knew_then(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = kind == "server"
    address = (
        str(request.getfixturevalue("postgres_ledger")) if server else f"sqlite:///{tmp_path}/r.db"
    )
    grant = {"customer_id": "7", "currency": "ILS", "why": "opening_balance"}
    with Desk.open(address, company=COMPANY, actor="dana") as desk:
        moments: list[datetime] = []
        for number in range(3):
            desk.grant(reference=f"g{number}", amount="5.00", granted_on="2026-01-01", **grant)
            pause(desk)
            moments.append(desk.store.now())
            pause(desk)
        known = [
            sum(one.credit for one in desk.questions.balances_at(AsOf(recorded=moment)))
            for moment in moments
        ]
        assert known == [500, 1_000, 1_500]
        long_ago = AsOf(recorded=datetime(2020, 1, 1, tzinfo=UTC))
        assert desk.questions.balances_at(long_ago) == ()


def pause(desk: Desk) -> None:
    """Let the store's clock, which a file keeps in milliseconds, go on."""
    until = desk.store.now() + timedelta(milliseconds=3)
    while desk.store.now() < until:
        pass


def test_a_moment_that_is_none_is_said() -> None:
    company = Company()
    asked = Questions(company.store, COMPANY)
    with pytest.raises(NotFoundError, match="no event at position 7"):
        asked.balances_at(AsOf(position=7))
    both = AsOf(position=1, recorded=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(InvalidInputError, match="as_of: say a position or a recorded time"):
        asked.balances_at(both)
    assert asked.balances_at(AsOf(position=0)) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recorded", datetime(2026, 1, 1)),  # noqa: DTZ001 - that is the mistake
        ("recorded", "2026-01-01T00:00:00Z"),
        ("effective", datetime(2026, 1, 1, tzinfo=UTC)),
        ("effective", "2026-01-01"),
        ("position", -1),
        ("position", 2**63),
        ("position", "1"),
        ("position", True),
    ],
)
def test_a_moment_of_another_kind_is_refused_by_its_name(field: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"^{field}: expected "):
        AsOf(**{field: value})


def two_companies() -> SqlStore:
    """A store in which two companies asked for a refund under the same key."""
    store = SqliteStore(None)
    for company in ("acme", "other"):
        books = Books(company=company)
        books.store.close()
        books.store, books.ledger = store, RefundLedger(store, company)
        sale = books.record(a_cash_sale(1, a_line(1, 1000), company=company))
        books.ask("k", company=company, original=str(sale))
    return store


def test_nothing_of_a_company_that_shares_the_store_is_told() -> None:
    store = two_companies()
    asked = Questions(store, "acme")

    assert len(asked.story(refund_id("acme", "k"))) == 1
    with pytest.raises(NotFoundError):
        asked.story(refund_id("other", "k"))
    at = AsOf(position=store.position())
    steps = asked.explain(kinds=frozenset(AccountKind), as_of=at)
    assert {step.account.company for step in steps} == {"acme"}
    assert all(Questions(store, company).rebuild().equal for company in ("acme", "other"))


def test_a_number_of_a_day_is_taken_apart_into_what_counted_by_then() -> None:
    asked = Questions(two_companies(), "acme")
    recorded, requested = date(2026, 2, 28), date(2026, 3, 1)
    left = frozenset({AccountKind.REFUNDABLE})

    def balance(last: date) -> dict[str, int]:
        steps = asked.explain(kinds=left, as_of=AsOf(effective=last), unit="ILS")
        return {step.account.item: step.balance for step in steps}

    assert balance(recorded - timedelta(days=1)) == {}
    assert balance(recorded)["payment/1"] == 1000
    assert balance(requested)["payment/1"] == 0
