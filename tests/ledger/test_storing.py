"""A save is all or nothing, and rests on what was seen."""

from __future__ import annotations

import pytest

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.errors import BalancesMovedError, ClaimedError, GuardError, StreamMovedError
from refund_ledger.events import OriginalRecorded, Part
from refund_ledger.refund import CallDue, Waits
from refund_ledger.storing import Append
from support.books import Books, a_cash_sale, a_line, a_request, a_stamp, an_invoice


def test_a_save_brings_events_balances_and_what_is_due() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        refund = books.ask("a", original=str(sale))
        due = books.store.due("acme", *Waits)
        request = books.refund(refund).request
        assert due == [CallDue("acme", refund, Part.INVOICE, Waits.SEND, request.timestamp)]
        assert books.left(sale) == {}


def test_a_save_on_a_version_that_is_taken_writes_nothing() -> None:
    with Books() as books:
        books.record(an_invoice(1, a_line(1, 100)))
        taken = books.events()[0]
        refuses(books, Append((taken,)), StreamMovedError)


def test_a_save_on_a_balance_that_moved_writes_nothing() -> None:
    with Books() as books:
        books.record(an_invoice(1, a_line(1, 100)))
        opened = Account("acme", AccountKind.OPEN, "invoice:1/1", customer="7", unit="ILS")
        refuses(books, Append((another_sale(books),), {opened: 99}), BalancesMovedError)
        books.store.append(Append((another_sale(books),), {opened: 100}))


def test_a_save_below_zero_writes_nothing() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        request = books.ledger.draft(a_request("a", original=str(sale)), a_stamp())
        books.ask("b", original=str(sale), amount=1)
        refuses(books, Append((request,)), GuardError)


def test_a_save_of_a_document_that_is_taken_writes_nothing() -> None:
    with Books() as books:
        books.record(an_invoice(1, a_line(1, 100)))
        first = books.events()[0]
        other = first.model_copy(update={"originator_id": another_sale(books).originator_id})
        refuses(books, Append((other,)), ClaimedError)


def test_two_saves_joined_are_the_one_after_the_other() -> None:
    with Books() as books:
        sale = books.record(a_cash_sale(1, a_line(1, 100)))
        first, second = (
            books.ledger.draft(a_request(key, original=str(sale), amount=10), a_stamp())
            for key in ("a", "b")
        )
        covered = Account("acme", AccountKind.COVERED, str(sale), customer="7", unit="ILS")
        one = Append((first,), {covered: 100}, {first.originator_id: ()})
        two = Append((second,), {covered: 90}, {second.originator_id: ()})

        both = one.joined(two)

        # What the second one saw is after the first, so what the first one saw is what is there.
        whole = Append((first, second), {covered: 100}, {**one.due, **two.due})
        assert both == whole
        assert (both.postings, both.changes) == (whole.postings, whole.changes)
        books.store.append(both)
        assert books.left(sale)["line/1/net"] == 80


def another_sale(books: Books) -> OriginalRecorded:
    """An event that nothing stands against, of an original that is not recorded."""
    first = books.events()[0]
    assert isinstance(first, OriginalRecorded)
    ref = first.ref._replace(number=2)
    return first.model_copy(update={"originator_id": ref.stream("acme"), "number": 2})


def refuses(books: Books, batch: Append, error: type[Exception]) -> None:
    """The save is refused, and neither events, postings nor balances have changed."""
    before = books.store.position(), books.store.sums("acme"), books.store.balances("acme")
    with pytest.raises(error):
        books.store.append(batch)
    after = books.store.position(), books.store.sums("acme"), books.store.balances("acme")
    assert after == before
