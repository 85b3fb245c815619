"""Histories: a small company after a random story of requests, calls, answers and surprises."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from refund_ledger.errors import RefusedError
from refund_ledger.events import How, Part, ReductionReason
from refund_ledger.originals import Kind, OriginalRef
from refund_ledger.policies import Terms
from refund_ledger.refund import PartStatus
from support.books import Books, a_cash_sale, a_line, a_payment, a_receipt, an_invoice
from support.outsides import explain, open_discrepancies, outside

INVOICE = OriginalRef(Kind.INVOICE, 1, 1)
PAID = OriginalRef(Kind.INVOICE, 1, 2)
RECEIPT = OriginalRef(Kind.RECEIPT, 1, 3)
CASH_SALE = OriginalRef(Kind.INVOICE_RECEIPT, 2, 4)

_Act = Callable[[Books, Random, int], object]


def play(seed: int, steps: int) -> Books:
    """Play a random story; what the ledger refuses is not done, as in life."""
    random = Random(seed)
    books = Books(terms=Terms(approval_above={"ILS": 30_000}))
    books.record(an_invoice(1, a_line(1, 10_001, 1_701), a_line(2, 777), unpaid=6_000))
    books.record(an_invoice(2, a_line(1, 5_000, 850)))
    paid = a_payment(1, 9_000)
    books.record(a_receipt(3, paid, closes=[(INVOICE, 4_000), (PAID, 4_500)], overpaid=300))
    books.record(a_cash_sale(4, a_line(1, 33_333, 5_667), a_line(2, 0), a_line(3, 99)))
    books.grant("old", 700)
    refunds: list[UUID] = []
    for step in range(steps):
        try:
            if random.random() < 0.4:
                refunds.append(books.ask(f"k{step}", **random.choice(_ASKS)(random)))
            elif refunds:
                random.choice(_ACTS)(books, random, random.choice(range(len(refunds))))
        except RefusedError:
            continue
    return books


histories = st.builds(play, st.integers(0, 2**32), st.integers(0, 60))
"""Companies after a random story of up to sixty steps."""


def _ask_sale(random: Random) -> dict[str, Any]:
    sale = random.choice([INVOICE, PAID, CASH_SALE])
    fields: dict[str, Any] = {"original": str(sale), "amount": random.choice([None, 99, 4_000])}
    fields["parts"] = random.choice(["auto", "invoice", "both"])
    fields["comment"] = random.choice(["", "נזק במשלוח"])
    if sale is not CASH_SALE and random.random() < 0.5:
        fields["receipt"] = str(RECEIPT)
    elif sale is not CASH_SALE:
        fields["method"] = "cash"
    return fields


def _ask_lines(random: Random) -> dict[str, Any]:
    line = {"line": random.choice([1, 2, 3]), "quantity": random.choice([None, 250_000])}
    return {"original": str(CASH_SALE), "lines": [line]}


def _ask_money(random: Random) -> dict[str, Any]:
    original = random.choice([RECEIPT, CASH_SALE])
    amount = random.choice([None, 300, 2_000])
    return {"original": str(original), "amount": amount, "parts": "receipt"}


def _ask_credit(random: Random) -> dict[str, Any]:
    amount = random.choice([None, 100])
    return {"kind": "credit", "customer_id": "7", "amount": amount, "method": "cash"}


def _ask_goodwill(random: Random) -> dict[str, Any]:
    parts = random.choice(["invoice", "both"])
    goodwill = {"kind": "goodwill", "customer_id": "7", "amount": 550, "vat": 80, "method": "cash"}
    return {**goodwill, "parts": parts}


_ASKS = (_ask_sale, _ask_sale, _ask_sale, _ask_lines, _ask_money, _ask_credit, _ask_goodwill)


def _call(books: Books, random: Random, which: int) -> None:
    refund = books.refund(books.refund_ids()[which])
    for part in refund.parts:
        status = books.refund(refund.id).part(part).status
        if status in {PartStatus.DUE, PartStatus.IN_DOUBT}:
            books.submit(refund.id, part)
        elif status is PartStatus.CANCELLED and random.random() < 0.9:
            continue
        _hear(books, random, refund.id, part)


def _hear(books: Books, random: Random, refund: UUID, part: Part) -> None:
    asked = books.refund(refund).request.asked(part)
    match random.choice(["answer"] * 6 + ["doubt", "person", "refused", "not sent"]):
        case "answer":
            books.answer(refund, part, booked=random.choice([asked, asked, asked + 5, asked // 2]))
        case "doubt":
            books.doubt(refund, part)
        case "person":
            books.doubt(refund, part, for_person=True)
        case "refused":
            books.refuse(refund, part)
        case _:
            books.not_sent(refund, part)


def _end(books: Books, random: Random, which: int) -> None:
    refund = books.refund_ids()[which]
    match random.choice(["withdraw", "close", "close", "reject", "approve", "again", "seen"]):
        case "withdraw":
            books.withdraw(refund)
        case "close":
            books.close(refund, *random.sample(list(Part), random.randint(0, 2)))
        case "reject":
            books.reject(refund)
        case "approve":
            books.approve(refund)
        case "again":
            books.send_again(refund, random.choice(list(Part)))
        case _:
            for alert in books.refund(refund).alerts:
                stamp = books.stamp("avi")
                books.ledger.acknowledge(refund, stamp, alert.document, why="seen")


def _reduce(books: Books, random: Random, _: int) -> None:
    used = random.choice([None, PAID])
    why = ReductionReason.USED_ON_SALE if used else ReductionReason.EXPIRED
    books.reduce("old", random.choice([100, 600]), why=why, sale=used)


def _made_outside(books: Books, random: Random, _: int) -> None:
    part = random.choice(list(Part))
    original = random.choice(
        ["", str(CASH_SALE), str(INVOICE if part is Part.INVOICE else RECEIPT)]
    )
    amount = random.choice([99, 4_000, 40_000])
    outside(books, 10_000 + books.minutes, amount, part, original=original)


def _explain(books: Books, random: Random, _: int) -> None:
    found = list(open_discrepancies(books).values())
    if found:
        one, how = random.choice(found), random.choice([How.ACCEPTED, How.WRITTEN_OFF])
        subject = one.document or one.subject.removeprefix("grant:")
        amount = random.choice([None, 1])
        explain(books, subject, how, amount=amount, reference=f"e{books.minutes}")


_ACTS: tuple[_Act, ...] = (_call, _call, _call, _end, _reduce, _made_outside, _explain)
