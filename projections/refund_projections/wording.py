"""Wording: what each event says to an accountant, and the document that it is about."""

from __future__ import annotations

from datetime import datetime
from functools import singledispatch

from refund_ledger.errors import InvariantError
from refund_ledger.events import (
    AlertAcknowledged,
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    CreditGranted,
    CreditReduced,
    Decision,
    DifferenceAccepted,
    DiscrepancyExplained,
    DocumentId,
    Event,
    GrantReason,
    How,
    InvoicePartCancelled,
    LateSuccessFound,
    OriginalPaid,
    OriginalRecorded,
    OutsideRefundRecorded,
    Part,
    PartWatched,
    ReceiptLinked,
    ReceiptPartCancelled,
    ReconciliationDone,
    ReductionReason,
    RefundApproved,
    RefundClosed,
    RefundCompleted,
    RefundKind,
    RefundRejected,
    RefundRequested,
    RefundWithdrawn,
    Resolved,
)
from refund_ledger.money import format_minor

GRANTED_FOR = {
    GrantReason.OVERPAYMENT: "the customer paid too much",
    GrantReason.CREDIT_NOTE: "an open credit note",
    GrantReason.OPENING_BALANCE: "a balance brought forward",
}
REDUCED_BY = {
    ReductionReason.REVERSED: "was reversed",
    ReductionReason.EXPIRED: "expired",
    ReductionReason.USED_ON_SALE: "was used to pay",
}
DECIDED = {
    Decision.HAPPENED: "it happened",
    Decision.SEND_AGAIN: "it may be sent again",
}
EXPLAINED_AS = {
    How.REVERSED: "it was reversed there",
    How.ACCEPTED: "it stands and counts",
    How.WRITTEN_OFF: "the company bears it",
    How.BELONGS_ELSEWHERE: "it gives back",
}


def amount(minor: int, currency: str) -> str:
    """An amount as people write it; unlike `Money` it may be as large as a sum gets."""
    return f"{format_minor(minor, currency)} {currency}"


def named(reference: str) -> str:
    """An original or source as people say it: "invoice-receipt 2/6923", "grant 2026-17"."""
    kind, _, name = reference.partition(":")
    return f"{kind.replace('_', '-')} {name}".strip()


def moment(at: datetime) -> str:
    """A time with its zone, to the second."""
    return at.isoformat(sep=" ", timespec="seconds")


def document_of(event: Event) -> str:
    """The document that an event is about, as people say it; empty where there is none."""
    match event:
        case OriginalRecorded():
            return named(str(event.ref))
        case ReceiptLinked():
            return named(event.receipt)
        case OriginalPaid():
            return "" if event.receipt.startswith("grant:") else named(event.receipt)
        case (
            InvoicePartCancelled(document=document)
            | ReceiptPartCancelled(document=document)
            | LateSuccessFound(document=document)
            | OutsideRefundRecorded(document=document)
            | AlertAcknowledged(document=document)
            | DifferenceAccepted(document=document)
            | DiscrepancyExplained(document=DocumentId() as document)
            | CreditGranted(document=DocumentId() as document)
        ):
            return str(document.key)
        case _:
            return ""


@singledispatch
def words(event: Event) -> str:
    """Say in one sentence what happened."""
    raise InvariantError(f"{type(event).__name__} has no words; write them beside the others")


# --- what the accounting system holds -------------------------------------------------------------


@words.register
def _(event: OriginalRecorded) -> str:
    sale = sum(line.gross for line in event.lines)
    paid = sum(payment.amount for payment in event.payments)
    totals = (
        (sale, "sold"),
        (paid, "paid by it"),
        (event.open_amount, "still open"),
        (event.overpaid, "paid too much"),
    )
    known = [f"{amount(minor, event.currency)} {what}" for minor, what in totals if minor]
    return (
        f"{_sentence(named(str(event.ref)))} of {event.issued_on} was read from {event.read_from}: "
        f"{', '.join(known) or 'nothing of value'}"
    )


@words.register
def _(event: OriginalPaid) -> str:
    kind, _, name = event.receipt.partition(":")
    payer = f"The credit {name}" if kind == "grant" else _sentence(named(event.receipt))
    sale = named(event.sale)
    if not event.paid:
        return f"{payer} pays {amount(event.closes, event.currency)} of {sale}, known before"
    beyond = (
        f"; {amount(event.credit, event.currency)} of it is more than was owed and became credit"
        if event.credit
        else ""
    )
    return f"{payer} pays {amount(event.paid, event.currency)} of {sale}{beyond}"


@words.register
def _(event: ReceiptLinked) -> str:
    sales = " and ".join(
        f"{amount(part.amount, event.currency)} of {named(part.sale)}" for part in event.links
    )
    receipt = _sentence(named(event.receipt))
    return f"{receipt} was read again from {event.read_from}: it was said to pay {sales} too"


@words.register
def _(event: CreditGranted) -> str:
    money = amount(event.amount, event.currency)
    return f"A credit of {money} was recorded ({event.reference}): {GRANTED_FOR[event.why]}"


@words.register
def _(event: CreditReduced) -> str:
    whole = amount(event.amount + event.exceeds, event.currency)
    used_on = f" {named(event.sale)}" if event.sale else ""
    beyond = (
        f"; {amount(event.exceeds, event.currency)} of it was gone already and stands unexplained"
        if event.exceeds
        else ""
    )
    back = (
        f"; {amount(event.to_cover, event.currency)} of it is money of {named(event.receipt)} again"
        if event.to_cover
        else ""
    )
    return f"{whole} of the credit {event.reference} {REDUCED_BY[event.why]}{used_on}{beyond}{back}"


# --- people ---------------------------------------------------------------------------------------


@words.register
def _(event: RefundRequested) -> str:
    held = sum(backing.from_credit for backing in event.backing)
    aside = f"; {amount(held, event.currency)} of credit is set aside for it" if held else ""
    return f"A refund was requested ({event.reason}): {_wanted(event)}{aside}"


def _wanted(event: RefundRequested) -> str:
    credited = amount(event.credited, event.currency)
    paid_back = amount(event.paid_back, event.currency)
    if event.kind is RefundKind.CREDIT:
        return f"{paid_back} of the customer's credit to be paid out"
    what = f"of {named(event.sale)}" if event.sale else "of goodwill"
    wanted = []
    if event.credited:
        wanted.append(f"{credited} {what} to be credited")
    if event.paid_back:
        of = f" of {named(event.receipt)}" if event.receipt else ""
        wanted.append(f"{paid_back}{of} to be paid back")
    return " and ".join(wanted)


@words.register
def _(event: RefundApproved) -> str:
    return f"{event.actor} agreed to exactly this request"


@words.register
def _(event: RefundRejected) -> str:
    return f"The request was rejected{_because(event.why)}; what it had reserved is free again"


@words.register
def _(event: RefundWithdrawn) -> str:
    return f"The request was withdrawn{_because(event.why)}; what it had reserved is free again"


@words.register
def _(event: Resolved) -> str:
    decided = DECIDED[event.decision]
    return f"{event.actor} decided about the {event.part} part: {decided}{_because(event.why)}"


@words.register
def _(event: RefundClosed) -> str:
    absent, parts = " and ".join(event.absent), " and ".join(event.in_doubt)
    proven = f"; the {absent} part was proven absent" if absent else ""
    doubt = f"; of the {parts} part it is still not known what became of it" if parts else ""
    return f"The refund was closed before every part was booked{_because(event.why)}{proven}{doubt}"


@words.register
def _(event: AlertAcknowledged) -> str:
    return f"{event.actor} has seen the alert about {document_of(event)}{_because(event.why)}"


# --- calls ----------------------------------------------------------------------------------------


@words.register
def _(event: CallSubmitted) -> str:
    return (
        f"{_attempt(event.part, event.attempt)} is about to be sent as {event.method}, "
        f"until {moment(event.send_by)} and not later"
    )


@words.register
def _(event: CallNotSent) -> str:
    return f"{_attempt(event.part, event.attempt)} was not carried out{_because(event.why)}"


@words.register
def _(event: CallInDoubt) -> str:
    then = "a person has to decide" if event.for_person else "it will be looked for"
    what = _attempt(event.part, event.attempt)
    return f"{what} may have been carried out or not{_because(event.why)}; {then}"


@words.register
def _(event: CallRefused) -> str:
    if not event.attempt:
        return f"The {event.part} part cannot be sent as it is: {event.message}; nothing was booked"
    said = f"{event.message} (code {event.code})"
    return f"{_attempt(event.part, event.attempt)} was refused: {said}; nothing was booked"


@words.register
def _(event: PartWatched) -> str:
    return f"The {event.part} part was looked at again; no other document of it was found"


# --- what was booked ------------------------------------------------------------------------------


@words.register
def _(event: InvoicePartCancelled) -> str:
    sale = named(event.sale) if event.sale else "a goodwill"
    return f"{_sentence(document_of(event))} credits {_booked(event)} of {sale}"


@words.register
def _(event: ReceiptPartCancelled) -> str:
    of = f" of {named(event.receipt)}" if event.receipt else ""
    return f"{_sentence(document_of(event))} pays back {_booked(event)}{of}"


def _booked(event: InvoicePartCancelled | ReceiptPartCancelled) -> str:
    booked = amount(event.booked, event.currency)
    if event.booked == event.asked:
        return booked
    return f"{booked} (asked for were {amount(event.asked, event.currency)})"


@words.register
def _(event: RefundCompleted) -> str:
    back = event.given_back
    unused = back.lines or back.payments or back.sources or back.goodwill
    rest = "; what it did not need is free again" if unused else ""
    return f"Every part is booked; the refund is complete{rest}"


@words.register
def _(event: LateSuccessFound) -> str:
    what = f"{_sentence(document_of(event))} over {amount(event.booked, event.currency)}"
    if event.duplicate_of:
        return (
            f"{what} turned up beside {event.duplicate_of.key} for the same {event.part} part: "
            "it stands unexplained until a person says what it is"
        )
    return f"{what} turned up for the {event.part} part after the refund was over; look at it"


# --- what was given back outside ------------------------------------------------------------------


@words.register
def _(event: OutsideRefundRecorded) -> str:
    does = "credits" if event.part is Part.INVOICE else "pays back"
    of = f" of {named(event.original)}" if event.original else "; nobody knows of what"
    beyond = f", {amount(event.excess, event.currency)} more than it had" if event.excess else ""
    return (
        f"{_sentence(document_of(event))}, made outside this ledger and read from "
        f"{event.read_from}, {does} {amount(event.booked, event.currency)}{of}{beyond}"
    )


@words.register
def _(event: DiscrepancyExplained) -> str:
    by = f" by {event.reversed_by.key}" if event.reversed_by else ""
    elsewhere = f" {named(event.counts_on)}" if event.how is How.BELONGS_ELSEWHERE else ""
    explained = f"{amount(event.amount, event.currency)} of {named(event.subject)}"
    return (
        f"{event.actor} explained {explained}: "
        f"{EXPLAINED_AS[event.how]}{by}{elsewhere}{_because(event.why)}"
    )


# --- what was compared ----------------------------------------------------------------------------


@words.register
def _(event: ReconciliationDone) -> str:
    found = sum(tally.count for tally in event.differences)
    differ = f"{found} differences" if found else "nothing differs"
    known = sum(tally.count for tally in event.accepted)
    beside = f" beside {known} accepted before" if known else ""
    return (
        f"{_sentence(event.actor)} compared {event.since} to {event.until} with "
        f"{event.read_from}: {event.matched} documents match, {differ}{beside}"
    )


@words.register
def _(event: DifferenceAccepted) -> str:
    what = f"{document_of(event)} ({event.difference})"
    return f"{event.actor} accepted a difference of {what}{_because(event.why)}"


# --- phrases --------------------------------------------------------------------------------------


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _because(why: str) -> str:
    return f": {why}" if why else ""


def _attempt(part: Part, attempt: int) -> str:
    return f"Attempt {attempt} to book the {part} part"
