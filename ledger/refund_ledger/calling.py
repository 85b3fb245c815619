"""Calling: what a refund says before, during and after its calls to the accounting system."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from refund_ledger.balances import Look
from refund_ledger.errors import WrongStateError
from refund_ledger.events import (
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    Decision,
    DocumentId,
    Event,
    Evidence,
    Fall,
    InvoicePartCancelled,
    LateSuccessFound,
    Learned,
    Part,
    ReceiptPartCancelled,
    RefundCompleted,
    Resolved,
    TakenLine,
    TakenPayment,
)
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.lifecycle import next_event
from refund_ledger.money import allocate
from refund_ledger.postings import postings
from refund_ledger.refund import PartStatus, Refund, Status, evolve
from refund_ledger.settling import (
    draws_of,
    fall_of,
    free_draws_of,
    given_back,
    sale_split,
    with_excess,
)
from refund_ledger.stamps import Stamp


def submit(
    refund: Refund,
    stamp: Stamp,
    part: Part,
    *,
    method: str,
    reference: str,
    marker: str,
    request: str,
    digest: str,
    send_by: datetime,
    looked_from: datetime | None = None,
    evidence: tuple[Evidence, ...] = (),
) -> tuple[Event, ...]:
    """Announce a call before a byte of it is sent; whoever saves this may send it, once.

    A part in doubt is submitted again only with the evidence that its earlier attempts are absent.
    """
    state = refund.part(part)
    proven = state.status is PartStatus.IN_DOUBT and bool(evidence) and looked_from is not None
    if refund.status is not Status.IN_PROGRESS or not (state.status is PartStatus.DUE or proven):
        raise WrongStateError(f"the {part} part is {state.status}; it cannot be sent now")
    if part is Part.RECEIPT and refund.request.invoice_way:
        if refund.invoice.status is not PartStatus.CANCELLED:
            raise WrongStateError("the receipt part waits until the invoice part is cancelled")
    return (
        next_event(
            refund,
            CallSubmitted,
            stamp,
            part=part,
            attempt=state.attempts + 1,
            method=method,
            reference=reference,
            marker=marker,
            request=request,
            digest=digest,
            send_by=send_by,
            looked_from=looked_from,
            evidence=evidence,
        ),
    )


def not_sent(refund: Refund, stamp: Stamp, part: Part, attempt: int, *, why: str) -> tuple[Event, ...]:
    """Record that an attempt never left; the part is due again."""
    if not _is_out(refund, part, attempt):
        return ()
    return (next_event(refund, CallNotSent, stamp, part=part, attempt=attempt, why=why),)


def in_doubt(
    refund: Refund,
    stamp: Stamp,
    part: Part,
    attempt: int,
    *,
    why: str,
    look_after: datetime,
    for_person: bool = False,
    evidence: tuple[Evidence, ...] = (),
) -> tuple[Event, ...]:
    """Record that the outcome of an attempt is not known, and when a look can prove something."""
    state = refund.part(part)
    waiting = state.status in {PartStatus.SUBMITTED, PartStatus.IN_DOUBT}
    if not waiting or state.attempts != attempt:
        return ()
    fields: dict[str, Any] = {"why": why, "look_after": look_after, "for_person": for_person, "evidence": evidence}
    return (next_event(refund, CallInDoubt, stamp, part=part, attempt=attempt, **fields),)


def refused(
    refund: Refund, stamp: Stamp, part: Part, attempt: int, *, code: str, message: str
) -> tuple[Event, ...]:
    """Record a definite refusal of the attempt that is out; a stale one says nothing."""
    if not _is_out(refund, part, attempt):
        return ()
    return (
        next_event(refund, CallRefused, stamp, part=part, attempt=attempt, code=code, message=message),
    )


def _is_out(refund: Refund, part: Part, attempt: int) -> bool:
    """Whether exactly this attempt is unexplained and no other is."""
    state = refund.part(part)
    open_states = {PartStatus.SUBMITTED, PartStatus.IN_DOUBT}
    return state.status in open_states and state.unexplained == {attempt}


def succeeded(
    refund: Refund,
    stamp: Stamp,
    part: Part,
    document: DocumentId,
    *,
    booked: int | None,
    learned: Learned,
    look: Look,
    evidence: tuple[Evidence, ...] = (),
    decided: Resolved | None = None,
) -> tuple[Event, ...]:
    """Record that a counter-document exists, whenever it is learned; a fact is never refused.

    The first document of a part that is still wanted is its answer. One that comes after the refund
    was closed, or beside another, is a late success: an alert. The same document again is nothing.
    """
    state = refund.part(part)
    if any(known.key == document.key for known in state.documents):
        return ()
    amount = refund.request.asked(part) if booked is None else booked
    before = (decided,) if decided else ()
    for event in before:
        refund = evolve(refund, event)
    if refund.status is Status.IN_PROGRESS and state.status is not PartStatus.CANCELLED:
        event = _part_cancelled(refund, stamp, part, document, amount, learned, look, evidence)
        look.post(postings(event))
        return (*before, event, *_completed(evolve(refund, event), stamp, look))
    late = _late_success(refund, stamp, part, document, amount, learned, look, evidence)
    return (*before, late)


def decided_happened(
    refund: Refund, stamp: Stamp, part: Part, *, why: str, evidence: tuple[Evidence, ...]
) -> Resolved:
    """A person says that the call did happen; goes into the same save as what it means."""
    return next_event(
        refund,
        Resolved,
        stamp,
        part=part,
        decision=Decision.HAPPENED,
        why=why,
        seen_version=refund.version,
        evidence=evidence,
    )


def _part_cancelled(  # noqa: PLR0913 - everything that a success is known by
    refund: Refund,
    stamp: Stamp,
    part: Part,
    document: DocumentId,
    booked: int,
    learned: Learned,
    look: Look,
    evidence: tuple[Evidence, ...],
) -> Event:
    request = refund.request
    common: dict[str, Any] = {
        "document": document,
        "learned": learned,
        "asked": request.asked(part),
        "booked": booked,
        "evidence": evidence,
    }
    if part is Part.INVOICE:
        within = min(booked, refund.left_sale)
        net, vat = sale_split(request, booked)
        return next_event(
            refund,
            InvoicePartCancelled,
            stamp,
            **common,
            net=net,
            vat=vat,
            from_reserved=within,
            excess=booked - within,
            quantity=refund.left_quantity,
            sale=request.sale,
            fall=fall_of(request, booked, look),
        )
    within = min(booked, refund.left_money)
    return next_event(
        refund,
        ReceiptPartCancelled,
        stamp,
        **common,
        from_reserved=within,
        excess=booked - within if request.receipt else 0,
        receipt=request.receipt,
        method=request.method,
        source_account=request.source_account,
        draws=draws_of(refund, booked, look),
    )


def _completed(refund: Refund, stamp: Stamp, look: Look) -> tuple[Event, ...]:
    """End the refund when every part that it has is cancelled."""
    if any(refund.part(part).status is not PartStatus.CANCELLED for part in refund.parts):
        return ()
    return (next_event(refund, RefundCompleted, stamp, given_back=given_back(refund, look)),)


def _late_success(  # noqa: PLR0913 - everything that a success is known by
    refund: Refund,
    stamp: Stamp,
    part: Part,
    document: DocumentId,
    booked: int,
    learned: Learned,
    look: Look,
    evidence: tuple[Evidence, ...],
) -> Event:
    """Take what a late document took; what the original no longer has is excess.

    A second document of one part explains nothing: its whole amount is unexplained until a person
    says what it is, and never becomes credit that could be paid out.
    """
    request, known = refund.request, refund.part(part).documents
    sale = part is Part.INVOICE
    left = refund.left_sale if sale else refund.left_money
    within = 0 if known else min(booked, left)
    lines, payments = _still_there(refund, part, booked - within, look)
    taken = sum(line.gross for line in lines) + sum(payment.amount for payment in payments)
    has_rights = bool(request.receipt) or sale
    net, vat = sale_split(request, booked) if sale else (0, 0)
    if known:
        fall = Fall(source=request.source, exceeds=booked) if sale else None
        draws = () if sale else with_excess(request, [], booked)
    else:
        fall = fall_of(request, booked, look) if sale else None
        draws = () if sale else free_draws_of(refund, booked, look)
    return next_event(
        refund,
        LateSuccessFound,
        stamp,
        part=part,
        document=document,
        learned=learned,
        booked=booked,
        net=net,
        vat=vat,
        original=request.sale if sale else request.receipt,
        lines=lines,
        payments=payments,
        from_reserved=within,
        quantity=refund.left_quantity if sale and within else 0,
        excess=booked - within - taken if has_rights else 0,
        source_account=request.source_account,
        fall=fall,
        draws=draws,
        duplicate_of=known[0] if known else None,
        evidence=evidence,
    )


def _still_there(
    refund: Refund, part: Part, amount: int, look: Look
) -> tuple[tuple[TakenLine, ...], tuple[TakenPayment, ...]]:
    """Take up to an amount from what the refund's own lines or payments still have."""
    request = refund.request
    if part is Part.INVOICE and request.sale:
        left = [
            look(_refundable(request.company, request.sale, f"line/{line.line}/{half}", request.currency))
            for line in request.lines
            for half in ("net", "vat")
        ]
        shares = allocate(min(amount, sum(left)), left)
        lines = (
            line.model_copy(
                update={"net": shares[2 * i], "vat": shares[2 * i + 1], "quantity": 0, "returned": 0}
            )
            for i, line in enumerate(request.lines)
        )
        return tuple(line for line in lines if line.gross), ()
    if part is Part.RECEIPT and request.receipt:
        left = [
            look(_refundable(request.company, request.receipt, f"payment/{p.payment}", request.currency))
            for p in request.payments
        ]
        shares = allocate(min(amount, sum(left)), left)
        taken = zip(request.payments, shares, strict=True)
        return (), tuple(p.model_copy(update={"amount": share}) for p, share in taken if share)
    return (), ()


def _refundable(company: str, original: str, item: str, unit: str) -> Account:
    return Account(company, AccountKind.REFUNDABLE, original, item=item, unit=unit)
