"""Calling: what a refund says before, during and after its calls to the accounting system."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from refund_ledger.balances import Look
from refund_ledger.errors import InvalidInputError, WrongStateError
from refund_ledger.events import (
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    Decision,
    DocumentId,
    Event,
    Evidence,
    InvoicePartCancelled,
    Learned,
    Part,
    PartWatched,
    ReceiptPartCancelled,
    RefundCompleted,
    Resolved,
)
from refund_ledger.inputs import said
from refund_ledger.late import Success, late_success
from refund_ledger.lifecycle import closed_again, next_event
from refund_ledger.money import MAX_MINOR
from refund_ledger.postings import postings
from refund_ledger.refund import PartStatus, Refund, Status, evolve
from refund_ledger.settling import draws_of, fall_of, given_back, sale_split
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
    if refund.status is not Status.IN_PROGRESS:
        raise WrongStateError(f"the refund is {refund.status}; nothing of it is sent now")
    if not (state.status is PartStatus.DUE or proven):
        raise WrongStateError(f"the {part} part is {state.status}; it cannot be sent now")
    invoice_first = part is Part.RECEIPT and refund.request.invoice_way
    if invoice_first and refund.invoice.status is not PartStatus.CANCELLED:
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


def not_sent(
    refund: Refund, stamp: Stamp, part: Part, attempt: int, *, why: str, look: Look
) -> tuple[Event, ...]:
    """Record that nothing came of an attempt: its part is due, or given back where it is over."""
    if not _is_out(refund, part, attempt):
        return ()
    event = next_event(refund, CallNotSent, stamp, part=part, attempt=attempt, why=why)
    ending = f"the call of the {part} part was not carried out"
    return (event, *closed_again(evolve(refund, event), stamp, why=ending, look=look))


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
    fields: dict[str, Any] = {
        "why": why,
        "look_after": look_after,
        "for_person": for_person,
        "evidence": evidence,
    }
    return (next_event(refund, CallInDoubt, stamp, part=part, attempt=attempt, **fields),)


def refused(
    refund: Refund,
    stamp: Stamp,
    part: Part,
    attempt: int,
    *,
    code: str,
    message: str,
    look: Look,
) -> tuple[Event, ...]:
    """Record a definite refusal of the attempt that is out; a stale one says nothing."""
    if not _is_out(refund, part, attempt):
        return ()
    event = next_event(
        refund, CallRefused, stamp, part=part, attempt=attempt, code=code, message=message
    )
    ending = f"the call of the {part} part was refused"
    return (event, *closed_again(evolve(refund, event), stamp, why=ending, look=look))


def unsayable(refund: Refund, stamp: Stamp, part: Part, *, why: str) -> tuple[Event, ...]:
    """Record that the accounting system has no words for a part; nothing was sent."""
    state = refund.part(part)
    if state.status is not PartStatus.DUE:
        return ()
    # Attempt 0: whatever was tried before, this refuses no call.
    fields: dict[str, Any] = {"attempt": 0, "code": "not sent", "message": why}
    return (next_event(refund, CallRefused, stamp, part=part, **fields),)


def watched(
    refund: Refund,
    stamp: Stamp,
    part: Part,
    *,
    looked_from: datetime,
    evidence: tuple[Evidence, ...],
) -> tuple[Event, ...]:
    """Record that a part that is over was looked at again."""
    fields: dict[str, Any] = {"looked_from": looked_from, "evidence": evidence}
    return (next_event(refund, PartWatched, stamp, part=part, **fields),)


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

    The first document of a part that is still wanted is its answer. One that comes after the
    refund was closed, or beside another, is a late success: an alert. The same document again is
    nothing.
    """
    state = refund.part(part)
    if state.status is PartStatus.NONE:
        raise WrongStateError(f"the refund has no {part} part; look at it again")
    if document.half is not part.half:
        raise InvalidInputError("document", f"{document.key} is no document of the {part} part")
    if any(known.key == document.key for known in state.documents):
        return ()
    amount = refund.request.asked(part) if booked is None else booked
    if not 0 <= amount <= MAX_MINOR:
        raise InvalidInputError("booked", f"expected an amount that a document can have: {amount}")
    success = Success(
        part=part,
        document=document,
        booked=amount,
        learned=learned,
        evidence=evidence,
    )
    before = (decided,) if decided else ()
    for earlier in before:
        refund = evolve(refund, earlier)
    if refund.status is Status.IN_PROGRESS and state.status is not PartStatus.CANCELLED:
        event = _part_cancelled(refund, stamp, success, look)
        look.post(postings(event))
        return (*before, event, *_completed(evolve(refund, event), stamp, look))
    late = late_success(refund, stamp, success, look)
    look.post(postings(late))
    why = f"{document.key} turned up for the {part} part"
    return (*before, late, *closed_again(evolve(refund, late), stamp, why=why, look=look))


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
        why=said(why, "why"),
        seen_version=refund.version,
        evidence=evidence,
    )


def _part_cancelled(refund: Refund, stamp: Stamp, success: Success, look: Look) -> Event:
    """The part's answer: what it took of the reservation, and where it fell or came from."""
    request, booked = refund.request, success.booked
    common: dict[str, Any] = {
        "document": success.document,
        "learned": success.learned,
        "asked": request.asked(success.part),
        "booked": booked,
        "evidence": success.evidence,
    }
    if success.part is Part.INVOICE:
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
            fall=fall_of(request, booked, within, look),
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
