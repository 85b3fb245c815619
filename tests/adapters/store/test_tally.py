"""Batches added up are judged as if they were saved one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.store.tally import judged, tallied
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.errors import BalancesMovedError, ConflictError, GuardError

OPEN = Account("acme", AccountKind.OPEN, "invoice:1/1", customer="7", unit="ILS")
CREDIT = Account("acme", AccountKind.CREDIT, "grant:g", customer="7", unit="ILS")
ACCOUNTS = (OPEN, CREDIT)


@dataclass(frozen=True)
class Batch:
    """What a tally looks at in a batch."""

    seen: Mapping[Account, int] = field(default_factory=dict)
    changes: Mapping[Account, int] = field(default_factory=dict)


AMOUNTS = st.dictionaries(st.sampled_from(ACCOUNTS), st.integers(-4, 4))
BATCHES = st.lists(st.builds(Batch, AMOUNTS, AMOUNTS), max_size=5)


def one_after_another(batches: list[Batch], held: dict[Account, int]) -> dict[Account, int]:
    """What the balances come to; raises as a store does."""
    now = {account: held.get(account, 0) for account in ACCOUNTS}
    for batch in batches:
        for account, seen in batch.seen.items():
            if now[account] != seen:
                raise BalancesMovedError(str(account))
        for account, change in batch.changes.items():
            now[account] += change
            if account.rule.side * now[account] < 0:
                raise GuardError(str(account), change)
    return now


@given(BATCHES, st.integers(0, 4), st.integers(0, 4))
def test_a_tally_refuses_and_comes_to_what_saves_in_turn_do(
    batches: list[Batch], opened: int, credit: int
) -> None:
    held = {OPEN: opened, CREDIT: -credit}
    try:
        expected = one_after_another(batches, held)
    except ConflictError:
        with pytest.raises(ConflictError):
            judged(tallied(batches).items(), held)  # type: ignore[arg-type]
        return
    found = judged(tallied(batches).items(), held)  # type: ignore[arg-type]
    assert held | {one.account: one.balance for one in found} == expected
    assert not any(one.is_new for one in found)


def test_a_balance_without_a_row_is_there_since_the_first_batch_that_changes_it() -> None:
    batches = [Batch(), Batch({OPEN: 0}), Batch({OPEN: 0}, {OPEN: 5}), Batch({}, {OPEN: 1})]
    tallies = tallied(batches)  # type: ignore[arg-type]
    (only,) = judged(tallies.items(), {})
    assert only == (OPEN, 6, 2, True)
    assert tallies[OPEN].touched_at == 1


def test_what_falls_below_zero_on_the_way_is_refused_though_it_comes_back() -> None:
    batches = [Batch({}, {OPEN: -5}), Batch({}, {OPEN: 9})]
    with pytest.raises(GuardError, match="change of -5"):
        judged(tallied(batches).items(), {OPEN: 4})  # type: ignore[arg-type]


def test_batches_that_saw_what_cannot_both_be_true_are_refused() -> None:
    with pytest.raises(BalancesMovedError, match="from 8 to 7"):
        tallied([Batch({OPEN: 5}, {OPEN: 2}), Batch({OPEN: 8})])  # type: ignore[list-item]
