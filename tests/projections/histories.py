"""Histories: a small company whose refunds go every way there is, over a real store in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from projections.outsides import explain, record_outside
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.application import RefundLedger
from refund_ledger.asking import read_request
from refund_ledger.errors import RefusedError
from refund_ledger.events import (
    Event,
    GrantReason,
    Part,
    ReductionReason,
)
from refund_ledger.originals import Closes, Kind, Line, Method, Original, OriginalRef, Payment
from refund_ledger.policies import Terms
from refund_ledger.recording import Grant
from refund_ledger.refund import Waits, calls_due
from refund_ledger.stamps import Stamp
from support.calls import Calls

COMPANY = "acme"
MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)


def sale_lines(*nets: int, vat: int = 17) -> tuple[Line, ...]:
    """Lines of one piece each, with VAT in percent."""
    return tuple(
        Line(
            number=number, description="a thing", quantity=1_000_000, net=net, vat=net * vat // 100
        )
        for number, net in enumerate(nets, start=1)
    )


@dataclass
class Company(Calls):
    """One company's ledger over a store of its own; time passes by a minute with each command."""

    terms: Terms = field(default_factory=Terms)
    currency: str = "ILS"
    store: SqliteStore = field(default_factory=lambda: SqliteStore(None))
    minutes: int = 0
    documents: Iterator[int] = field(default_factory=lambda: count(481))

    def __post_init__(self) -> None:
        self.ledger = RefundLedger(self.store, COMPANY, self.terms)
        self.refunds: list[UUID] = []

    @property
    def now(self) -> datetime:
        return MORNING + timedelta(minutes=self.minutes)

    def stamp(self, actor: str = "dana") -> Stamp:
        self.minutes += 1
        return Stamp(at=self.now, actor=actor, command_id=f"command-{self.minutes}")

    # --- what is read -----------------------------------------------------------------------------

    def events(self) -> list[Event]:
        return [event for _, event in self.store.events()]

    # --- what the accounting system holds ---------------------------------------------------------

    def record(self, kind: Kind, number: int, **fields: Any) -> OriginalRef:
        original = Original.model_validate(
            {
                "company": COMPANY,
                "kind": kind,
                "series": 2 if kind is Kind.INVOICE_RECEIPT else 1,
                "number": number,
                "customer_id": "7",
                "currency": self.currency,
                "issued_on": date(2026, 2, 28),
                **fields,
            }
        )
        self.ledger.record_original(original, self.stamp("import"), read_from="a file")
        return original.ref

    def invoice(self, number: int, *nets: int, **fields: Any) -> OriginalRef:
        """An unpaid invoice, where `open_amount` says no other."""
        lines = sale_lines(*nets)
        unpaid = {"lines": lines, "open_amount": sum(line.gross for line in lines)}
        return self.record(Kind.INVOICE, number, **{**unpaid, **fields})

    def receipt(self, number: int, amount: int, **fields: Any) -> OriginalRef:
        payments = (Payment(number=1, method=Method.CARD, amount=amount),)
        return self.record(Kind.RECEIPT, number, **{"payments": payments, **fields})

    def cash_sale(self, number: int, *nets: int, **fields: Any) -> OriginalRef:
        lines = sale_lines(*nets)
        total = sum(line.gross for line in lines)
        payments = (Payment(number=1, method=Method.CASH, amount=total),)
        return self.record(
            Kind.INVOICE_RECEIPT, number, **{"lines": lines, "payments": payments, **fields}
        )

    def grant(self, reference: str, amount: int, **fields: Any) -> str:
        grant = {
            "company": COMPANY,
            "reference": reference,
            "customer_id": "7",
            "currency": self.currency,
            "amount": amount,
            "why": GrantReason.OPENING_BALANCE,
            "granted_on": date(2026, 1, 1),
        }
        self.ledger.grant_credit(Grant.model_validate({**grant, **fields}), self.stamp("import"))
        return f"grant:{reference}"

    # --- people -----------------------------------------------------------------------------------

    def ask(self, key: str, **fields: Any) -> UUID:
        asked = {
            "company": COMPANY,
            "key": key,
            "currency": self.currency,
            "reason": "complaint",
            **fields,
        }
        result = self.ledger.request(read_request(asked), self.stamp())
        self.refunds.append(result.refund.id)
        return result.refund.id

    def close(self, refund: UUID, *, absent: frozenset[Part] = frozenset()) -> None:
        version = self.refund(refund).version
        self.ledger.close(
            refund, self.stamp("avi"), why="no use", seen_version=version, absent=absent
        )


# --- random histories -----------------------------------------------------------------------------


def play(seed: int, steps: int) -> Company:
    """Play a random history; what the ledger refuses is not done, as in life."""
    random = Random(seed)
    company = Company(Terms(approval_above={"ILS": 40_000}))
    invoice = company.invoice(1, 10_001, 3_333)
    company.receipt(1, 9_000, closes=(Closes(sale=str(invoice), amount=8_000),), overpaid=1_000)
    company.cash_sale(2, 5_000, 777, 50_000)
    company.cash_sale(3, 20_000, customer_id="8")
    company.grant("old", 700)
    company.grant("older", 450, customer_id="8")
    acts = [*_ASKING, *_CALLING, *_CALLING, *_CALLING, *_ENDING]
    for step in range(steps):
        try:
            random.choice(acts)(company, random, step)
        except RefusedError:
            continue
    return company


histories = st.builds(play, st.integers(0, 2**32), st.integers(0, 40))
"""Companies after a random history of up to forty steps."""

_Act = Callable[[Company, Random, int], object]


def _some(company: Company, random: Random) -> tuple[UUID, Part]:
    if not company.refunds:
        raise RefusedError("there is no refund yet")
    refund = random.choice(company.refunds[-4:])
    return refund, random.choice(company.refund(refund).parts)


def _ask_sale(company: Company, random: Random, step: int) -> None:
    original = random.choice(["invoice:1/1", "invoice_receipt:2/2", "invoice_receipt:2/3"])
    amount = random.choice([None, 100, 999, 4_000, 45_000])
    parts = random.choice(["auto", "invoice", "both"])
    receipt = "receipt:1/1" if original == "invoice:1/1" and parts == "both" else ""
    company.ask(f"k{step}", original=original, amount=amount, parts=parts, receipt=receipt)


def _ask_money(company: Company, random: Random, step: int) -> None:
    original = random.choice(["receipt:1/1", "invoice_receipt:2/2"])
    amount = random.choice([None, 300, 2_000])
    company.ask(f"k{step}", original=original, amount=amount, parts="receipt")


def _ask_credit(company: Company, random: Random, step: int) -> None:
    customer, amount = random.choice(["7", "8"]), random.choice([None, 100, 500])
    company.ask(f"k{step}", kind="credit", customer_id=customer, amount=amount, method="cash")


def _ask_goodwill(company: Company, random: Random, step: int) -> None:
    parts = random.choice(["invoice", "both"])
    fields = {"kind": "goodwill", "customer_id": "8", "amount": 550, "vat": 80, "parts": parts}
    company.ask(f"k{step}", **fields, method="cash" if parts == "both" else None)


def _reduce(company: Company, random: Random, _: int) -> None:
    sale = OriginalRef(Kind.INVOICE, 1, 1) if random.random() < 0.5 else None
    why = ReductionReason.USED_ON_SALE if sale else ReductionReason.REVERSED
    amount = random.choice([100, 600])
    company.ledger.reduce_credit("old", company.stamp(), why=why, amount=amount, sale=sale)


def _submit(company: Company, random: Random, _: int) -> None:
    company.submit(*_some(company, random))


def _answer(company: Company, random: Random, _: int) -> None:
    refund, part = _some(company, random)
    state = company.refund(refund)
    if not state.part(part).submitted:
        raise RefusedError("nothing was sent")
    asked = state.request.asked(part)
    booked = random.choice([None, None, None, asked + 50, max(asked - 50, 1)])
    company.answer(refund, part, booked=booked)


def _doubt(company: Company, random: Random, _: int) -> None:
    company.doubt(*_some(company, random), for_person=random.random() < 0.4)


def _not_sent(company: Company, random: Random, _: int) -> None:
    company.not_sent(*_some(company, random))


def _refuse(company: Company, random: Random, _: int) -> None:
    company.refuse(*_some(company, random))


def _watch(company: Company, random: Random, _: int) -> None:
    refund, part = _some(company, random)
    due = calls_due(company.refund(refund))
    if any(call.part is part and call.waits is Waits.WATCH for call in due):
        company.watch(refund, part)


def _send_again(company: Company, random: Random, _: int) -> None:
    refund, part = _some(company, random)
    version = company.refund(refund).version
    company.ledger.send_again(refund, company.stamp("avi"), part, why="again", seen_version=version)


def _approve(company: Company, random: Random, _: int) -> None:
    refund, _part = _some(company, random)
    digest = company.refund(refund).request.digest
    company.ledger.approve(refund, company.stamp("avi"), digest=digest)


def _reject(company: Company, random: Random, _: int) -> None:
    company.ledger.reject(_some(company, random)[0], company.stamp("avi"), why="no")


def _withdraw(company: Company, random: Random, _: int) -> None:
    company.ledger.withdraw(_some(company, random)[0], company.stamp())


def _close(company: Company, random: Random, _: int) -> None:
    refund, part = _some(company, random)
    company.close(refund, absent=frozenset({part}) if random.random() < 0.5 else frozenset())


def _acknowledge(company: Company, random: Random, _: int) -> None:
    refund, _part = _some(company, random)
    for alert in company.refund(refund).alerts:
        company.ledger.acknowledge(refund, company.stamp("avi"), alert.document, why="seen")


_ASKING: list[_Act] = [_ask_sale, _ask_sale, _ask_money, _ask_credit, _ask_goodwill, _reduce]
_CALLING: list[_Act] = [_submit, _submit, _answer, _answer, _doubt, _not_sent, _refuse, _watch]
_ENDING: list[_Act] = [_send_again, _approve, _reject, _withdraw, _close, _acknowledge]
_ENDING += [record_outside, explain]
