"""Books for tests of the core: originals, requests and calls in few words, over a real store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, Self
from uuid import UUID

from refund_adapters.store.sql_store import SqlStore
from refund_ledger.accounts import QUANTITY, Account, AccountKind
from refund_ledger.application import RefundLedger
from refund_ledger.asking import Request, read_request
from refund_ledger.events import (
    DocumentId,
    Event,
    GrantReason,
    Part,
    ReductionReason,
)
from refund_ledger.originals import Closes, Kind, Line, Method, Original, OriginalRef, Payment
from refund_ledger.policies import Terms
from refund_ledger.recording import Grant
from refund_ledger.stamps import Stamp
from support import soundness
from support.calls import Calls
from support.remembering import remembering

COMPANY = "acme"
CUSTOMER = "7"
MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)
ONE = 1_000_000
"""A quantity of one."""


def a_stamp(actor: str = "dana", *, command: str = "command", minutes: int = 0) -> Stamp:
    """Who acts, and when."""
    return Stamp(at=MORNING + timedelta(minutes=minutes), actor=actor, command_id=command)


def a_line(number: int, net: int, vat: int = 0, *, quantity: int = ONE, **fields: Any) -> Line:
    """One line of a sale."""
    return Line(number=number, net=net, vat=vat, quantity=quantity, **fields)


def a_payment(number: int, amount: int, method: Method = Method.CARD) -> Payment:
    """One payment of a receipt."""
    return Payment(number=number, method=method, amount=amount)


def an_original(kind: Kind, number: int, **fields: Any) -> Original:
    """An original of any kind, with sensible fields where none are said."""
    given = {
        "company": COMPANY,
        "kind": kind,
        "series": 2 if kind is Kind.INVOICE_RECEIPT else 1,
        "number": number,
        "customer_id": CUSTOMER,
        "currency": "ILS",
        "issued_on": date(2026, 2, 28),
    }
    return Original.model_validate({**given, **fields})


def an_invoice(number: int, *lines: Line, unpaid: int | None = None, **fields: Any) -> Original:
    """An invoice; all of it is open unless `unpaid` says how much."""
    total = sum(line.gross for line in lines)
    still = total if unpaid is None else unpaid
    return an_original(Kind.INVOICE, number, lines=lines, open_amount=still, **fields)


def a_receipt(
    number: int, *payments: Payment, closes: Iterable[tuple[OriginalRef, int]] = (), **fields: Any
) -> Original:
    """A receipt, and which sales it pays."""
    parts = tuple(Closes(sale=str(sale), amount=amount) for sale, amount in closes)
    return an_original(Kind.RECEIPT, number, payments=payments, closes=parts, **fields)


def a_cash_sale(number: int, *lines: Line, **fields: Any) -> Original:
    """An invoice-receipt, paid by card unless payments are said."""
    total = sum(line.gross for line in lines)
    paid = {"payments": (a_payment(1, total),), **fields}
    return an_original(Kind.INVOICE_RECEIPT, number, lines=lines, **paid)


def a_grant(reference: str, amount: int, **fields: Any) -> Grant:
    """A credit granted elsewhere."""
    given = {
        "company": COMPANY,
        "reference": reference,
        "customer_id": CUSTOMER,
        "currency": "ILS",
        "amount": amount,
        "why": GrantReason.OPENING_BALANCE,
        "granted_on": date(2026, 1, 1),
    }
    return Grant.model_validate({**given, **fields})


def a_request(key: str, **fields: Any) -> Request:
    """A request with a company, a currency and a reason."""
    given = {"company": COMPANY, "key": key, "currency": "ILS", "reason": "complaint"}
    return read_request({**given, **fields})


@dataclass
class Books(Calls):
    """One company's ledger over a store of its own; a minute passes with each command."""

    way = "New"
    path: str | None = None
    """A file, the address of a server, or none for memory."""
    terms: Terms = field(default_factory=Terms)
    company: str = COMPANY
    minutes: int = 0
    documents: Iterator[int] = field(default_factory=lambda: count(481))
    """Document numbers that nobody has used; threads may draw from them at once."""

    def __post_init__(self) -> None:
        opened = remembering(self.path)
        self.saved = opened.saved
        self.store: SqlStore = opened
        self.ledger = RefundLedger(self.store, self.company, self.terms)
        self._read = -1
        self._sums: dict[Account, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def stamp(self, actor: str = "dana") -> Stamp:
        """The stamp of the next command."""
        self.minutes += 1
        return a_stamp(actor, command=f"command-{self.minutes}", minutes=self.minutes)

    # --- what the accounting system holds ---------------------------------------------------------

    def record(self, original: Original) -> OriginalRef:
        """Record an original."""
        self.ledger.record_original(original, self.stamp("import"), read_from="a file")
        return original.ref

    def grant(self, reference: str, amount: int, **fields: Any) -> str:
        """Record a granted credit; returns its source."""
        self.ledger.grant_credit(a_grant(reference, amount, **fields), self.stamp("import"))
        return f"grant:{reference}"

    def reduce(
        self,
        reference: str,
        amount: int,
        *,
        why: ReductionReason = ReductionReason.REVERSED,
        sale: OriginalRef | None = None,
    ) -> bool:
        """Record that a granted credit became less."""
        return self.ledger.reduce_credit(
            reference, self.stamp("import"), why=why, amount=amount, sale=sale
        )

    # --- people -----------------------------------------------------------------------------------

    def ask(self, key: str, **fields: Any) -> UUID:
        """Request a refund."""
        return self.ledger.request(a_request(key, **fields), self.stamp()).refund.id

    def approve(self, refund: UUID, actor: str = "avi") -> None:
        """A second person agrees."""
        digest = self.refund(refund).request.digest
        self.ledger.approve(refund, self.stamp(actor), digest=digest)

    def reject(self, refund: UUID) -> None:
        """A second person refuses."""
        self.ledger.reject(refund, self.stamp("avi"), why="not this one")

    def withdraw(self, refund: UUID) -> None:
        """The request is taken back."""
        self.ledger.withdraw(refund, self.stamp())

    def close(self, refund: UUID, *absent: Part) -> None:
        """A person ends the refund on what is seen now."""
        version = self.refund(refund).version
        gone = frozenset(absent)
        stamp = self.stamp("avi")
        self.ledger.close(refund, stamp, why="no use", seen_version=version, absent=gone)

    def send_again(self, refund: UUID, part: Part) -> None:
        """A person allows one more attempt."""
        version = self.refund(refund).version
        self.ledger.send_again(
            refund, self.stamp("avi"), part, why="it is not there", seen_version=version
        )

    def happened(self, refund: UUID, part: Part, booked: int) -> DocumentId:
        """A person says that a call happened."""
        made, version = self.document(part), self.refund(refund).version
        self.ledger.happened(
            refund,
            self.stamp("avi"),
            part,
            made,
            booked=booked,
            why="it is there",
            seen_version=version,
        )
        return made

    # --- what it comes to -------------------------------------------------------------------------

    def events(self) -> list[Event]:
        """Everything that happened, in order."""
        return [event for _, event in self.store.events()]

    def total(self, kind: AccountKind, subject: str | OriginalRef = "", **columns: str) -> int:
        """The sum of one kind of account on its normal side."""
        if subject:
            columns["subject"] = str(subject)
        return sum(
            account.rule.side * amount
            for account, amount in self.sums().items()
            if account.kind is kind
            and all(getattr(account, name) == value for name, value in columns.items())
        )

    def sums(self) -> dict[Account, int]:
        """The sum of each account's postings, read once for each state of the store."""
        position = self.store.position()
        if self._read != position:
            self._read, self._sums = position, dict(self.store.sums(self.company))
        return self._sums

    def position(self, source: str | OriginalRef) -> tuple[int, int, int]:
        """What stands open, covered and as credit under a source, with nothing promised."""
        kinds = (AccountKind.OPEN, AccountKind.COVERED, AccountKind.CREDIT)
        promised = (AccountKind.PROMISED_COVER, AccountKind.PROMISED_CREDIT)
        assert [self.total(kind, source) for kind in promised] == [0, 0]
        opened, covered, credit = (self.total(kind, source) for kind in kinds)
        return opened, covered, credit

    def left(self, original: OriginalRef) -> dict[str, int]:
        """What is still refundable of an original, item by item; nothing where nothing is."""
        found = self.store.balances(
            self.company, kind=AccountKind.REFUNDABLE, subject=str(original)
        )
        return {account.item: amount for account, amount in found}

    def left_in_all(self, original: str) -> tuple[int, int]:
        """What is still refundable of an original: of the sale, and of the money."""
        found = self.store.balances(self.company, kind=AccountKind.REFUNDABLE, subject=original)
        sale = [n for a, n in found if a.item.startswith("line/") and a.unit != QUANTITY]
        money = [n for a, n in found if a.item.startswith("payment/")]
        return sum(sale), sum(money)

    def refund_ids(self) -> list[UUID]:
        """Every refund that was requested, in order."""
        found = (e.originator_id for e in self.events() if e.TOPIC == "refund.requested")
        return list(found)

    # --- what always holds ------------------------------------------------------------------------

    def check(self) -> None:
        """Every invariant that needs no knowledge of what was asked."""
        soundness.check(self)

    def check_sale(self, sale: OriginalRef) -> None:
        """What stands on a sale is what was recorded of it less what was issued."""
        soundness.check_sale(self, sale)
