"""Reading a list to its end, though nobody says how many rows it has at most, or in which order.

Any answer may have been cut. A cut one is as long as the longest there is, so whatever is that long
is asked for again in pieces: those below and above one of its rows. Where nothing is cut, the
pieces of the first answer are all shorter, and that is the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from refund_adapters.rivhit.answers import UnreadableError
from refund_adapters.rivhit.made import LARGEST_ANSWERED
from refund_adapters.rivhit.messages import LARGEST_ASKED

MOST_PAGES = 1000

Row = TypeVar("Row")
Name = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Span:
    """The types and the numbers, both ends counted in, that one question is about."""

    types: tuple[int, int]
    numbers: tuple[int, int] | None = None
    """None where the question does not limit them."""

    def __contains__(self, name: Name) -> bool:
        first, last = self.numbers or (0, LARGEST_ANSWERED)
        return self.types[0] <= name[0] <= self.types[1] and first <= name[1] <= last

    def around(self, name: Name) -> Iterator[Span]:
        """Everything in it below and above one document, in the order of types and numbers."""
        series, number = name
        first, last = self.numbers or (1, LARGEST_ASKED)
        if self.types[0] < series:
            yield Span((self.types[0], series - 1), self.numbers)
        if first < number:
            yield Span((series, series), (first, min(number - 1, last)))
        if number < last:
            yield Span((series, series), (number + 1, last))
        if series < self.types[1]:
            yield Span((series + 1, self.types[1]), self.numbers)


def whole(
    types: tuple[int, int], ask: Callable[[Span], Sequence[Row]], name: Callable[[Row], Name]
) -> list[Row]:
    """Everything of these types that a list knows of.

    Raises `UnreadableError` where it does not end, or leaves out what it has shown before. A server
    that does not keep to the numbers asked for is not asked on: it would only repeat itself.
    """
    found: dict[Name, Row] = {}
    todo, beyond = [Span(types)], [Span(types, (LARGEST_ASKED + 1, LARGEST_ANSWERED))]
    first = longest = 0
    for asked in range(MOST_PAGES):
        span = todo.pop()
        rows = {name(row): row for row in ask(span)}
        known = [each for each in found if each in span]
        found.update(rows)
        first = first if asked else len(rows)
        if all(each in span for each in rows):
            if len(rows) >= max(longest, 1):
                longest = len(rows)
                todo += span.around(sorted(rows)[len(rows) // 2])
            elif any(each not in rows for each in known):
                raise UnreadableError("Rivhit's list leaves out what it showed a moment ago")
        if not todo and (len(found) > first or any(number > LARGEST_ASKED for _, number in found)):
            todo, beyond = beyond, []
        if not todo:
            return list(found.values())
    raise UnreadableError("Rivhit's list does not end; narrow the period")
