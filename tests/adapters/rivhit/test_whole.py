"""A list is read whole, in whatever order and however few rows at once it comes."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.rivhit.answers import UnreadableError
from refund_adapters.rivhit.messages import LARGEST_ASKED
from refund_adapters.rivhit.whole import MOST_PAGES, Name, Span, whole

ALL = (0, 999)
LARGEST_TYPE = 5


class Shelf:
    """A list of names that comes in some order, so many rows at a time."""

    def __init__(self, names: list[Name], limit: int | None = None) -> None:
        self.names, self.limit = names, limit
        self.asked: list[Span] = []

    def __call__(self, span: Span) -> list[Name]:
        self.asked.append(span)
        return [name for name in self.names if name in span][: self.limit]


def read(ask: Callable[[Span], list[Name]], types: tuple[int, int] = ALL) -> list[Name]:
    """Read a list whose rows are names."""
    return sorted(whole(types, ask, lambda name: name))


NUMBERS = st.integers(1, 60) | st.integers(LARGEST_ASKED - 9, LARGEST_ASKED)
NAMES = st.sets(st.tuples(st.integers(0, LARGEST_TYPE), NUMBERS), max_size=30)


@given(names=NAMES, limit=st.none() | st.integers(1, 8), order=st.randoms(), one=st.booleans())
def test_nothing_is_missing_whatever_the_order_and_the_limit(
    names: set[Name], limit: int | None, order: random.Random, *, one: bool
) -> None:
    kept = [name for name in sorted(names) if not one or name[0] == LARGEST_TYPE]
    order.shuffle(kept)
    found = read(Shelf(kept, limit), (LARGEST_TYPE, LARGEST_TYPE) if one else ALL)
    assert found == sorted(kept)


def test_what_lies_between_two_rows_of_a_cut_list_is_found() -> None:
    # By date, the third of three rows is the one with the highest number.
    shelf = Shelf([(3, 802), (3, 804), (3, 805), (3, 803)], limit=3)
    assert read(shelf, (3, 3)) == [(3, 802), (3, 803), (3, 804), (3, 805)]


@pytest.mark.parametrize(("types", "questions"), [((3, 3), 3), (ALL, 5)])
def test_where_nothing_is_cut_the_pieces_of_one_answer_are_enough(
    types: tuple[int, int], questions: int
) -> None:
    shelf = Shelf([(3, number) for number in range(10, 40)])
    assert len(read(shelf, types)) == 30
    assert len(shelf.asked) == questions


def test_an_empty_list_is_asked_for_once() -> None:
    shelf = Shelf([])
    assert read(shelf) == []
    assert shelf.asked == [Span(ALL)]


def test_a_server_that_ignores_the_numbers_is_not_asked_on() -> None:
    rows = [(3, number) for number in range(1, 8)]
    asked: list[Span] = []

    def ask(span: Span) -> list[Name]:
        asked.append(span)
        return rows

    assert read(ask, (3, 3)) == rows
    assert len(asked) == 3


def test_a_list_that_does_not_end_is_refused() -> None:
    rows = [(3, number) for number in range(1, MOST_PAGES)]
    with pytest.raises(UnreadableError, match="does not end"):
        read(Shelf(rows, limit=1), (3, 3))


def test_a_list_that_contradicts_itself_is_refused() -> None:
    def ask(span: Span) -> list[Name]:
        return [] if span.numbers else [(3, 7), (3, 8)]

    with pytest.raises(UnreadableError, match="leaves out"):
        read(ask, (3, 3))


BEYOND = LARGEST_ASKED + 5


@pytest.mark.parametrize("limit", [1, 2, 3, None])
def test_numbers_beyond_those_of_requests_are_found_too(limit: int | None) -> None:
    names = [(3, 1), (3, 2), (3, 3), (3, 4), (3, BEYOND), (3, BEYOND + 1)]
    assert read(Shelf(names, limit), (3, 3)) == names
    assert read(Shelf(names[::-1], limit), (3, 3)) == names


@pytest.mark.parametrize("names", [[1, 2, 3, 4, BEYOND], [BEYOND]])
def test_numbers_beyond_that_a_server_refuses_are_no_absence(names: list[int]) -> None:
    shelf = Shelf([(3, number) for number in names], limit=3)

    def ask(span: Span) -> list[Name]:
        if span.numbers and span.numbers[1] > LARGEST_ASKED:
            raise UnreadableError("refused")
        return shelf(span)

    with pytest.raises(UnreadableError, match="refused"):
        read(ask, (3, 3))


def test_a_list_of_ordinary_numbers_that_is_not_cut_asks_for_no_others() -> None:
    shelf = Shelf([(3, 1), (3, LARGEST_ASKED)])
    read(shelf, (3, 3))
    assert all(span.numbers is None or span.numbers[1] <= LARGEST_ASKED for span in shelf.asked)
