"""An answer that is lost on its way loses nothing: a save is known again, and never made twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.errors import BalancesMovedError, RefusedError, StreamMovedError
from refund_ledger.events import CreditGranted
from refund_ledger.storing import Append
from support.books import Books
from support.cutting import Cut, Proxy, cutting

WHOLE_ANSWER = 200
"""More bytes than the answer to a save has."""


@pytest.fixture
def through(postgres_ledger: str) -> Iterator[tuple[Proxy, Books]]:
    """Books that reach their server through a proxy."""
    with cutting(postgres_ledger) as (proxy, address), Books(address) as books:
        books.grant("first", 5)
        yield proxy, books


def references(books: Books) -> list[str]:
    """Which grants there are, in order."""
    return [event.reference for event in books.events() if isinstance(event, CreditGranted)]


def a_batch(*references: str) -> Append:
    """One save of several grants, each in a stream of its own."""
    with Books(minutes=len(references)) as elsewhere:
        for reference in references:
            elsewhere.grant(reference, 7)
        return Append(events=tuple(elsewhere.saved))


@pytest.mark.parametrize(
    "cut",
    [
        Cut(b"lost", forwarded=False),
        Cut(b"lost", answered=None),
        Cut(b"lost", answered=0),
        Cut(b"lost", answered=1),
    ],
    ids=["before the query", "right after the query", "before the answer", "in the answer"],
)
@pytest.mark.parametrize(
    ("mark", "batches"),
    [(b"lost", 1), (b"lost", 2), (b"COMMIT", 2)],
    ids=["the only question", "the rows of several", "the commit of several"],
)
def test_a_save_whose_answer_is_lost_is_made_once(
    through: tuple[Proxy, Books], cut: Cut, mark: bytes, batches: int
) -> None:
    proxy, books = through
    proxy.cut = replace(cut, mark=mark)
    # The store itself says nothing of it: no error, and above all not that a version is taken.
    saved = [a_batch("lost", "too"), a_batch("also")][:batches]
    books.store.append(*saved)
    assert proxy.cuts == 1
    assert references(books) == ["first", "lost", "too", "also"][: batches + 2]
    with pytest.raises(StreamMovedError):
        books.store.append(a_batch("lost"))
    books.check()


def test_no_byte_of_an_answer_is_one_too_few(through: tuple[Proxy, Books]) -> None:
    proxy, books = through
    expected = ["first"]
    for number, heard in enumerate(range(0, WHOLE_ANSWER, 9)):
        proxy.cut = Cut(b"lost", answered=heard)
        books.store.append(a_batch(f"lost-{number}"))
        expected.append(f"lost-{number}")
        assert references(books) == expected
    assert proxy.cuts == len(expected) - 1
    books.check()


def test_an_answer_that_is_lost_again_and_again_is_found_in_the_end(
    through: tuple[Proxy, Books],
) -> None:
    proxy, books = through
    times = 3

    def again() -> None:
        nonlocal times
        times -= 1
        if times:
            proxy.cut = Cut(b"lost", forwarded=False, between=again)

    proxy.cut = Cut(b"lost", forwarded=False, between=again)
    books.store.append(a_batch("lost"))
    assert (proxy.cuts, times) == (3, 0)
    assert references(books) == ["first", "lost"]


def test_a_refusal_whose_answer_is_lost_is_a_refusal(through: tuple[Proxy, Books]) -> None:
    proxy, books = through
    batch, seen = a_batch("lost"), {Account("acme", AccountKind.CREDIT, "grant:x", unit="ILS"): 9}
    for refused, error in (
        (replace(batch, seen=seen), BalancesMovedError),
        (a_batch("first"), StreamMovedError),
    ):
        proxy.cut = Cut(b"grant:", answered=0)
        with pytest.raises(error):
            books.store.append(refused)
        assert references(books) == ["first"]
    assert proxy.cuts == 2


def test_what_is_asked_while_the_connection_breaks_is_answered(
    through: tuple[Proxy, Books],
) -> None:
    proxy, books = through
    proxy.cut = Cut(b"max(notification_id)", answered=3)
    assert books.store.position() == 1
    proxy.cut = Cut(b"REPEATABLE READ", forwarded=False)
    with books.store.snapshot():
        assert books.store.position() == 1
    assert proxy.cuts == 2


def test_a_save_that_reaches_the_server_late_is_not_made_after_its_refusal(
    postgres_ledger: str,
) -> None:
    with (
        Books(postgres_ledger) as near,
        cutting(postgres_ledger) as (proxy, address),
        Books(address, minutes=100) as far,
    ):
        near.grant("a", 50)

        def taken_meanwhile() -> None:
            near.ask("first", kind="credit", customer_id="7", amount=50, method="cash")

        proxy.cut = Cut(b"second", forwarded=False, between=taken_meanwhile)
        with pytest.raises(RefusedError, match=r"0\.50"):
            far.ask("second", kind="credit", customer_id="7", amount=50, method="cash")
        assert proxy.cuts == len(proxy.held) == 1
        near.withdraw(near.refund_ids()[0])
        # What the refused save asked for is there again, and only now does it arrive.
        proxy.deliver()
        assert len(near.refund_ids()) == 1
        near.check()
