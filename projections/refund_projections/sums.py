"""Sums: what the postings of events come to, account by account; other folds start here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from refund_ledger.accounts import Account
from refund_ledger.events import Event
from refund_ledger.postings import postings


class Sums:
    """The signed sum of every account, and the first position that touched it.

    Grows with the number of accounts, never with the number of events.
    """

    def __init__(self) -> None:
        self.events = 0
        self._sums: dict[Account, int] = {}
        self._first: dict[Account, int] = {}

    def add(self, position: int, event: Event) -> None:
        """Count one event."""
        self.events += 1
        for account, amount in postings(event):
            if account in self._sums:
                self._sums[account] += amount
            else:
                self._sums[account] = amount
                self._first[account] = position

    def __iter__(self) -> Iterator[tuple[Account, int]]:
        """The accounts that do not come to zero, in the order in which they were first touched."""
        return ((account, amount) for account, amount in self._sums.items() if amount)

    def first_position(self, account: Account) -> int | None:
        """Where an account was first touched; none where no event ever did."""
        return self._first.get(account)


def sum_up(events: Iterable[tuple[int, Event]]) -> Sums:
    """Add up events that come with their positions."""
    sums = Sums()
    for position, event in events:
        sums.add(position, event)
    return sums
