"""The life of one refund: asked, agreed, called, answered, ended; and what turned up later."""

from __future__ import annotations

from typing import ClassVar

from pydantic import AwareDatetime

from refund_ledger.originals import Method, Minor, PaymentDetails
from refund_ledger.recorded_events import Event
from refund_ledger.values import (
    Backing,
    Comment,
    Decision,
    Digest,
    DocumentId,
    Draw,
    Evidence,
    Fall,
    GivenBack,
    Learned,
    Part,
    RefundKind,
    TakenLine,
    TakenPayment,
    Way,
)


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
    receipt_rate: str | None = None
    """The rate of the receipt that is paid back; none where it has none of its own."""
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
    """It was refused instead of approved; what was reserved is given back."""

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
    """Nothing came of a call: it was not let in, or its time to be sent had passed."""

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
    absent: tuple[Part, ...] = ()
    """Parts that had been in doubt and were proven absent: what they had reserved is free."""
    seen_version: int | None = None
    """The version that a person decided on; none where no person did."""
    evidence: tuple[Evidence, ...] = ()
    """What was found of the parts in doubt."""


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


class PartWatched(RefundEvent):
    """A part that had been in doubt, refused or closed was looked at again, and nothing was new."""

    TOPIC = "refund.part_watched"

    part: Part
    looked_from: AwareDatetime
    evidence: tuple[Evidence, ...] = ()
