"""Any interleaving of requests, calls, faults, people and closings leaves books and ledger equal.

The auditor knows nothing of our events: what ought to be booked follows from the commands that were
acknowledged, what is booked from the sandbox's own books.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from refund_adapters.sandbox import faults
from refund_adapters.sandbox.papers import Kind as Paper
from refund_ledger.accounts import GUARDED, AccountKind
from refund_ledger.errors import LedgerError, RefusedError
from refund_ledger.events import (
    InvoicePartCancelled,
    LateSuccessFound,
    Part,
    ReceiptPartCancelled,
    claims,
)
from refund_ledger.originals import Half, OriginalRef
from refund_ledger.policies import Terms
from refund_ledger.postings import net_changes, postings
from refund_ledger.refund import PartStatus, Refund, Status, Waits, calls_due, fold, refund_id
from support.ledger_servers import new_ledger
from support.postgres import Server
from support.ring import COMPANY, ring

SALES = [
    "invoice_receipt:2/6923",
    "invoice_receipt:2/6925",
    "invoice_receipt:2/6927",
    "invoice_receipt:2/6928",
    "invoice:1/5001",
    "invoice:1/5003",
    "invoice:1/5005",
    "invoice:1/5007",
]
RECEIPTS = ["receipt:1/3001", "receipt:1/3002", "receipt:1/3004", "receipt:1/3006"]
RECEIPT_OF = {"invoice:1/5001": "receipt:1/3001", "invoice:1/5005": "receipt:1/3004"}
BANK = {"bank": 12, "branch": 600, "account": "123456", "number": 77}
FAULTS = [
    faults.ANSWER_LOST,
    faults.DROPPED_BEFORE,
    faults.HTML_500_AFTER,
    faults.HTML_500_BEFORE,
    faults.TRUNCATED,
    faults.REFUSED,
    faults.DATABASE_FAILED,
    faults.slow_before(45),
    faults.slow_after(45),
]
WRITES = ["Document.Cancel", "Document.New", "Receipt.Cancel", "Receipt.New"]


class WholeHouse(RuleBasedStateMachine):
    """People, dispatchers and a server that goes wrong, in any order."""

    path: Path | str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        terms = Terms(approval_above={"ILS": 300000})
        self.house = self.stack.enter_context(ring(self.path, terms=terms))
        self.keys: list[str] = []
        self.closed: set[str] = set()

    @initialize()
    def originals_come_in(self) -> None:
        self.house.import_all()
        self.house.desk.grant(
            reference="note",
            customer_id="1004",
            currency="ILS",
            amount="82.36",
            why="credit_note",
            granted_on="2026-10-18",
            document_half="document",
            document_series=3,
            document_number=801,
        )
        self.theirs = set(self._papers())

    # --- what people do ---------------------------------------------------------------------------

    def _request(self, **fields: Any) -> None:
        key = f"k{len(self.keys)}"
        try:
            self.house.desk.request(key=key, reason="complaint", **fields)
        except RefusedError:
            assert self.house.desk.store.stream(self._id(key)) == []
            return
        self.keys.append(key)

    @rule(
        original=st.sampled_from(SALES),
        percent=st.integers(1, 100),
        parts=st.sampled_from(["auto", "invoice", "receipt", "both"]),
        with_receipt=st.booleans(),
    )
    def somebody_asks_for_part_of_a_sale(
        self,
        original: str,
        percent: int,
        parts: str,
        with_receipt: bool,  # noqa: FBT001
    ) -> None:
        total = self.house.desk.ledger.original(OriginalRef.parse(original)).recorded
        amount = max(sum(line.gross for line in total.lines) * percent // 100, 1)
        fields: dict[str, object] = {"original": original, "parts": parts}
        if percent < 100:
            fields["amount"] = f"{amount // 100}.{amount % 100:02}"
        if with_receipt and original in RECEIPT_OF:
            fields["receipt"] = RECEIPT_OF[original]
        self._request(**fields)

    @rule(original=st.sampled_from(SALES), line=st.integers(1, 3), quantity=st.integers(1, 3))
    def somebody_sends_goods_back(self, original: str, line: int, quantity: int) -> None:
        self._request(original=original, lines=[{"line": line, "quantity": quantity}])

    @rule(receipt=st.sampled_from(RECEIPTS), amount=st.integers(1, 600))
    def somebody_asks_for_money_of_a_receipt(self, receipt: str, amount: int) -> None:
        self._request(original=receipt, amount=f"{amount}.07", method="bank_transfer", details=BANK)

    @rule(customer=st.sampled_from(["1001", "1002", "1004", "1006"]), amount=st.integers(1, 900))
    def somebody_asks_for_their_credit(self, customer: str, amount: int) -> None:
        self._request(
            kind="credit",
            customer_id=customer,
            currency="ILS",
            amount=f"{amount}.10",
            method="cash",
        )

    @rule(amount=st.integers(1, 50), pay=st.booleans())
    def somebody_gets_a_goodwill(self, amount: int, pay: bool) -> None:  # noqa: FBT001
        fields: dict[str, object] = {"parts": "both", "method": "cash"} if pay else {}
        self._request(
            kind="goodwill", customer_id="1003", currency="ILS", amount=f"{amount}.00", vat="0.50",
            **fields,
        )  # fmt: skip

    @precondition(lambda self: self.keys)
    @rule(data=st.data(), agree=st.booleans())
    def a_second_person_decides(self, data: st.DataObject, agree: bool) -> None:  # noqa: FBT001
        refund = self._any(data)
        if refund.status is not Status.AWAITING_APPROVAL:
            return
        if agree:
            self.house.desk.approve(refund.request.key, actor="noa")
        else:
            self.house.desk.reject(refund.request.key, why="no", actor="noa")

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def somebody_takes_a_request_back(self, data: st.DataObject) -> None:
        refund = self._any(data)
        try:
            self.house.desk.withdraw(refund.request.key)
        except RefusedError:
            assert refund.is_sent or refund.status.is_over

    @precondition(lambda self: self.keys)
    @rule(data=st.data())
    def somebody_closes_a_refund(self, data: st.DataObject) -> None:
        refund = self._any(data)
        try:
            self.house.desk.close_refund(refund.request.key, why="enough")
        except LedgerError:
            return
        self.closed.add(refund.request.key)

    @rule(data=st.data())
    def a_person_looks_at_what_waits(self, data: st.DataObject) -> None:
        waiting = self.house.desk.store.due(COMPANY, Waits.PERSON)
        if waiting:
            call = data.draw(st.sampled_from(waiting))
            self._decide_rightly(call.refund, call.part)

    # --- what machines do -------------------------------------------------------------------------

    @rule(method=st.sampled_from(WRITES), fault=st.sampled_from(FAULTS))
    def something_will_go_wrong(self, method: str, fault: faults.Fault) -> None:
        self.house.sandbox.faults.script(method, fault)

    @rule()
    def the_dispatcher_does_what_is_due(self) -> None:
        self.house.desk.dispatcher().round()

    @rule()
    def the_dispatcher_waits_things_out(self) -> None:
        self.house.dispatch(patience=300)

    @rule(minutes=st.integers(1, 10))
    def time_passes(self, minutes: int) -> None:
        self.house.clock.advance(60 * minutes)

    # --- what must hold ---------------------------------------------------------------------------

    @invariant()
    def live_equals_replayed(self) -> None:
        entries = [one for _, event in self.house.desk.store.events() for one in postings(event)]
        replayed = net_changes(entries)
        assert dict(self.house.desk.store.sums(COMPANY)) == replayed
        guarded = {account: total for account, total in replayed.items() if account.kind in GUARDED}
        assert dict(self.house.desk.store.balances(COMPANY)) == guarded
        for account, total in guarded.items():
            assert account.rule.side * total >= 0
        per_book: Counter[tuple[str, str]] = Counter()
        for account, total in replayed.items():
            per_book[account.rule.book, account.unit] += total
        assert not any(per_book.values())

    @invariant()
    def finished_refunds_hold_nothing(self) -> None:
        held = {AccountKind.RESERVED, AccountKind.HELD_CREDIT}
        holding = {
            account.refund
            for account, _ in self.house.desk.store.sums(COMPANY)
            if account.kind in held
        }
        for refund in self._refunds():
            doubt = any(refund.part(part).status is PartStatus.IN_DOUBT for part in Part)
            if refund.status.is_over and not doubt:
                assert str(refund.id) not in holding

    @invariant()
    def what_is_due_follows_from_the_events(self) -> None:
        live = set(self.house.desk.store.due(COMPANY, *Waits))
        assert live == {call for refund in self._refunds() for call in calls_due(refund)}

    def teardown(self) -> None:
        """Let everything come to rest, then compare the two sets of books."""
        try:
            if self.keys:
                self._come_to_rest()
                self._books_equal_ledger()
        finally:
            self.stack.close()

    def _come_to_rest(self) -> None:
        self.house.sandbox.faults._scripts.clear()
        for _ in range(40):
            self.house.clock.advance(600)
            self.house.dispatch(patience=600)
            waiting = self.house.desk.store.due(COMPANY, Waits.PERSON)
            for call in waiting:
                self._decide_rightly(call.refund, call.part)
            machines = (Waits.SEND, Waits.LOOK, Waits.PARK)
            if not waiting and not self.house.desk.store.due(COMPANY, *machines):
                break
            for refund in self._refunds():
                if refund.status is Status.CLOSED and calls_due(refund):
                    self._try_close(refund)
        for hours in (1, 12, 96):
            self.house.clock.advance(3600 * hours)
            self.house.dispatch()
        left = self.house.desk.store.due(COMPANY, *Waits)
        assert left == [], left

    def _books_equal_ledger(self) -> None:
        """Every counter-document is claimed once, by the refund whose call made it."""
        made = {key: paper for key, paper in self._papers().items() if key not in self.theirs}
        claimed: dict[tuple[Half, int, int], UUID] = {}
        for _, event in self.house.desk.store.events():
            if event.TOPIC.startswith("refund."):
                for taken in claims(event):
                    assert taken not in claimed
                    claimed[taken] = event.originator_id
            assert not isinstance(event, LateSuccessFound) or event.duplicate_of is None
        assert set(claimed) == set(made)
        per_refund: dict[UUID, int] = defaultdict(int)
        for document, owner in claimed.items():
            per_refund[owner] += made[document]
        for refund in self._refunds():
            booked = [
                event
                for event in self.house.desk.store.stream(refund.id)
                if isinstance(event, InvoicePartCancelled | ReceiptPartCancelled | LateSuccessFound)
            ]
            assert sum(event.booked for event in booked) == per_refund[refund.id]
            for part in Part:
                first = [event.booked for event in booked if event.document.key.half is part.half]
                assert refund.part(part).booked == (first[0] if first else 0)

    # --- helpers ----------------------------------------------------------------------------------

    def _id(self, key: str) -> UUID:
        return refund_id(COMPANY, key)

    def _any(self, data: st.DataObject) -> Refund:
        return self.house.desk.refund(data.draw(st.sampled_from(self.keys)))

    def _refunds(self) -> Iterator[Refund]:
        for key in self.keys:
            refund = fold(self.house.desk.store.stream(self._id(key)))
            assert refund is not None
            yield refund

    def _papers(self) -> dict[tuple[Half, int, int], int]:
        """Every document and receipt in the server's books, with its amount in minor units."""
        out: dict[tuple[Half, int, int], int] = {}
        for kind, half in ((Paper.DOCUMENT, Half.DOCUMENT), (Paper.RECEIPT, Half.RECEIPT)):
            for paper in self.house.sandbox.books.papers(kind):
                amount = abs(paper.amount) * 100
                assert amount == int(amount)
                out[half, *paper.key] = int(amount)
        return out

    def _document_of(self, refund: Refund, part: Part) -> tuple[int, int] | None:
        """What the server's own log says that the calls of a part made."""
        reference = refund.part(part).submitted
        for call in self.house.sandbox.log.calls:
            if reference and reference.reference.encode() in call.body and call.made:
                return call.made[0][1]
        return None

    def _decide_rightly(self, refund_id: UUID, part: Part) -> None:
        """Decide as somebody does who has looked into the books."""
        self.house.sandbox.execute_what_is_due()
        refund = self.house.desk.refund(refund_id)
        key = refund.request.key
        made = self._document_of(refund, part)
        if made:
            self.house.desk.happened(key, part, document=f"{made[0]}/{made[1]}", why="it is there")
        elif refund.status.is_over or refund.part(part).status is PartStatus.REFUSED:
            self._try_close(refund)
        else:
            self.house.desk.send_again(key, part, why="it is not there")

    def _try_close(self, refund: Refund) -> None:
        self.house.desk.close_refund(refund.request.key, why="it did not happen")


class WholeHouseOnFile(WholeHouse):
    """The same over a file."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.path = Path(self._folder.name) / "refunds.db"
        super().__init__()
        self.stack.callback(self._folder.cleanup)


class WholeHouseOnServer(WholeHouse):
    """The same over a server."""

    server: Server

    def __init__(self) -> None:
        self._ledger = ExitStack()
        self.path = self._ledger.enter_context(new_ledger(self.server))
        super().__init__()

    def teardown(self) -> None:
        """Take the ledger away when the house is closed."""
        with self._ledger:
            super().teardown()


class TestOnServer(WholeHouseOnServer.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=6, stateful_step_count=25)

    @pytest.fixture(autouse=True)
    def _with_a_server(self, postgres_server: Server) -> None:
        WholeHouseOnServer.server = postgres_server


TestInMemory = WholeHouse.TestCase
TestInMemory.settings = settings(max_examples=40, stateful_step_count=30)
TestOnFile = WholeHouseOnFile.TestCase
TestOnFile.settings = settings(max_examples=8, stateful_step_count=25)
