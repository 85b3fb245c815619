"""Late successes: counter-documents that turned up after the ledger had moved on."""

from __future__ import annotations

from dataclasses import dataclass

from refund_ledger.accounts import Account, AccountKind
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
from refund_ledger.settling import fall_of, free_draws_of, sale_split, with_excess
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
        document=success.document,
        learned=success.learned,
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
        evidence=success.evidence,
    )


def _still_there(
    refund: Refund, part: Part, amount: int, look: Look
) -> tuple[tuple[TakenLine, ...], tuple[TakenPayment, ...]]:
    """Take up to an amount from what the refund's own lines or payments still have."""
    request = refund.request
    if part is Part.INVOICE and request.sale:
        items = [f"line/{line.line}/{half}" for line in request.lines for half in ("net", "vat")]
        left = [look(_refundable(refund, request.sale, item)) for item in items]
        shares = allocate(min(amount, sum(left)), left)
        lines = (
            line.model_copy(
                update={
                    "net": shares[2 * i],
                    "vat": shares[2 * i + 1],
                    "quantity": 0,
                    "returned": 0,
                }
            )
            for i, line in enumerate(request.lines)
        )
        return tuple(line for line in lines if line.gross), ()
    if part is Part.RECEIPT and request.receipt:
        items = [f"payment/{payment.payment}" for payment in request.payments]
        left = [look(_refundable(refund, request.receipt, item)) for item in items]
        shares = allocate(min(amount, sum(left)), left)
        taken = zip(request.payments, shares, strict=True)
        return (), tuple(p.model_copy(update={"amount": share}) for p, share in taken if share)
    return (), ()


def _refundable(refund: Refund, original: str, item: str) -> Account:
    request = refund.request
    kind, unit = AccountKind.REFUNDABLE, request.currency
    return Account(request.company, kind, original, item=item, unit=unit)
