"""Verifying: reads the whole store and says whether everything in it is what was saved.

It holds no writer up and needs no more memory for a large store than for a small one: the hash
before an event is looked up in its stream, the tree is grown again from its leaves with a score of
hashes, and what is remembered is what differs.

What each proof is good for:
- the chain shows a changed event, and one that is gone from the middle of its stream;
- the tree shows an event that is gone from anywhere, moved, put in between, or written anew;
- a head that was kept outside shows that the tree, or all of it, was written anew;
- events after the last sealing stand on the chain alone, so how many these are is said.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from refund_adapters.store.findings import Finding, Findings, Kind
from refund_adapters.store.heads import KeptHead
from refund_adapters.store.kept import Kept, flaw_of, leaf_of
from refund_adapters.store.meanings import Meanings
from refund_adapters.store.sealed_tables import PAGE, SealedTables, StoredHead
from refund_adapters.store.tree import Frontier

Heard = Callable[[int, int], None]
"""Hears how many events have been read, out of how many at most."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification came to."""

    events: int
    sealed: int
    """Leaves of the tree."""
    unsealed: int
    """Events that came after the last sealing."""
    heads: int
    """Heads in the store that were compared."""
    kept_heads: int
    """Heads from outside that were compared."""
    root: bytes
    """Over all leaves, as they are now."""
    findings: tuple[Finding, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing differs."""
        return not self.findings


def verify(
    tables: SealedTables, kept: Sequence[KeptHead] = (), *, heard: Heard = lambda _, __: None
) -> Verified:
    """Compare everything that is there with everything that it says of itself.

    Looks at what was there when it began; whoever writes or seals meanwhile does not disturb it.
    """
    newest, leaves, size = tables.extent()
    findings = Findings()
    tree = _Tree(tables, findings, leaves)
    is_whole = tree.grow(size, sorted(kept, key=lambda head: head.size))
    walk = _Events(tables, findings, sealed=leaves, is_whole=is_whole, heard=heard)
    walk.read(newest)
    _gone(tables, findings, leaves)
    walk.meanings.strays()
    walk.meanings.balances()
    return Verified(
        events=walk.events,
        sealed=leaves,
        unsealed=walk.unsealed,
        heads=tree.compared,
        kept_heads=len(kept),
        root=tree.root,
        findings=findings.all(),
    )


class _Tree:
    """The tree, grown again from its leaves and compared with its heads."""

    def __init__(self, tables: SealedTables, findings: Findings, leaves: int) -> None:
        self._tables = tables
        self._findings = findings
        self._leaves = leaves
        self._frontier = Frontier()
        self._next = self._hashes()
        self.compared = 0

    @property
    def root(self) -> bytes:
        return self._frontier.root()

    def grow(self, newest: int, kept: Sequence[KeptHead]) -> bool:
        """Grow the tree and compare all heads on the way; tells whether no leaf is gone."""
        heads: tuple[Iterable[StoredHead | KeptHead], ...] = (self._heads(newest), kept)
        for head in heapq.merge(*heads, key=lambda one: one.size):
            if isinstance(head, StoredHead):
                self._compare(head)
            else:
                self._compare_kept(head)
        if self._leaves > newest:
            said = f"the tree has {self._leaves} leaves, and its newest head speaks of {newest}"
            self._findings.add(Kind.HEAD, said)
        return self._reaches(self._leaves)

    def _reaches(self, size: int) -> bool:
        """Grow to a size; false where a leaf before it is gone."""
        while self._frontier.size < size:
            leaf = next(self._next, None)
            if leaf is None:
                return False
            self._frontier.add(leaf)
        return True

    def _hashes(self) -> Iterator[bytes]:
        """The hashes of all leaves, up to the first that is gone."""
        expected = 0
        while expected < self._leaves:
            page = self._tables.leaves(expected, self._leaves)
            for number, leaf in page:
                if number != expected:
                    break
                yield leaf
                expected += 1
            if not page or page[-1][0] != expected - 1:
                said = f"leaf {expected} of the tree, counted from zero, is gone"
                self._findings.add(Kind.TREE, said)
                return

    def _heads(self, newest: int) -> Iterator[StoredHead]:
        """The heads in the store up to a size; those above were added later."""
        after = 0
        while page := self._tables.heads(after):
            for head in page:
                if head.size > newest:
                    return
                yield head
            after = page[-1].size

    def _compare(self, head: StoredHead) -> None:
        self.compared += 1
        if head.size > self._leaves:
            said = f"a head speaks of {head.size} sealed events, and the tree has {self._leaves}"
            self._findings.add(Kind.HEAD, said)
        elif self._reaches(head.size):
            peaks = b"".join(self._frontier.peaks)
            if (head.root, head.peaks) != (self.root, peaks):
                said = f"the head of {head.size} sealed events is not the root of their leaves"
                self._findings.add(Kind.HEAD, said)

    def _compare_kept(self, head: KeptHead) -> None:
        said = f"the head of {head.size} events that was kept, sealed on {head.sealed_at:%Y-%m-%d},"
        if head.size > self._leaves:
            problem = f"reaches further than the store, which has {self._leaves} sealed events"
        elif not self._reaches(head.size):
            problem = "cannot be compared, since a leaf before it is gone"
        elif self.root != head.root:
            problem = f"is not the root of the first {head.size}: history was written anew"
        else:
            return
        self._findings.add(Kind.KEPT_HEAD, f"{said} {problem}")


class _Events:
    """All events in the order of the feed, each beside the one before it and its leaf."""

    def __init__(
        self,
        tables: SealedTables,
        findings: Findings,
        *,
        sealed: int,
        is_whole: bool,
        heard: Heard,
    ) -> None:
        self._tables = tables
        self._findings = findings
        self._sealed = sealed
        self._is_whole = is_whole
        self._heard = heard
        self._last = -1
        self._first_unsealed: Kept | None = None
        self.events = self.unsealed = 0
        self.meanings = Meanings(tables, findings)

    def read(self, newest: int) -> None:
        """Compare every event up to the newest, and what it means."""
        after: int | None = None
        while True:
            page = self._tables.events(after=after, stop=newest, sealed=self._sealed, limit=PAGE)
            self.meanings.compare([kept for kept in page if self._is_sound(kept)])
            self.events += len(page)
            self._heard(self.events, newest)
            if len(page) < PAGE:
                return
            after = page[-1].position

    def _is_sound(self, kept: Kept) -> bool:
        """Compare one event; what it means is only asked of an event that is what was saved."""
        self._place(kept)
        if flaw := flaw_of(kept):
            self._findings.add(*flaw, kept.position)
            return False
        if kept.leaf is not None and leaf_of(kept) != kept.leaf:
            said = f"{kept} is not what was sealed: it was written anew, or its leaf was"
            self._findings.add(Kind.REWRITTEN, said, kept.position)
            return False
        return True

    def _place(self, kept: Kept) -> None:
        """Compare where an event stands with where it was sealed."""
        if kept.position < 1:
            said = f"{kept} stands where no event is ever saved"
            self._findings.add(Kind.ORDER, said, kept.position)
        if kept.number is None:
            self.unsealed += 1
            self._first_unsealed = self._first_unsealed or kept
            return
        if self._first_unsealed and self._is_whole:
            said = f"{self._first_unsealed} was put among events that were sealed without it"
            place = self._first_unsealed.position
            self._findings.add(Kind.ORDER, said, place, self.unsealed)
        if kept.number <= self._last:
            said = f"{kept} stands after an event that was sealed after it"
            self._findings.add(Kind.ORDER, said, kept.position)
        self.unsealed, self._first_unsealed = 0, None
        self._last = max(self._last, kept.number)


def _gone(tables: SealedTables, findings: Findings, sealed: int) -> None:
    """Find leaves that stand for events that are not there."""
    if found := tables.leaves_without_event(sealed):
        count, number, position = found
        said = f"the event at position {position}, which was sealed as leaf {number}, is gone"
        findings.add(Kind.GONE, said, position, count)
