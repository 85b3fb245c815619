"""Whoever saves between two reads of a request changes its answer wholly or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self
from uuid import UUID

import pytest

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.application import RefundLedger, Result
from refund_ledger.asking import Request
from refund_ledger.errors import RefusedError
from refund_ledger.events import Event, Part
from refund_ledger.storing import Append
from support.books import Books, a_cash_sale, a_line, a_request

SALE = "invoice_receipt:2/1"
MOST_READS = 60
INVOICE = Part.INVOICE


class Interrupted:
    """A store in which somebody else saves just before one of our reads, the n-th."""

    def __init__(self, books: Books, at: int, other: Callable[[], object]) -> None:
        self.below = books.store
        self.reads = 0
        self.at = at
        self.other = other

    def read(self) -> None:
        """Count a read; before the n-th the other is faster."""
        self.reads += 1
        if self.reads == self.at:
            self.other()

    def append(self, batch: Append) -> None:
        """Save."""
        self.below.append(batch)

    def about(self, company: str, streams: Sequence[UUID], subjects: Sequence[str]) -> Self:  # noqa: ARG002
        """Read one by one, as no store does: what is decided holds all the same."""
        return self

    def stream(self, stream: UUID) -> list[Event]:
        """Read a stream."""
        self.read()
        return self.below.stream(stream)

    def balance(self, account: Account) -> int:
        """Read a balance."""
        self.read()
        return self.below.balance(account)

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """Read credits."""
        self.read()
        return self.below.credits(company, customer, unit)

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """Read a sum."""
        self.read()
        return self.below.total(company, kind, **columns)


@dataclass
class Race:
    """Our request, and another save before one of its reads."""

    books: Books
    store: Interrupted
    ask: Request

    def request(self) -> Result:
        """Ask."""
        return RefundLedger(self.store, "acme").request(self.ask, self.books.stamp())

    def keys(self) -> list[str]:
        """The keys of all refunds, in order."""
        return [self.books.refund(refund).request.key for refund in self.books.refund_ids()]


def races(ask: Request, other: Callable[[Books], object]) -> Iterator[Race]:
    """The same request over and over, the other save later each time, until it is too late."""
    for at in range(1, MOST_READS):
        with Books() as books:
            books.record(a_cash_sale(1, a_line(1, 800, 136), a_line(2, 234)))
            books.submit(books.ask("credit", original=SALE, amount=300, parts="invoice"), INVOICE)
            store = Interrupted(books, at, partial(other, books))
            yield Race(books, store, ask)
            books.check()
            if store.reads < at:
                return
    pytest.fail("a request reads too much")


def test_who_loses_is_told_what_is_left_wherever_the_other_came_between() -> None:
    ask = a_request("ours", original=SALE, amount=400, pay_back=700)
    lost = 0
    for race in races(ask, lambda books: books.ask("other", original=SALE, amount=500)):
        try:
            race.request()
        except RefusedError as error:
            told = str(error)
        else:
            continue
        lost += 1
        assert told.startswith("only 3.70 ILS is left to refund on invoice_receipt:2/1")
        assert race.keys() == ["credit", "other"]
    assert lost > 10


def test_the_same_request_twice_at_once_is_one_refund_wherever_it_came_between() -> None:
    ask = a_request("ours", original=SALE, amount=870)
    for race in races(ask, lambda books: books.ask("ours", original=SALE, amount=870)):
        assert race.request().refund == race.books.ledger.by_key("ours")
        assert race.keys() == ["credit", "ours"]


def test_money_that_changes_its_account_meanwhile_is_not_missed() -> None:
    """A credit note turns cover into credit: the money is there before and after."""

    def note(books: Books) -> None:
        books.answer(books.ledger.by_key("credit").id, INVOICE)

    ask = a_request("ours", original=SALE, parts="receipt")
    for race in races(ask, note):
        assert race.request().refund.request.paid_back == 1_170
