"""Recording what the accounting system holds: originals, what pays them, granted credit."""

from __future__ import annotations

from collections.abc import Sequence

from refund_ledger.accounts import AccountKind
from refund_ledger.asking import digest_of
from refund_ledger.balances import Look
from refund_ledger.errors import RefusedError
from refund_ledger.events import (
    Event,
    GrantReason,
    OriginalRecorded,
    ReceiptLinked,
)
from refund_ledger.granting import Grant, credit_granted, grant_credit, grant_stream, reduce_credit
from refund_ledger.money import Money
from refund_ledger.originals import Closes, Kind, Original
from refund_ledger.paid import RecordedOriginal, fold_original, paid_by
from refund_ledger.settling import account
from refund_ledger.stamps import Stamp

__all__ = [
    "Grant",
    "RecordedOriginal",
    "check_sales",
    "content_digest",
    "fold_original",
    "grant_credit",
    "grant_stream",
    "newly_closed",
    "record",
    "reduce_credit",
]


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

    `sales` are the recorded sales that a receipt is newly known to pay, in its order; `granted` is
    the stream that its overpayment is granted in. Raises `RefusedError` where the original was
    recorded with other content: documents do not change, so somebody has to look.
    """
    original.check()
    digest = content_digest(original)
    closes = newly_closed(original, before)
    paid = (
        paid_by(str(original.ref), part.amount, sale, stamp, look, on=original.issued_on)
        for sale, part in zip(sales, closes, strict=True)
    )
    if before:
        _refuse_other_content(original, before, digest)
        if not closes:
            return ()
        return (_linked(original, before, closes, stamp, look, read_from=read_from), *paid)
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
    return (recorded, *paid, *_overpayment(original, granted, stamp))


def newly_closed(original: Original, before: RecordedOriginal | None) -> tuple[Closes, ...]:
    """What a receipt says that it pays beyond what is recorded of that."""
    if before is None:
        return original.closes
    known = {part.sale: part.amount for part in before.recorded.closes}
    more = {part.sale: part.amount - known.get(part.sale, 0) for part in original.closes}
    return tuple(Closes(sale=sale, amount=amount) for sale, amount in more.items() if amount > 0)


def _refuse_other_content(original: Original, before: RecordedOriginal, digest: str) -> None:
    """Documents do not change; only what a receipt pays may grow, when it is allocated."""
    first, recorded = before.first, before.recorded
    now = {part.sale: part.amount for part in original.closes}
    less = [part.sale for part in recorded.closes if part.amount > now.get(part.sale, 0)]
    as_first = original.model_copy(update={"closes": first.closes})
    if content_digest(as_first) == first.digest and not less:
        return
    fields = set(Original.model_fields) - {"open_amount", *(() if less else {"closes"})}
    other = [name for name in sorted(fields) if getattr(original, name) != getattr(recorded, name)]
    raise RefusedError(
        f"{original.ref} was recorded with other content "
        f"(digest {first.digest[:16]}, now {digest[:16]}): {', '.join(other)}; documents do not "
        "change, so compare it with the accounting system"
    )


def _linked(
    receipt: Original,
    before: RecordedOriginal,
    closes: Sequence[Closes],
    stamp: Stamp,
    look: Look,
    *,
    read_from: str,
) -> ReceiptLinked:
    """What a receipt is newly known to pay, out of what of it paid for nothing known.

    Money that went back out of that before stays owed under the receipt.
    """
    recorded, amount = before.recorded, sum(part.amount for part in closes)
    free, gone = (
        look(account(recorded, kind, recorded.name))
        for kind in (AccountKind.COVERED, AccountKind.OPEN)
    )
    if amount > free + gone:
        more, there = (Money(each, receipt.currency) for each in (amount, free + gone))
        raise RefusedError(
            f"{receipt.ref} pays {more} more of sales than was known, and only {there} of it pays "
            "for nothing known here: the rest was granted as a credit (say that it was used on the "
            "sale, or reverse it), or is promised to a refund (read the receipt again when that "
            "is over)"
        )
    return stamp.event(
        ReceiptLinked,
        recorded.originator_id,
        before.version + 1,
        company=recorded.company,
        currency=recorded.currency,
        customer_id=recorded.customer_id,
        receipt=recorded.name,
        links=tuple(closes),
        from_cover=min(amount, free),
        read_from=read_from,
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


def check_sales(
    original: Original, closes: Sequence[Closes], sales: Sequence[RecordedOriginal | None]
) -> list[RecordedOriginal]:
    """Refuse a receipt that closes what is not recorded, or what is another customer's."""
    reasons: list[str] = []
    for part, sale in zip(closes, sales, strict=True):
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
    return [sale for sale in sales if sale]
