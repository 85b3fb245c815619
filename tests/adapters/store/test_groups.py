"""A group is saved whole or refused whole, on every store, and says what stood against it."""

from __future__ import annotations

from threading import Barrier, Thread
from uuid import UUID

import pytest

from refund_ledger.application import Result
from refund_ledger.errors import (
    BalancesMovedError,
    ClaimedError,
    GuardError,
    InvariantError,
    StreamMovedError,
)
from refund_ledger.events import Event
from refund_ledger.storing import Append
from support.books import Books, a_cash_sale, a_grant, a_line, a_request, a_stamp, an_invoice
from support.stores import broken_links, kept_events, rows
from support.twins import stamps, told

SALE = "invoice_receipt:2/1"


def events_of(*numbers: int) -> list[Event]:
    """What invoices would be recorded as, without recording them."""
    with Books() as books:
        for number in numbers:
            books.record(an_invoice(number, a_line(1, 100)))
        return books.events()


def other_stream(books: Books) -> UUID:
    """The stream of the first event."""
    return books.events()[0].originator_id


def refuses(books: Books, error: type[Exception], match: str, *batches: Append) -> None:
    """The group is refused, and nothing of it is written."""
    before = told(books.store, "acme"), rows(books.store, "SELECT * FROM claims")
    with pytest.raises(error, match=match):
        books.store.append(*batches)
    assert (told(books.store, "acme"), rows(books.store, "SELECT * FROM claims")) == before


def test_a_version_that_is_taken_refuses_the_whole_group(books: Books) -> None:
    books.record(an_invoice(1, a_line(1, 100)))
    taken, other = books.events()[0], events_of(2)[0]
    again = other.model_copy(update={"originator_id": taken.originator_id})
    refuses(books, StreamMovedError, "another writer", Append((events_of(3)[0],)), Append((again,)))


def test_an_event_without_one_before_it_refuses_the_whole_group(books: Books) -> None:
    first, second = events_of(1, 2)
    late = second.model_copy(update={"originator_version": 2})
    refuses(books, InvariantError, "none before it", Append((first,)), Append((late,)))


def test_a_document_that_is_taken_refuses_the_whole_group_and_its_holder_is_named(
    books: Books,
) -> None:
    books.record(an_invoice(1, a_line(1, 100)))
    other = events_of(1)[0].model_copy(update={"originator_id": UUID(int=9)})
    holder = (
        f"document 1/1 is already taken by original.recorded of {books.events()[0].originator_id}"
    )
    refuses(books, ClaimedError, holder, Append((events_of(2)[0],)), Append((other,)))
    first = events_of(3)[0]
    twice = first.model_copy(update={"originator_id": UUID(int=9)})
    refuses(books, ClaimedError, "document 1/3", Append((first,)), Append((twice,)))


def test_a_balance_that_moved_refuses_the_whole_group(books: Books) -> None:
    books.record(an_invoice(1, a_line(1, 100)))
    batch = Append((events_of(2)[0],))
    (account,) = [one for one, _ in books.store.balances("acme", kind="open")]
    seen = Append((events_of(3)[0],), {account: 99})
    refuses(books, BalancesMovedError, "moved from 99 to 100", batch, seen)
    books.store.append(batch, Append((events_of(3)[0],), {account: 100}))
    assert len(books.events()) == 3


def test_a_group_that_takes_too_much_is_refused_whole(books: Books) -> None:
    books.record(a_cash_sale(1, a_line(1, 100)))
    drafts = [
        books.ledger.draft(a_request(key, original=SALE, amount=60), a_stamp(command=key))
        for key in "ab"
    ]
    refuses(books, GuardError, "change of -60", *(Append((draft,)) for draft in drafts))


def test_events_of_one_stream_in_several_batches_are_chained(books: Books) -> None:
    books.grant("old", 500)
    books.reduce("old", 100)
    first, second = books.events()
    other = a_grant("new", 5).stream
    moved = [one.model_copy(update={"originator_id": other}) for one in (first, second)]
    books.store.append(*(Append((one,)) for one in moved))
    assert [event.originator_version for event in books.store.stream(other)] == [1, 2]
    third = second.model_copy(update={"originator_version": 3})
    fourth = second.model_copy(update={"originator_version": 3, "originator_id": other})
    books.store.append(Append((third,)), Append((fourth,)))
    assert broken_links(kept_events(books.store)) == []
    assert books.store.credits("acme", "7", "ILS") == [("grant:old", 600)]


def test_groups_of_many_at_once_take_exactly_what_there_is(books: Books) -> None:
    sales = [books.record(a_cash_sale(n, a_line(1, 1_000))) for n in range(1, 6)]
    barrier, credited = Barrier(4), list[int]()

    def ask(worker: int) -> None:
        barrier.wait()
        asks = [
            a_request(f"{worker}/{step}", original=str(sales[(worker + step) % 5]), amount=90)
            for step in range(20)
        ]
        for answer in books.ledger.request_many(asks, stamps(20, f"worker-{worker}")):
            if isinstance(answer, Result):
                credited.append(answer.refund.request.credited)

    threads = [Thread(target=ask, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(credited) == 5 * 11 * 90, "each sale has eleven times 90 agorot"
    assert {books.left_in_all(str(sale)) for sale in sales} == {(10, 10)}
    assert broken_links(kept_events(books.store)) == []
    books.check()
