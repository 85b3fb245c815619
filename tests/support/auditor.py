"""An auditor who keeps books of their own, from what was acknowledged and never from events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from refund_ledger.accounts import AccountKind
from refund_ledger.events import How, Part
from refund_ledger.originals import Kind, Original
from refund_ledger.refund import PartStatus, Refund, Status
from support.books import Books


@dataclass
class Booked:
    """One counter-document, as those remember it who heard of it and of what was said of it."""

    customer: str
    part: Part
    amount: int
    of: str
    """The original that it gives back; empty where nobody knows."""
    refund: UUID | None
    moved: Counter[str] = field(default_factory=Counter)
    """What of it was said to give back another original."""
    borne: int = 0
    """What of it the company bears."""


@dataclass
class Auditor:
    """What each customer is owed, and what was given of each original."""

    owed: Counter[str] = field(default_factory=Counter)
    """By customer; negative where the customer owes."""
    originals: dict[str, Original] = field(default_factory=dict)
    paid: Counter[str] = field(default_factory=Counter)
    """By invoice, what its own reading said was paid; a cash sale is paid by itself."""
    closed: Counter[str] = field(default_factory=Counter)
    """By sale, what receipts say that they pay of it, and what credit was used on it."""
    booked: Counter[tuple[str, Part]] = field(default_factory=Counter)
    """By original and side, what counter-documents came to."""
    borne: Counter[tuple[str, Part]] = field(default_factory=Counter)
    """What of it the company bears: nothing of the original is used up by that."""
    held: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """By refund and original, what requests under way may still book: sale and money."""
    documents: dict[str, Booked] = field(default_factory=dict)
    """Counter-documents that stand, by name."""
    surprised: set[str] = field(default_factory=set)
    """Originals of which more was booked than asked, or what nobody expected any more."""
    puzzled: set[str] = field(default_factory=set)
    """Customers of whom something was booked that was not asked so."""

    # --- commands that were acknowledged ----------------------------------------------------------

    def recorded(self, original: Original) -> None:
        """An original was read."""
        name, customer = str(original.ref), original.customer_id
        self.originals[name] = original
        self.owed[customer] += original.overpaid - original.open_amount
        if original.kind is Kind.INVOICE:
            self.paid[name] = original.sale_total - original.open_amount
        for part in original.closes:
            self.paid_of(customer, part.sale, part.amount)

    def paid_of(self, customer: str, sale: str, amount: int) -> None:
        """Somebody says that this much of a sale was paid; known is the most that either says."""
        before = max(self.paid[sale], self.closed[sale])
        self.closed[sale] += amount
        self.owed[customer] += max(self.paid[sale], self.closed[sale]) - before

    def granted(self, customer: str, amount: int) -> None:
        """A credit was granted, or reduced where the amount is negative."""
        self.owed[customer] += amount

    def requested(self, refund: Refund) -> None:
        """A request was accepted."""
        asked = refund.request
        money = sum(payment.amount for payment in asked.payments)
        for original, amounts in ((asked.sale, (asked.credited, 0)), (asked.receipt, (0, money))):
            if original:
                sale, back = self.held.get((str(refund.id), original), (0, 0))
                self.held[str(refund.id), original] = (sale + amounts[0], back + amounts[1])

    def answered(self, before: Refund, after: Refund, part: Part, booked: int) -> None:
        """A counter-document exists, whether a request under way waits for it or not."""
        asked = before.request
        self.owed[asked.customer_id] += booked if part is Part.INVOICE else -booked
        waited_for = before.part(part).status not in {PartStatus.CANCELLED, PartStatus.ENDED}
        if not waited_for or booked > asked.asked(part):
            self.puzzled.add(asked.customer_id)
        original = asked.sale if part is Part.INVOICE else asked.receipt
        name = str(after.part(part).documents[-1].key)
        self.documents[name] = Booked(asked.customer_id, part, booked, original, before.id)
        if original:
            self.booked[original, part] += booked
            key = str(before.id), original
            held = dict(zip(Part, self.held[key], strict=True))
            again = before.part(part).status is PartStatus.CANCELLED
            if again or booked > held[part]:
                self.surprised.add(original)
            if not again:
                going_on = after.status is Status.IN_PROGRESS
                held[part] = max(held[part] - booked, 0) if going_on else 0
                self.held[key] = (held[Part.INVOICE], held[Part.RECEIPT])
        if after.status is Status.COMPLETED:
            self.ended(after)

    def ended(self, refund: Refund, *kept: Part) -> None:
        """A refund is over; parts in doubt keep what they hold."""
        for name in (refund.request.sale, refund.request.receipt):
            if name:
                sale, money = self.held.get((str(refund.id), name), (0, 0))
                self.held[str(refund.id), name] = (
                    sale if Part.INVOICE in kept else 0,
                    money if Part.RECEIPT in kept else 0,
                )

    def given_outside(
        self, document: str, customer: str, part: Part, amount: int, original: str, *, room: int
    ) -> None:
        """A document was found that nobody here made; its original had `room` for it."""
        self.documents[document] = Booked(customer, part, amount, original, None)
        self.owed[customer] += amount if part is Part.INVOICE else -amount
        if not original or amount > room or part is Part.RECEIPT:
            self.puzzled.add(customer)
        if original:
            self.booked[original, part] += amount
            if amount > room:
                self.surprised.add(original)

    def explained(
        self, subject: str, customer: str, part: Part, how: How, amount: int, *, of: str, to: str
    ) -> None:
        """A person said what an amount is: `of` was given back by it, or `to` is from now on."""
        document = self.documents.get(subject)
        if how in {How.REVERSED, How.WRITTEN_OFF}:
            self.owed[customer] += -amount if part is Part.INVOICE else amount
        if of and how is How.BELONGS_ELSEWHERE:
            self.booked[of, part] -= amount
        if of and how is How.WRITTEN_OFF:
            self.borne[of, part] += amount
        if to:
            self.booked[to, part] += amount
        if document:
            document.moved[to] += amount if to else 0
            document.borne += amount if how is How.WRITTEN_OFF else 0

    def reversed(self, subject: str) -> None:
        """A document was reversed there: it is as if it had never been made."""
        document = self.documents.pop(subject)
        part, back = document.part, document.amount - document.borne
        self.owed[document.customer] += -back if part is Part.INVOICE else back
        if document.of:
            self.booked[document.of, part] -= document.amount - document.moved.total()
            self.borne[document.of, part] -= document.borne
        for other, amount in document.moved.items():
            self.booked[other, part] -= amount

    # --- what it comes to -------------------------------------------------------------------------

    def left(self, original: str) -> tuple[int, int]:
        """What may still be asked for: of the sale, and of the money."""
        held = [amounts for (_, name), amounts in self.held.items() if name == original]
        it = self.originals[original]
        used = {part: self.booked[original, part] - self.borne[original, part] for part in Part}
        sale = it.sale_total - used[Part.INVOICE] - sum(s for s, _ in held)
        money = it.money_total - used[Part.RECEIPT] - sum(m for _, m in held)
        return sale, money

    def compare(self, books: Books) -> None:
        """The ledger says the same."""
        for customer in {*self.owed, *(each.customer_id for each in self.originals.values())}:
            assert _net(books, customer) == self.owed[customer], customer
            if customer not in self.puzzled:
                assert books.total(AccountKind.UNEXPLAINED, customer=customer) == 0
        for name in self.originals:
            for side, part in (("sale", Part.INVOICE), ("money", Part.RECEIPT)):
                issued = books.total(AccountKind.ISSUED, name, item=side)
                assert issued == self.booked[name, part], (name, side)
            if name not in self.surprised:
                left = books.left_in_all(name)
                assert left == self.left(name), (name, left, self.left(name))
                assert min(left) >= 0


def _net(books: Books, customer: str) -> int:
    """What the ledger says that the company owes a customer."""
    owed = (
        AccountKind.CREDIT,
        AccountKind.HELD_CREDIT,
        AccountKind.PROMISED_CREDIT,
        AccountKind.UNEXPLAINED,
    )
    total = sum(books.total(kind, customer=customer) for kind in owed)
    return total - books.total(AccountKind.OPEN, customer=customer)
