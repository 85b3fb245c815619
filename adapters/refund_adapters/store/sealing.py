"""Sealing: new events become leaves of the tree, each link of the chain checked before it does.

Writers never wait for it: they link each event to the one before it in its stream, and the sealer
comes after them and brings the streams into one order. Several may run; the later one begins anew
where the earlier one ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from refund_adapters.store.errors import DamagedStoreError
from refund_adapters.store.heads import Head
from refund_adapters.store.kept import Kept, flaw_of, leaf_of
from refund_adapters.store.sealed_tables import Leaf, SealedTables
from refund_adapters.store.tree import Frontier
from refund_ledger.errors import ConflictError, LedgerError

BATCH = 10_000
"""Events that one transaction seals at most."""
MOST_LOST = 100
"""How often in a row another sealer may be first before this one leaves the work to it."""


class BrokenLinkError(LedgerError):
    """An event is not what was saved; nothing from it on is sealed."""


class SealedMeanwhileError(ConflictError):
    """Another sealer was first; what it sealed is sealed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a sealing came to."""

    added: int
    """Events that this sealer sealed."""
    head: Head | None
    """The newest head; None where there is no event."""


class Sealer:
    """Seals what is not sealed yet, a batch at a time."""

    def __init__(self, tables: SealedTables, *, batch: int = BATCH) -> None:
        self._tables = tables
        self._batch = batch

    def seal(self, *, go_on: Callable[[], bool] = lambda: True) -> Sealed:
        """Seal everything that was there when it began; `go_on` is asked before each batch.

        Raises `BrokenLinkError` at an event that is not what was saved, `DamagedStoreError` where
        the tree itself is not, `SealedMeanwhileError` where others are always faster.
        """
        newest, leaves, size = self._tables.extent()
        if leaves != size:
            raise DamagedStoreError(
                f"the tree has {leaves} leaves, and its newest head speaks of {size}; nothing was "
                "sealed. Run `refund-ledger verify`, and restore the store from a backup"
            )
        added = lost = 0
        while lost < MOST_LOST:
            head = self._tables.head()
            found = self._unsealed(head, newest)
            if not found or not go_on():
                return Sealed(added, head)
            try:
                self._add(head, found)
            except SealedMeanwhileError:
                lost += 1
                continue
            added, lost = added + len(found), 0
        raise SealedMeanwhileError(
            f"others sealed first {lost} times in a row; leave it to them, or stop them and try "
            "again"
        )

    def _unsealed(self, head: Head | None, newest: int) -> list[Kept]:
        size = head.size if head else 0
        found = self._tables.unsealed(size, limit=self._batch, stop=newest)
        for kept in found:
            if flaw := flaw_of(kept):
                raise BrokenLinkError(
                    f"{flaw[1]}; nothing from it on is sealed. Run `refund-ledger verify` for all "
                    "that differs, and compare with a backup"
                )
        return found

    def _add(self, head: Head | None, found: list[Kept]) -> None:
        frontier = _frontier(head)
        leaves = [Leaf(kept.position, leaf_of(kept)) for kept in found]
        for leaf in leaves:
            frontier.add(leaf.hash)
        grown = Head(frontier.size, frontier.root(), frontier.peaks, self._tables.now())
        self._tables.add(head.size if head else 0, leaves, grown)


def _frontier(head: Head | None) -> Frontier:
    """The tree to go on from; one that does not fit its own root is not built upon."""
    if head is None:
        return Frontier()
    try:
        frontier = Frontier(head.size, head.peaks)
    except ValueError:
        frontier = None
    if frontier is None or frontier.root() != head.root:
        raise DamagedStoreError(
            f"the head of {head.size} sealed events contradicts itself; nothing was sealed. Run "
            "`refund-ledger verify`, and restore the store from a backup"
        )
    return frontier
