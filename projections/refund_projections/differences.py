"""Differences: what a comparison finds of one document, told apart by kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from refund_ledger.asking import digest_of
from refund_ledger.originals import Document, Half
from refund_projections.sides import (
    Explained,
    Known,
    Listed,
    Role,
    Unbooked,
    values_here,
    values_there,
)


class Kind(StrEnum):
    """In what the two sides of a document differ."""

    MISSING_THERE = "missing there"
    UNKNOWN_HERE = "unknown here"
    AMOUNT_DIFFERS = "amount differs"
    CURRENCY_DIFFERS = "currency differs"
    CUSTOMER_DIFFERS = "customer differs"
    DATE_DIFFERS = "date differs"
    KIND_DIFFERS = "kind differs"
    CANCELLED_THERE = "cancelled there"
    DUPLICATED_THERE = "duplicated there"
    LISTED_TWICE = "listed twice"
    IN_DOUBT = "in doubt"
    OUT_OF_SIGHT = "out of sight"
    """Not listed, and perhaps only dated outside of what was read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference of one document, with what both sides say."""

    kind: Kind
    document: Document | None
    """None for a part in doubt that no document fits."""
    here: Known | None
    there: Listed | None
    unbooked: Unbooked | None = None
    """The part whose document it may be."""
    twin: str = ""
    """The document that it duplicates."""
    sure: bool = True
    """Whether a marker says it; otherwise customer, amount and date merely fit."""
    explained: Explained | None = None
    """What a person said of the document in the ledger itself."""

    @property
    def refund(self) -> UUID | None:
        """The refund that it is about, where there is one."""
        if self.unbooked:
            return self.unbooked.refund
        own = self.here is not None and self.here.role in {Role.ISSUED, Role.LATE}
        return self.here.stream if self.here and own else None

    @property
    def digest(self) -> str:
        """SHA-256 over the kind and the values of both sides: with other values it is another."""
        marker = self.unbooked.marker if self.unbooked else ""
        here = values_here(self.here) if self.here else ()
        there = values_there(self.there) if self.there else ()
        return digest_of([self.kind, here, there, marker, self.twin])


def place(finding: Finding) -> tuple[bool, Document, int, str]:
    """Documents in their order, and after them the parts that have none."""
    part, kinds = finding.unbooked, list(Kind)
    nowhere = Document(Half.RECEIPT, 0, 0)
    document = finding.document or nowhere
    order = kinds.index(finding.kind)
    return (finding.document is None, document, order, part.marker if part else "")
