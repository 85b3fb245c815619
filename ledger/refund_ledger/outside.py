"""Outside refunds: credit notes and negative receipts that this ledger did not make, each once."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from refund_ledger.asking import digest_of
from refund_ledger.balances import Look
from refund_ledger.errors import InvalidInputError, KeyReusedError, NotFoundError, RefusedError
from refund_ledger.events import (
    DocumentId,
    Draw,
    Fall,
    OriginalRecorded,
    OutsideRefundRecorded,
    Part,
    TakenLine,
    TakenPayment,
)
from refund_ledger.inputs import Positive, plain
from refund_ledger.money import MAX_MINOR, allocate, exponent
from refund_ledger.originals import Document, Immutable, OriginalRef, stream_id
from refund_ledger.recording import fold_original
from refund_ledger.settling import draws_on, fall_on
from refund_ledger.stamps import Stamp
from refund_ledger.storing import Store
from refund_ledger.taking import Named, lines_of, payments_of, sources_of


class ItemThere(Immutable):
    """What a document says that it takes of one line or payment of its original."""

    number: Annotated[int, Field(ge=1, le=9999)]
    amount: Positive
    quantity: Annotated[int, Field(strict=True, ge=0, le=MAX_MINOR)] = 0


class Outside(Immutable):
    """A refund as the accounting system holds it; `amount` in minor units, without sign.

    `items` says which lines (of a credit note) or payments (of a receipt) it gives back, where
    somebody knows; the rest is spread over what is left of the original.
    """

    company: Annotated[str, plain(60, shortest=1)]
    part: Part
    series: Annotated[int, Field(ge=0, le=999)]
    number: Annotated[int, Field(ge=0, le=999_999_999)]
    identity: Annotated[str, plain(120)] = ""
    """The system's own identifier of it, where it gave one."""
    customer_id: Annotated[str, plain(60, shortest=1)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    amount: Positive
    vat: Annotated[int, Field(strict=True, ge=0, le=MAX_MINOR)] | None = None
    """The VAT inside the amount of a credit note; follows from the original where none is said."""
    issued_on: date
    original: Annotated[str, plain(60)] = ""
    """What it gives back; empty where nobody knows."""
    items: tuple[ItemThere, ...] = ()
    source_account: Annotated[str, plain(60)] = ""
    read_from: Annotated[str, plain(120, shortest=1)]
    comment: Annotated[str, plain(200)] = ""

    @property
    def document(self) -> DocumentId:
        """The document, as an event stores it."""
        half, identity = self.part.half, self.identity
        return DocumentId(half=half, series=self.series, number=self.number, identity=identity)

    @property
    def digest(self) -> str:
        """SHA-256 over what the document is; not over who read it where, and what was noted."""
        told = {"read_from", "comment", "identity"}
        return digest_of(self.model_dump(mode="json", exclude_defaults=True, exclude=told))

    @property
    def original_ref(self) -> OriginalRef | None:
        """The original, read; raises `InvalidInputError` where it is not a reference."""
        return OriginalRef.parse(self.original) if self.original else None

    @property
    def stream(self) -> UUID:
        """The id of its stream."""
        return outside_stream(self.company, self.document.key)

    def check(self) -> None:
        """Refuse fields that contradict each other; names the field."""
        exponent(self.currency)
        if self.vat is not None and self.part is Part.RECEIPT:
            raise InvalidInputError("vat", "belongs to a credit note; a receipt has none")
        if (self.vat or 0) > self.amount:
            raise InvalidInputError("vat", "is more than the amount that contains it")
        if self.items and not self.original:
            raise InvalidInputError("items", "belong to an original; name the original")
        if len({item.number for item in self.items}) != len(self.items):
            raise InvalidInputError("items", "the same one appears twice")
        if self.part is Part.RECEIPT and any(item.quantity for item in self.items):
            raise InvalidInputError("items", "a payment has no quantity; leave it out")
        if sum(item.amount for item in self.items) > self.amount:
            raise InvalidInputError("items", "come to more than the amount")


def outside_stream(company: str, document: Document) -> UUID:
    """The id of the stream of a refund made outside."""
    return stream_id(company, "outside", str(document))


def record_outside(
    store: Store, outside: Outside, stamp: Stamp, look: Look
) -> tuple[OutsideRefundRecorded, ...]:
    """Record a refund made outside once; the same document with other content is refused.

    It counts against its original as far as that has something left; the rest is excess. Without
    an original all of it is unexplained, and never payable until somebody explains it.
    """
    outside.check()
    before = [e for e in store.stream(outside.stream) if isinstance(e, OutsideRefundRecorded)]
    if before:
        if before[0].digest == outside.digest:
            return ()
        raise KeyReusedError(
            str(outside.document.key),
            first=before[0].digest,
            second=outside.digest,
            is_document=True,
        )
    original = original_of(store, outside) if outside.original else None
    named = {item.number: Named(item.amount, item.quantity) for item in outside.items}
    if outside.part is Part.INVOICE:
        return (_credit_note(outside, stamp, look, original, named),)
    return (_money_back(outside, stamp, look, original, named),)


def original_of(store: Store, outside: Outside) -> OriginalRecorded:
    """The original that a document gives back; raises where it cannot be that one."""
    ref = OriginalRef.parse(outside.original)
    found = fold_original(store.stream(ref.stream(outside.company)))
    if found is None:
        raise NotFoundError(f"{ref} is not recorded; import it first, or leave the original out")
    original = found.recorded
    reasons: list[str] = []
    if (original.customer_id, original.currency) != (outside.customer_id, outside.currency):
        reasons.append(f"{ref} is another customer's or in another currency")
    has = ref.kind.has_sale if outside.part is Part.INVOICE else ref.kind.has_money
    if not has:
        reasons.append(f"{ref} has no {outside.part} part to give back")
    items = original.lines if outside.part is Part.INVOICE else original.payments
    numbers = {item.number for item in items}
    reasons += [
        f"{item.number} is not on {ref}" for item in outside.items if item.number not in numbers
    ]
    if reasons:
        raise RefusedError(*reasons)
    return original


def _credit_note(
    outside: Outside,
    stamp: Stamp,
    look: Look,
    original: OriginalRecorded | None,
    named: dict[int, Named],
) -> OutsideRefundRecorded:
    if original is None:
        nowhere = Fall(source=f"outside:{outside.document.key}", exceeds=outside.amount)
        vat = outside.vat or 0
        return _event(outside, stamp, net=outside.amount - vat, vat=vat, fall=nowhere)
    lines = lines_of(original, outside.amount, look, named)
    within = sum(line.gross for line in lines)
    fall, rest = fall_on(original, str(original.ref), within, look)
    excess = outside.amount - within
    vat = _vat(original, lines, excess) if outside.vat is None else outside.vat
    return _event(
        outside,
        stamp,
        net=outside.amount - vat,
        vat=vat,
        lines=lines,
        excess=excess,
        fall=fall.model_copy(update={"exceeds": rest + excess}),
    )


def _vat(original: OriginalRecorded, lines: tuple[TakenLine, ...], excess: int) -> int:
    """The VAT of the lines taken, and of the rest by the rate of the whole sale."""
    net, vat = sum(line.net for line in original.lines), sum(line.vat for line in original.lines)
    _, beyond = allocate(excess, [net or 1, vat])
    return sum(line.vat for line in lines) + beyond


def _money_back(
    outside: Outside,
    stamp: Stamp,
    look: Look,
    original: OriginalRecorded | None,
    named: dict[int, Named],
) -> OutsideRefundRecorded:
    if original is None:
        nowhere = Draw(source=f"outside:{outside.document.key}", exceeds=outside.amount)
        return _event(outside, stamp, draws=(nowhere,))
    payments = payments_of(original, outside.amount, look, named)
    within = sum(payment.amount for payment in payments)
    draws, rest = draws_on(original, sources_of(original, within, look), within, look)
    excess = outside.amount - within
    own, beyond = str(original.ref), {"exceeds": rest + excess}
    placed = (d.model_copy(update=beyond) if d.source == own else d for d in draws)
    drawn = tuple(draw for draw in placed if draw.credit or draw.uncovers or draw.exceeds)
    return _event(outside, stamp, payments=payments, excess=excess, draws=drawn)


def _event(
    outside: Outside,
    stamp: Stamp,
    *,
    net: int = 0,
    vat: int = 0,
    lines: tuple[TakenLine, ...] = (),
    payments: tuple[TakenPayment, ...] = (),
    excess: int = 0,
    fall: Fall | None = None,
    draws: tuple[Draw, ...] = (),
) -> OutsideRefundRecorded:
    ref = outside.original_ref
    return stamp.event(
        OutsideRefundRecorded,
        outside.stream,
        1,
        company=outside.company,
        currency=outside.currency,
        customer_id=outside.customer_id,
        part=outside.part,
        document=outside.document,
        issued_on=outside.issued_on,
        booked=outside.amount,
        net=net,
        vat=vat,
        original=str(ref) if ref else "",
        lines=lines,
        payments=payments,
        excess=excess,
        source_account=outside.source_account,
        fall=fall,
        draws=draws,
        read_from=outside.read_from,
        comment=outside.comment,
        digest=outside.digest,
    )
