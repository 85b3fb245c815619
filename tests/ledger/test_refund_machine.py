"""Any interleaving of what can happen to originals and refunds keeps the books right."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from refund_ledger.accounts import AccountKind
from refund_ledger.errors import KeyReusedError, RefusedError
from refund_ledger.events import Part
from refund_ledger.originals import Kind, Line, Method, Original
from refund_ledger.policies import Terms
from refund_ledger.refund import PartStatus, Refund, Status
from support.auditor import Auditor
from support.books import (
    ONE,
    Books,
    a_cash_sale,
    a_line,
    a_payment,
    a_receipt,
    a_request,
    an_invoice,
)

CUSTOMERS = st.sampled_from(["7", "8"])
METHODS = st.sampled_from([Method.CASH, Method.CARD, Method.BANK_TRANSFER])
COIN: st.SearchStrategy[bool] = st.booleans()
AMOUNTS = st.one_of(st.integers(1, 30), st.integers(1, 40_000))

SURPRISES = 2
"""Of how many originals more may turn up in one run; nothing more is given for such a one."""


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


class RefundMachine(RuleBasedStateMachine):
    """A company, its customers' originals and refunds, and an auditor beside them."""

    path: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.books = Books(self.path, Terms(approval_above={"ILS": 30_000}))
        self.auditor = Auditor()
        self.sales: list[Original] = []
        self.receipts: list[Original] = []
        self.refunds: list[tuple[str, dict[str, object]]] = []
        self.grants: list[tuple[str, str]] = []
        self.duplicated: set[str] = set()
        self.numbers = 0
        self.read: tuple[int, list[Refund]] = (0, [])

    def teardown(self) -> None:
        self.books.store.close()

    # --- originals --------------------------------------------------------------------------------

    @initialize(lines=sale_lines(), more=sale_lines(), data=st.data())
    def begin(self, lines: tuple[Line, ...], more: tuple[Line, ...], data: st.DataObject) -> None:
        self._cash_sale(lines, "7", data)
        self._invoice(more, "7", data)
        self._receipt("7", data)

    @rule(lines=sale_lines(), customer=CUSTOMERS, kind=st.sampled_from(Kind), data=st.data())
    def record_an_original(
        self, lines: tuple[Line, ...], customer: str, kind: Kind, data: st.DataObject
    ) -> None:
        match kind:
            case Kind.INVOICE:
                self._invoice(lines, customer, data)
            case Kind.INVOICE_RECEIPT:
                self._cash_sale(lines, customer, data)
            case Kind.RECEIPT:
                self._receipt(customer, data)

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

    @rule(customer=CUSTOMERS, amount=AMOUNTS, data=st.data())
    def grant_or_reverse_a_credit(self, customer: str, amount: int, data: st.DataObject) -> None:
        if data.draw(COIN) and self.grants:
            reference, customer = data.draw(st.sampled_from(self.grants))
            self.books.reduce(reference, amount)
            self.auditor.granted(customer, -amount)
            return
        reference = f"g{self._number()}"
        self.books.grant(reference, amount, customer_id=customer)
        self.auditor.granted(customer, amount)
        self.grants.append((reference, customer))

    # --- requests ---------------------------------------------------------------------------------

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), part=st.sampled_from(["auto", "both", "invoice", "receipt"]))
    def ask_for_a_sale(self, data: st.DataObject, part: str) -> None:
        sale = data.draw(st.sampled_from(self.sales))
        fields: dict[str, object] = {"original": str(sale.ref), "parts": part}
        how = data.draw(st.sampled_from(["whole", "amount", "lines"]))
        if how == "amount":
            fields["amount"] = data.draw(st.integers(1, sale.sale_total))
        elif how == "lines":
            fields["lines"] = self._some_lines(data, sale)
        payers = [r for r in self.receipts if str(sale.ref) in {c.sale for c in r.closes}]
        if sale.kind is Kind.INVOICE and payers and data.draw(COIN):
            fields["receipt"] = str(data.draw(st.sampled_from(payers)).ref)
        elif sale.kind is Kind.INVOICE:
            fields["method"] = data.draw(METHODS)
        if data.draw(st.integers(0, 3)) == 0:
            fields["pay_back"] = data.draw(AMOUNTS)
        self._ask(fields)

    @precondition(lambda self: self.receipts)
    @rule(data=st.data(), amount=st.none() | AMOUNTS)
    def ask_for_the_money_of_a_receipt(self, data: st.DataObject, amount: int | None) -> None:
        receipt = data.draw(st.sampled_from(self.receipts))
        fields: dict[str, object] = {"original": str(receipt.ref)}
        if data.draw(COIN):
            number = data.draw(st.sampled_from([p.number for p in receipt.payments]))
            fields["payments"] = [{"payment": number, "amount": amount}]
        else:
            fields["amount"] = amount
        self._ask(fields)

    @rule(customer=CUSTOMERS, amount=st.none() | AMOUNTS, method=METHODS)
    def ask_for_credit(self, customer: str, amount: int | None, method: Method) -> None:
        self._ask({"kind": "credit", "customer_id": customer, "amount": amount, "method": method})

    @rule(customer=CUSTOMERS, amount=AMOUNTS, data=st.data())
    def ask_for_a_goodwill(self, customer: str, amount: int, data: st.DataObject) -> None:
        fields: dict[str, object] = {
            "kind": "goodwill",
            "customer_id": customer,
            "amount": amount,
            "vat": data.draw(st.integers(0, amount)),
        }
        if data.draw(COIN):
            back = data.draw(st.integers(1, amount))
            fields |= {"parts": "both", "method": Method.CASH, "pay_back": back}
        self._ask(fields)

    @precondition(lambda self: self.sales)
    @rule(data=st.data())
    def what_is_left_of_a_sale_can_be_credited(self, data: st.DataObject) -> None:
        """The ledger refuses nothing that the auditor still has."""
        sale = data.draw(st.sampled_from(self.sales))
        name = str(sale.ref)
        if name in self.auditor.surprised:
            return
        left, _ = self.auditor.left(name)
        fields: dict[str, object] = {"original": name, "parts": "invoice"}
        refund = self._ask(fields)
        assert (refund.request.credited if refund else 0) == left

    @precondition(lambda self: self.refunds)
    @rule(data=st.data())
    def the_same_again_changes_nothing(self, data: st.DataObject) -> None:
        key, fields = data.draw(st.sampled_from(self.refunds))
        before = self.books.store.position()
        result = self.books.ledger.request(a_request(key, **fields), self.books.stamp())
        assert result.repeated
        other = a_request(key, **{**fields, "comment": "something else"})
        with pytest.raises(KeyReusedError) as caught:
            self.books.ledger.request(other, self.books.stamp())
        assert caught.value.first_digest == result.refund.request.digest
        assert caught.value.second_digest == other.digest
        original = data.draw(st.sampled_from([*self.sales, *self.receipts]))
        stamp = self.books.stamp("import")
        assert not self.books.ledger.record_original(original, stamp, read_from="again")
        assert self.books.store.position() == before

    # --- people -----------------------------------------------------------------------------------

    @precondition(lambda self: self._in(Status.AWAITING_APPROVAL))
    @rule(data=st.data())
    def decide_about_a_request(self, data: st.DataObject) -> None:
        refund = data.draw(st.sampled_from(self._in(Status.AWAITING_APPROVAL)))
        if data.draw(COIN):
            self.books.approve(refund.id)
        else:
            self.books.reject(refund.id)
            self.auditor.ended(refund)

    @precondition(lambda self: self.refunds)
    @rule(data=st.data())
    def take_a_request_back(self, data: st.DataObject) -> None:
        refund = self._any(data)
        if self._passes(lambda: self.books.withdraw(refund.id)):
            assert not refund.is_sent
            self.auditor.ended(refund)

    @precondition(lambda self: self._in(Status.IN_PROGRESS, Status.CLOSED))
    @rule(data=st.data(), absent=st.sets(st.sampled_from(Part)))
    def close_a_refund(self, data: st.DataObject, absent: set[Part]) -> None:
        refund = data.draw(st.sampled_from(self._in(Status.IN_PROGRESS, Status.CLOSED)))
        if self._passes(lambda: self.books.close(refund.id, *absent)):
            after = self.books.refund(refund.id)
            doubt = [p for p in after.parts if after.part(p).status is PartStatus.IN_DOUBT]
            self.auditor.ended(refund, *doubt)

    @precondition(lambda self: self._parts(PartStatus.IN_DOUBT, PartStatus.REFUSED))
    @rule(data=st.data())
    def allow_another_attempt(self, data: st.DataObject) -> None:
        refund, part = self._one(data, PartStatus.IN_DOUBT, PartStatus.REFUSED)
        self._passes(lambda: self.books.send_again(refund.id, part))

    @precondition(lambda self: self._parts(PartStatus.IN_DOUBT, PartStatus.ENDED))
    @rule(data=st.data())
    def somebody_knows_that_it_happened(self, data: st.DataObject) -> None:
        refund, part = self._one(data, PartStatus.IN_DOUBT, PartStatus.ENDED)
        booked = self._booked(data, refund, part)
        self.books.happened(refund.id, part, booked)
        self._audit(refund, part, booked)

    @precondition(lambda self: self.refunds)
    @rule(data=st.data())
    def acknowledge_an_alert(self, data: st.DataObject) -> None:
        refund = self._any(data)
        for alert in refund.alerts:
            stamp = self.books.stamp("avi")
            self.books.ledger.acknowledge(refund.id, stamp, alert.document, why="seen")
        assert not self.books.refund(refund.id).alerts

    # --- calls ------------------------------------------------------------------------------------

    @precondition(lambda self: self._in(Status.IN_PROGRESS))
    @rule(data=st.data())
    def finish_a_refund(self, data: st.DataObject) -> None:
        """Most calls are answered at once."""
        refund = data.draw(st.sampled_from(self._in(Status.IN_PROGRESS)))
        for part in refund.parts:
            now = self.books.refund(refund.id)
            if now.part(part).status is PartStatus.DUE:
                self.books.submit(refund.id, part)
                now = self.books.refund(refund.id)
            if now.part(part).status is PartStatus.SUBMITTED:
                booked = self._booked(data, now, part)
                self.books.answer(refund.id, part, booked=booked)
                self._audit(now, part, booked)
            if self.books.refund(refund.id).part(part).status is not PartStatus.CANCELLED:
                return

    @precondition(lambda self: self._parts(PartStatus.DUE, PartStatus.IN_DOUBT))
    @rule(data=st.data())
    def submit_a_part(self, data: st.DataObject) -> None:
        refund, part = self._one(data, PartStatus.DUE, PartStatus.IN_DOUBT)
        self._passes(lambda: self.books.submit(refund.id, part))

    @precondition(lambda self: self._parts(PartStatus.SUBMITTED, PartStatus.IN_DOUBT))
    @rule(
        data=st.data(), what=st.sampled_from(["answer", "doubt", "person", "refused", "not sent"])
    )
    def hear_of_a_call(self, data: st.DataObject, what: str) -> None:
        refund, part = self._one(data, PartStatus.SUBMITTED, PartStatus.IN_DOUBT)
        match what:
            case "answer":
                booked = self._booked(data, refund, part)
                self.books.answer(refund.id, part, booked=booked)
                self._audit(refund, part, booked)
            case "doubt" | "person":
                self.books.doubt(refund.id, part, for_person=what == "person")
            case "refused":
                self.books.refuse(refund.id, part)
            case _:
                self.books.not_sent(refund.id, part)

    @precondition(lambda self: len(self.auditor.surprised) < SURPRISES)
    @precondition(lambda self: self._parts(PartStatus.CANCELLED, PartStatus.ENDED))
    @rule(data=st.data())
    def a_document_turns_up_late(self, data: st.DataObject) -> None:
        """After a close it counts; beside another it is a duplicate, and pays nobody."""
        refund, part = self._one(data, PartStatus.CANCELLED, PartStatus.ENDED)
        booked = self._booked(data, refund, part)
        payable = self._payable(refund)
        self.books.answer(refund.id, part, booked=booked)
        self._audit(refund, part, booked)
        found = self.books.refund(refund.id).alerts[-1]
        if refund.part(part).documents:
            assert found.duplicate_of == refund.part(part).documents[0]
            assert self._payable(refund) == payable
            self.duplicated.add(refund.request.sale)
        else:
            assert found.duplicate_of is None

    # --- what always holds ------------------------------------------------------------------------

    @invariant()
    def the_books_are_sound(self) -> None:
        self.books.check()

    @invariant()
    def the_auditor_agrees(self) -> None:
        self.auditor.compare(self.books)

    @invariant()
    def each_sale_stands_as_recorded_less_issued(self) -> None:
        for sale in self.sales:
            if str(sale.ref) not in self.duplicated:
                self.books.check_sale(sale.ref)

    # --- helpers ----------------------------------------------------------------------------------

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

    def _payable(self, refund: Refund) -> int:
        customer = refund.request.customer_id
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


class RefundMachineOnFile(RefundMachine):
    """The same over a file."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = str(Path(self.folder.name) / "refunds.db")
        super().__init__()

    def teardown(self) -> None:
        """Close the store before its folder goes."""
        super().teardown()
        self.folder.cleanup()


TestInMemory = RefundMachine.TestCase
TestInMemory.settings = settings(max_examples=40, stateful_step_count=40)
TestOnFile = RefundMachineOnFile.TestCase
TestOnFile.settings = settings(max_examples=5, stateful_step_count=25)
