"""Balances as one decision saw them, remembered so that the append can check that none moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from refund_ledger.accounts import Account, Posting

Read = Callable[[Account], int]
"""The signed balance of a guarded account as the store holds it."""


class Look:
    """Reads balances for one decision, on top of what the decision itself has already posted."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._posted: dict[Account, int] = defaultdict(int)
        self.seen: dict[Account, int] = {}
        """Each account that was read, with its stored balance; the append asserts them."""

    def __call__(self, account: Account) -> int:
        """The balance on its normal side: positive, or zero where nothing was ever posted."""
        if account not in self.seen:
            self.seen[account] = self._read(account)
        return account.rule.side * (self.seen[account] + self._posted[account])

    def has_moved(self, read: Read | None = None) -> bool:
        """Whether a balance is no longer what was seen of it; `read` where it is read elsewhere."""
        now = read or self._read
        return any(now(account) != seen for account, seen in self.seen.items())

    def post(self, entries: Iterable[Posting]) -> None:
        """Count postings that this decision adds; later reads include them."""
        for account, amount in entries:
            self._posted[account] += amount
