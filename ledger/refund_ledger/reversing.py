"""Reversing: a counter-document was reversed there, so everything that it had moved moves back.

A document is reversed as a whole, whatever of it had found its place: what it took of its original
is free again, what it credited is owed again, and what it paid back is the customer's again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from refund_ledger.accounts import AccountKind
from refund_ledger.balances import Look
from refund_ledger.discrepancies import Booking, Discrepancy, booked_by
from refund_ledger.errors import NotFoundError, RefusedError
from refund_ledger.events import (
    DiscrepancyExplained,
    Draw,
    Event,
    Fall,
    How,
    InvoicePartCancelled,
    LateSuccessFound,
    OutsideRefundRecorded,
    Part,
    ReceiptPartCancelled,
    RefundEvent,
    RefundRequested,
    TakenLine,
    TakenPayment,
    Undone,
)
from refund_ledger.money import Money, allocate
from refund_ledger.originals import Kind
from refund_ledger.refund import Refund, fold
from refund_ledger.settling import account


@dataclass(slots=True)
class Place:
    """What of a document stands under one original, and under one source."""

    original: str
    source: str
    lines: tuple[TakenLine, ...] = ()
    payments: tuple[TakenPayment, ...] = ()
    covered: int = 0
    """What fell on debt, on promises and on the paid part of a sale."""
    granted: int = 0
    """What became credit without any of that."""

    def take(self, fall: Fall | None) -> None:
        """Count where a credited amount fell."""
        if fall:
            self.covered += fall.opened + fall.promised + fall.credit
            self.granted += fall.granted

    @property
    def amount(self) -> int:
        """What it took of the original."""
        return sum(line.gross for line in self.lines) + sum(each.amount for each in self.payments)


@dataclass(frozen=True, slots=True)
class Standing:
    """A document as it stands after everything that people said of it."""

    cause: Booking
    refund: Refund | None
    """The refund that it belongs to; none where it was made outside."""
    said: Sequence[DiscrepancyExplained]
    left: Discrepancy
    """What of it nobody explained."""

    def check(self, amount: int | None) -> None:
        """Raise `RefusedError` with every reason why it cannot be reversed, or not that amount."""
        cause, subject, reasons = self.cause, self.left.subject, list[str]()
        if any(each.undone for each in self.said):
            reasons.append(f"{subject} was reversed before, and stands no more")
        if amount not in {None, cause.booked}:
            reasons.append(
                f"a document is reversed as a whole, {subject} with "
                f"{Money(cause.booked, cause.currency)}: leave the amount out; a part of it is "
                f"{How.ACCEPTED}, {How.WRITTEN_OFF} or {How.BELONGS_ELSEWHERE}"
            )
        refund = self.refund
        if isinstance(cause, InvoicePartCancelled) and refund and not refund.status.is_over:
            reasons.append(
                f"the money that {subject} credited may still go out: close refund "
                f"{refund.request.key} first, then say that it was reversed"
            )
        if reasons:
            raise RefusedError(*reasons)

    def undone(self, look: Look) -> Iterator[tuple[Place, Undone]]:
        """What moves back, place by place: first where it was booked, then where it belonged."""
        main, *others = self._places()
        cause, moved = self.cause, sum(each.vat for each in self.said)
        of_sale = (0, 0) if isinstance(cause, ReceiptPartCancelled) else (cause.net, cause.vat)
        fall, owed = self._fall(main, look)
        yield (
            main,
            Undone(
                net=of_sale[0] - moved,
                vat=of_sale[1] + moved,
                paid=0 if self._is_sale else cause.booked,
                source_account=""
                if isinstance(cause, InvoicePartCancelled)
                else cause.source_account,
                allowed=sum(each.allowed for each in self.said),
                goodwill=self._goodwill,
                fall=fall,
                owed=owed,
                draws=tuple(self._draws(look)),
            ),
        )
        for place in others:
            fall, owed = self._fall(place, look)
            yield place, Undone(fall=fall, owed=owed)

    @property
    def request(self) -> RefundRequested | None:
        """What was requested when it was made."""
        return self.refund.request if self.refund else None

    # --- rights -----------------------------------------------------------------------------------

    @property
    def _is_sale(self) -> bool:
        return self.left.part is Part.INVOICE

    def _places(self) -> list[Place]:
        left = self.left
        main = Place(left.original, left.source, _lines([*left.lines, *self._lines_reserved()]))
        main.payments = _payments([*left.payments, *self._payments_reserved()])
        found = {main.original: main}
        main.take(None if isinstance(self.cause, ReceiptPartCancelled) else self.cause.fall)
        for each in self.said:
            name = each.counts_on or main.original
            place = found.setdefault(name, Place(name, name))
            place.lines = _lines([*place.lines, *each.lines])
            place.payments = _payments([*place.payments, *each.payments])
            place.take(each.fall)
        return list(found.values())

    @property
    def _reserved(self) -> int:
        """What its refund had reserved for it."""
        return 0 if isinstance(self.cause, OutsideRefundRecorded) else self.cause.from_reserved

    @property
    def _goodwill(self) -> int:
        request = self.request
        return self._reserved if request and self._is_sale and not request.sale else 0

    def _lines_reserved(self) -> Iterator[TakenLine]:
        """What was reserved, line by line; a goodwill takes of no line."""
        request, cause, reserved = self.request, self.cause, self._reserved
        if not (request and request.sale and reserved and self._is_sale):
            return
        halves = [half for line in request.lines for half in (line.net, line.vat)]
        back = allocate(request.credited - reserved, halves)
        whole = isinstance(cause, InvoicePartCancelled | LateSuccessFound) and cause.quantity
        for i, line in enumerate(request.lines):
            net, vat = line.net - back[2 * i], line.vat - back[2 * i + 1]
            counted = {"quantity": line.quantity if whole else 0, "returned": 0}
            yield line.model_copy(update={"net": net, "vat": vat, **counted})

    def _payments_reserved(self) -> Iterator[TakenPayment]:
        request, reserved = self.request, self._reserved
        if not (request and reserved) or self._is_sale:
            return
        amounts = [payment.amount for payment in request.payments]
        back = allocate(sum(amounts) - reserved, amounts)
        for payment, less in zip(request.payments, back, strict=True):
            yield payment.model_copy(update={"amount": payment.amount - less})

    # --- money ------------------------------------------------------------------------------------

    def _fall(self, place: Place, look: Look) -> tuple[Fall | None, int]:
        """Take credit back as far as it is there, then what was promised of it; the rest is owed.

        What the customer owes belongs to the sale as far as the sale stands again; what was
        allowed beyond it does not.
        """
        if not self._is_sale:
            return None, 0
        whole, source = place.covered + place.granted, place.source
        credit = look.up_to(account(self.cause, AccountKind.CREDIT, source), whole)
        pool = account(self.cause, AccountKind.PROMISED_CREDIT, source)
        promised = look.up_to(pool, place.covered - credit)
        if source.partition(":")[0] not in set(Kind):
            opened = whole - credit - promised
            return Fall(source=source, opened=opened, promised=promised, granted=credit), 0
        covered = min(credit, place.covered)
        opened = place.covered - covered - promised
        granted = credit - covered
        fall = Fall(
            source=source, opened=opened, promised=promised, credit=covered, granted=granted
        )
        return fall, place.granted - granted

    def _draws(self, look: Look) -> Iterator[Draw]:
        """Give money back to where it came from: it pays a debt again, and else is credit."""
        cause, came = self.cause, Counter[str]()
        for draw in () if isinstance(cause, InvoicePartCancelled) else cause.draws:
            placed = draw.held + draw.promised + draw.credit + draw.reopens + draw.uncovers
            came[draw.source] += placed
        for each in self.said:
            for draw in each.draws:
                came[draw.source] += draw.credit + draw.uncovers
            came[each.source] -= each.pays + each.credit
        rest = sum(came.values())
        for source, amount in came.items():
            back = max(min(amount, rest), 0)
            rest -= back
            debt = look.up_to(account(cause, AccountKind.OPEN, source), back)
            if back:
                yield Draw(source=source, uncovers=debt, credit=back - debt)


def standing_of(subject: str, causes: Sequence[Event], before: Sequence[Event]) -> Standing:
    """Find a document among the events of its stream, and what was said of it before.

    Raises `NotFoundError` where no refund has it.
    """
    booked = (event for event in causes if isinstance(event, Booking))
    cause = next((event for event in booked if str(event.document.key) == subject), None)
    if cause is None:
        raise NotFoundError(
            f"no refund here has {subject}; see `pending`. A credit that it granted is taken back "
            "by `credit reduce`"
        )
    said = [event for event in before if isinstance(event, DiscrepancyExplained)]
    left = booked_by(cause)
    for each in said:
        left = left.after(each)
    refund = fold(causes) if isinstance(cause, RefundEvent) else None
    return Standing(cause, refund, said, left)


def _lines(taken: Iterable[TakenLine]) -> tuple[TakenLine, ...]:
    """Lines summed by their number."""
    found: dict[int, TakenLine] = {}
    names = ("net", "vat", "quantity")
    for line in taken:
        had = found.get(line.line)
        more = {name: getattr(had, name) + getattr(line, name) for name in names} if had else {}
        found[line.line] = line.model_copy(update=more)
    return tuple(line for line in found.values() if line.gross or line.quantity)


def _payments(taken: Iterable[TakenPayment]) -> tuple[TakenPayment, ...]:
    """Payments summed by their number."""
    found: dict[int, TakenPayment] = {}
    for each in taken:
        had = found.get(each.payment)
        more = {"amount": had.amount + each.amount} if had else {}
        found[each.payment] = each.model_copy(update=more)
    return tuple(each for each in found.values() if each.amount)
