"""Findings: what a verification found, the first place of each kind, in words for an accountant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What can differ; each kind is found in a way of its own."""

    CHANGED = "changed_event"
    """An event does not come to its hash."""
    GAP = "gap"
    """A stream lacks an event before one that it has."""
    UNREADABLE = "unreadable_event"
    """An event is what was saved, and this software cannot read it."""
    GONE = "missing_event"
    """A leaf stands for an event that is not there."""
    REWRITTEN = "rewritten_event"
    """An event and its hash fit each other, and are not what was sealed."""
    ORDER = "order"
    """Events stand otherwise than they were sealed, or one was put in between."""
    TREE = "tree"
    """A leaf itself is gone."""
    HEAD = "head"
    """A head in the store is not the root of its leaves."""
    KEPT_HEAD = "kept_head"
    """A head that was kept outside is not the root of the leaves that it speaks of."""
    POSTINGS = "postings"
    """Postings are not what their event means."""
    CLAIMS = "claims"
    """Documents are claimed otherwise than the events say."""
    BALANCES = "balances"
    """A guarded balance is not the sum of its postings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of difference: its first place, and how many there are."""

    kind: Kind
    message: str
    """The first place, in a sentence."""
    position: int | None
    """Of the event there; None where it is about no single event."""
    places: int = 1

    def __str__(self) -> str:
        more = f" (the first of {self.places} places)" if self.places > 1 else ""
        return f"{self.message}{more}"


class Findings:
    """What was found so far."""

    def __init__(self) -> None:
        self._found: dict[Kind, Finding] = {}

    def add(self, kind: Kind, message: str, position: int | None = None, places: int = 1) -> None:
        """Note a difference; of each kind the first is kept and the others are counted."""
        first = self._found.get(kind)
        if first is None:
            self._found[kind] = Finding(kind, message, position, places)
            return
        total = first.places + places
        self._found[kind] = Finding(kind, first.message, first.position, total)

    def all(self) -> tuple[Finding, ...]:
        """One finding for each kind, in the order of the kinds."""
        return tuple(self._found[kind] for kind in Kind if kind in self._found)
