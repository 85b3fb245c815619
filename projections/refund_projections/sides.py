"""The two sides of a comparison: a document as the ledger knows it, and as the books list it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from json.encoder import encode_basestring
from uuid import UUID

from refund_ledger.events import Part, Way
from refund_ledger.originals import Document, Half


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last, both counted in."""

    since: date
    until: date

    def __contains__(self, day: date) -> bool:
        return self.since <= day <= self.until

    def __str__(self) -> str:
        return f"{self.since} to {self.until}"


class Role(StrEnum):
    """What a document is to the ledger."""

    ORIGINAL = "original"
    GRANT = "grant"
    ISSUED = "issued"
    """Made by a refund."""
    LATE = "late"
    """Made by a refund, and found after the ledger had moved on, or a second time."""
    OUTSIDE = "outside"
    """Made outside this ledger, and recorded."""
    REVERSAL = "reversal"
    """It reversed another document, as a person said."""


class Nature(StrEnum):
    """Whether a document is for the company or for the customer."""

    SALE = "a sale or money received"
    REFUND = "a credit or money given back"


NATURES = {
    Role.ORIGINAL: Nature.SALE,
    Role.ISSUED: Nature.REFUND,
    Role.LATE: Nature.REFUND,
    Role.OUTSIDE: Nature.REFUND,
}
"""What a document must be by its role; a grant or a reversal may be either."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """How an accounting system dates and signs its documents."""

    zone: tzinfo
    """In which it dates them."""
    slack_days: int = 1
    """Days by which a document's date may lie outside the time of its call."""
    credit_types: frozenset[int] = frozenset()
    """The types of documents, not of receipts, that are credits whatever their sign."""
    credits_are_negative: bool = True
    """Whether its lists show money given back with a minus; otherwise a plus says nothing."""

    def day(self, at: datetime) -> date:
        """The day of a moment, as the system would date it."""
        return at.astimezone(self.zone).date()

    def nature(self, document: Document, amount: int) -> Nature | None:
        """What a document with this signed amount is; none where nothing says it."""
        credit = document.half is Half.DOCUMENT and document.series in self.credit_types
        if amount < 0 or credit:
            return Nature.REFUND
        if amount == 0 or (document.half is Half.RECEIPT and not self.credits_are_negative):
            return None
        return Nature.SALE


@dataclass(frozen=True, slots=True)
class Known:
    """A document as the ledger's events tell it; the amount in minor units, without sign."""

    document: Document
    role: Role
    customer_id: str
    currency: str
    amount: int
    at: datetime
    """When the ledger came to know it."""
    stream: UUID
    """The refund, original or grant that it belongs to."""
    anchor: date
    """The day that it is looked for in a period by."""
    first: date | None = None
    """The first day that its date may be; none where nothing limits it."""
    last: date | None = None
    way: Way | None = None
    marker: str = ""
    """What stands in its comment, where a call of ours made it."""
    duplicate_of: str = ""

    @property
    def nature(self) -> Nature | None:
        """What it must be there; none where it may be either."""
        return NATURES.get(self.role)


@dataclass(frozen=True, slots=True)
class Credited:
    """Something of this original was given back, or may have been: it may be shown as cancelled."""

    document: Document


@dataclass(frozen=True, slots=True)
class Explained:
    """A person said what this document is, which was booked beyond an original or twice."""

    document: Document
    by: str
    why: str
    at: datetime


Told = Known | Credited | Explained


@dataclass(frozen=True, slots=True)
class Unbooked:
    """A part whose call was announced, and that has no document."""

    refund: UUID
    key: str
    part: Part
    marker: str
    customer_id: str
    currency: str
    asked: int
    since: date
    """The first day that its document may be dated."""
    anchor: date
    in_doubt: bool
    """Whether a call was sent whose outcome nobody knows."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document as the accounting system lists it; the amount in minor units, without sign."""

    document: Document
    customer_id: str
    currency: str | None
    """None where the list does not say."""
    amount: int
    issued_on: date
    nature: Nature | None = None
    """None where nothing says it."""
    cancelled: bool | None = None
    """None where it does not say."""
    markers: frozenset[str] = frozenset()
    """The markers of refunds that its comment carries."""


def values_here(known: Known) -> tuple[str, ...]:
    """What the ledger says of a document, as digests and people compare it."""
    dates = (str(day) if day else "" for day in (known.first, known.last))
    amount = str(known.amount)
    return (str(known.document), known.role, known.customer_id, known.currency, amount, *dates)


def values_there(listed: Listed) -> tuple[str, ...]:
    """What the accounting system says of a document, as digests and people compare it."""
    flag = "" if listed.cancelled is None else str(listed.cancelled)
    return (
        str(listed.document),
        listed.nature or "",
        listed.customer_id,
        listed.currency or "",
        str(listed.amount),
        str(listed.issued_on),
        flag,
        " ".join(sorted(listed.markers)),
    )


def canonical(values: tuple[str, ...]) -> bytes:
    """The bytes that a digest is taken over: one line of JSON."""
    return f"[{','.join(map(encode_basestring, values))}]\n".encode()
