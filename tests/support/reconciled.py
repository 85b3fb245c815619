"""Two sides to compare: a ledger with refunds of every kind, and the books that it was made from.

The books are a sandbox's own, so tampering with them is what a person does in the accounting
system behind the ledger's back.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import simplejson

from refund_adapters.accounting import Wanted
from refund_adapters.desk import Desk
from refund_adapters.reconcile.reconciling import Outcome, Reconciler
from refund_adapters.rivhit import Rivhit, RivhitSettings
from refund_adapters.sandbox.books import Books
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import DROPPED_BEFORE, FaultPlan
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.papers import Document, Key, Kind, Receipt
from refund_adapters.sandbox.server import ROOT, serving
from refund_adapters.sandbox.switches import Switches
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.events import DocumentId, Part
from refund_projections.sides import Period
from support.ring import Clock
from support.rivhits import WithoutNetwork
from support.sandboxes import TOKEN

COMPANY = "acme"
EVER = Period(date(2024, 1, 1), date(2026, 12, 31))
CURRENCIES = {1: "ILS", 2: "USD", 3: "EUR"}
FOREIGN_MARKER = "[RL:00000000000000000000000000000bad-I]"

Found = set[tuple[str, str]]
"""Kind and document of each difference."""
Paper = TypeVar("Paper", Document, Receipt)


@dataclass(slots=True)
class House:
    """A ledger, the books behind it, and the documents that its refunds made."""

    desk: Desk
    sandbox: Sandbox
    clock: Clock
    rivhit: Rivhit
    plan: FaultPlan

    @property
    def books(self) -> Books:
        """What the accounting system holds."""
        return self.sandbox.books

    def made(self, key: str, part: Part) -> DocumentId:
        """The document of a refund's part."""
        (document,) = self.desk.refund(key).part(part).documents
        return document

    def compare(self, period: Period = EVER, **how: Any) -> Outcome:
        """Compare with the accounting system itself."""
        return Reconciler(self.desk).with_system(period, **how)

    def compare_with(self, file: Path, period: Period = EVER) -> Outcome:
        """Compare with an export."""
        settings = self.rivhit.settings
        return Reconciler(self.desk).with_file(
            file, period, settings.conventions, home_currency=settings.home_currency
        )

    @contextmanager
    def tampered(self) -> Iterator[Books]:
        """The books to change; they are as they were when this ends."""
        books = self.books
        documents, receipts = dict(books.documents), dict(books.receipts)
        credited = {key: list(found) for key, found in books._credits_of.items()}
        last = dict(books._last)
        try:
            yield books
        finally:
            books.documents, books.receipts = documents, receipts
            books._credits_of, books._last = credited, last

    def export(self, path: Path) -> Path:
        """Write everything that the books hold, as another program would."""
        rows = [
            *(_row("document", paper) for paper in self.books.documents.values()),
            *(_row("receipt", paper) for paper in self.books.receipts.values()),
        ]
        if path.suffix == ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        else:
            lines = (simplejson.dumps(row, use_decimal=True) + "\n" for row in rows)
            path.write_text("".join(lines), "utf-8")
        return path


def _row(half: str, paper: Document | Receipt) -> dict[str, Any]:
    return {
        "half": half,
        "type": paper.key.type,
        "number": paper.key.number,
        "date": paper.issue_date.isoformat(),
        "customer_id": paper.customer_id,
        "currency": CURRENCIES[paper.currency_id],
        "amount": str(paper.amount),
        "cancelled": "yes" if paper.is_cancelled else "no",
        "comments": paper.comments,
    }


def found(outcome: Outcome) -> Found:
    """What a comparison found, without what was accepted."""
    return {
        (one.finding.kind.value, str(one.finding.document))
        for one in outcome.findings
        if one.accepted is None
    }


@contextmanager
def house(
    *, http: bool = False, doubt: bool = False, given: Any = None, **switches: Any
) -> Iterator[House]:
    """Build both sides, equal; with `doubt`, one refund's call was lost before it arrived."""
    clock, plan = Clock(), FaultPlan()
    sandbox = Sandbox(
        token=TOKEN,
        now=clock,
        rng=random.Random(7),
        switches=Switches.model_validate(switches),
        faults=plan,
    )
    load_demo(sandbox.books)
    with ExitStack() as stack:
        url = "https://sandbox.test" + ROOT.rstrip("/")
        if http:
            stack.enter_context(serving(sandbox))
            url = sandbox.base_url + ROOT.rstrip("/")
        settings = RivhitSettings.model_validate(
            {"company": COMPANY, "token": TOKEN, "base_url": url, "read_attempts": 1}
            | {"lists_lag": 0, "clock_error": 0}
            | (given or {})
        )
        transport = None if http else WithoutNetwork(sandbox)
        rivhit = stack.enter_context(Rivhit(settings, transport=transport, now=clock))
        store = SqliteStore(None, now=clock)
        desk = stack.enter_context(Desk(store, company=COMPANY, actor="noa", accounting=rivhit))
        built = House(desk, sandbox, clock, rivhit, plan)
        _refund(built)
        if doubt:
            plan.script("Document.New", DROPPED_BEFORE)
            _ask(built, "doubt", original="invoice:1/5003", amount="12.34", parts="invoice")
        clock.advance(60)
        yield built


def _refund(built: House) -> None:
    """Record everything, and give back in each way that there is."""
    wanted = Wanted(issued_from=EVER.since, issued_to=EVER.until)
    assert [one for one in built.desk.import_wanted(wanted) if one.outcome == "refused"] == []
    built.desk.record_outside(
        part="invoice",
        document="3/801",
        customer_id="1004",
        currency="ILS",
        amount="82.36",
        issued_on="2026-10-18",
        read_from="the accounting system",
    )
    _ask(built, "whole", original="invoice_receipt:2/6923")
    _ask(built, "part", original="invoice_receipt:2/6925", amount="50.00")
    _ask(built, "sale", original="invoice:1/5001", amount="10.00", parts="invoice")


def _ask(built: House, key: str, **fields: Any) -> None:
    built.desk.request(key=key, reason="complaint", **fields)
    built.desk.dispatch(patience=1)


# --- tampering ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tamper:
    """One way in which the books are changed behind the ledger's back."""

    name: str
    target: str
    """What is changed; two that change the same are not combined."""
    change: Callable[[House], Found]
    """Changes the books and says what a comparison has to find."""

    def __str__(self) -> str:
        return self.name


def _papers(books: Books, half: str) -> dict[Key, Any]:
    return books.documents if half == "document" else books.receipts


def _key(document: DocumentId) -> Key:
    return Key(document.series, document.number)


def _delete(books: Books, half: str, key: Key) -> None:
    del _papers(books, half)[key]
    for made in books._credits_of.values():
        if key in made:
            made.remove(key)


def _set(books: Books, half: str, key: Key, **fields: Any) -> None:
    papers = _papers(books, half)
    papers[key] = replace(papers[key], **fields)


def _amount(paper: Paper, amount: Decimal) -> dict[str, Any]:
    """The members of a paper that say what it comes to."""
    if isinstance(paper, Document):
        return {"totals": replace(paper.totals, total=amount)}
    (payment, *_) = paper.payments
    return {"amount": amount, "payments": (replace(payment, amount=amount),)}


def _copy(books: Books, half: str, key: Key, **fields: Any) -> Key:
    """Book a second paper with the next number of its type."""
    papers, kind = _papers(books, half), Kind(half)
    new = Key(key.type, books.next_number(kind, key.type))
    paper = replace(papers[key], key=new, cancels=None, credits=None, made_by=None, **fields)
    (books.add_document if half == "document" else books.add_receipt)(paper)
    return new


def _named(half: str, key: Key) -> str:
    return f"{half} {key.type}/{key.number}"


def _on(
    kind: str, half: str, pick: Callable[[House], Key], change: Callable[[Any], dict[str, Any]]
) -> Callable[[House], Found]:
    """Change one paper's members."""

    def tamper(built: House) -> Found:
        key = pick(built)
        _set(built.books, half, key, **change(_papers(built.books, half)[key]))
        return {(kind, _named(half, key))}

    return tamper


def _gone(half: str, pick: Callable[[House], Key]) -> Callable[[House], Found]:
    def tamper(built: House) -> Found:
        key = pick(built)
        _delete(built.books, half, key)
        return {("missing there", _named(half, key))}

    return tamper


def _more(
    kind: str, half: str, pick: Callable[[House], Key], **fields: Any
) -> Callable[[House], Found]:
    def tamper(built: House) -> Found:
        return {(kind, _named(half, _copy(built.books, half, pick(built), **fields)))}

    return tamper


def _of(key: str, part: Part) -> Callable[[House], Key]:
    return lambda built: _key(built.made(key, part))


def _at(series: int, number: int) -> Callable[[House], Key]:
    return lambda _: Key(series, number)


WHOLE_NOTE, WHOLE_RECEIPT = _of("whole", Part.INVOICE), _of("whole", Part.RECEIPT)
NOTE, RECEIPT = _of("part", Part.INVOICE), _of("part", Part.RECEIPT)
SALE_NOTE = _of("sale", Part.INVOICE)


def _unknown(half: str, comments: str) -> Callable[[House], Found]:
    """A refund of another amount, which no refund of ours asked for."""

    def tamper(built: House) -> Found:
        books = built.books
        pick = NOTE if half == "document" else RECEIPT
        paper = _papers(books, half)[pick(built)]
        fields = _amount(paper, Decimal("-7.77")) | {"comments": comments, "reference": 0}
        return {("unknown here", _named(half, _copy(books, half, paper.key, **fields)))}

    return tamper


TAMPERS = (
    Tamper("a credit note of ours is deleted", "note", _gone("document", NOTE)),
    Tamper("a receipt of ours is deleted", "receipt", _gone("receipt", RECEIPT)),
    Tamper("an original is deleted", "5003", _gone("document", _at(1, 5003))),
    Tamper("an original's receipt is deleted", "3002", _gone("receipt", _at(1, 3002))),
    Tamper(
        "our credit note is one agora more",
        "note",
        _on("amount differs", "document", NOTE, lambda p: _amount(p, p.amount - Decimal("0.01"))),
    ),
    Tamper(
        "our receipt gives back less",
        "receipt",
        _on("amount differs", "receipt", RECEIPT, lambda p: _amount(p, p.amount / 2)),
    ),
    Tamper(
        "an original is more than it was",
        "5005",
        _on("amount differs", "document", _at(1, 5005), lambda p: _amount(p, p.amount + 100)),
    ),
    Tamper(
        "our receipt is in another currency",
        "receipt",
        _on("currency differs", "receipt", RECEIPT, lambda _: {"currency_id": 2}),
    ),
    Tamper(
        "our credit note is another customer's",
        "sale note",
        _on("customer differs", "document", SALE_NOTE, lambda _: {"customer_id": 1003}),
    ),
    Tamper(
        "our credit note is dated long ago",
        "sale note",
        _on("date differs", "document", SALE_NOTE, lambda p: _days(p, -40)),
    ),
    Tamper(
        "an original is dated a day later",
        "5007",
        _on("date differs", "document", _at(1, 5007), lambda p: _days(p, 1)),
    ),
    Tamper(
        "our receipt takes money in",
        "whole receipt",
        _on("kind differs", "receipt", WHOLE_RECEIPT, lambda p: _amount(p, -p.amount)),
    ),
    Tamper(
        "an original is a credit",
        "6927",
        _on("kind differs", "document", _at(2, 6927), lambda p: _amount(p, -p.amount)),
    ),
    Tamper(
        "an original is cancelled",
        "6928",
        _on("cancelled there", "document", _at(2, 6928), lambda _: {"is_cancelled": True}),
    ),
    Tamper(
        "our own credit note is cancelled",
        "note",
        _on("cancelled there", "document", NOTE, lambda _: {"is_cancelled": True}),
    ),
    Tamper(
        "a second credit note carries our marker", "1", _more("duplicated there", "document", NOTE)
    ),
    Tamper(
        "a second cancel wrote its own comment",
        "2",
        _more("duplicated there", "document", WHOLE_NOTE, comments="ביטול מסמך 02/6923"),
    ),
    Tamper(
        "a second receipt without a comment",
        "3",
        _more("duplicated there", "receipt", WHOLE_RECEIPT, comments=""),
    ),
    Tamper("a credit note by hand", "4", _unknown("document", "נעשה ידנית")),
    Tamper("a receipt by hand", "5", _unknown("receipt", "")),
    Tamper("a credit note of another ledger", "6", _unknown("document", FOREIGN_MARKER)),
)


def _days(paper: Document | Receipt, days: int) -> dict[str, Any]:
    return {"issue_date": paper.issue_date + timedelta(days=days)}
