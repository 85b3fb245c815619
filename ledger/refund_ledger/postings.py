"""Postings: what an event means in double entry, from the event alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from refund_ledger.accounts import QUANTITY, Account, AccountKind, Book, Posting
from refund_ledger.errors import InvariantError
from refund_ledger.events import (
    CreditGranted,
    CreditReduced,
    DiscrepancyExplained,
    Draw,
    Event,
    Fall,
    GivenBack,
    InvoicePartCancelled,
    LateSuccessFound,
    OriginalPaid,
    OriginalRecorded,
    OutsideRefundRecorded,
    Part,
    ReceiptPartCancelled,
    RefundClosed,
    RefundCompleted,
    RefundKind,
    RefundRejected,
    RefundRequested,
    RefundWithdrawn,
    TakenLine,
    TakenPayment,
)

_K = AccountKind


def postings(event: Event) -> tuple[Posting, ...]:
    """Turn an event into its postings; they sum to zero per book and unit.

    Raises `InvariantError` where they do not: the ledger stops rather than post a wrong balance.
    """
    lines = _Lines(event)
    match event:
        case OriginalRecorded() | OriginalPaid() | CreditGranted() | CreditReduced():
            lines.recorded(event)
        case RefundRequested():
            lines.requested(event)
        case InvoicePartCancelled():
            lines.reserved("sale", -event.from_reserved)
            lines.reserved("quantity", -event.quantity, QUANTITY)
            lines.issued(Part.INVOICE, event.fall.source, event.from_reserved, event.excess)
            lines.quantity_issued(event.sale, event.quantity)
            lines.fall(event.fall, event.net, event.vat)
        case ReceiptPartCancelled():
            lines.reserved("money", -event.from_reserved)
            lines.issued(Part.RECEIPT, event.receipt, event.from_reserved, event.excess)
            lines.draws(event.draws, event.source_account)
        case LateSuccessFound():
            side = "sale" if event.part is Part.INVOICE else "money"
            lines.reserved(side, -event.from_reserved)
            lines.reserved("quantity", -event.quantity, QUANTITY)
            lines.found(event, event.from_reserved, event.quantity)
        case OutsideRefundRecorded():
            lines.found(event, 0, 0)
        case DiscrepancyExplained():
            lines.explained(event)
        case RefundRejected() | RefundWithdrawn() | RefundCompleted() | RefundClosed():
            lines.given_back(event.given_back)
        case _:
            pass
    return lines.balanced()


def net_changes(entries: Iterable[Posting]) -> dict[Account, int]:
    """Sum postings per account, in key order, leaving out what comes to nothing."""
    sums: dict[Account, int] = defaultdict(int)
    for account, amount in entries:
        sums[account] += amount
    return {account: sums[account] for account in sorted(sums) if sums[account]}


def _quantity(lines: Iterable[TakenLine]) -> int:
    return sum(line.quantity for line in lines)


def _amount(lines: Iterable[TakenLine], payments: Iterable[TakenPayment]) -> int:
    return sum(line.gross for line in lines) + sum(payment.amount for payment in payments)


class _Lines:
    """The postings of one event while they are written down."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.refund = str(event.originator_id) if event.TOPIC.startswith("refund.") else ""
        self.entries: list[Posting] = []

    # --- writing one line -------------------------------------------------------------------------

    def post(
        self,
        kind: AccountKind,
        amount: int,
        *,
        subject: str = "",
        refund: str = "",
        customer: str = "",
        item: str = "",
        unit: str = "",
    ) -> None:
        if amount:
            event = self.event
            unit = unit or event.currency
            account = Account(event.company, kind, subject, refund, customer, item, unit)
            self.entries.append(Posting(account, amount))

    def money(self, kind: AccountKind, amount: int, *, subject: str = "", refund: str = "") -> None:
        """Post to an account that belongs to the event's customer."""
        self.post(kind, amount, subject=subject, refund=refund, customer=self.event.customer_id)

    def credit(self, source: str, amount: int) -> None:
        self.money(_K.CREDIT, amount, subject=source)

    def cover(self, kind: AccountKind, source: str, amount: int) -> None:
        """Move cover from `uncovered` (its other side) to an account, or back where negative."""
        self.money(kind, amount, subject=source)
        self.money(_K.UNCOVERED, -amount, subject=source)

    def reserved(self, item: str, amount: int, unit: str = "") -> None:
        self.post(_K.RESERVED, amount, refund=self.refund, item=item, unit=unit)

    def refundable(self, original: str, item: str, amount: int, unit: str = "") -> None:
        self.post(_K.REFUNDABLE, amount, subject=original, item=item, unit=unit)

    def take_lines(self, original: str, taken: Iterable[TakenLine], sign: int) -> None:
        """Take lines off what is refundable (-1) or put them back (+1)."""
        for line in taken:
            self.refundable(original, f"line/{line.line}/net", sign * line.net)
            self.refundable(original, f"line/{line.line}/vat", sign * line.vat)
            self.refundable(original, f"line/{line.line}/quantity", sign * line.quantity, QUANTITY)

    def take_payments(self, original: str, taken: Iterable[TakenPayment], sign: int) -> None:
        for payment in taken:
            self.refundable(original, f"payment/{payment.payment}", sign * payment.amount)

    def issued(self, part: Part, original: str, within: int, excess: int) -> None:
        """Count a counter-document against its original; what the original lacked is excess."""
        side = "sale" if part is Part.INVOICE else "money"
        self.post(_K.ISSUED, within + excess, subject=original, item=side)
        self.post(_K.EXCESS, -excess, subject=original, item=side)

    # --- the events -------------------------------------------------------------------------------

    def recorded(
        self, event: OriginalRecorded | OriginalPaid | CreditGranted | CreditReduced
    ) -> None:
        match event:
            case OriginalRecorded():
                self.original_recorded(event)
            case OriginalPaid():
                self.money(_K.BOOKS, event.paid, subject=event.sale)
                self.money(_K.OPEN, event.credit - event.paid, subject=event.sale)
                self.cover(_K.COVERED, event.sale, event.paid - event.credit)
                self.credit(event.sale, -event.credit)
            case CreditGranted():
                self.money(_K.GRANTED, event.amount, subject=event.why)
                self.credit(event.source, -event.amount)
                self.cover(_K.COVERED, event.receipt, -event.from_cover)
            case _:
                self.credit_reduced(event)

    def original_recorded(self, event: OriginalRecorded) -> None:
        original = str(event.ref)
        for line in event.lines:
            self.refundable(original, f"line/{line.number}/net", line.net)
            self.refundable(original, f"line/{line.number}/vat", line.vat)
            self.refundable(original, f"line/{line.number}/quantity", line.quantity, QUANTITY)
        for payment in event.payments:
            self.refundable(original, f"payment/{payment.number}", payment.amount)
        sale = sum(line.gross for line in event.lines)
        paid = sum(payment.amount for payment in event.payments)
        quantity = sum(line.quantity for line in event.lines)
        self.post(_K.RECORDED, -sale, subject=original, item="sale")
        self.post(_K.RECORDED, -paid, subject=original, item="money")
        self.post(_K.RECORDED, -quantity, subject=original, item="quantity", unit=QUANTITY)
        self.cover(_K.COVERED, original, event.covered)
        self.money(_K.OPEN, event.open_amount, subject=original)
        self.money(_K.BOOKS, -event.open_amount, subject=original)

    def credit_reduced(self, event: CreditReduced) -> None:
        whole = event.amount + event.exceeds
        self.credit(event.source, event.amount)
        self.money(_K.UNEXPLAINED, event.exceeds, subject=event.source)
        self.money(_K.GRANTED, event.pays - whole, subject=event.why)
        self.money(_K.OPEN, -event.pays, subject=event.sale)
        self.cover(_K.COVERED, event.sale, event.pays)

    def requested(self, event: RefundRequested) -> None:
        if event.kind is RefundKind.GOODWILL:
            self.post(_K.ALLOWED, -event.credited, subject="goodwill", item="sale")
            self.reserved("sale", event.credited)
        else:
            self.take_lines(event.sale, event.lines, -1)
            self.take_payments(event.receipt, event.payments, -1)
            self.reserved("sale", sum(line.gross for line in event.lines))
            self.reserved("quantity", sum(line.quantity for line in event.lines), QUANTITY)
            self.reserved("money", sum(payment.amount for payment in event.payments))
        for backing in event.backing:
            self.credit(backing.source, backing.from_credit)
            self.held(backing.source, -backing.from_credit)
            self.promise(event.kind, backing.source, backing.from_cover)

    def promise(self, kind: RefundKind, source: str, amount: int) -> None:
        """Promise cover to money on its way; a goodwill has no paid sale and creates its own."""
        other = _K.UNCOVERED if kind is RefundKind.GOODWILL else _K.COVERED
        self.money(_K.PROMISED_COVER, amount, subject=source)
        self.money(other, -amount, subject=source)

    def held(self, source: str, amount: int) -> None:
        self.money(_K.HELD_CREDIT, amount, subject=source, refund=self.refund)

    def fall(self, fall: Fall, net: int, vat: int) -> None:
        """Book the returned sale, and let it fall on debt, promises and credit in that order."""
        self.post(_K.RETURNS, net)
        self.post(_K.VAT, vat)
        self.money(_K.OPEN, -fall.opened, subject=fall.source)
        self.money(_K.PROMISED_CREDIT, -fall.promised, subject=fall.source)
        self.credit(fall.source, -(fall.credit + fall.granted))
        self.money(_K.UNEXPLAINED, -fall.exceeds, subject=fall.source)
        self.cover(_K.PROMISED_COVER, fall.source, -fall.promised)
        self.cover(_K.COVERED, fall.source, -fall.credit)

    def draws(self, draws: Iterable[Draw], source_account: str) -> None:
        """Book the money that left, and take it from where it was held or promised."""
        for draw in draws:
            self.post(_K.PAID, -self.drawn(draw), subject=source_account)

    def drawn(self, draw: Draw) -> int:
        """Take money from one source; returns how much."""
        self.held(draw.source, draw.held)
        self.money(_K.PROMISED_CREDIT, draw.promised, subject=draw.source)
        self.credit(draw.source, draw.credit)
        self.money(_K.OPEN, draw.reopens + draw.uncovers, subject=draw.source)
        self.money(_K.UNEXPLAINED, draw.exceeds, subject=draw.source)
        self.cover(_K.PROMISED_COVER, draw.source, -draw.reopens)
        self.cover(_K.COVERED, draw.source, -draw.uncovers)
        placed = draw.held + draw.promised + draw.credit + draw.reopens + draw.uncovers
        return placed + draw.exceeds

    def found(
        self, event: LateSuccessFound | OutsideRefundRecorded, reserved: int, quantity: int
    ) -> None:
        """Count a document that nobody waited for: what a refund held for it, and what it took."""
        self.take_lines(event.original, event.lines, -1)
        self.take_payments(event.original, event.payments, -1)
        self.quantity_issued(event.original, quantity + _quantity(event.lines))
        within = reserved + _amount(event.lines, event.payments)
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
        restored = _amount(event.restored_lines, event.restored_payments)
        counted = _amount(event.lines, event.payments)
        gone = event.excess + restored - event.allowed
        self.post(_K.EXCESS, event.excess, subject=event.original, item=side)
        self.post(_K.ALLOWED, -event.allowed, subject=event.original, item=side)
        self.post(_K.ISSUED, -gone, subject=event.original, item=side)
        self.post(_K.ISSUED, counted, subject=event.counts_on, item=side)

        # A credited sale that found no place stands on the credit side, money that left opposite.
        lifted = event.unexplained if event.part is Part.INVOICE else -event.unexplained
        self.money(_K.UNEXPLAINED, lifted, subject=event.source)
        self.money(_K.OPEN, -event.pays, subject=event.source)
        self.cover(_K.COVERED, event.source, event.pays)
        self.credit(event.source, -event.credit)
        placed = sum(self.drawn(draw) for draw in event.draws) - event.pays - event.credit
        if event.fall:
            self.fall(event.fall, 0, 0)
            placed -= event.fall.whole
        self.money(_K.EXPLAINED, -(lifted + placed), subject=event.how)

    def quantity_issued(self, original: str, quantity: int) -> None:
        self.post(_K.ISSUED, quantity, subject=original, item="quantity", unit=QUANTITY)

    def given_back(self, back: GivenBack) -> None:
        self.take_lines(back.sale, back.lines, 1)
        self.take_payments(back.receipt, back.payments, 1)
        self.post(_K.ALLOWED, back.goodwill, subject="goodwill", item="sale")
        self.reserved("sale", -(sum(line.gross for line in back.lines) + back.goodwill))
        self.reserved("quantity", -sum(line.quantity for line in back.lines), QUANTITY)
        self.reserved("money", -sum(payment.amount for payment in back.payments))
        for source in back.sources:
            self.credit(source.source, -(source.held + source.promised))
            self.held(source.source, source.held)
            self.money(_K.PROMISED_CREDIT, source.promised, subject=source.source)
            self.promise(back.kind, source.source, -source.cover)

    # --- the sum ----------------------------------------------------------------------------------

    def balanced(self) -> tuple[Posting, ...]:
        totals: dict[tuple[Book, str], int] = defaultdict(int)
        for account, amount in self.entries:
            totals[account.rule.book, account.unit] += amount
        if off := {key: total for key, total in totals.items() if total}:
            raise InvariantError(f"{self.event.TOPIC} does not balance: {off}; nothing was written")
        return tuple(self.entries)
