"""What has happened, in the past tense and for ever; each event carries every number that it moves.

Amounts are whole minor units of the event's `currency`. A `source` is what a customer's position
is kept under: a sale ("invoice:1/2345"), a grant ("grant:reference") or a goodwill refund
("refund:id"). `TOPIC` is the stored name of a class and never changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from refund_ledger.originals import (
    Closes,
    Document,
    Half,
    Immutable,
    Kind,
    Line,
    Method,
    Minor,
    OriginalRef,
    Payment,
    PaymentDetails,
)

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
    """What a refund gives back: (part of) an original, a credit, or a goodwill without an original."""

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


# --- values inside events -------------------------------------------------------------------------


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


class SourceBack(Immutable):
    """What goes back to one source."""

    source: str
    held: Minor = 0
    """Held credit becomes credit again."""
    cover: Minor = 0
    """Promised cover becomes cover again."""
    promised: Minor = 0
    """Promised credit becomes credit."""


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


# --- the events -----------------------------------------------------------------------------------


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


class OriginalPaid(Event):
    """A receipt that pays this sale was recorded."""

    TOPIC = "original.paid"

    sale: str
    receipt: str
    closes: Minor
    """What the receipt says that it pays of this sale."""
    paid: Minor
    """What of that was not known when the sale was read."""
    credit: Minor = 0
    """What of `paid` no debt was left for: the customer may ask for it."""


class CreditGranted(Event):
    """The company owes the customer: an overpayment, a credit note or an opening balance."""

    TOPIC = "credit.granted"

    reference: str
    why: GrantReason
    amount: Minor
    granted_on: date
    document: DocumentId | None = None
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
    """What of the amount took debt off `sale`."""
    comment: Comment = ""

    @property
    def source(self) -> str:
        """What the credit is kept under."""
        return f"grant:{self.reference}"


class RefundEvent(Event):
    """An event in the life of one refund."""

    TOPIC: ClassVar[str] = "refund"


class RefundRequested(RefundEvent):
    """Somebody asked to give money back; what it needs is reserved from here on."""

    TOPIC = "refund.requested"

    key: str
    digest: Digest
    kind: RefundKind
    reason: str
    comment: Comment = ""
    sale: str = ""
    """The original whose lines are credited."""
    receipt: str = ""
    """The original whose payments are paid back."""
    lines: tuple[TakenLine, ...] = ()
    payments: tuple[TakenPayment, ...] = ()
    credited: Minor = 0
    """The invoice part, VAT included; zero where there is none."""
    paid_back: Minor = 0
    """The receipt part; zero where there is none."""
    backing: tuple[Backing, ...] = ()
    method: Method | None = None
    source_account: str = ""
    details: PaymentDetails = PaymentDetails()
    invoice_way: Way | None = None
    receipt_way: Way | None = None
    exchange_rate: str | None = None
    price_includes_vat: bool = True
    needs_approval: tuple[str, ...] = ()
    """Why a second person has to agree; empty where nobody has to."""

    @property
    def net(self) -> int:
        """The credited lines without VAT."""
        return sum(line.net for line in self.lines)

    @property
    def vat(self) -> int:
        """The VAT of the credited lines."""
        return sum(line.vat for line in self.lines)

    @property
    def source(self) -> str:
        """What its invoice part falls upon."""
        return self.sale or f"refund:{self.originator_id}"

    def way(self, part: Part) -> Way | None:
        """How a part is booked; none where the refund has no such part."""
        return self.invoice_way if part is Part.INVOICE else self.receipt_way

    def asked(self, part: Part) -> int:
        """What a part amounts to."""
        return self.credited if part is Part.INVOICE else self.paid_back


class RefundApproved(RefundEvent):
    """A second person agreed to exactly this request."""

    TOPIC = "refund.approved"

    request_digest: Digest


class RefundRejected(RefundEvent):
    """A second person refused; what was reserved is given back."""

    TOPIC = "refund.rejected"

    why: Comment
    given_back: GivenBack


class RefundWithdrawn(RefundEvent):
    """The request was taken back before anything was sent."""

    TOPIC = "refund.withdrawn"

    why: Comment = ""
    given_back: GivenBack


class CallSubmitted(RefundEvent):
    """A call is about to be sent; saved before a byte leaves. Only its saver may send, once."""

    TOPIC = "refund.call_submitted"

    part: Part
    attempt: int
    method: str
    reference: str
    marker: str
    request: str
    """The body as sent, without token and names."""
    digest: Digest
    send_by: AwareDatetime
    looked_from: AwareDatetime | None = None
    """For a resend: when the look began that proved the earlier attempts absent."""
    evidence: tuple[Evidence, ...] = ()


class CallNotSent(RefundEvent):
    """Not a byte left: the connection was refused, or the time to send had passed."""

    TOPIC = "refund.call_not_sent"

    part: Part
    attempt: int
    why: str


class CallInDoubt(RefundEvent):
    """A call was sent, or may have been, and its outcome is not known."""

    TOPIC = "refund.call_in_doubt"

    part: Part
    attempt: int
    why: str
    look_after: AwareDatetime
    """Before this a look proves nothing."""
    for_person: bool = False
    """The look-ups are at an end: a person has to decide."""
    evidence: tuple[Evidence, ...] = ()


class CallRefused(RefundEvent):
    """The accounting system refused the only attempt; nothing was booked."""

    TOPIC = "refund.call_refused"

    part: Part
    attempt: int
    code: str
    message: str


class Decision(StrEnum):
    """What a person may decide about a part that waits for one."""

    HAPPENED = "happened"
    SEND_AGAIN = "send_again"
    CLOSE = "close"


class Resolved(RefundEvent):
    """A person decided what a waiting part comes to, on the evidence seen."""

    TOPIC = "refund.resolved"

    part: Part
    decision: Decision
    why: Comment
    seen_version: int
    evidence: tuple[Evidence, ...] = ()


class InvoicePartCancelled(RefundEvent):
    """The credit document exists: the sale is credited in the books."""

    TOPIC = "refund.invoice_part_cancelled"

    document: DocumentId
    learned: Learned
    asked: Minor
    booked: Minor
    net: Minor
    vat: Minor
    from_reserved: Minor
    """What of the booked amount the request had reserved."""
    excess: Minor = 0
    """What was booked beyond that: more than the original had."""
    quantity: Minor = 0
    """What of the lines' quantities is credited by it, all lines together."""
    sale: str = ""
    fall: Fall
    evidence: tuple[Evidence, ...] = ()


class ReceiptPartCancelled(RefundEvent):
    """The counter-receipt exists: the money is given back in the books."""

    TOPIC = "refund.receipt_part_cancelled"

    document: DocumentId
    learned: Learned
    asked: Minor
    booked: Minor
    from_reserved: Minor
    """What of the booked amount the request had reserved of an original's payments."""
    excess: Minor = 0
    """What was booked beyond that, where the refund takes from an original's payments."""
    receipt: str = ""
    method: Method | None = None
    source_account: str = ""
    draws: tuple[Draw, ...]
    evidence: tuple[Evidence, ...] = ()


class RefundCompleted(RefundEvent):
    """Every part is booked."""

    TOPIC = "refund.completed"

    given_back: GivenBack


class RefundClosed(RefundEvent):
    """A person ended the refund before every part was booked."""

    TOPIC = "refund.closed"

    why: Comment
    given_back: GivenBack
    in_doubt: tuple[Part, ...] = ()
    """Parts whose outcome was still unknown; they stay reserved and are watched."""


class LateSuccessFound(RefundEvent):
    """A counter-document turned up after the ledger had moved on: an alert until acknowledged."""

    TOPIC = "refund.late_success_found"

    part: Part
    document: DocumentId
    learned: Learned
    booked: Minor
    net: Minor = 0
    vat: Minor = 0
    original: str = ""
    lines: tuple[TakenLine, ...] = ()
    payments: tuple[TakenPayment, ...] = ()
    from_reserved: Minor = 0
    """What the refund still held for this part: it was closed while the part was in doubt."""
    quantity: Minor = 0
    """What of the quantity it still held."""
    excess: Minor
    """What the original no longer had."""
    source_account: str = ""
    fall: Fall | None = None
    draws: tuple[Draw, ...] = ()
    duplicate_of: DocumentId | None = None
    evidence: tuple[Evidence, ...] = ()


class AlertAcknowledged(RefundEvent):
    """A person has seen an alert and says what was done about it."""

    TOPIC = "refund.alert_acknowledged"

    document: DocumentId
    why: Comment


GivenBack.model_rebuild()


def event_classes() -> dict[str, type[Event]]:
    """Every stored event class by its `TOPIC`."""
    return {cls.TOPIC: cls for cls in _leaves(Event)}


def _leaves(cls: type[Event]) -> Iterator[type[Event]]:
    below: list[Any] = cls.__subclasses__()
    if not below:
        yield cls
    for sub in below:
        yield from _leaves(sub)


def claims(event: Event) -> tuple[Document, ...]:
    """The documents that an event takes for itself; one document is taken once in a company."""
    match event:
        case InvoicePartCancelled() | ReceiptPartCancelled() | LateSuccessFound():
            return (event.document.key,)
        case CreditGranted(document=DocumentId() as document):
            return (document.key,)
        case OriginalRecorded():
            halves = ((Half.DOCUMENT, event.kind.has_sale), (Half.RECEIPT, event.kind.has_money))
            return tuple(event.ref.document(half) for half, has in halves if has)
        case _:
            return ()
