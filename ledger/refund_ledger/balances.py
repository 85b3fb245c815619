"""Balances as one decision saw them, remembered so that the append can check that none moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from refund_ledger.accounts import Account, Posting

Read = Callable[[Account], int]
"""The signed balance of a guarded account as the store holds it."""


class Look:
    """Reads balances for one decision, on top of what the decision itself has already posted."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._posted: dict[Account, int] = defaultdict(int)
        self.seen: dict[Account, int] = {}
        """Each account that was read, with its stored balance."""
        self._needed: dict[Account, int] = {}
        """Accounts that held all that was wanted, and how much the store had to hold for that."""

    def __call__(self, account: Account) -> int:
        """The balance on its normal side: positive, or zero where nothing was ever posted."""
        balance = self._balance(account)
        self._needed.pop(account, None)
        return balance

    def up_to(self, account: Account, wanted: int) -> int:
        """What an account gives of an amount: all of it, or all that it holds.

        Where it holds enough, the decision rests on that, and not on how much more there is.
        """
        if wanted <= 0:
            return 0
        known = account in self.seen
        held = self._balance(account)
        if held < wanted:
            self._needed.pop(account, None)
            return held
        if not known or account in self._needed:
            needed = wanted - account.rule.side * self._posted[account]
            self._needed[account] = max(needed, self._needed.get(account, 0))
        return wanted

    def rests_on(self, changes: Mapping[Account, int]) -> dict[Account, int]:
        """The balances that must not have moved when a save that changes balances so is made.

        Left out is an account of which the save takes exactly what was needed of it: the guard that
        keeps it from falling below zero refuses the save where that is no longer there. So several
        decisions may draw on one balance, and none refuses another for it.
        """
        return {
            account: seen
            for account, seen in self.seen.items()
            if account not in self._needed
            or self._needed[account] != -account.rule.side * changes.get(account, 0)
        }

    def has_moved(self, read: Read | None = None) -> bool:
        """Whether a balance is no longer what was seen of it; `read` where it is read elsewhere."""
        now = read or self._read
        return any(now(account) != seen for account, seen in self.seen.items())

    def post(self, entries: Iterable[Posting]) -> None:
        """Count postings that this decision adds; later reads include them."""
        for account, amount in entries:
            self._posted[account] += amount

    def _balance(self, account: Account) -> int:
        if account not in self.seen:
            self.seen[account] = self._read(account)
        return account.rule.side * (self.seen[account] + self._posted[account])
