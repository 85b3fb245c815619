"""Pages of the feed, in a file, in memory and on a server alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.cursors import Cursor, RewoundError
from refund_adapters.store.errors import StoreError, StoreGoneError
from refund_adapters.store.feeds import FedRow, FeedSource, feed_source
from refund_adapters.store.sql_store import SqlStore
from support.books import Books
from support.feeds import wait_until


@pytest.fixture
def source(books: Books) -> Iterator[FeedSource]:
    """A feed that is open, of five grants."""
    for number in range(1, 6):
        books.grant(f"g{number}", number)
    with closing(feed_source(books.store)) as opened:
        opened.open()
        yield opened


def test_a_page_holds_what_was_saved_with_its_links(source: FeedSource, books: Books) -> None:
    page = source.page(None, 100)
    assert [row.position for row in page] == [1, 2, 3, 4, 5]
    read = [books.store._mapper.to_domain_event(row.stored) for row in page]
    assert read == books.saved
    assert [row.hash for row in page] == [link(NOTHING_BEFORE, row.stored) for row in page]


def test_pages_follow_each_other(source: FeedSource) -> None:
    whole = source.page(None, 100)
    first = source.page(None, 2)
    second = source.page(cursor_of(first[-1]), 2)
    third = source.page(cursor_of(second[-1]), 2)
    assert [*first, *second, *third] == whole
    assert source.page(cursor_of(third[-1]), 2) == []


def test_another_event_at_the_cursors_position_is_a_history_that_was_rewound(
    source: FeedSource,
) -> None:
    with pytest.raises(RewoundError, match="another event is at position 3"):
        source.page(Cursor(3, bytes(8)), 10)


@pytest.mark.parametrize("position", [6, 2**63 - 1])
def test_no_event_at_the_cursors_position_is_a_history_that_was_rewound(
    source: FeedSource, position: int
) -> None:
    with pytest.raises(RewoundError, match=f"nothing is at position {position}"):
        source.page(Cursor(position, bytes(8)), 10)


def test_waiting_ends_when_something_is_saved_and_not_before(
    source: FeedSource, books: Books
) -> None:
    source.page(None, 100)
    wait_until(lambda: not source.wait(0.2))  # A server has a late word for the saves before.
    books.grant("more", 5)
    assert source.wait(10)
    (row,) = source.page(cursor_of(source.page(None, 5)[-1]), 10)
    assert row.position == 6
    wait_until(lambda: not source.wait(0.2))  # What was read wakes nobody again.


def test_what_was_saved_before_the_first_look_is_not_slept_over(
    source: FeedSource, books: Books
) -> None:
    books.grant("more", 5)
    assert source.wait(10)


def test_a_closed_feed_says_so_and_opens_again(source: FeedSource, books: Books) -> None:
    source.close()
    source.close()
    if "memory" not in books.store.where:
        with pytest.raises(StoreGoneError, match="is not open"):
            source.page(None, 10)
    source.open()
    assert len(source.page(None, 10)) == 5


def test_a_store_of_another_sort_has_no_feed() -> None:
    class Other:
        where = "paper"

    other: SqlStore = Other()  # type: ignore[assignment]
    with pytest.raises(StoreError, match="paper has no feed"):
        feed_source(other)


def cursor_of(row: FedRow) -> Cursor:
    """The cursor of a row."""
    return Cursor.of(row.position, row.hash)
