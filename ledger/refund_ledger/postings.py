"""Postings: what an event means in double entry, from the event alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from refund_ledger.accounts import QUANTITY, RULES, Account, AccountKind, Book, Posting
from refund_ledger.errors import InvariantError
from refund_ledger.events import (
    CreditGranted,
    CreditReduced,
    DiscrepancyExplained,
    Draw,
    Event,
    Fall,
    InvoicePartCancelled,
    LateSuccessFound,
    OriginalPaid,
    OriginalRecorded,
    OutsideRefundRecorded,
    Part,
    ReceiptLinked,
    ReceiptPartCancelled,
    RefundClosed,
    RefundCompleted,
    RefundEvent,
    RefundKind,
    RefundRejected,
    RefundRequested,
    RefundWithdrawn,
    TakenLine,
    TakenPayment,
    Undone,
)

_K = AccountKind


def postings(event: Event) -> tuple[Posting, ...]:
    """Turn an event into its postings; they sum to zero per book and unit.

    Raises `InvariantError` where they do not: the ledger stops rather than post a wrong balance.
    """
    write = _MEANING.get(type(event))
    if write is None:
        return ()
    lines = _Lines(event)
    write(lines, event)
    return lines.balanced()


def net_changes(entries: Iterable[Posting]) -> dict[Account, int]:
    """Sum postings per account, in key order, leaving out what comes to nothing."""
    sums: dict[Account, int] = defaultdict(int)
    for account, amount in entries:
        sums[account] += amount
    return {account: sums[account] for account in sorted(sums) if sums[account]}


def _quantity(lines: Iterable[TakenLine]) -> int:
    return sum(line.quantity for line in lines)


def _gross(lines: Iterable[TakenLine]) -> int:
    return sum(line.gross for line in lines)


def _paid(payments: Iterable[TakenPayment]) -> int:
    return sum(payment.amount for payment in payments)


@lru_cache(maxsize=10_000)
def _items(line: int) -> tuple[str, str, str]:
    """What the accounts of a line are called: its net, its VAT and its quantity."""
    return f"line/{line}/net", f"line/{line}/vat", f"line/{line}/quantity"


class _Lines:
    """The postings of one event while they are written down.

    A replay spends much of its time here, so each line is written by as few calls as can be.
    """

    __slots__ = ("company", "currency", "customer", "entries", "refund", "topic")

    def __init__(self, event: Event) -> None:
        self.topic = event.TOPIC
        self.company = event.company
        self.currency = event.currency
        self.customer = event.customer_id
        self.refund = str(event.originator_id) if isinstance(event, RefundEvent) else ""
        self.entries: list[Posting] = []

    # --- writing one line -------------------------------------------------------------------------

    def post(
        self,
        kind: AccountKind,
        amount: int,
        subject: str = "",
        *,
        refund: str = "",
        item: str = "",
    ) -> None:
        """Post an amount of the event's currency, unless it is zero."""
        if amount:
            account = Account(self.company, kind, subject, refund, "", item, self.currency)
            self.entries.append(Posting(account, amount))

    def count(
        self, kind: AccountKind, quantity: int, subject: str, item: str, refund: str = ""
    ) -> None:
        """Post a quantity, unless it is zero."""
        if quantity:
            account = Account(self.company, kind, subject, refund, "", item, QUANTITY)
            self.entries.append(Posting(account, quantity))

    def money(self, kind: AccountKind, amount: int, subject: str, refund: str = "") -> None:
        """Post to an account that belongs to the event's customer."""
        if amount:
            account = Account(self.company, kind, subject, refund, self.customer, "", self.currency)
            self.entries.append(Posting(account, amount))

    def cover(self, kind: AccountKind, source: str, amount: int) -> None:
        """Move cover from `uncovered` (its other side) to an account, or back where negative."""
        if amount:
            self.money(kind, amount, source)
            self.money(_K.UNCOVERED, -amount, source)

    def reserved(self, item: str, amount: int) -> None:
        self.post(_K.RESERVED, amount, refund=self.refund, item=item)

    def quantity_reserved(self, quantity: int) -> None:
        self.count(_K.RESERVED, quantity, "", "quantity", self.refund)

    def refundable_line(self, original: str, line: int, net: int, vat: int, quantity: int) -> None:
        """Change what may still be credited of one line."""
        of_net, of_vat, of_quantity = _items(line)
        self.post(_K.REFUNDABLE, net, original, item=of_net)
        self.post(_K.REFUNDABLE, vat, original, item=of_vat)
        self.count(_K.REFUNDABLE, quantity, original, of_quantity)

    def refundable_payment(self, original: str, payment: int, amount: int) -> None:
        self.post(_K.REFUNDABLE, amount, original, item=f"payment/{payment}")

    def take_lines(self, original: str, taken: Iterable[TakenLine], sign: int) -> None:
        """Take lines off what is refundable (-1) or put them back (+1)."""
        for one in taken:
            self.refundable_line(
                original, one.line, sign * one.net, sign * one.vat, sign * one.quantity
            )

    def take_payments(self, original: str, taken: Iterable[TakenPayment], sign: int) -> None:
        for one in taken:
            self.refundable_payment(original, one.payment, sign * one.amount)

    def issued(self, part: Part, original: str, within: int, excess: int) -> None:
        """Count a counter-document against its original; what the original lacked is excess."""
        side = "sale" if part is Part.INVOICE else "money"
        self.post(_K.ISSUED, within + excess, original, item=side)
        self.post(_K.EXCESS, -excess, original, item=side)

    def quantity_issued(self, original: str, quantity: int) -> None:
        self.count(_K.ISSUED, quantity, original, "quantity")

    # --- the events -------------------------------------------------------------------------------

    def original_recorded(self, event: OriginalRecorded) -> None:
        original = str(event.ref)
        sale = paid = quantity = 0
        for line in event.lines:
            self.refundable_line(original, line.number, line.net, line.vat, line.quantity)
            sale += line.net + line.vat
            quantity += line.quantity
        for payment in event.payments:
            self.refundable_payment(original, payment.number, payment.amount)
            paid += payment.amount
        self.post(_K.RECORDED, -sale, original, item="sale")
        self.post(_K.RECORDED, -paid, original, item="money")
        self.count(_K.RECORDED, -quantity, original, "quantity")
        self.cover(_K.COVERED, original, event.covered)
        self.money(_K.OPEN, event.open_amount, original)
        self.money(_K.BOOKS, -event.open_amount, original)

    def original_paid(self, event: OriginalPaid) -> None:
        self.money(_K.BOOKS, event.paid, event.sale)
        self.money(_K.OPEN, event.credit - event.paid, event.sale)
        self.cover(_K.COVERED, event.sale, event.paid - event.credit)
        self.money(_K.CREDIT, -event.credit, event.sale)

    def receipt_linked(self, event: ReceiptLinked) -> None:
        self.cover(_K.COVERED, event.receipt, -event.from_cover)

    def credit_granted(self, event: CreditGranted) -> None:
        self.money(_K.GRANTED, event.amount, event.why)
        self.money(_K.CREDIT, -event.amount, event.source)
        self.cover(_K.COVERED, event.receipt, -event.from_cover)

    def credit_reduced(self, event: CreditReduced) -> None:
        whole = event.amount + event.exceeds
        self.money(_K.CREDIT, event.amount, event.source)
        self.money(_K.UNEXPLAINED, event.exceeds, event.source)
        self.money(_K.GRANTED, event.pays - whole, event.why)
        self.money(_K.OPEN, -event.pays, event.sale)
        self.cover(_K.COVERED, event.sale, event.pays)
        self.cover(_K.COVERED, event.receipt, event.to_cover)

    def requested(self, event: RefundRequested) -> None:
        if event.kind is RefundKind.GOODWILL:
            self.post(_K.ALLOWED, -event.credited, "goodwill", item="sale")
            self.reserved("sale", event.credited)
        else:
            self.take_lines(event.sale, event.lines, -1)
            self.take_payments(event.receipt, event.payments, -1)
            self.reserved("sale", _gross(event.lines))
            self.quantity_reserved(_quantity(event.lines))
            self.reserved("money", _paid(event.payments))
        for backing in event.backing:
            self.money(_K.CREDIT, backing.from_credit, backing.source)
            self.held(backing.source, -backing.from_credit)
            self.promise(event.kind, backing.source, backing.from_cover)

    def promise(self, kind: RefundKind, source: str, amount: int) -> None:
        """Promise cover to money on its way; a goodwill has no paid sale and creates its own."""
        other = _K.UNCOVERED if kind is RefundKind.GOODWILL else _K.COVERED
        self.money(_K.PROMISED_COVER, amount, source)
        self.money(other, -amount, source)

    def held(self, source: str, amount: int) -> None:
        self.money(_K.HELD_CREDIT, amount, source, self.refund)

    def invoice_cancelled(self, event: InvoicePartCancelled) -> None:
        self.reserved("sale", -event.from_reserved)
        self.quantity_reserved(-event.quantity)
        self.issued(Part.INVOICE, event.fall.source, event.from_reserved, event.excess)
        self.quantity_issued(event.sale, event.quantity)
        self.fall(event.fall, event.net, event.vat)

    def receipt_cancelled(self, event: ReceiptPartCancelled) -> None:
        self.reserved("money", -event.from_reserved)
        self.issued(Part.RECEIPT, event.receipt, event.from_reserved, event.excess)
        self.draws(event.draws, event.source_account)

    def fall(self, fall: Fall, net: int, vat: int) -> None:
        """Book the returned sale, and let it fall on debt, promises and credit in that order."""
        source = fall.source
        self.post(_K.RETURNS, net)
        self.post(_K.VAT, vat)
        self.money(_K.OPEN, -fall.opened, source)
        self.money(_K.PROMISED_CREDIT, -fall.promised, source)
        self.money(_K.CREDIT, -(fall.credit + fall.granted), source)
        self.money(_K.UNEXPLAINED, -fall.exceeds, source)
        self.cover(_K.PROMISED_COVER, source, -fall.promised)
        self.cover(_K.COVERED, source, -fall.credit)

    def draws(self, draws: Iterable[Draw], source_account: str) -> None:
        """Book the money that left, and take it from where it was held or promised."""
        for draw in draws:
            self.post(_K.PAID, -self.drawn(draw), source_account)

    def drawn(self, draw: Draw) -> int:
        """Take money from one source; returns how much."""
        source = draw.source
        self.held(source, draw.held)
        self.money(_K.PROMISED_CREDIT, draw.promised, source)
        self.money(_K.CREDIT, draw.credit, source)
        self.money(_K.OPEN, draw.reopens + draw.uncovers, source)
        self.money(_K.UNEXPLAINED, draw.exceeds, source)
        self.cover(_K.PROMISED_COVER, source, -draw.reopens)
        self.cover(_K.COVERED, source, -draw.uncovers)
        placed = draw.held + draw.promised + draw.credit + draw.reopens + draw.uncovers
        return placed + draw.exceeds

    def late_success(self, event: LateSuccessFound) -> None:
        side = "sale" if event.part is Part.INVOICE else "money"
        self.reserved(side, -event.from_reserved)
        self.quantity_reserved(-event.quantity)
        self.found(event, event.from_reserved, event.quantity)

    def outside_refund(self, event: OutsideRefundRecorded) -> None:
        self.found(event, 0, 0)

    def found(
        self, event: LateSuccessFound | OutsideRefundRecorded, reserved: int, quantity: int
    ) -> None:
        """Count a document that nobody waited for: what a refund held for it, and what it took."""
        self.take_lines(event.original, event.lines, -1)
        self.take_payments(event.original, event.payments, -1)
        self.quantity_issued(event.original, quantity + _quantity(event.lines))
        within = reserved + _gross(event.lines) + _paid(event.payments)
        self.issued(event.part, event.original, within, event.excess)
        if event.fall:
            self.fall(event.fall, event.net, event.vat)
        self.draws(event.draws, event.source_account)

    def explained(self, event: DiscrepancyExplained) -> None:
        """Lift what is explained off the alerts, undo or count it, and post what is left of it."""
        side = "sale" if event.part is Part.INVOICE else "money"
        self.take_lines(event.original, event.restored_lines, 1)
        self.take_payments(event.original, event.restored_payments, 1)
        self.take_lines(event.counts_on, event.lines, -1)
        self.take_payments(event.counts_on, event.payments, -1)
        self.quantity_issued(event.original, -_quantity(event.restored_lines))
        self.quantity_issued(event.counts_on, _quantity(event.lines))
        restored = _gross(event.restored_lines) + _paid(event.restored_payments)
        gone = event.excess + restored - event.allowed
        if event.undone:
            gone += self.undone(event.undone, event.original, side, event.subject)
        self.post(_K.EXCESS, event.excess, event.original, item=side)
        self.post(_K.ALLOWED, -event.allowed, event.original, item=side)
        self.post(_K.ISSUED, -gone, event.original, item=side)
        counted = _gross(event.lines) + _paid(event.payments)
        self.post(_K.ISSUED, counted, event.counts_on, item=side)

        # A credited sale that found no place stands on the credit side, money that left opposite.
        lifted = event.unexplained if event.part is Part.INVOICE else -event.unexplained
        self.money(_K.UNEXPLAINED, lifted, event.source)
        self.money(_K.OPEN, -event.pays, event.source)
        self.cover(_K.COVERED, event.source, event.pays)
        self.money(_K.CREDIT, -event.credit, event.source)
        for draw in event.draws:
            self.drawn(draw)
        if event.fall:
            self.fall(event.fall, -event.vat, event.vat)
        placed = sum(amount for account, amount in self.entries if account.kind in _OF_MONEY)
        self.money(_K.EXPLAINED, -placed, event.how)

    def undone(self, undone: Undone, original: str, side: str, subject: str) -> int:
        """Write what a reversed document had moved with the opposite sign; returns its rights."""
        before = len(self.entries)
        self.post(_K.PAID, -undone.paid, undone.source_account)
        self.post(_K.ALLOWED, -undone.allowed, original, item=side)
        self.post(_K.ALLOWED, -undone.goodwill, "goodwill", item="sale")
        self.money(_K.OPEN, -undone.owed, subject)
        if undone.fall:
            self.fall(undone.fall, undone.net, undone.vat)
        for draw in undone.draws:
            self.drawn(draw)
        self.entries[before:] = [Posting(each, -amount) for each, amount in self.entries[before:]]
        return undone.allowed + undone.goodwill

    def ended(
        self, event: RefundRejected | RefundWithdrawn | RefundCompleted | RefundClosed
    ) -> None:
        """Give back what was taken and not used."""
        back = event.given_back
        self.take_lines(back.sale, back.lines, 1)
        self.take_payments(back.receipt, back.payments, 1)
        self.post(_K.ALLOWED, back.goodwill, "goodwill", item="sale")
        self.reserved("sale", -(_gross(back.lines) + back.goodwill))
        self.quantity_reserved(-_quantity(back.lines))
        self.reserved("money", -_paid(back.payments))
        for one in back.sources:
            self.money(_K.CREDIT, -(one.held + one.promised), one.source)
            self.held(one.source, one.held)
            self.money(_K.PROMISED_CREDIT, one.promised, one.source)
            self.promise(back.kind, one.source, -one.cover)

    # --- the sum ----------------------------------------------------------------------------------

    def balanced(self) -> tuple[Posting, ...]:
        rights = money = quantity = 0
        for account, amount in self.entries:
            if account.unit == QUANTITY:
                quantity += amount
            elif account.kind in _OF_MONEY:
                money += amount
            else:
                rights += amount
        if rights or money or quantity:
            totals = {Book.RIGHTS.value: rights, Book.MONEY.value: money, QUANTITY: quantity}
            off = {name: total for name, total in totals.items() if total}
            raise InvariantError(f"{self.topic} does not balance: {off}; nothing was written")
        return tuple(self.entries)


_OF_MONEY = frozenset(kind for kind, rule in RULES.items() if rule.book is Book.MONEY)
_MEANING: dict[type[Event], Callable[[_Lines, Any], None]] = {
    OriginalRecorded: _Lines.original_recorded,
    OriginalPaid: _Lines.original_paid,
    ReceiptLinked: _Lines.receipt_linked,
    CreditGranted: _Lines.credit_granted,
    CreditReduced: _Lines.credit_reduced,
    RefundRequested: _Lines.requested,
    InvoicePartCancelled: _Lines.invoice_cancelled,
    ReceiptPartCancelled: _Lines.receipt_cancelled,
    LateSuccessFound: _Lines.late_success,
    OutsideRefundRecorded: _Lines.outside_refund,
    DiscrepancyExplained: _Lines.explained,
    RefundRejected: _Lines.ended,
    RefundWithdrawn: _Lines.ended,
    RefundCompleted: _Lines.ended,
    RefundClosed: _Lines.ended,
}
"""How each class that moves something is written down; the others move nothing."""
