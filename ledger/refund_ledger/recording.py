"""Recording what the accounting system holds: originals, what pays them, granted credit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.asking import digest_of
from refund_ledger.balances import Look
from refund_ledger.errors import RefusedError
from refund_ledger.events import (
    Event,
    GrantReason,
    OriginalPaid,
    OriginalRecorded,
)
from refund_ledger.granting import Grant, credit_granted, grant_credit, grant_stream, reduce_credit
from refund_ledger.originals import (
    Closes,
    Kind,
    Original,
)
from refund_ledger.stamps import Stamp

__all__ = [
    "Grant",
    "RecordedOriginal",
    "check_sales",
    "content_digest",
    "fold_original",
    "grant_credit",
    "grant_stream",
    "record",
    "reduce_credit",
]


@dataclass(frozen=True, slots=True)
class RecordedOriginal:
    """An original as its events tell it."""

    recorded: OriginalRecorded
    version: int
    read_paid: int
    """What its first reading said was paid of it."""
    closed_by: dict[str, int]
    """Receipts recorded for this sale, with what each pays of it."""


def fold_original(events: Sequence[Event]) -> RecordedOriginal | None:
    """Rebuild an original from its stream; none where the stream is empty."""
    recorded = next((event for event in events if isinstance(event, OriginalRecorded)), None)
    if recorded is None:
        return None
    paid = [event for event in events if isinstance(event, OriginalPaid)]
    return RecordedOriginal(
        recorded=recorded,
        version=events[-1].originator_version,
        read_paid=recorded.covered,
        closed_by={event.receipt: event.closes for event in paid},
    )


def content_digest(original: Original) -> str:
    """SHA-256 over what never changes of an original: everything but what is open on it now."""
    return digest_of(
        original.model_dump(mode="json", exclude={"open_amount"}, exclude_defaults=True)
    )


def record(
    original: Original,
    before: RecordedOriginal | None,
    sales: Sequence[RecordedOriginal],
    stamp: Stamp,
    *,
    read_from: str,
    look: Look,
    granted: Sequence[Event] = (),
) -> tuple[Event, ...]:
    """Record an original for the first time; the same reading again is nothing.

    `sales` are the recorded sales that a receipt closes, in its order; `granted` is the stream
    that its overpayment is granted in. Raises `RefusedError` where the original was recorded with
    other content: documents do not change, so somebody has to look.
    """
    original.check()
    digest = content_digest(original)
    if before:
        if before.recorded.digest == digest:
            return ()
        raise RefusedError(
            f"{original.ref} was recorded with other content "
            f"(digest {before.recorded.digest[:16]}, now {digest[:16]}): "
            f"{_differences(original, before.recorded)}; documents do not change, so compare it "
            "with the accounting system"
        )
    closed = sum(part.amount for part in original.closes)
    covered = (
        original.sale_total - original.open_amount
        if original.kind.has_sale
        else original.money_total - closed - original.overpaid
    )
    recorded = stamp.event(
        OriginalRecorded,
        original.ref.stream(original.company),
        1,
        **{name: getattr(original, name) for name in Original.model_fields},
        covered=covered,
        read_from=read_from,
        digest=digest,
    )
    paid = (
        _paid(sale, part, original, stamp, look)
        for sale, part in zip(sales, original.closes, strict=True)
    )
    return (recorded, *paid, *_overpayment(original, granted, stamp))


def _differences(original: Original, recorded: OriginalRecorded) -> str:
    fields = set(Original.model_fields) - {"open_amount"}
    other = [name for name in sorted(fields) if getattr(original, name) != getattr(recorded, name)]
    return ", ".join(other)


def _paid(
    sale: RecordedOriginal, part: Closes, receipt: Original, stamp: Stamp, look: Look
) -> OriginalPaid:
    """What a receipt pays of a sale, beyond what the sale's own reading already counted as paid.

    Whichever is read first, and however often, payments known = the most that either side says.
    """
    said = sum(sale.closed_by.values()) + part.amount
    news = max(min(part.amount, said - sale.read_paid), 0)
    recorded = sale.recorded
    debt = look(
        Account(
            recorded.company,
            AccountKind.OPEN,
            part.sale,
            customer=recorded.customer_id,
            unit=recorded.currency,
        )
    )
    return stamp.event(
        OriginalPaid,
        recorded.originator_id,
        sale.version + 1,
        company=recorded.company,
        currency=recorded.currency,
        customer_id=recorded.customer_id,
        sale=part.sale,
        receipt=str(receipt.ref),
        issued_on=receipt.issued_on,
        closes=part.amount,
        paid=news,
        credit=max(news - debt, 0),
    )


def _overpayment(original: Original, granted: Sequence[Event], stamp: Stamp) -> tuple[Event, ...]:
    """The part of a receipt that pays nothing is owed back: a credit, granted in the same save."""
    if not original.overpaid:
        return ()
    if granted:
        raise RefusedError(
            f"a credit was granted under {original.ref} before; record the overpayment under that "
            "receipt once, or grant the other credit under another reference"
        )
    grant = Grant(
        company=original.company,
        reference=str(original.ref),
        customer_id=original.customer_id,
        currency=original.currency,
        amount=original.overpaid,
        why=GrantReason.OVERPAYMENT,
        granted_on=original.issued_on,
        receipt=str(original.ref),
    )
    return (credit_granted(grant, stamp, from_cover=0),)


def check_sales(original: Original, sales: Sequence[RecordedOriginal | None]) -> None:
    """Refuse a receipt that closes what is not recorded, or what is another customer's."""
    reasons: list[str] = []
    for part, sale in zip(original.closes, sales, strict=True):
        if sale is None:
            reasons.append(
                f"{original.ref} pays {part.sale}, which is not recorded; import that first"
            )
        elif sale.recorded.customer_id != original.customer_id:
            reasons.append(f"{original.ref} pays {part.sale} of another customer")
        elif sale.recorded.currency != original.currency:
            reasons.append(f"{original.ref} pays {part.sale} in another currency")
        elif sale.recorded.kind is not Kind.INVOICE:
            reasons.append(f"{original.ref} pays {part.sale}, which is not an invoice")
    if reasons:
        raise RefusedError(*reasons)
