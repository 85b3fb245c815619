"""Drafting: from what was asked to exactly what is taken, line by line and payment by payment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from refund_ledger.accounts import QUANTITY, Account, AccountKind
from refund_ledger.asking import LineAsked, Parts, Request
from refund_ledger.balances import Look
from refund_ledger.events import (
    Backing,
    OriginalRecorded,
    RefundKind,
    TakenLine,
    TakenPayment,
    Way,
)
from refund_ledger.money import Money, allocate, format_quantity
from refund_ledger.originals import Kind, Line, Payment


@dataclass(slots=True)
class Draft:
    """What a request comes to, and every reason why it cannot be."""

    ask: Request
    look: Look
    sale: OriginalRecorded | None
    receipt: OriginalRecorded | None
    customer_id: str
    credits: tuple[tuple[str, int], ...]
    """The customer's credits in the request's currency, oldest first."""
    own_source: str
    reasons: list[str] = field(default_factory=list)

    # --- balances ---------------------------------------------------------------------------------

    def left(self, original: OriginalRecorded, item: str, unit: str = "") -> int:
        """What is left of one item of an original."""
        kind, unit = AccountKind.REFUNDABLE, unit or original.currency
        account = Account(original.company, kind, str(original.ref), item=item, unit=unit)
        return self.look(account)

    def at_source(self, kind: AccountKind, source: str) -> int:
        """The balance of one kind under a source."""
        account = Account(
            self.ask.company, kind, source, customer=self.customer_id, unit=self.ask.currency
        )
        return self.look(account)

    def refuse(self, reason: str) -> None:
        """Note a reason why this cannot be."""
        self.reasons.append(reason)

    def money(self, minor: int) -> str:
        """An amount as the clerk reads it."""
        return str(Money(minor, self.ask.currency))

    # --- the whole --------------------------------------------------------------------------------

    def fields(self) -> dict[str, Any]:
        """Everything that the request takes, as fields of the event."""
        ask = self.ask
        has_sale, has_money = self._parts()
        lines = self._lines() if has_sale else ()
        credited = sum(line.gross for line in lines)
        payments, paid_back = self._payments(credited) if has_money else ((), 0)
        backing = self._backing(paid_back) if paid_back else ()
        shown = self.sale or self.receipt
        return {
            "sale": str(self.sale.ref) if self.sale and has_sale else "",
            "receipt": str(self.receipt.ref) if self.receipt and has_money else "",
            "lines": lines,
            "payments": payments,
            "credited": credited,
            "paid_back": paid_back,
            "backing": backing,
            "method": ask.method if has_money else None,
            "details": ask.details if has_money else type(ask.details)(),
            "source_account": self._source_account(payments) if paid_back else "",
            "invoice_way": self._invoice_way(lines) if has_sale else None,
            "receipt_way": self._receipt_way(payments) if has_money else None,
            "exchange_rate": shown.exchange_rate if shown else None,
            "price_includes_vat": shown.price_includes_vat if shown else True,
        }

    def _parts(self) -> tuple[bool, bool]:
        """Which parts the request has."""
        ask = self.ask
        if ask.kind is RefundKind.CREDIT:
            return False, True
        if ask.kind is RefundKind.GOODWILL:
            return True, ask.parts is Parts.BOTH or bool(ask.pay_back)
        sale = self.sale is not None
        money = self.receipt is not None or bool(ask.pay_back)
        if ask.parts is Parts.INVOICE:
            if not sale:
                self.refuse("a receipt has no invoice part; ask for its receipt part")
            return sale, False
        if ask.parts is Parts.RECEIPT:
            if self.receipt is None:
                self.refuse("an invoice has no receipt part; name the receipt that paid it")
            return False, self.receipt is not None
        if ask.parts is Parts.BOTH and not sale:
            self.refuse("a receipt has no invoice part; ask for its receipt part")
        return sale, money or ask.parts is Parts.BOTH

    # --- lines ------------------------------------------------------------------------------------

    def _lines(self) -> tuple[TakenLine, ...]:
        ask = self.ask
        if ask.kind is RefundKind.GOODWILL:
            return self._goodwill_line()
        if self.sale is None:
            return ()
        known = {line.number: line for line in self.sale.lines}
        if len({asked.line for asked in ask.lines}) != len(ask.lines):
            self.refuse("the same line is named twice; name it once with its whole amount")
        if ask.lines:
            taken = [self._line(known.get(asked.line), asked) for asked in ask.lines]
            lines = tuple(line for line in taken if line is not None)
            total = sum(line.gross for line in lines)
            if ask.amount is not None and not self.reasons and total != ask.amount:
                self.refuse(f"the lines come to {self.money(total)}, not {self.money(ask.amount)}")
            return lines
        return self._lines_by_amount(self.sale.lines, ask.amount)

    def _goodwill_line(self) -> tuple[TakenLine, ...]:
        amount, vat = self.ask.amount or 0, self.ask.vat or 0
        if not amount:
            self.refuse("a goodwill needs an amount")
        if vat > amount:
            self.refuse("the VAT is more than the amount that contains it")
            return ()
        words = self.ask.comment[:100] or "goodwill credit"
        return (
            TakenLine(line=1, description=words, net=amount - vat, vat=vat, exempt=not vat),
        )

    def _line(self, line: Line | None, asked: LineAsked) -> TakenLine | None:
        """What one asked line takes of what is left of it."""
        assert self.sale is not None
        if line is None:
            numbers = ", ".join(str(known.number) for known in self.sale.lines)
            self.refuse(f"line {asked.line} is not on {self.sale.ref}; it has {numbers}")
            return None
        net, vat, quantity = self._left_of(line)
        if asked.quantity is not None and asked.amount is not None:
            self.refuse(f"line {line.number}: say a quantity or an amount, not both")
            return None
        if asked.quantity is not None:
            return self._line_by_quantity(line, asked, asked.quantity)
        if asked.amount is not None:
            if asked.amount > net + vat:
                self.refuse(
                    f"line {line.number}: only {self.money(net + vat)} is left to refund, "
                    f"{self.money(asked.amount)} was asked"
                )
                return None
            all_of_it = asked.amount == net + vat
            net, vat = allocate(asked.amount, [net, vat])
            return self._taken(line, net, vat, quantity if all_of_it else 0, asked.returned)
        if not net + vat:
            self.refuse(f"line {line.number}: nothing is left to refund")
            return None
        return self._taken(line, net, vat, quantity, asked.returned)

    def _line_by_quantity(self, line: Line, asked: LineAsked, quantity: int) -> TakenLine | None:
        """A quantity takes its share of what is left, so that the last one takes exactly the rest."""
        net, vat, left = self._left_of(line)
        if quantity > left:
            self.refuse(
                f"line {line.number}: only a quantity of {format_quantity(left)} is left, "
                f"{format_quantity(quantity)} was asked"
            )
            return None
        gross = (2 * (net + vat) * quantity + left) // (2 * left)
        if not gross:
            self.refuse(f"line {line.number}: that quantity comes to nothing")
            return None
        net, vat = allocate(gross, [net, vat])
        return self._taken(line, net, vat, quantity, asked.returned)

    def _lines_by_amount(self, lines: Iterable[Line], amount: int | None) -> tuple[TakenLine, ...]:
        """Spread an amount over all that is left; everything that is left where none is said."""
        assert self.sale is not None
        left = [(line, *self._left_of(line)) for line in lines]
        whole = sum(net + vat for _, net, vat, _ in left)
        if not whole:
            self.refuse(f"nothing is left to refund on {self.sale.ref}")
            return ()
        wanted = whole if amount is None else amount
        if wanted > whole:
            self.refuse(
                f"only {self.money(whole)} is left to refund on {self.sale.ref}, "
                f"{self.money(wanted)} was asked"
            )
            return ()
        shares = allocate(wanted, [part for _, net, vat, _ in left for part in (net, vat)])
        taken = (
            self._taken(line, shares[2 * i], shares[2 * i + 1], quantity if wanted == whole else 0, None)
            for i, (line, _, _, quantity) in enumerate(left)
        )
        return tuple(line for line in taken if line.gross or line.quantity)

    def _left_of(self, line: Line) -> tuple[int, int, int]:
        assert self.sale is not None
        at = f"line/{line.number}"
        return (
            self.left(self.sale, f"{at}/net"),
            self.left(self.sale, f"{at}/vat"),
            self.left(self.sale, f"{at}/quantity", QUANTITY),
        )

    def _taken(self, line: Line, net: int, vat: int, quantity: int, returned: int | None) -> TakenLine:
        back = (quantity if self.ask.items_returned else 0) if returned is None else returned
        if back > quantity:
            self.refuse(f"line {line.number}: more was returned than is credited")
            back = quantity
        return TakenLine(
            line=line.number,
            description=line.description,
            item=line.item,
            net=net,
            vat=vat,
            quantity=quantity,
            returned=back,
            exempt=line.exempt,
        )

    # --- payments ---------------------------------------------------------------------------------

    def _payments(self, credited: int) -> tuple[tuple[TakenPayment, ...], int]:
        """What is taken of which payment, and what is paid back in all."""
        ask = self.ask
        if self.receipt is None:
            wanted = self._money_wanted(credited, None)
            if ask.method is None:
                self.refuse("say by which method the money goes back")
            if ask.payments:
                self.refuse("payments belong to a receipt; name the receipt")
            return (), wanted
        known = {payment.number: payment for payment in self.receipt.payments}
        left = {number: self.left(self.receipt, f"payment/{number}") for number in known}
        if ask.payments:
            return self._payments_by_number(known, left)
        wanted = self._money_wanted(credited, sum(left.values()))
        if wanted > sum(left.values()):
            self.refuse(
                f"only {self.money(sum(left.values()))} is left to pay back on {self.receipt.ref}, "
                f"{self.money(wanted)} was asked"
            )
            return (), wanted
        order = sorted(known.values(), key=lambda p: (p.method is not (ask.method or p.method), p.number))
        taken, rest = list[TakenPayment](), wanted
        for payment in order:
            share = min(rest, left[payment.number])
            rest -= share
            if share:
                taken.append(_payment(payment, share))
        return tuple(sorted(taken, key=lambda payment: payment.payment)), wanted

    def _money_wanted(self, credited: int, left: int | None) -> int:
        """How much is paid back where no payment is named: debt is lowered before money goes back."""
        ask = self.ask
        if ask.pay_back is not None:
            return ask.pay_back
        if credited and ask.kind is RefundKind.ORIGINAL and self.sale is not None:
            owed = self.at_source(AccountKind.OPEN, str(self.sale.ref))
            wanted = max(credited - owed, 0)
            if not wanted and credited:
                self.refuse(
                    f"{self.money(owed)} is still open on {self.sale.ref}, so the credit only lowers "
                    "the debt; ask for the invoice part alone"
                )
            return wanted
        if credited:
            return credited
        if ask.amount is not None:
            return ask.amount
        if left is None:
            return sum(amount for _, amount in self._credits_named())
        if not left and self.receipt is not None:
            self.refuse(f"nothing is left to pay back on {self.receipt.ref}")
        return left

    def _payments_by_number(
        self, known: dict[int, Payment], left: dict[int, int]
    ) -> tuple[tuple[TakenPayment, ...], int]:
        assert self.receipt is not None
        taken: list[TakenPayment] = []
        for asked in self.ask.payments:
            if asked.payment not in known:
                self.refuse(f"payment {asked.payment} is not on {self.receipt.ref}")
                continue
            have = left[asked.payment]
            amount = have if asked.amount is None else asked.amount
            if amount > have or not amount:
                self.refuse(f"payment {asked.payment}: only {self.money(have)} is left to pay back")
                continue
            taken.append(_payment(known[asked.payment], amount))
        if len({payment.payment for payment in taken}) != len(taken):
            self.refuse("the same payment is named twice; name it once with its whole amount")
        total = sum(payment.amount for payment in taken)
        if self.ask.pay_back is not None and not self.reasons and total != self.ask.pay_back:
            self.refuse(f"the payments come to {self.money(total)}, not {self.money(self.ask.pay_back)}")
        return tuple(taken), total

    # --- backing ----------------------------------------------------------------------------------

    def _backing(self, amount: int) -> tuple[Backing, ...]:
        """Find the money: a source's own credit, its paid part, then other credit, oldest first."""
        if self.ask.kind is RefundKind.GOODWILL:
            if self.ask.amount is not None and amount > self.ask.amount:
                self.refuse("more would be paid back than the goodwill grants")
            return (Backing(source=self.own_source, from_cover=amount),)
        found: dict[str, Backing] = {}
        rest, credits = amount, dict(self.credits)
        for source in self._sources():
            from_credit = min(rest, credits.pop(source, 0))
            from_cover = min(rest - from_credit, self.at_source(AccountKind.COVERED, source))
            rest -= from_credit + from_cover
            found[source] = Backing(source=source, from_credit=from_credit, from_cover=from_cover)
        for source, held in self._credits_named():
            if source not in found:
                from_credit = min(rest, held)
                rest -= from_credit
                found[source] = Backing(source=source, from_credit=from_credit)
        if rest:
            self.refuse(
                f"only {self.money(amount - rest)} of {self.money(amount)} is there to pay back: "
                "the rest was never paid, or is already owed or promised elsewhere"
            )
        return tuple(one for one in found.values() if one.from_credit or one.from_cover)

    def _sources(self) -> tuple[str, ...]:
        """The sources of the money of an original: its sale, or what the receipt pays."""
        if self.ask.kind is not RefundKind.ORIGINAL:
            return ()
        if self.sale is not None:
            return (str(self.sale.ref),)
        if self.receipt is None:
            return ()
        return (*(part.sale for part in self.receipt.closes), str(self.receipt.ref))

    def open_on_sources(self) -> int:
        """What the customer owes on the sales whose money is asked back."""
        return sum(self.at_source(AccountKind.OPEN, source) for source in self._sources())

    def _credits_named(self) -> tuple[tuple[str, int], ...]:
        """The credits to pay from: those named, in that order, or all, oldest first."""
        if not self.ask.credits:
            return self.credits
        held = dict(self.credits)
        for source in self.ask.credits:
            if source not in held:
                self.refuse(f"customer {self.customer_id} has no credit under {source!r}")
        return tuple((source, held[source]) for source in self.ask.credits if source in held)

    # --- ways -------------------------------------------------------------------------------------

    def _invoice_way(self, lines: tuple[TakenLine, ...]) -> Way:
        """Cancel only where the whole original is taken and nothing of it was given before."""
        if self.sale is None:
            return Way.NEW
        whole = {line.number: (line.net, line.vat, line.quantity) for line in self.sale.lines}
        taken = {line.line: (line.net, line.vat, line.quantity) for line in lines}
        return Way.CANCEL if taken == whole else Way.NEW

    def _receipt_way(self, payments: tuple[TakenPayment, ...]) -> Way:
        """Cancel only where every payment goes back whole, the way it came."""
        if self.receipt is None or self.ask.details != type(self.ask.details)():
            return Way.NEW
        whole = {payment.number: payment.amount for payment in self.receipt.payments}
        same_way = {payment.method for payment in self.receipt.payments} == {self.ask.method}
        as_it_came = self.ask.method is None or same_way
        taken = {payment.payment: payment.amount for payment in payments}
        return Way.CANCEL if taken == whole and as_it_came else Way.NEW

    def _source_account(self, payments: tuple[TakenPayment, ...]) -> str:
        """Where the money leaves from; named after the method where the request does not say."""
        ways = [self.ask.method] if self.ask.method else [payment.method for payment in payments]
        return self.ask.source_account or (ways[0] if ways and ways[0] else "unspecified")


def _payment(payment: Payment, amount: int) -> TakenPayment:
    return TakenPayment(
        payment=payment.number, amount=amount, method=payment.method, details=payment.details
    )


def halves(original: OriginalRecorded | None, receipt: OriginalRecorded | None) -> tuple[
    OriginalRecorded | None, OriginalRecorded | None
]:
    """Which recorded original is credited and which is paid back."""
    if original is None:
        return None, receipt
    if original.kind is Kind.RECEIPT:
        return None, original
    if original.kind is Kind.INVOICE_RECEIPT:
        return original, original
    return original, receipt
