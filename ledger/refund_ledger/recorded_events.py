"""What was recorded of the accounting system: originals, what pays them, and granted credit."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from refund_ledger.originals import (
    Closes,
    Immutable,
    Kind,
    Line,
    Minor,
    OriginalRef,
    Payment,
)
from refund_ledger.values import Comment, Digest, DocumentId, GrantReason, ReductionReason


class Event(Immutable):
    """Something that happened, where, when, by whom and because of what."""

    TOPIC: ClassVar[str]

    originator_id: UUID
    originator_version: int
    timestamp: AwareDatetime
    event_id: UUID
    command_id: str
    correlation_id: str
    causation_id: str | None = None
    actor: Annotated[str, Field(min_length=1, max_length=120)]
    company: str
    currency: str
    customer_id: str


class OriginalRecorded(Event):
    """An original was read for the first time."""

    TOPIC = "original.recorded"

    kind: Kind
    series: int
    number: int
    issued_on: date
    exchange_rate: str | None = None
    price_includes_vat: bool = True
    lines: tuple[Line, ...] = ()
    payments: tuple[Payment, ...] = ()
    closes: tuple[Closes, ...] = ()
    open_amount: Minor
    covered: Minor
    """The paid part that still stands; kept under the sale, or under a receipt that names none."""
    overpaid: Minor = 0
    read_from: str
    digest: Digest

    @property
    def ref(self) -> OriginalRef:
        """Its name within the company."""
        return OriginalRef(self.kind, self.series, self.number)

    @cached_property
    def name(self) -> str:
        """The same as text: what its rights and its money are kept under."""
        return str(self.ref)


class OriginalPaid(Event):
    """A receipt that pays this sale was recorded, or a credit that was used on it."""

    TOPIC = "original.paid"

    sale: str
    receipt: str
    """What pays: a receipt ("receipt:1/77"), or a credit ("grant:old")."""
    issued_on: date | None = None
    """From when on it pays: the receipt's day, or the sale's where that is later.

    None where the day of the event is meant: of a credit, and in what was stored before.
    """
    closes: Minor
    """What is said to be paid of this sale."""
    paid: Minor
    """What of that was not known when the sale was read."""
    credit: Minor = 0
    """What of `paid` no debt was left for: the customer may ask for it."""


class ReceiptLinked(Event):
    """What a receipt pays was read later than the receipt; each sale's own event says what of it.

    A receipt may be allocated long after it was written, which changes nothing of it.
    """

    TOPIC = "original.receipt_linked"

    receipt: str
    links: tuple[Closes, ...]
    """What it pays beyond what was known of it before."""
    from_cover: Minor = 0
    """What of that the receipt held as paid for something unknown."""
    read_from: str


class CreditGranted(Event):
    """The company owes the customer: an overpayment, a credit note or an opening balance."""

    TOPIC = "credit.granted"

    reference: str
    why: GrantReason
    amount: Minor
    granted_on: date
    document: DocumentId | None = None
    receipt: str = ""
    """The receipt whose money is overpaid."""
    from_cover: Minor = 0
    """What of the amount that receipt held as paid for something: it pays for nothing now."""
    comment: Comment = ""
    digest: Digest

    @property
    def source(self) -> str:
        """What the credit is kept under."""
        return f"grant:{self.reference}"


class CreditReduced(Event):
    """A granted credit became less: reversed, expired, or used to pay a sale."""

    TOPIC = "credit.reduced"

    reference: str
    why: ReductionReason
    amount: Minor
    exceeds: Minor = 0
    """What was no longer there: unexplained."""
    sale: str = ""
    pays: Minor = 0
    """What of the amount took debt off `sale`; an event of the sale's own says that by now."""
    receipt: str = ""
    """The receipt whose money it was, where the grant of that is reversed."""
    to_cover: Minor = 0
    """What of the amount that receipt holds again as paid for something."""
    comment: Comment = ""

    @property
    def source(self) -> str:
        """What the credit is kept under."""
        return f"grant:{self.reference}"
