"""The ground truth: what was acknowledged to people, and what the server's own books hold.

Nothing here reads an event of ours: whose call made a document stands in the server's call log.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from refund_adapters.sandbox.books import Books
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.papers import Document, Key, Kind, Paper, Receipt, amount_of
from refund_ledger.originals import Document as Named
from refund_ledger.originals import Half
from simulation.network import REFERENCE

MARKER = re.compile(r"\[RL:([0-9a-f]{32})-([IR])\]")
PartKey = tuple[str, str]
"""A refund's id and the first letter of its part."""


@dataclass(frozen=True, slots=True)
class Made:
    """A document in the server's books, and when and by which call it was made."""

    named: Named
    agorot: int
    at: float
    part: PartKey | None
    """None for what the clerk or the demo made."""
    order: int | None


@dataclass(slots=True)
class Promise:
    """A refund as it was acknowledged: what people were told, and what they then decided."""

    key: str
    id: UUID
    credited: int
    paid_back: int
    original: str
    customer: str
    currency: str = "ILS"
    cancels: frozenset[str] = frozenset()
    """The parts that are booked by a cancel of the whole original."""
    approved: bool | None = None
    """None while it still waits for a second person."""
    withdrawn: bool = False
    rejected: bool = False
    closed: bool = False
    uncertain: bool = False
    """A command about it was sent by a process that died before it was answered."""
    wronged: bool = False
    """A person decided something about it that is not so."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that it has."""
        return tuple(
            part for part, amount in (("i", self.credited), ("r", self.paid_back)) if amount
        )

    def amount(self, part: str) -> int:
        """What a part comes to."""
        return self.credited if part == "i" else self.paid_back


class WatchedBooks(Books):
    """The server's books, with somebody who notes each paper as it is booked."""

    ground: Ground

    def add_document(self, document: Document) -> None:
        """Book a document and note it."""
        super().add_document(document)
        self.ground.note(Kind.DOCUMENT, document)

    def add_receipt(self, receipt: Receipt) -> None:
        """Book a receipt and note it."""
        super().add_receipt(receipt)
        self.ground.note(Kind.RECEIPT, receipt)


@dataclass(slots=True)
class Ground:
    """Promises made to people, and documents made at the server."""

    sandbox: Sandbox
    promises: dict[str, Promise] = field(default_factory=dict)
    """By refund id."""
    made: dict[Named, Made] = field(default_factory=dict)
    by_part: dict[PartKey, list[Made]] = field(default_factory=lambda: defaultdict(list))
    fresh: list[Made] = field(default_factory=list)
    """What was made and has not been audited yet."""
    started: float = 0.0

    def note(self, kind: Kind, paper: Paper) -> None:
        """Note a paper that was just booked."""
        half = Half.DOCUMENT if kind is Kind.DOCUMENT else Half.RECEIPT
        named = Named(half, paper.key.type, paper.key.number)
        body = b"" if paper.made_by is None else self.sandbox.log.call(paper.made_by).body
        found = REFERENCE.search(body)
        part = (found[1].decode(), found[2].decode()) if found else None
        amount = abs(amount_of(paper)) * 100
        at = paper.made_at.timestamp() - self.started
        made = Made(named, int(amount), at, part, paper.made_by)
        self.made[named] = made
        if part is not None:
            self.by_part[part].append(made)
            self.fresh.append(made)

    def paper(self, named: Named) -> Paper | None:
        """A paper of the server's books."""
        books = self.sandbox.books
        there = books.documents if named.half is Half.DOCUMENT else books.receipts
        return there.get(Key(named.series, named.number))

    def markers(self, named: Named) -> bool:
        """Whether a paper carries any marker of ours in its comment."""
        paper = self.paper(named)
        return paper is not None and MARKER.search(paper.comments) is not None

    def ours(self) -> Iterator[Made]:
        """Every document that one of our calls made."""
        for each in self.by_part.values():
            yield from each

    def name(self, refund: str) -> str:
        """What a refund is called in a story."""
        promise = self.promises.get(refund)
        return promise.key + "." if promise else f"{refund[:6]}."
