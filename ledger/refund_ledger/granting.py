"""Granting: credit that was granted, used or taken back elsewhere, each recorded once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from refund_ledger.accounts import AccountKind
from refund_ledger.asking import digest_of
from refund_ledger.balances import Look
from refund_ledger.errors import InvalidInputError, KeyReusedError, NotFoundError, RefusedError
from refund_ledger.events import (
    CreditGranted,
    CreditReduced,
    DocumentId,
    Event,
    GrantReason,
    OriginalRecorded,
    ReductionReason,
)
from refund_ledger.inputs import Positive, plain, said
from refund_ledger.money import Money, exponent
from refund_ledger.originals import Half, Immutable, Kind, stream_id
from refund_ledger.paid import RecordedOriginal, paid_by
from refund_ledger.settling import account
from refund_ledger.stamps import Stamp


class Grant(Immutable):
    """A credit that was granted to a customer elsewhere; `amount` in minor units."""

    company: Annotated[str, plain(60, shortest=1)]
    reference: Annotated[str, plain(120, shortest=1)]
    """Names the grant; the same reference never grants twice."""
    customer_id: Annotated[str, plain(60, shortest=1)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    amount: Positive
    why: GrantReason
    granted_on: date
    document_half: Half | None = None
    document_series: int | None = None
    document_number: int | None = None
    receipt: Annotated[str, plain(60)] = ""
    """For an overpayment, the recorded receipt that was too high: its money is not there twice."""
    comment: Annotated[str, plain(200)] = ""

    @property
    def document(self) -> DocumentId | None:
        """The document that grants it, where there is one."""
        half, series, number = self.document_half, self.document_series, self.document_number
        if half is None or series is None or number is None:
            return None
        return DocumentId(half=half, series=series, number=number)

    @property
    def digest(self) -> str:
        """SHA-256 over what was granted; fields that say nothing are left out."""
        return digest_of(self.model_dump(mode="json", exclude_defaults=True))

    def check(self) -> None:
        """Refuse an unknown currency and half a document."""
        exponent(self.currency)
        named = (self.document_half, self.document_series, self.document_number)
        if self.document is None and any(part is not None for part in named):
            raise InvalidInputError(
                "document", "name its half, series and number, or none of the three"
            )

    @property
    def stream(self) -> UUID:
        """The id of its stream."""
        return grant_stream(self.company, self.reference)


def grant_stream(company: str, reference: str) -> UUID:
    """The id of the stream of a granted credit."""
    return stream_id(company, "grant", reference)


def grant_credit(
    grant: Grant,
    before: Sequence[Event],
    stamp: Stamp,
    *,
    receipt: OriginalRecorded | None,
    look: Look,
) -> tuple[Event, ...]:
    """Grant a credit once; the same reference with other content is refused.

    An overpayment names the recorded receipt that was too high. What it grants stops counting as
    payment there, so that the same money cannot go back by the receipt and by the credit.
    """
    grant.check()
    known = _granted_in(before)
    if known:
        if known.digest == grant.digest:
            return ()
        raise KeyReusedError(grant.reference, first=known.digest, second=grant.digest)
    if (grant.why is GrantReason.OVERPAYMENT) != (receipt is not None):
        raise RefusedError("an overpayment names the receipt that was too high, and only that does")
    if receipt is None:
        return (credit_granted(grant, stamp, from_cover=0),)
    if receipt.kind is not Kind.RECEIPT:
        raise RefusedError(
            f"{receipt.ref} is a sale, and an overpayment is a receipt's; grant what the customer "
            "holds without one as an opening_balance, or as a credit_note"
        )
    if (receipt.customer_id, receipt.currency) != (grant.customer_id, grant.currency):
        raise RefusedError(f"{receipt.ref} is another customer's or in another currency")
    free = look(account(receipt, AccountKind.COVERED, receipt.name))
    if grant.amount > free:
        raise RefusedError(
            f"only {Money(free, grant.currency)} of {receipt.ref} pays for nothing known; the rest "
            "pays sales, or is given back or promised already"
        )
    return (credit_granted(grant, stamp, from_cover=grant.amount),)


def _granted_in(events: Sequence[Event]) -> CreditGranted | None:
    return next((event for event in events if isinstance(event, CreditGranted)), None)


def credit_granted(grant: Grant, stamp: Stamp, *, from_cover: int) -> CreditGranted:
    """Make the event of a grant that was judged already."""
    return stamp.event(
        CreditGranted,
        grant.stream,
        1,
        company=grant.company,
        currency=grant.currency,
        customer_id=grant.customer_id,
        reference=grant.reference,
        why=grant.why,
        amount=grant.amount,
        granted_on=grant.granted_on,
        document=grant.document,
        receipt=grant.receipt,
        from_cover=from_cover,
        comment=grant.comment,
        digest=grant.digest,
    )


def reduce_credit(
    events: Sequence[Event],
    stamp: Stamp,
    *,
    reference: str,
    why: ReductionReason,
    amount: int,
    look: Look,
    sale: RecordedOriginal | None = None,
    comment: str = "",
) -> tuple[Event, ...]:
    """Record that a granted credit became less elsewhere; what is no longer there is unexplained.

    `sale` is the sale that the credit paid, for `used_on_sale`; it pays as a receipt does. The same
    command on this credit again is nothing, and one of the same id with other content is refused.
    """
    comment = said(comment, "comment")
    paid = sale.recorded if sale else None
    content = _reduction(why, amount, paid.name if paid else "", comment)
    for event in events:
        if isinstance(event, CreditReduced) and event.command_id == stamp.command_id:
            whole = event.amount + event.exceeds
            first = _reduction(event.why, whole, event.sale, event.comment)
            if first == content:
                return ()
            raise KeyReusedError(stamp.command_id, first=first, second=content)
    granted = _granted_in(events)
    if granted is None:
        raise NotFoundError(f"no credit was granted under {reference!r}; check the reference")
    if (why is ReductionReason.USED_ON_SALE) != (paid is not None):
        raise RefusedError("name the sale that the credit paid, and only where it paid one")
    if paid and (paid.customer_id, paid.currency) != (granted.customer_id, granted.currency):
        raise RefusedError(f"{paid.ref} is another customer's or in another currency")
    taken = min(amount, look(account(granted, AccountKind.CREDIT, granted.source)))
    # What was no overpayment is the receipt's money again, as far as it is still there.
    receipt = granted.receipt if why is ReductionReason.REVERSED else ""
    reduced = stamp.event(
        CreditReduced,
        granted.originator_id,
        events[-1].originator_version + 1,
        company=granted.company,
        currency=granted.currency,
        customer_id=granted.customer_id,
        reference=granted.reference,
        why=why,
        amount=taken,
        exceeds=amount - taken,
        sale=paid.name if paid else "",
        receipt=receipt,
        to_cover=taken if receipt else 0,
        comment=comment,
    )
    return (reduced, paid_by(granted.source, amount, sale, stamp, look)) if sale else (reduced,)


def _reduction(why: ReductionReason, amount: int, sale: str, comment: str) -> str:
    """SHA-256 over what a reduction says, to tell it from another under the same key."""
    return digest_of({"why": why, "amount": amount, "sale": sale, "comment": comment})
