"""Net: sums of accounts that mostly come back to zero, in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Protocol

from refund_ledger.accounts import GUARDED, Account, AccountKind, Posting

IN_MEMORY = 20_000
"""Accounts that are held at once; when there are more, all of them are laid aside."""


class Lines(Protocol):
    """Takes lines of text in any order and gives them back in order."""

    def add(self, line: str) -> None:
        """Take a line; it holds no line break."""

    def __iter__(self) -> Iterator[str]:
        """Every line that was taken, in order."""


class Net:
    """What is posted to each account, account by account; one that comes to zero is forgotten."""

    def __init__(self, aside: Lines, *, in_memory: int = IN_MEMORY) -> None:
        """`aside` takes what does not fit into memory."""
        self._aside = aside
        self._in_memory = in_memory
        self._is_spilled = False
        self._sums: dict[Account, int] = {}

    def add(self, account: Account, amount: int) -> None:
        """Count an amount that is not zero."""
        total = self._sums.get(account, 0) + amount
        if total:
            self._sums[account] = total
        else:
            del self._sums[account]
        if len(self._sums) > self._in_memory:
            self._spill()

    def add_guarded(self, postings: Iterable[Posting]) -> None:
        """Count what is posted to accounts that the store keeps balances of."""
        for account, amount in postings:
            if account.kind in GUARDED:
                self.add(account, amount)

    def left(self) -> Iterator[tuple[Account, int]]:
        """The accounts that do not come to zero, in no particular order."""
        if not self._is_spilled:
            yield from self._sums.items()
            return
        self._spill()
        for key, lines in groupby(self._aside, key=lambda line: line.rpartition("\t")[0]):
            if total := sum(int(line.rpartition("\t")[2]) for line in lines):
                company, kind, *columns = map(_read, key.split("\t"))
                yield Account(company, AccountKind(kind), *columns), total

    def _spill(self) -> None:
        """Lay everything aside: an account then stands in several lines, which sort together."""
        self._is_spilled = True
        for account, amount in self._sums.items():
            self._aside.add("\t".join((*map(_written, account), str(amount))))
        self._sums.clear()


def _written(column: str) -> str:
    """A column without tabs and line breaks."""
    return column.encode("unicode_escape").decode("ascii")


def _read(column: str) -> str:
    return column.encode("ascii").decode("unicode_escape")
