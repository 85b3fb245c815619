"""Explaining: what a person says of an amount that is excess, or that found no place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any
from uuid import UUID

from refund_ledger.accounts import AccountKind, Posting
from refund_ledger.asking import digest_of
from refund_ledger.balances import Look
from refund_ledger.discrepancies import Discrepancy, fold
from refund_ledger.errors import InvalidInputError, KeyReusedError, NotFoundError, RefusedError
from refund_ledger.events import (
    DiscrepancyExplained,
    DocumentId,
    Draw,
    Event,
    Fall,
    How,
    OriginalRecorded,
    Part,
    RefundEvent,
    TakenLine,
    TakenPayment,
)
from refund_ledger.granting import grant_stream
from refund_ledger.inputs import Positive, plain
from refund_ledger.money import Money, allocate
from refund_ledger.originals import Immutable, Kind, OriginalRef, stream_id
from refund_ledger.outside import outside_stream
from refund_ledger.recording import fold_original
from refund_ledger.reversing import standing_of
from refund_ledger.settling import account, draws_on, fall_on
from refund_ledger.stamps import Stamp
from refund_ledger.storing import Store
from refund_ledger.taking import left_of, lines_of, payments_of, sources_of


class Explanation(Immutable):
    """What somebody says that a discrepancy is; all that is left of it where no amount is said.

    It names the document that caused it, or the credit that was reduced by more than it held.
    """

    company: Annotated[str, plain(60, shortest=1)]
    reference: Annotated[str, plain(120, shortest=1)]
    """Names the explanation; the same one explains once."""
    document: DocumentId | None = None
    grant: Annotated[str, plain(120)] = ""
    how: How
    amount: Positive | None = None
    """In minor units of the discrepancy's currency."""
    why: Annotated[str, plain(1000, shortest=1)]
    reversed_by: DocumentId | None = None
    """The document that reversed it there."""
    original: Annotated[str, plain(60)] = ""
    """The original that it gives back instead."""

    @property
    def subject(self) -> str:
        """What is explained, as its discrepancy is called."""
        return str(self.document.key) if self.document else f"grant:{self.grant}"

    @property
    def digest(self) -> str:
        """SHA-256 over everything said."""
        return digest_of(self.model_dump(mode="json", exclude_defaults=True))

    @property
    def stream(self) -> UUID:
        """The id of the stream that holds the explanations of this discrepancy."""
        return stream_id(self.company, "discrepancy", self.subject)

    def check(self) -> None:
        """Refuse fields that do not belong to how it is explained; names the field."""
        if (self.document is None) == (not self.grant):
            raise InvalidInputError("document", "name the document, or the credit that was reduced")
        if (self.how is How.REVERSED) != (self.reversed_by is not None):
            raise InvalidInputError(
                "reversed_by", "name the document that reversed it, and only where one did"
            )
        if self.reversed_by and self.document and self.reversed_by.half is not self.document.half:
            raise InvalidInputError("reversed_by", f"a {self.document.half} reverses this one")
        if (self.how is How.BELONGS_ELSEWHERE) != bool(self.original):
            raise InvalidInputError(
                "original", "name the original that it gives back, and only where it is another"
            )
        if self.how is How.BELONGS_ELSEWHERE and self.grant:
            raise InvalidInputError("how", "a reduced credit gives back no original")


def explain(
    store: Store, explanation: Explanation, stamp: Stamp, look: Look, *, refund: UUID | None = None
) -> tuple[DiscrepancyExplained, ...]:
    """Explain a discrepancy, never more than what is left of it; the same again is nothing.

    `refund` is the refund that the document belongs to; none for one that was made outside. The
    explanations of one discrepancy are one stream, so two at once never explain the same amount.
    """
    explanation.check()
    before = store.stream(explanation.stream)
    for event in before:
        if isinstance(event, DiscrepancyExplained) and event.reference == explanation.reference:
            if event.digest == explanation.digest:
                return ()
            first, second = event.digest, explanation.digest
            raise KeyReusedError(explanation.reference, first=first, second=second)
    causes = store.stream(_stream_of_cause(explanation, refund))
    if explanation.how is How.REVERSED and explanation.document:
        return tuple(_reversed(explanation, causes, before, stamp, look))
    key = explanation.company, explanation.subject
    if key not in fold(causes):
        raise NotFoundError(
            f"nothing of {explanation.subject} is beyond its original or without a place there; "
            "see `pending`"
        )
    found = fold([*causes, *before]).get(key)
    left = found.left if found else 0
    amount = left if explanation.amount is None else explanation.amount
    if found is None or amount > left:
        currency = causes[0].currency
        if not left:
            raise RefusedError(f"nothing of {explanation.subject} is left to explain")
        raise RefusedError(
            f"{Money(left, currency)} of {explanation.subject} is left to explain, "
            f"{Money(amount, currency)} was explained"
        )
    return (_Explained(store, explanation, look, found, amount).event(stamp, len(before) + 1),)


def _stream_of_cause(explanation: Explanation, refund: UUID | None) -> UUID:
    if explanation.document is None:
        return grant_stream(explanation.company, explanation.grant)
    return refund or outside_stream(explanation.company, explanation.document.key)


def _reversed(
    explanation: Explanation,
    causes: Sequence[Event],
    before: Sequence[Event],
    stamp: Stamp,
    look: Look,
) -> Iterator[DiscrepancyExplained]:
    """Say that a document was reversed; what it moved moves back at each place where it stands."""
    standing = standing_of(explanation.subject, causes, before)
    standing.check(explanation.amount)
    left = standing.left
    for number, (place, undone) in enumerate(standing.undone(look), start=1):
        booked = number == 1
        yield _event(
            explanation,
            replace(left, original=place.original, source=place.source),
            stamp,
            len(before) + number,
            amount=standing.cause.booked if booked else place.amount,
            reversed_by=explanation.reversed_by if booked else None,
            excess=left.excess if booked else 0,
            unexplained=left.unexplained if booked else 0,
            restored_lines=place.lines,
            restored_payments=place.payments,
            undone=undone,
        )


def _event(
    explanation: Explanation, found: Discrepancy, stamp: Stamp, version: int, **fields: Any
) -> DiscrepancyExplained:
    return stamp.event(
        DiscrepancyExplained,
        explanation.stream,
        version,
        company=explanation.company,
        currency=found.cause.currency,
        customer_id=found.cause.customer_id,
        reference=explanation.reference,
        subject=found.subject,
        part=found.part,
        document=found.document,
        refund=str(found.cause.originator_id) if isinstance(found.cause, RefundEvent) else "",
        how=explanation.how,
        why=explanation.why,
        original=found.original,
        source=found.source,
        digest=explanation.digest,
        **fields,
    )


@dataclass(slots=True)
class _Explained:
    """One explanation while it is worked out."""

    store: Store
    explanation: Explanation
    look: Look
    found: Discrepancy
    amount: int
    allowed: int = 0
    restored_lines: tuple[TakenLine, ...] = ()
    restored_payments: tuple[TakenPayment, ...] = ()
    pays: int = 0
    credit: int = 0
    counts_on: str = ""
    lines: tuple[TakenLine, ...] = ()
    payments: tuple[TakenPayment, ...] = ()
    fall: Fall | None = None
    draws: list[Draw] = field(default_factory=list)
    vat: int = 0

    @property
    def excess(self) -> int:
        """What of the amount is excess."""
        return min(self.amount, self.found.excess)

    @property
    def unexplained(self) -> int:
        """What of the amount found no place in money."""
        return min(self.amount, self.found.unexplained)

    def event(self, stamp: Stamp, version: int) -> DiscrepancyExplained:
        """Work it out; raises `RefusedError` where what it is said to be cannot be."""
        how = self.explanation.how
        if how is How.ACCEPTED:
            self._accept()
        else:
            self._undo()
        if how is How.WRITTEN_OFF:
            self.allowed = self.excess + self._restored
        if how is How.BELONGS_ELSEWHERE:
            self._count_elsewhere()
        return _event(
            self.explanation,
            self.found,
            stamp,
            version,
            amount=self.amount,
            reversed_by=self.explanation.reversed_by,
            excess=self.excess,
            unexplained=self.unexplained,
            allowed=self.allowed,
            restored_lines=self.restored_lines,
            restored_payments=self.restored_payments,
            pays=self.pays,
            credit=self.credit,
            counts_on=self.counts_on,
            lines=self.lines,
            payments=self.payments,
            fall=self.fall,
            draws=tuple(draw for draw in self.draws if draw.credit or draw.uncovers),
            vat=self.vat,
        )

    # --- it did not happen ------------------------------------------------------------------------

    def _undo(self) -> None:
        """The customer stands as if the document had never been made.

        What it had taken of the original without a place for its money is free again. Money that
        came out of the customer's own credit or cover pays a debt again, and else is credit.
        """
        self._restore(self.amount - self.excess)
        back = self.amount - self.unexplained
        if not back:
            return  # What the debt is decides nothing, so the save need not assert it.
        debt = self.look(account(self.found.cause, AccountKind.OPEN, self.found.source))
        self.pays = min(back, debt)
        self.credit = back - self.pays
        credit = account(self.found.cause, AccountKind.CREDIT, self.found.source)
        self.look.post((Posting(credit, -self.credit),))

    def _restore(self, wanted: int) -> None:
        lines, payments = self.found.lines, self.found.payments
        halves = [half for line in lines for half in (line.net, line.vat)]
        amounts = [payment.amount for payment in payments]
        whole = sum(halves) + sum(amounts)
        restored = min(wanted, whole)
        back = allocate(min(restored, sum(halves)), halves)
        all_of_it = restored and restored == whole
        free = (
            line.model_copy(
                update={
                    "net": back[2 * i],
                    "vat": back[2 * i + 1],
                    "quantity": line.quantity if all_of_it else 0,
                }
            )
            for i, line in enumerate(lines)
        )
        self.restored_lines = tuple(line for line in free if line.gross or line.quantity)
        shares = allocate(min(restored, sum(amounts)), amounts)
        self.restored_payments = tuple(
            payment.model_copy(update={"amount": share})
            for payment, share in zip(payments, shares, strict=True)
            if share
        )

    @property
    def _restored(self) -> int:
        lines = sum(line.gross for line in self.restored_lines)
        return lines + sum(payment.amount for payment in self.restored_payments)

    # --- it stands --------------------------------------------------------------------------------

    def _accept(self) -> None:
        """It counts: first against what its original has by now, and beyond that it is allowed."""
        found, excess = self.found, self.excess
        original = self._original(found.original)
        sale = found.part is Part.INVOICE
        if original and sale:
            self.lines = lines_of(original, excess, self.look)
        elif original:
            self.payments = payments_of(original, excess, self.look)
        counted = sum(line.gross for line in self.lines)
        counted += sum(payment.amount for payment in self.payments)
        self.counts_on = found.original if counted else ""
        self.allowed = excess - counted
        if sale:
            taken = sum(line.gross for line in found.lines)
            self._credit(found.source, counted + min(self.amount - excess, taken))
        else:
            self._draw(original, self.unexplained)

    def _credit(self, source: str, within: int) -> None:
        """Let what the sale has of it fall there; the rest is credit that no payment covers."""
        fall, _ = fall_on(self.found.cause, source, within, self.look)
        self.fall = fall.model_copy(update={"granted": self.unexplained - fall.whole})

    def _draw(self, original: OriginalRecorded | None, wanted: int) -> None:
        """Take money that left from where the customer has it: its sources, then other credit."""
        cause = self.found.cause
        own: Sequence[tuple[str, int]] = ((self.found.source, wanted),)
        if original:
            own = sources_of(original, wanted, self.look)
        self.draws, rest = draws_on(cause, own, wanted, self.look)
        held = self.store.credits(cause.company, cause.customer_id, cause.currency)
        names = {source for source, _ in own}
        for source, _ in held:
            there = 0 if source in names else self.look(account(cause, AccountKind.CREDIT, source))
            self.draws.append(Draw(source=source, credit=min(rest, there)))
            rest -= min(rest, there)
        if rest:
            raise RefusedError(
                f"only {Money(wanted - rest, cause.currency)} of "
                f"{Money(wanted, cause.currency)} is there as the customer's credit or paid part; "
                "accept that much, and say what the rest is"
            )

    # --- it gives back another original -----------------------------------------------------------

    def _count_elsewhere(self) -> None:
        """Count the whole amount against another original, which has to have it."""
        cause, amount = self.found.cause, self.amount
        ref = OriginalRef.parse(self.explanation.original)
        original = self._original(str(ref))
        if original is None:
            raise NotFoundError(f"{ref} is not recorded; import it first")
        if (original.customer_id, original.currency) != (cause.customer_id, cause.currency):
            raise RefusedError(f"{ref} is another customer's or in another currency")
        sale = self.found.part is Part.INVOICE
        left = left_of(original, self.look, sale=sale)
        if amount > left:
            raise RefusedError(
                f"only {Money(left, cause.currency)} of {ref} is left to give back, "
                f"{Money(amount, cause.currency)} was to count against it"
            )
        self.counts_on = str(ref)
        if sale:
            self.lines = lines_of(original, amount, self.look)
            self.vat = sum(line.vat for line in self.lines) - self._vat_booked
            self._credit(str(ref), amount)
        else:
            self.payments = payments_of(original, amount, self.look)
            self._draw(original, amount)

    @property
    def _vat_booked(self) -> int:
        """What of the amount its document booked as VAT."""
        cause = self.found.cause
        net, vat = getattr(cause, "net", 0), getattr(cause, "vat", 0)
        return allocate(self.amount, [net, vat])[1] if net + vat else 0

    def _original(self, name: str) -> OriginalRecorded | None:
        """A recorded original by its name; none for a goodwill, which has no original."""
        if name.partition(":")[0] not in set(Kind):
            return None
        stream = OriginalRef.parse(name).stream(self.explanation.company)
        found = fold_original(self.store.stream(stream))
        return found.recorded if found else None
