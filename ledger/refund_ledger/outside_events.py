"""What was given back outside this ledger, and what people say of amounts without a place."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from refund_ledger.money import MAX_MINOR
from refund_ledger.originals import Minor
from refund_ledger.recorded_events import Event
from refund_ledger.values import (
    Comment,
    Digest,
    DocumentId,
    Draw,
    Fall,
    How,
    Part,
    TakenLine,
    TakenPayment,
    Undone,
)


class OutsideRefundRecorded(Event):
    """A credit note or a negative receipt was found that this ledger did not make."""

    TOPIC = "outside.refund_recorded"

    part: Part
    """Which half of a refund it is: it credits a sale, or it gives money back."""
    document: DocumentId
    issued_on: date
    booked: Minor
    net: Minor = 0
    vat: Minor = 0
    original: str = ""
    """What it gives back; empty where nobody knows."""
    lines: tuple[TakenLine, ...] = ()
    payments: tuple[TakenPayment, ...] = ()
    excess: Minor = 0
    """What the original no longer had."""
    source_account: str = ""
    fall: Fall | None = None
    draws: tuple[Draw, ...] = ()
    read_from: str
    comment: Comment = ""
    digest: Digest

    @property
    def source(self) -> str:
        """What its unexplained amount is kept under."""
        return self.original or f"outside:{self.document.key}"


class DiscrepancyExplained(Event):
    """A person said what an amount is that was booked beyond an original, or found no place."""

    TOPIC = "discrepancy.explained"

    reference: str
    """Names the explanation; the same one explains once."""
    subject: str
    """What is explained: a document ("document 3/482"), or a reduced credit ("grant:old")."""
    part: Part
    document: DocumentId | None = None
    refund: str = ""
    """The id of the refund that the document belongs to; empty where it was made outside."""
    how: How
    amount: Minor
    why: Comment
    reversed_by: DocumentId | None = None
    original: str = ""
    """The original that the excess is kept under."""
    source: str
    """The source that the unexplained amount is kept under."""
    excess: Minor = 0
    """What of the amount is excess no more."""
    unexplained: Minor = 0
    """What of the amount is unexplained no more."""
    allowed: Minor = 0
    """What stands there beyond what the original gives a right to."""
    restored_lines: tuple[TakenLine, ...] = ()
    """What the document had taken of `original`, free again."""
    restored_payments: tuple[TakenPayment, ...] = ()
    pays: Minor = 0
    """What of money that did not go back pays a debt again."""
    credit: Minor = 0
    """What of it is the customer's credit again."""
    counts_on: str = ""
    """The original that it counts against from now on."""
    lines: tuple[TakenLine, ...] = ()
    payments: tuple[TakenPayment, ...] = ()
    fall: Fall | None = None
    draws: tuple[Draw, ...] = ()
    vat: Annotated[int, Field(strict=True, ge=-MAX_MINOR, le=MAX_MINOR)] = 0
    """What the VAT taken back grows by, at the cost of the returned sales; may be negative."""
    undone: Undone | None = None
    """What moves back because the document was reversed there, as a whole."""
    digest: Digest
