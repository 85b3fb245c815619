"""Replay: read events beside what is stored of their postings, and remember what differs.

A history may be read in several shares, by several processes: what each found is joined in order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from refund_ledger.accounts import Account, AccountKind, Posting
from refund_ledger.events import Event
from refund_ledger.postings import postings
from refund_projections.net import Net

MOST_NAMED = 1000
"""Accounts that are named where postings differ, and as many of balances; others are counted."""

Row = tuple[Any, ...]
"""A posting as it is stored: the columns of its account, and the amount."""

BETWEEN, AFTER = "\x1f", "\x1e"
"""What stands between the columns of a posting and after it, where postings are told as text."""
_LINE = BETWEEN.join(["%s"] * (len(Account._fields) + 1)) + AFTER


class Recorded(NamedTuple):
    """An event, and what is stored of its postings, as one text so that much is read quickly."""

    position: int
    event: Event
    lines: int = 0
    """How many postings are stored at its position."""
    text: str = ""
    """Their columns and amounts, in order, with `BETWEEN` and `AFTER`."""


def is_told(meant: Sequence[Posting], lines: int, text: str) -> bool:
    """Whether a text tells just these postings.

    Columns that hold a separator themselves could make two different postings one text; then it is
    never said that they are the same.
    """
    if not meant:
        return not lines
    said = "".join([_LINE % (*account, amount) for account, amount in meant])
    separators = (said.count(BETWEEN), said.count(AFTER))
    return said == text and lines == len(meant) and separators == (7 * lines, lines)


@dataclass(slots=True)
class Found:
    """What a reading came to, sums aside."""

    events: int = 0
    last: int = 0
    """The position of the last event of the company."""
    lines: int = 0
    """Postings that were read beside their events, of all companies."""
    apart: dict[Account, int] = field(default_factory=dict)
    """Accounts whose stored postings part from the events, and the first position where they do."""
    unnamed: int = 0
    """How often postings differed in accounts beyond `MOST_NAMED`."""


class Replay:
    """One reading of events in their order, beside what is stored of each."""

    def __init__(
        self,
        company: str,
        net: Net,
        *,
        rows: Callable[[int], list[Row]],
        follow: Callable[[Event], None],
    ) -> None:
        """`rows` are the postings stored at a position; `follow` is given each of our events."""
        self.company = company
        self.net = net
        """What the events post to guarded accounts."""
        self.found = Found()
        self._rows = rows
        self._follow = follow

    def add(self, one: Recorded) -> None:
        """Count one event, and compare its postings."""
        position, event, lines, text = one
        found = self.found
        found.lines += lines
        meant: tuple[Posting, ...] = ()
        if event.company == self.company:
            found.events += 1
            found.last = position
            self._follow(event)
            meant = postings(event)
            self.net.add_guarded(meant)
        if not is_told(meant, lines, text):
            self._part(position, meant, _postings(self._rows(position)))

    def add_strays(self, strays: Iterable[tuple[int, Posting]]) -> None:
        """Count postings that belong to no event: they stand after all that do."""
        for position, posting in strays:
            self._part(position, (), (posting,))

    def join(self, later: Found) -> None:
        """Go on with what another reading found of the events right after these."""
        found = self.found
        found.events += later.events
        found.last = later.last or found.last
        found.lines += later.lines
        found.unnamed += later.unnamed
        for account, position in later.apart.items():
            self._name(account, position)

    def _part(self, position: int, meant: Iterable[Posting], posted: Iterable[Posting]) -> None:
        changes: dict[Account, int] = defaultdict(int)
        for account, amount in meant:
            changes[account] += amount
        for account, amount in posted:
            changes[account] -= amount
        for account, amount in changes.items():
            if amount and account.company == self.company:
                self._name(account, position)

    def _name(self, account: Account, position: int) -> None:
        apart = self.found.apart
        if account in apart or len(apart) < MOST_NAMED:
            apart.setdefault(account, position)
        else:
            self.found.unnamed += 1


def _postings(rows: Iterable[Row]) -> Iterator[Posting]:
    """What rows post; what no account or amount can be is posted nowhere."""
    for company, kind, *columns, amount in rows:
        if kind in _KINDS and isinstance(amount, int):
            yield Posting(Account(company, AccountKind(kind), *columns), amount)


_KINDS = frozenset(AccountKind)
