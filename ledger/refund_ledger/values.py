"""The values inside events: closed choices, what is taken of an original, and where amounts go.

Amounts are whole minor units of the event's `currency`. A `source` is what a customer's position
is kept under: a sale ("invoice:1/2345"), a grant ("grant:reference") or a goodwill refund
("refund:id").
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from refund_ledger.originals import Document, Half, Immutable, Method, Minor, PaymentDetails

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Comment = Annotated[str, Field(max_length=1000)]


class Part(StrEnum):
    """The two halves of a refund."""

    INVOICE = "invoice"
    RECEIPT = "receipt"

    @property
    def half(self) -> Half:
        """Which number range of the accounting system its counter-document is in."""
        return Half.DOCUMENT if self is Part.INVOICE else Half.RECEIPT


class Way(StrEnum):
    """How a part is booked: the whole original is cancelled, or a new document is written."""

    CANCEL = "cancel"
    NEW = "new"


class RefundKind(StrEnum):
    """What a refund gives back: (part of) an original, a credit, or a goodwill."""

    ORIGINAL = "original"
    CREDIT = "credit"
    GOODWILL = "goodwill"


class GrantReason(StrEnum):
    """Why a customer holds a credit that no refund made."""

    OVERPAYMENT = "overpayment"
    CREDIT_NOTE = "credit_note"
    OPENING_BALANCE = "opening_balance"


class ReductionReason(StrEnum):
    """Why a granted credit became less without being paid out."""

    REVERSED = "reversed"
    EXPIRED = "expired"
    USED_ON_SALE = "used_on_sale"


class Learned(StrEnum):
    """How the ledger came to know that a counter-document exists."""

    ANSWER = "answer"
    LOOK_UP = "look_up"
    PERSON = "person"


class How(StrEnum):
    """What a person says that an amount is which found no place when it was booked."""

    REVERSED = "reversed"
    """The document was reversed there, by another one."""
    ACCEPTED = "accepted"
    """It stands: it counts against its original, and the customer has it as credit or in money."""
    WRITTEN_OFF = "written_off"
    """The company bears it; the customer stands as if the document had never been made."""
    BELONGS_ELSEWHERE = "belongs_elsewhere"
    """It gives back another original."""


class Decision(StrEnum):
    """What a person may decide about a part that waits for one."""

    HAPPENED = "happened"
    SEND_AGAIN = "send_again"


class TakenLine(Immutable):
    """What a refund takes of one line: amounts, quantity, and what of it came back as goods."""

    line: int
    description: Annotated[str, Field(max_length=200)] = ""
    item: Annotated[str, Field(max_length=40)] = ""
    net: Minor
    vat: Minor
    quantity: Minor = 0
    returned: Minor = 0
    """In millionths; at most `quantity`. What is credited but not returned stays out of stock."""
    exempt: bool = False

    @property
    def gross(self) -> int:
        """Net and VAT together."""
        return self.net + self.vat


class TakenPayment(Immutable):
    """What a refund takes of one payment of the original."""

    payment: int
    amount: Minor
    method: Method | None = None
    """How the original was paid; a refund that names its own method pays by that instead."""
    details: PaymentDetails = PaymentDetails()


class Backing(Immutable):
    """Where the money of a refund comes from: credit of a source, or the paid part of a sale."""

    source: str
    from_credit: Minor = 0
    from_cover: Minor = 0


class Fall(Immutable):
    """Where a credited amount fell: first on debt, then on promises, then it became credit."""

    source: str
    opened: Minor = 0
    """What it took off the customer's debt on the sale."""
    promised: Minor = 0
    """What it turned from promised cover into promised credit."""
    credit: Minor = 0
    """What the customer may now ask for, out of the covered part of the sale."""
    granted: Minor = 0
    """What the customer may now ask for without cover: a goodwill."""
    exceeds: Minor = 0
    """What found no place: unexplained, never payable."""

    @property
    def whole(self) -> int:
        """All of it."""
        return self.opened + self.promised + self.credit + self.granted + self.exceeds


class Draw(Immutable):
    """Where paid-out money was taken from, for one source."""

    source: str
    held: Minor = 0
    """Out of the credit that this refund took at its request."""
    promised: Minor = 0
    """Out of credit that fell upon a promise."""
    reopens: Minor = 0
    """Out of promised cover: the customer owes it again."""
    credit: Minor = 0
    """Out of free credit (only for facts that no promise foresaw)."""
    uncovers: Minor = 0
    """Out of free cover, reopening debt (only for facts that no promise foresaw)."""
    exceeds: Minor = 0
    """What found no place: unexplained."""


class SourceBack(Immutable):
    """What goes back to one source."""

    source: str
    held: Minor = 0
    """Held credit becomes credit again."""
    cover: Minor = 0
    """Promised cover becomes cover again."""
    promised: Minor = 0
    """Promised credit becomes credit."""


class GivenBack(Immutable):
    """What a refund that is over returns of what it had taken."""

    kind: RefundKind
    sale: str = ""
    lines: tuple[TakenLine, ...] = ()
    receipt: str = ""
    payments: tuple[TakenPayment, ...] = ()
    sources: tuple[SourceBack, ...] = ()
    goodwill: Minor = 0
    """Rights of a goodwill refund that were not used."""


class Undone(Immutable):
    """What a document had moved that was reversed there, moving back."""

    net: Minor = 0
    """What of it the returned sales had."""
    vat: Minor = 0
    """What of it the VAT taken back had."""
    paid: Minor = 0
    """The money that it had paid back."""
    source_account: str = ""
    allowed: Minor = 0
    """What stood beyond what the original gives a right to."""
    goodwill: Minor = 0
    """What stood of a goodwill."""
    fall: Fall | None = None
    """What was credited and is no more: owed again, promised or covered again, credit no more."""
    owed: Minor = 0
    """What the customer got of it beyond the sale, and owes."""
    draws: tuple[Draw, ...] = ()
    """What was paid back and is there again: paid again of the sale, or credit again."""


class DocumentId(Immutable):
    """A document of the accounting system, as an event stores it."""

    half: Half
    series: int
    number: int
    identity: str = ""
    """The system's own identifier of it, where it gave one."""

    @property
    def key(self) -> Document:
        """What makes it unique within a company."""
        return Document(self.half, self.series, self.number)


class Evidence(Immutable):
    """What one source said when it was asked about a call in doubt."""

    source: str
    said: Annotated[str, Field(max_length=2000)]
    """Redacted; no token, no names."""
