"""The life of a refund between its request and its end, as far as people decide it."""

from __future__ import annotations

from typing import Any

from refund_ledger.balances import Look
from refund_ledger.errors import RefusedError, WrongStateError
from refund_ledger.events import (
    AlertAcknowledged,
    Decision,
    DocumentId,
    Event,
    Evidence,
    Part,
    RefundApproved,
    RefundClosed,
    RefundRejected,
    RefundWithdrawn,
    Resolved,
)
from refund_ledger.inputs import said
from refund_ledger.refund import PartStatus, Refund, Status
from refund_ledger.settling import given_back
from refund_ledger.stamps import E, Stamp


def next_event(refund: Refund, cls: type[E], stamp: Stamp, **fields: Any) -> E:
    """Make the next event of a refund, with what each of its events repeats."""
    request = refund.request
    return stamp.event(
        cls,
        refund.id,
        refund.version + 1,
        company=request.company,
        currency=request.currency,
        customer_id=request.customer_id,
        **fields,
    )


def approve(refund: Refund, stamp: Stamp, *, digest: str) -> tuple[Event, ...]:
    """Agree to the request as it stands; the digest says to which content.

    Nothing happens where the same person agreed to it before. Raises `RefusedError` on one's own
    request and on another digest, `WrongStateError` where nothing waits for approval.
    """
    person, before = _person(stamp.actor), refund.approved_by
    agreed = before and person == _person(before) and not refund.status.is_over
    if not agreed:
        _awaits_approval(refund)
    if person == _person(refund.request.actor):
        raise RefusedError("nobody approves what they asked for themselves; ask a second person")
    if digest != refund.request.digest:
        raise RefusedError(
            f"the request's digest is {refund.request.digest[:16]}, not {digest[:16]}; "
            "look at it again with `show` and approve what you see"
        )
    return () if agreed else (next_event(refund, RefundApproved, stamp, request_digest=digest),)


def _person(actor: str) -> str:
    """Who is meant, however it is written."""
    return " ".join(actor.casefold().split())


def reject(refund: Refund, stamp: Stamp, *, why: str, look: Look) -> tuple[Event, ...]:
    """Refuse a request that waits for approval; what it reserved is free again."""
    if refund.status is Status.REJECTED:
        return ()
    _awaits_approval(refund)
    back = given_back(refund, look)
    return (next_event(refund, RefundRejected, stamp, why=said(why, "why"), given_back=back),)


def _awaits_approval(refund: Refund) -> None:
    if refund.status is not Status.AWAITING_APPROVAL:
        raise WrongStateError(f"the refund is {refund.status}; nothing waits for approval")


def withdraw(refund: Refund, stamp: Stamp, *, why: str, look: Look) -> tuple[Event, ...]:
    """Take a request back while nothing has been sent."""
    if refund.status is Status.WITHDRAWN:
        return ()
    if refund.status.is_over or refund.is_sent:
        what = refund.status if refund.status.is_over else "partly sent"
        raise WrongStateError(
            f"the refund is {what}; only a refund of which nothing was sent can be withdrawn"
        )
    back = given_back(refund, look)
    return (next_event(refund, RefundWithdrawn, stamp, why=said(why, "why"), given_back=back),)


def close(
    refund: Refund,
    stamp: Stamp,
    *,
    why: str,
    look: Look,
    seen_version: int,
    absent: frozenset[Part] = frozenset(),
    evidence: tuple[Evidence, ...] = (),
) -> tuple[Event, ...]:
    """End a refund that will not be finished; parts in doubt keep what they reserve.

    `absent` names parts in doubt that `evidence` just proved absent; their reservation is given
    back. Closing again, with a part proven absent since, gives back the rest. Raises
    `WrongStateError` while a call is in flight.
    """
    check_seen(refund, seen_version)
    if refund.status.is_over and refund.status is not Status.CLOSED:
        raise WrongStateError(f"the refund is {refund.status} already; there is nothing to close")
    if any(refund.part(part).status is PartStatus.SUBMITTED for part in Part):
        raise WrongStateError("a call is on its way; wait for its answer before closing")
    doubtful = tuple(part for part in _in_doubt(refund) if part not in absent)
    gone = tuple(part for part in _in_doubt(refund) if part in absent)
    if refund.status is Status.CLOSED and not gone:
        return ()
    return (
        next_event(
            refund,
            RefundClosed,
            stamp,
            why=said(why, "why"),
            given_back=given_back(refund, look, keep=doubtful),
            in_doubt=doubtful,
            absent=gone,
            seen_version=seen_version,
            evidence=evidence,
        ),
    )


def closed_again(refund: Refund, stamp: Stamp, *, why: str, look: Look) -> tuple[Event, ...]:
    """Give back what a late document left of what a closed refund still held for it."""
    if refund.status is not Status.CLOSED:
        return ()
    doubtful = _in_doubt(refund)
    back = given_back(refund, look, keep=doubtful)
    if not (back.lines or back.payments or back.sources or back.goodwill):
        return ()
    return (next_event(refund, RefundClosed, stamp, why=why, given_back=back, in_doubt=doubtful),)


def _in_doubt(refund: Refund) -> tuple[Part, ...]:
    return tuple(part for part in refund.parts if refund.part(part).status is PartStatus.IN_DOUBT)


def send_again(
    refund: Refund,
    stamp: Stamp,
    part: Part,
    *,
    why: str,
    seen_version: int,
    evidence: tuple[Evidence, ...] = (),
) -> tuple[Event, ...]:
    """Allow one more attempt: of a refused call at once, of one in doubt after a fresh look."""
    waits_for_person(refund, part, seen_version)
    if refund.status.is_over:
        raise WrongStateError(f"the refund is {refund.status}; nothing of it is sent any more")
    return (
        next_event(
            refund,
            Resolved,
            stamp,
            part=part,
            decision=Decision.SEND_AGAIN,
            why=said(why, "why"),
            seen_version=seen_version,
            evidence=evidence,
        ),
    )


def waits_for_person(refund: Refund, part: Part, seen_version: int) -> None:
    """Refuse a decision on a part that does not wait for one, or has moved since it was seen."""
    state = refund.part(part)
    if state.status not in {PartStatus.IN_DOUBT, PartStatus.REFUSED, PartStatus.ENDED}:
        raise WrongStateError(f"the {part} part is {state.status}; it does not wait for a decision")
    check_seen(refund, seen_version)


def check_seen(refund: Refund, seen_version: int) -> None:
    """Refuse a decision that was made on an older look at the refund."""
    if seen_version != refund.version:
        raise WrongStateError(
            f"the refund has moved from version {seen_version} to {refund.version} since it was "
            "shown; look at it again before deciding"
        )


def acknowledge(
    refund: Refund, stamp: Stamp, document: DocumentId, *, why: str
) -> tuple[Event, ...]:
    """Say that an alert was seen and what was done about it."""
    if all(alert.document.key != document.key for alert in refund.alerts):
        return ()
    return (next_event(refund, AlertAcknowledged, stamp, document=document, why=said(why, "why")),)
