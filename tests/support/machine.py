"""What the state machine of refunds stands on: a company, its auditor, and what to pick from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from refund_ledger.accounts import AccountKind
from refund_ledger.discrepancies import Discrepancy
from refund_ledger.errors import RefusedError
from refund_ledger.events import DocumentId, GrantReason, How, Part, ReductionReason
from refund_ledger.originals import Closes, Kind, Line, Method, Original
from refund_ledger.policies import Terms
from refund_ledger.refund import PartStatus, Refund, Status
from support.auditor import Auditor
from support.books import ONE, Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice
from support.outsides import an_outside, explain, open_discrepancies, reverse

CUSTOMERS = st.sampled_from(["7", "8"])
METHODS = st.sampled_from([Method.CASH, Method.CARD, Method.BANK_TRANSFER])
COIN: st.SearchStrategy[bool] = st.booleans()
AMOUNTS = st.one_of(st.integers(1, 30), st.integers(1, 40_000))


@st.composite
def sale_lines(draw: st.DrawFn) -> tuple[Line, ...]:
    """Lines with VAT, without it, exempt ones, free ones, and quantities that do not divide."""
    lines = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        net = draw(st.one_of(st.just(0), AMOUNTS))
        exempt = draw(st.booleans())
        vat = 0 if exempt else draw(st.sampled_from([0, net * 17 // 100, net * 18 // 100]))
        quantity = draw(st.sampled_from([0, ONE, 3 * ONE, 333_333, 2_500_000]))
        lines.append(a_line(number, net, vat, quantity=quantity, exempt=exempt))
    if not any(line.gross for line in lines):
        lines[0] = a_line(1, draw(AMOUNTS))
    return tuple(lines)


class CompanyMachine(RuleBasedStateMachine):
    """A company's originals and refunds with an auditor beside them; most rules come on top."""

    path: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.books = Books(self.path, Terms(approval_above={"ILS": 30_000}))
        self.auditor = Auditor()
        self.sales: list[Original] = []
        self.receipts: list[Original] = []
        self.refunds: list[tuple[str, dict[str, object]]] = []
        self.grants: list[tuple[str, str]] = []
        self.duplicated: dict[str, str] = {}
        """By duplicate that waits for its explanation, the sale that it took lines of."""
        self.numbers = 0
        self.read: tuple[int, list[Refund]] = (0, [])

    def teardown(self) -> None:
        self.books.store.close()

    # --- originals --------------------------------------------------------------------------------

    def _invoice(self, lines: tuple[Line, ...], customer: str, data: st.DataObject) -> None:
        total = sum(line.gross for line in lines)
        unpaid = data.draw(st.one_of(st.just(total), st.just(0), st.integers(0, total)))
        self._record(an_invoice(self._number(), *lines, unpaid=unpaid, customer_id=customer))

    def _cash_sale(self, lines: tuple[Line, ...], customer: str, data: st.DataObject) -> None:
        total = sum(line.gross for line in lines)
        first = data.draw(st.integers(0, total))
        payments = (a_payment(1, first, data.draw(METHODS)), a_payment(2, total - first))
        self._record(a_cash_sale(self._number(), *lines, payments=payments, customer_id=customer))

    def _receipt(self, customer: str, data: st.DataObject) -> None:
        invoices = [s for s in self.sales if s.kind is Kind.INVOICE and s.customer_id == customer]
        chosen = (
            data.draw(st.lists(st.sampled_from(invoices), max_size=2, unique=True))
            if invoices
            else []
        )
        closes = [(sale.ref, data.draw(st.integers(1, sale.sale_total))) for sale in chosen]
        overpaid = data.draw(st.sampled_from([0, 0, 7, 500]))
        unknown = data.draw(st.sampled_from([0, 0, 300])) if closes or overpaid else 300
        whole = sum(amount for _, amount in closes) + overpaid + unknown
        first = data.draw(st.integers(1, whole))
        payments = tuple(
            a_payment(number, amount)
            for number, amount in ((1, first), (2, whole - first))
            if amount
        )
        receipt = a_receipt(
            self._number(), *payments, closes=closes, overpaid=overpaid, customer_id=customer
        )
        self._record(receipt)

    # --- what pays what, later ------------------------------------------------------------------

    def _allocate(self, data: st.DataObject, amount: int) -> None:
        """It pays an invoice out of what it paid for nothing known, and of nothing else."""
        receipt = data.draw(st.sampled_from(self.receipts))
        customer = receipt.customer_id
        fits = [s for s in self.sales if s.kind is Kind.INVOICE and s.customer_id == customer]
        if not fits:
            return
        ref, sale = receipt.ref, data.draw(st.sampled_from(fits)).ref
        free, gone = (
            self.books.total(kind, ref) for kind in (AccountKind.COVERED, AccountKind.OPEN)
        )
        if free + gone:
            amount = data.draw(st.integers(1, free + gone + 1))
        known = {part.sale: part.amount for part in receipt.closes}
        known[str(sale)] = known.get(str(sale), 0) + amount
        closes = tuple(Closes(sale=name, amount=each) for name, each in known.items())
        now = receipt.model_copy(update={"closes": closes})
        if sum(known.values()) + receipt.overpaid > receipt.money_total:
            return
        passes = self._passes(lambda: self.books.record(now))
        assert passes == (amount <= free + gone)
        if passes:
            assert self.books.total(AccountKind.COVERED, ref) == max(free - amount, 0)
            self.receipts[self.receipts.index(receipt)] = now
            self.auditor.paid_of(customer, str(sale), amount)

    def _overpay(self, data: st.DataObject, amount: int) -> None:
        """Only a receipt was too high, and only by what of it pays for nothing known."""
        paid = data.draw(st.sampled_from([*self.receipts, *self.sales]))
        free = self.books.total(AccountKind.COVERED, paid.ref)
        if free:
            amount = data.draw(st.just(min(amount, free)) | st.integers(1, free + 1))
        reference, customer = f"g{self._number()}", paid.customer_id
        overpaid = {"why": GrantReason.OVERPAYMENT, "receipt": str(paid.ref)}
        grant = partial(self.books.grant, reference, amount, customer_id=customer, **overpaid)
        passes = self._passes(grant)
        assert passes == (paid.kind is Kind.RECEIPT and amount <= free)
        if passes:
            assert self.books.total(AccountKind.COVERED, paid.ref) == free - amount
            self.auditor.granted(customer, amount)
            self.grants.append((reference, customer))

    def _reduce(self, data: st.DataObject, amount: int) -> None:
        """It was reversed or expired, or it paid a sale: by exactly what left the credit."""
        reference, customer = data.draw(st.sampled_from(self.grants))
        there = min(amount, self.books.total(AccountKind.CREDIT, f"grant:{reference}"))
        if not there:
            return
        why = data.draw(st.sampled_from(ReductionReason))
        sales = [sale for sale in self.sales if sale.customer_id == customer]
        if why is not ReductionReason.USED_ON_SALE:
            self.books.reduce(reference, there, why=why)
            self.auditor.granted(customer, -there)
        elif sales:
            sale = data.draw(st.sampled_from(sales)).ref
            self.books.reduce(reference, there, why=why, sale=sale)
            self.auditor.granted(customer, -there)
            self.auditor.paid_of(customer, str(sale), there)

    # --- what was made outside --------------------------------------------------------------------

    def _outside(self, data: st.DataObject, part: Part, customer: str) -> None:
        """A document turns up that nobody here made; it names an original, or none."""
        sale = part is Part.INVOICE
        fits = [
            one
            for one in (*self.sales, *self.receipts)
            if one.customer_id == customer and (one.kind.has_sale if sale else one.kind.has_money)
        ]
        original = data.draw(st.sampled_from([None, *fits]))
        name = str(original.ref) if original else ""
        room = self.books.left_in_all(name)[0 if sale else 1] if name else 0
        near = st.sampled_from([room, room + 3]) if room else st.nothing()
        amount = data.draw(near | AMOUNTS)
        items = []
        if original and data.draw(COIN):
            known = original.lines if sale else original.payments
            number = data.draw(st.sampled_from([each.number for each in known]))
            items = [{"number": number, "amount": data.draw(st.integers(1, amount))}]
        there = {"original": name, "items": items, "customer_id": customer}
        found = an_outside(10_000 + self._number(), amount, part, **there)
        payable = self._payable(customer)
        assert self.books.ledger.record_outside(found, self.books.stamp("import"))
        assert self._payable(customer) - payable <= (min(amount, room) if sale else 0)
        document = str(found.document.key)
        self.auditor.given_outside(document, customer, part, amount, name, room=room)
        assert not self.books.ledger.record_outside(found, self.books.stamp("import"))

    def _explain(self, data: st.DataObject, found: Discrepancy) -> None:
        """A person says what an amount is; what it cannot be is refused, and nothing is written."""
        how = data.draw(st.sampled_from(How))
        if found.document and how is How.REVERSED:
            self._reverse(str(found.document.key))
            return
        amount = data.draw(st.none() | st.integers(1, found.left))
        to = ""
        if how is How.BELONGS_ELSEWHERE:
            to = str(data.draw(st.sampled_from([*self.sales, *self.receipts])).ref)
        subject = found.document or found.subject.removeprefix("grant:")
        if isinstance(subject, str) and to:
            return
        number = self._number()
        reversal = DocumentId(half=found.part.half, series=3, number=90_000 + number)
        fields: dict[str, object] = {"amount": amount, "original": to, "reference": f"e{number}"}
        if how is How.REVERSED:
            fields["reversed_by"] = reversal
        if self._passes(lambda: explain(self.books, subject, how, **fields)):
            customer, said = found.cause.customer_id, amount or found.left
            of = found.original if found.original in self.auditor.originals else ""
            self.auditor.explained(found.subject, customer, found.part, how, said, of=of, to=to)
            if said == found.left:
                self.duplicated.pop(found.subject, None)
            self._settle(customer, found.original)

    @precondition(lambda self: self.auditor.documents)
    @rule(data=st.data())
    def a_document_was_reversed_there(self, data: st.DataObject) -> None:
        """Any counter-document, ours or not, whole or partly without a place."""
        self._reverse(data.draw(st.sampled_from(sorted(self.auditor.documents))))

    def _reverse(self, subject: str) -> None:
        """A document was reversed there, whatever of it fitted; it leaves no credit behind."""
        found, number = self.auditor.documents[subject], self._number()
        payable = self._payable(found.customer)
        owed = self.books.total(AccountKind.OPEN, found.of)
        passes = self._passes(
            lambda: reverse(self.books, subject, 90_000 + number, refund=found.refund)
        )
        if not passes:
            refund = self.books.refund(found.refund) if found.refund else None
            assert refund is not None
            assert not refund.status.is_over
            return
        self.auditor.reversed(subject)
        self.duplicated.pop(subject, None)
        change = self._payable(found.customer) - payable
        sale = found.of and found.part is Part.INVOICE
        if sale and self.books.total(AccountKind.OPEN, found.of) > owed:
            assert self.books.total(AccountKind.CREDIT, found.of) == 0
        assert (change <= 0) if found.part is Part.INVOICE else (0 <= change <= found.amount)
        self._settle(found.customer, found.of)

    def _settle(self, customer: str, original: str) -> None:
        """What is explained whole surprises nobody any more: the auditor is strict again."""
        still = open_discrepancies(self.books).values()
        if all(each.cause.customer_id != customer for each in still):
            self.auditor.puzzled.discard(customer)
        borne = sum(self.auditor.borne[original, part] for part in Part)
        beyond = self.books.total(AccountKind.ALLOWED, original) - borne if original else 1
        if not beyond and all(each.original != original for each in still):
            self.auditor.surprised.discard(original)

    # --- commands and choices ---------------------------------------------------------------------

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers

    def _record(self, original: Original) -> None:
        self.books.record(original)
        self.auditor.recorded(original)
        if original.kind.has_sale:
            self.sales.append(original)
        else:
            self.receipts.append(original)

    def _ask(self, fields: dict[str, object]) -> Refund | None:
        """Ask; what is refused says why and writes nothing."""
        key, before = f"k{self._number()}", self.books.store.position()
        try:
            refund = self.books.refund(self.books.ask(key, **fields))
        except RefusedError:
            assert self.books.store.position() == before
            return None
        self.refunds.append((key, fields))
        self.auditor.requested(refund)
        return refund

    def _passes(self, command: Callable[[], object]) -> bool:
        """Whether a command goes through; what is refused writes nothing."""
        before = self.books.store.position()
        try:
            command()
        except RefusedError:
            assert self.books.store.position() == before
            return False
        return True

    def _some_lines(self, data: st.DataObject, sale: Original) -> list[dict[str, int]]:
        numbers = [line.number for line in sale.lines]
        asked: list[dict[str, int]] = []
        for number in data.draw(st.lists(st.sampled_from(numbers), min_size=1, unique=True)):
            line = sale.lines[number - 1]
            how = data.draw(st.sampled_from(["whole", "quantity", "amount"]))
            if how == "quantity" and line.quantity:
                asked.append({"line": number, "quantity": data.draw(st.integers(1, line.quantity))})
            elif how == "amount" and line.gross:
                asked.append({"line": number, "amount": data.draw(st.integers(1, line.gross))})
            else:
                asked.append({"line": number})
        return asked

    def _booked(self, data: st.DataObject, refund: Refund, part: Part) -> int:
        """Mostly what was asked, at times more or less."""
        asked = refund.request.asked(part)
        return data.draw(st.sampled_from([asked, asked, asked, asked + 9, asked // 2]))

    def _audit(self, before: Refund, part: Part, booked: int) -> None:
        self.auditor.answered(before, self.books.refund(before.id), part, booked)

    def _over(self, refund: Refund) -> None:
        """Tell the auditor what a refund that is over still holds: what is in doubt of it."""
        after = self.books.refund(refund.id)
        doubt = [part for part in after.parts if after.part(part).status is PartStatus.IN_DOUBT]
        if after.status.is_over:
            self.auditor.ended(refund, *doubt)

    def _payable(self, customer: str) -> int:
        kinds = (AccountKind.CREDIT, AccountKind.HELD_CREDIT, AccountKind.PROMISED_CREDIT)
        return sum(self.books.total(kind, customer=customer) for kind in kinds)

    def _all(self) -> list[Refund]:
        """Every refund as it stands, read once for each state of the store."""
        position = self.books.store.position()
        if self.read[0] != position:
            self.read = position, [self.books.ledger.by_key(key) for key, _ in self.refunds]
        return self.read[1]

    def _any(self, data: st.DataObject) -> Refund:
        return data.draw(st.sampled_from(self._all()))

    def _in(self, *statuses: Status) -> list[Refund]:
        return [refund for refund in self._all() if refund.status in statuses]

    def _parts(self, *statuses: PartStatus) -> list[tuple[Refund, Part]]:
        return [
            (refund, part)
            for refund in self._all()
            for part in refund.parts
            if refund.part(part).status in statuses
        ]

    def _one(self, data: st.DataObject, *statuses: PartStatus) -> tuple[Refund, Part]:
        return data.draw(st.sampled_from(self._parts(*statuses)))
