"""Tally: what many batches, saved one after another, come to for each guarded balance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from refund_ledger.accounts import Account
from refund_ledger.errors import BalancesMovedError, GuardError
from refund_ledger.storing import Append


class Tally:
    """One balance over all batches: what it has to be before them, and how they change it."""

    __slots__ = ("change", "changed_at", "expected", "lowest", "touched_at", "worst")

    def __init__(self, batch: int) -> None:
        self.touched_at = batch
        """The first batch that saw or changed it."""
        self.changed_at = -1
        """The first batch that changed it."""
        self.expected: int | None = None
        """What the batches rest on that it is before the first of them."""
        self.change = 0
        self.lowest = 0
        """The least that the changes come to on the way, on its normal side."""
        self.worst = 0
        """The change that led there."""


class Balance(NamedTuple):
    """A balance as it is to be written."""

    account: Account
    balance: int
    batch: int
    """The batch since which it is there, where it has no row yet."""
    is_new: bool


def tallied(batches: Sequence[Append]) -> dict[Account, Tally]:
    """Add up what the batches see and change; raises `BalancesMovedError` where they disagree."""
    tallies: dict[Account, Tally] = {}
    for number, batch in enumerate(batches):
        for account, seen in batch.seen.items():
            tally = tallies.get(account)
            if tally is None:
                tally = tallies[account] = Tally(number)
            before = seen - tally.change
            if tally.expected is None:
                tally.expected = before
            elif tally.expected != before:
                raise _moved(account, seen, tally.expected + tally.change)
        for account, change in batch.changes.items():
            tally = tallies.get(account)
            if tally is None:
                tally = tallies[account] = Tally(number)
            if tally.changed_at < 0:
                tally.changed_at = number
            tally.change += change
            low = account.rule.side * tally.change
            if low < tally.lowest:
                tally.lowest, tally.worst = low, change
    return tallies


def judged(tallies: Iterable[tuple[Account, Tally]], held: dict[Account, int]) -> list[Balance]:
    """What each balance comes to, given those that have a row, by what they hold.

    Raises `BalancesMovedError` where one is not what was seen of it, `GuardError` where one would
    fall below zero on the way.
    """
    written: list[Balance] = []
    for account, tally in tallies:
        row = held.get(account)
        now = row or 0
        if tally.expected is not None and tally.expected != now:
            raise _moved(account, tally.expected, now)
        if account.rule.side * now + tally.lowest < 0:
            raise GuardError(str(account), tally.worst)
        batch = tally.touched_at if tally.changed_at < 0 else tally.changed_at
        written.append(Balance(account, now + tally.change, batch, row is None))
    return written


def _moved(account: Account, expected: int, now: int) -> BalancesMovedError:
    return BalancesMovedError(f"{account} moved from {expected} to {now} since it was read")
