"""Facts about one sale, saved at once: none refuses another while there is enough for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refund_ledger import calling
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.balances import Look
from refund_ledger.events import Event, InvoicePartCancelled, Learned, Part
from refund_ledger.originals import OriginalRef
from refund_ledger.postings import postings
from refund_ledger.refund import Refund
from refund_ledger.settling import account
from support import soundness
from support.books import Books, a_cash_sale, a_line
from support.outsides import an_outside, record


def announced(books: Books, sale: OriginalRef, *amounts: int) -> list[UUID]:
    """Refunds of one sale whose calls are out."""
    refunds = [
        books.ask(f"{sale}: {number}", original=str(sale), amount=amount, parts="invoice")
        for number, amount in enumerate(amounts)
    ]
    for refund in refunds:
        books.submit(refund, Part.INVOICE)
    return refunds


def answered_while(books: Books, refund: UUID, happens: Callable[[], object]) -> int:
    """Record an answer; something happens between its first look and its save.

    Returns how often it was decided.
    """
    stamp, document, left = books.stamp(), books.document(Part.INVOICE), [happens]
    times = Counter[str]()

    def decide(now: Refund, look: Look) -> Sequence[Event]:
        times["decided"] += 1
        events = calling.succeeded(
            now, stamp, Part.INVOICE, document, booked=None, learned=Learned.ANSWER, look=look
        )
        if left:
            left.pop()()
        return events

    books.ledger.fact(refund, decide, known=books.refund(refund))
    return times["decided"]


def booked(books: Books, refund: UUID) -> InvoicePartCancelled:
    """What was recorded of the answer."""
    (found,) = (e for e in books.store.stream(refund) if isinstance(e, InvoicePartCancelled))
    return found


def check(books: Books) -> None:
    """Nothing was below zero after any event, and everything is sound in the end."""
    balances: Counter[Account] = Counter()
    for event in books.events():
        entries = postings(event)
        for each, amount in entries:
            balances[each] += amount
        assert all(
            each.rule.side * balances[each] >= 0 for each, _ in entries if each.rule.guarded
        ), event
    soundness.check(books)


def test_an_answer_does_not_refuse_another_that_finds_enough(books: Books) -> None:
    sale = books.record(a_cash_sale(1, a_line(1, 100)))
    first, second = announced(books, sale, 40, 40)

    decided = answered_while(books, first, lambda: books.answer(second, Part.INVOICE))

    assert decided == 1
    assert [booked(books, each).fall.credit for each in (first, second)] == [40, 40]
    check(books)


def test_an_answer_that_no_longer_finds_enough_is_decided_again(books: Books) -> None:
    sale = books.record(a_cash_sale(1, a_line(1, 100)))
    (first,) = announced(books, sale, 40)

    # Money that went back no longer covers the sale, and opens the debt again.
    paid_back = an_outside(700, 30, Part.RECEIPT, original=str(sale))

    decided = answered_while(books, first, lambda: record(books, paid_back))

    assert decided == 2
    fall = booked(books, first).fall
    assert (fall.opened, fall.credit, fall.exceeds) == (30, 10, 0)
    check(books)


def test_an_answer_that_found_nothing_open_is_decided_again_when_something_is(
    books: Books,
) -> None:
    sale = books.record(a_cash_sale(1, a_line(1, 100)))
    (first,) = announced(books, sale, 40)
    paid_back = an_outside(700, 100, Part.RECEIPT, original=str(sale))

    decided = answered_while(books, first, lambda: record(books, paid_back))

    assert decided == 2
    assert booked(books, first).fall.opened == 40
    check(books)


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=3),
    st.integers(0, 120),
    st.sampled_from(Part),
    st.integers(0, 3),
)
def test_whatever_happens_between_look_and_save_an_answer_is_what_it_would_be_after_it(
    books: Books, amounts: list[int], outside: int, part: Part, answers: int
) -> None:
    number = len(books.events())
    sale = books.record(a_cash_sale(1 + number, a_line(1, 120)))
    first, *others = announced(books, sale, *amounts)

    def happens() -> None:
        for other in others[:answers]:
            books.answer(other, Part.INVOICE)
        if outside:
            record(books, an_outside(10_000 + number, outside, part, original=str(sale)))

    answered_while(books, first, happens)

    # What the store held just before it was saved comes to the same fall.
    events = books.events()
    at = next(
        index
        for index, event in enumerate(events)
        if isinstance(event, InvoicePartCancelled) and event.originator_id == first
    )
    held: Counter[Account] = Counter()
    for event in events[:at]:
        for each, amount in postings(event):
            held[each] += amount
    fall, request = booked(books, first).fall, books.refund(first).request
    look, rest = Look(held.__getitem__), request.credited
    for kind, taken in (
        (AccountKind.OPEN, fall.opened),
        (AccountKind.PROMISED_COVER, fall.promised),
        (AccountKind.COVERED, fall.credit),
    ):
        assert taken == min(rest, look(account(request, kind, str(sale))))
        rest -= taken
    check(books)
