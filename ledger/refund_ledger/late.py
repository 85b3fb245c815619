"""Late successes: counter-documents that turned up after the ledger had moved on."""

from __future__ import annotations

from dataclasses import dataclass

from refund_ledger.accounts import QUANTITY, Account, AccountKind
from refund_ledger.balances import Look
from refund_ledger.events import (
    DocumentId,
    Evidence,
    Fall,
    LateSuccessFound,
    Learned,
    Part,
    TakenLine,
    TakenPayment,
)
from refund_ledger.lifecycle import next_event
from refund_ledger.money import allocate
from refund_ledger.refund import Refund
from refund_ledger.settling import fall_of, free_draws_of, sale_split, unexplained_draws
from refund_ledger.stamps import Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """A counter-document as it became known: of which part, for how much, and how."""

    part: Part
    document: DocumentId
    booked: int
    learned: Learned
    evidence: tuple[Evidence, ...]


def late_success(refund: Refund, stamp: Stamp, success: Success, look: Look) -> LateSuccessFound:
    """Take what a late document took; what the original no longer has is excess.

    A second document of one part explains nothing: its whole amount is unexplained until a person
    says what it is, and never becomes credit that could be paid out.
    """
    request, part, booked = refund.request, success.part, success.booked
    known = refund.part(part).documents
    sale = part is Part.INVOICE
    within = 0 if known else min(booked, refund.left_sale if sale else refund.left_money)
    lines = _lines_still_there(refund, booked - within, look) if sale else ()
    payments = () if sale else _payments_still_there(refund, booked - within, look)
    place = within + sum(line.gross for line in lines) + sum(each.amount for each in payments)
    net, vat = sale_split(request, booked) if sale else (0, 0)
    if known:
        fall = Fall(source=request.source, exceeds=booked) if sale else None
        draws = () if sale else unexplained_draws(request, booked)
    else:
        fall = fall_of(request, booked, place, look) if sale else None
        draws = () if sale else free_draws_of(refund, booked, look)
    return next_event(
        refund,
        LateSuccessFound,
        stamp,
        part=part,
        document=success.document,
        learned=success.learned,
        booked=booked,
        net=net,
        vat=vat,
        original=request.source if sale else request.receipt,
        lines=lines,
        payments=payments,
        from_reserved=within,
        quantity=refund.left_quantity if within and sale else 0,
        excess=booked - place if sale or request.receipt else 0,
        source_account=request.source_account,
        fall=fall,
        draws=draws,
        duplicate_of=known[0] if known else None,
        evidence=success.evidence,
    )


def _lines_still_there(refund: Refund, amount: int, look: Look) -> tuple[TakenLine, ...]:
    """Take an amount as the request did, of what its lines still have."""
    request = refund.request
    if not (request.sale and amount):
        return ()
    items = [f"line/{line.line}/{half}" for line in request.lines for half in ("net", "vat")]
    left = [look(_refundable(refund, request.sale, item)) for item in items]
    asked = [part for line in request.lines for part in (line.net, line.vat)]
    shares = _as_asked(amount, asked, left)
    lines = (
        line.model_copy(
            update={
                "net": shares[2 * i],
                "vat": shares[2 * i + 1],
                "quantity": _quantity_still_there(refund, line, look),
                "returned": 0,
            }
        )
        for i, line in enumerate(request.lines)
    )
    return tuple(line for line in lines if line.gross or line.quantity)


def _quantity_still_there(refund: Refund, line: TakenLine, look: Look) -> int:
    """What of a line's quantity the document took, where the refund does not hold it any more."""
    if refund.left_quantity:
        return 0
    item = f"line/{line.line}/quantity"
    return min(line.quantity, look(_refundable(refund, refund.request.sale, item, QUANTITY)))


def _payments_still_there(refund: Refund, amount: int, look: Look) -> tuple[TakenPayment, ...]:
    """Take an amount as the request did, of what its payments still have."""
    request = refund.request
    if not (request.receipt and amount):
        return ()
    items = [f"payment/{payment.payment}" for payment in request.payments]
    left = [look(_refundable(refund, request.receipt, item)) for item in items]
    shares = _as_asked(amount, [payment.amount for payment in request.payments], left)
    taken = zip(request.payments, shares, strict=True)
    return tuple(p.model_copy(update={"amount": share}) for p, share in taken if share)


def _as_asked(amount: int, asked: list[int], left: list[int]) -> list[int]:
    """Split an amount as it was asked, no more of each than is left; the rest elsewhere."""
    wanted = allocate(amount, asked)
    taken = [min(share, there) for share, there in zip(wanted, left, strict=True)]
    over = [there - share for share, there in zip(taken, left, strict=True)]
    rest = allocate(min(amount - sum(taken), sum(over)), over)
    return [share + more for share, more in zip(taken, rest, strict=True)]


def _refundable(refund: Refund, original: str, item: str, unit: str = "") -> Account:
    request = refund.request
    kind, unit = AccountKind.REFUNDABLE, unit or request.currency
    return Account(request.company, kind, original, item=item, unit=unit)
