"""Any interleaving of what can happen to originals and refunds keeps the books right."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from refund_ledger.errors import KeyReusedError
from refund_ledger.events import Part
from refund_ledger.originals import Kind, Line, Method
from refund_ledger.refund import PartStatus, Status
from support.books import a_request
from support.ledger_servers import new_ledger
from support.machine import AMOUNTS, COIN, CUSTOMERS, METHODS, CompanyMachine, sale_lines
from support.outsides import open_discrepancies
from support.postgres import Server

SURPRISES = 2
"""Of how many originals more may turn up in one run; nothing more is given for such a one."""


class RefundMachine(CompanyMachine):
    """A company, its customers' originals and refunds, and an auditor beside them."""

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

    @precondition(lambda self: self.receipts)
    @rule(data=st.data(), amount=AMOUNTS)
    def a_receipt_is_allocated_later(self, data: st.DataObject, amount: int) -> None:
        """It pays an invoice out of what it paid for nothing known, and of nothing else."""
        self._allocate(data, amount)

    @rule(customer=CUSTOMERS, amount=AMOUNTS)
    def grant_a_credit(self, customer: str, amount: int) -> None:
        reference = f"g{self._number()}"
        self.books.grant(reference, amount, customer_id=customer)
        self.auditor.granted(customer, amount)
        self.grants.append((reference, customer))

    @precondition(lambda self: self.receipts)
    @rule(data=st.data(), amount=AMOUNTS)
    def grant_an_overpayment(self, data: st.DataObject, amount: int) -> None:
        """Only a receipt was too high, and only by what of it pays for nothing known."""
        self._overpay(data, amount)

    @precondition(lambda self: self.grants)
    @rule(data=st.data(), amount=AMOUNTS)
    def reduce_a_credit(self, data: st.DataObject, amount: int) -> None:
        """It was reversed or expired, or it paid a sale: by exactly what left the credit."""
        self._reduce(data, amount)

    # --- requests ---------------------------------------------------------------------------------

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), part=st.sampled_from(["auto", "both", "invoice", "receipt"]))
    def ask_for_a_sale(self, data: st.DataObject, part: str) -> None:
        sale = data.draw(st.sampled_from(self.sales))
        fields: dict[str, object] = {"original": str(sale.ref), "parts": part}
        how = data.draw(st.sampled_from(["whole", "amount", "lines"]))
        if how == "amount":
            left, _ = self.books.left_in_all(str(sale.ref))
            near = st.sampled_from([left, left + 1]) if left else st.nothing()
            fields["amount"] = data.draw(near | st.integers(1, sale.sale_total))
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
            self._over(refund)

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

    @precondition(lambda self: self._in(Status.IN_PROGRESS))
    @rule(data=st.data())
    def give_up_a_refund_in_doubt(self, data: st.DataObject) -> None:
        """Its call was sent, nobody knows what became of it, and somebody ends it so."""
        refund = data.draw(st.sampled_from(self._in(Status.IN_PROGRESS)))
        for part in refund.parts:
            status = self.books.refund(refund.id).part(part).status
            if status is PartStatus.DUE:
                self.books.submit(refund.id, part)
            if status in {PartStatus.DUE, PartStatus.SUBMITTED}:
                self.books.doubt(refund.id, part)
            if status is not PartStatus.CANCELLED:
                break
        self.books.close(refund.id)
        self._over(refund)

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
        self._over(refund)

    @precondition(lambda self: len(self.auditor.surprised) < SURPRISES)
    @precondition(lambda self: self._parts(PartStatus.CANCELLED, PartStatus.ENDED))
    @rule(data=st.data())
    def a_document_turns_up_late(self, data: st.DataObject) -> None:
        """After a close it counts; beside another it is a duplicate, and pays nobody."""
        refund, part = self._one(data, PartStatus.CANCELLED, PartStatus.ENDED)
        booked = self._booked(data, refund, part)
        payable = self._payable(refund.request.customer_id)
        self.books.answer(refund.id, part, booked=booked)
        self._audit(refund, part, booked)
        found = self.books.refund(refund.id).alerts[-1]
        if refund.part(part).documents:
            assert found.duplicate_of == refund.part(part).documents[0]
            assert self._payable(refund.request.customer_id) == payable
            if part is Part.INVOICE:
                self.duplicated[str(found.document.key)] = refund.request.sale
        else:
            assert found.duplicate_of is None

    # --- outside ----------------------------------------------------------------------------------

    @precondition(lambda self: len(self.auditor.surprised) < SURPRISES)
    @rule(data=st.data(), part=st.sampled_from(Part), customer=CUSTOMERS)
    def a_document_was_made_outside(self, data: st.DataObject, part: Part, customer: str) -> None:
        """It counts against its original and pays nobody more than that; without one, nobody."""
        self._outside(data, part, customer)

    @precondition(lambda self: bool(open_discrepancies(self.books)))
    @rule(data=st.data())
    def somebody_explains_a_discrepancy(self, data: st.DataObject) -> None:
        found = open_discrepancies(self.books)
        self._explain(data, found[data.draw(st.sampled_from(sorted(found)))])

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
            if str(sale.ref) not in self.duplicated.values():
                self.books.check_sale(sale.ref)


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


class RefundMachineOnServer(RefundMachine):
    """The same over a server."""

    server: Server

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.path = self.stack.enter_context(new_ledger(self.server))
        super().__init__()

    def teardown(self) -> None:
        """Close the store before its ledger goes."""
        super().teardown()
        self.stack.close()


class TestOnServer(RefundMachineOnServer.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=6, stateful_step_count=25)

    @pytest.fixture(autouse=True)
    def _with_a_server(self, postgres_server: Server) -> None:
        RefundMachineOnServer.server = postgres_server


TestInMemory = RefundMachine.TestCase
TestInMemory.settings = settings(max_examples=40, stateful_step_count=40)
TestOnFile = RefundMachineOnFile.TestCase
TestOnFile.settings = settings(max_examples=5, stateful_step_count=25)
