"""What came of comparing the ledger with the accounting system, and the differences accepted."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from refund_ledger.originals import Immutable, Minor
from refund_ledger.recorded_events import Event
from refund_ledger.values import Comment, Digest, DocumentId

Count = Minor
"""A whole number that counts something."""


class Tally(Immutable):
    """How many differences of one kind there were."""

    kind: Annotated[str, Field(max_length=40)]
    count: Count


class ReconciliationDone(Event):
    """The ledger was compared with what the accounting system holds of a period.

    It belongs to no customer and moves nothing, so it has neither a customer nor a currency.
    """

    TOPIC = "reconciliation.done"

    since: date
    until: date
    """The last day, counted in."""
    position: Count
    """The newest event that the ledger's side was read from."""
    read_from: Annotated[str, Field(max_length=120)]
    documents_here: Count
    documents_there: Count
    matched: Count
    differences: tuple[Tally, ...] = ()
    """Those that nobody has accepted, by kind."""
    accepted: tuple[Tally, ...] = ()
    """Those that somebody has accepted or explained, by kind."""
    not_judged: Count = 0
    """Documents too new for the accounting system's lists."""
    digest_here: Digest
    """SHA-256 over the ledger's documents that were compared, in the order of their numbers."""
    digest_there: Digest
    """The same over those of the accounting system."""

    @property
    def clean(self) -> bool:
        """Whether nothing differed that nobody had accepted."""
        return not self.differences


class DifferenceAccepted(Event):
    """A person said that a difference found by comparing stands as it is."""

    TOPIC = "reconciliation.difference_accepted"

    document: DocumentId
    difference: Annotated[str, Field(max_length=40)]
    """The kind of difference."""
    digest: Digest
    """Of the difference with the values of both sides; with other values it is another one."""
    why: Comment
