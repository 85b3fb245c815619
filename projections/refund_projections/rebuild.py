"""Rebuild: replay the events into fresh postings, balances and calls due; compare with the live.

What an event means is derived from the event and never read; so it also proves that what is stored
can be decoded. Postings are compared event by event, so that sums need not be held: where every
event's postings are right, so is every sum. What is held grows with what differs and with the work
in progress, not with the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from refund_ledger.accounts import Account, Posting
from refund_ledger.events import Part
from refund_ledger.postings import postings
from refund_ledger.refund import CallDue
from refund_projections import replay as replaying
from refund_projections.calls_due import Waiting
from refund_projections.net import Lines, Net
from refund_projections.replay import Recorded, Replay, Row


class Kept(StrEnum):
    """Where the live side keeps an amount."""

    POSTINGS = "postings"
    BALANCES = "balances"


@dataclass(frozen=True, slots=True)
class AccountDiffers:
    """An account that the live side has otherwise than the events say; signed minor units."""

    kept: Kept
    account: Account
    replayed: int
    live: int
    first_position: int | None
    """Where the account was first touched; none where no event ever did."""
    appears_at: int | None = None
    """The first position whose stored postings are not what its event means; none of balances."""

    def __str__(self) -> str:
        where = (
            "no event touches it"
            if self.first_position is None
            else f"first touched at position {self.first_position}"
        )
        if self.appears_at is not None:
            where = f"they part at position {self.appears_at}"
        said = f"the events say {self.replayed}, the live {self.kept} {self.live}"
        return f"{self.account}: {said}; {where}"


@dataclass(frozen=True, slots=True)
class CallDiffers:
    """A part that the live side waits for otherwise than the events say."""

    refund: UUID
    part: Part
    replayed: tuple[CallDue, ...]
    live: tuple[CallDue, ...]

    def __str__(self) -> str:
        said = f"the events say {_waits(self.replayed)}, the live calls due {_waits(self.live)}"
        return f"{self.part} part of refund {self.refund}: {said}"


@dataclass(frozen=True, slots=True)
class BelowZero:
    """A guarded account that the events themselves leave below zero on its normal side."""

    account: Account
    replayed: int
    first_position: int

    def __str__(self) -> str:
        return f"{self.account}: the events leave it below zero ({self.replayed})"


Difference = AccountDiffers | CallDiffers | BelowZero


@dataclass(frozen=True, slots=True)
class Live:
    """What is live, all of it at one moment; each may be read more than once."""

    recorded: Callable[..., Iterable[Recorded]]
    """Every event in the order of the feed, or those after a position."""
    rows: Callable[[int], list[Row]]
    """The postings that are stored at a position, in order."""
    lines: Callable[[], int]
    """How many postings there are, those without an event among them."""
    strays: Callable[[], Iterable[tuple[int, Posting]]]
    """Postings without an event, by position."""
    posted: Callable[[Account], Iterable[tuple[int, Posting]]]
    """The stored postings of one account."""
    balances: Callable[[], Iterable[tuple[Account, int]]]
    """Guarded balances that are not zero."""
    due: Callable[[], Iterable[CallDue]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a replay came to, beside what is live."""

    events: int
    position: int
    """Of the last event that was read; zero where there was none."""
    accounts: int
    """Guarded accounts that do not come to zero."""
    differences: tuple[Difference, ...]
    unnamed: int = 0
    """How often something differed in accounts beyond `replay.MOST_NAMED`."""

    @property
    def equal(self) -> bool:
        """Whether everything live is exactly what the events say."""
        return not self.differences


def rebuild(live: Live, *, company: str, aside: Lines) -> Rebuilt:
    """Replay a company's events and compare: postings, guarded balances, calls due.

    Events of other companies are passed over. `aside` takes what does not fit into memory. Raises
    `InvariantError` where a stream is torn.
    """
    waiting = Waiting()
    replay = Replay(company, Net(aside), rows=live.rows, follow=waiting.add)
    for one in live.recorded():
        replay.add(one)
    return compared(live, replay, waiting)


def compared(live: Live, replay: Replay, waiting: Waiting) -> Rebuilt:
    """Compare what all events came to with what is live."""
    company, found = replay.company, replay.found
    if found.lines != live.lines():
        replay.add_strays(live.strays())
    balances, below, kept = _balances(live, replay)
    fresh = _Fresh(live, {*found.apart, *balances, *below})
    accounts = kept + sum(bool(fresh.sums[one]) - bool(fresh.balances[one]) for one in balances)
    differences: tuple[Difference, ...] = (
        *(fresh.of_postings(one, found.apart[one]) for one in sorted(found.apart)),
        *(fresh.of_balances(one) for one in sorted(balances)),
        *_compare_calls(waiting.due(company), live.due()),
        *fresh.below_zero(sorted({*balances, *below})),
    )
    return Rebuilt(found.events, found.last, accounts, differences, found.unnamed)


def _balances(live: Live, replay: Replay) -> tuple[set[Account], set[Account], int]:
    """The accounts whose balance is not what was posted, those below zero, and how many there are.

    What is live is taken off what was posted, so what is left is what differs.
    """
    apart: set[Account] = set()
    below: set[Account] = set()
    kept = 0
    for account, amount in live.balances():
        kept += 1
        replay.net.add(account, -amount)
        if account.rule.side * amount < 0:
            below.add(account)
    for account, _ in replay.net.left():
        if len(apart) < replaying.MOST_NAMED:
            apart.add(account)
        else:
            replay.found.unnamed += 1
    return apart, below, kept


class _Fresh:
    """What the events say of some accounts, and what the live side says of them.

    Reads all events once more where there are any, so that the first reading need not hold sums.
    """

    def __init__(self, live: Live, accounts: set[Account]) -> None:
        self._live = live
        self.sums: dict[Account, int] = dict.fromkeys(accounts, 0)
        self.first: dict[Account, int] = {}
        self.balances: dict[Account, int] = dict.fromkeys(accounts, 0)
        if not accounts:
            return
        self.balances |= {one: held for one, held in live.balances() if one in accounts}
        for entry in live.recorded():
            for account, amount in postings(entry.event):
                if account in accounts:
                    self.first.setdefault(account, entry.position)
                    self.sums[account] += amount

    def of_postings(self, account: Account, appears_at: int) -> AccountDiffers:
        """An account whose stored postings part from the events at a position."""
        held = sum(posting.amount for _, posting in self._live.posted(account))
        first = self.first.get(account)
        return AccountDiffers(Kept.POSTINGS, account, self.sums[account], held, first, appears_at)

    def of_balances(self, account: Account) -> AccountDiffers:
        """An account whose balance is not the sum of the events."""
        says, has = self.sums[account], self.balances[account]
        return AccountDiffers(Kept.BALANCES, account, says, has, self.first.get(account))

    def below_zero(self, accounts: Iterable[Account]) -> Iterator[BelowZero]:
        """Those of some guarded accounts that the events leave below zero."""
        for account in accounts:
            amount = self.sums[account]
            if account.rule.side * amount < 0:
                yield BelowZero(account, amount, self.first[account])


def _compare_calls(replayed: Iterable[CallDue], live: Iterable[CallDue]) -> Iterator[CallDiffers]:
    says, has = _by_part(replayed), _by_part(live)
    for refund, part in sorted(says.keys() | has.keys()):
        one, other = says.get((refund, part), ()), has.get((refund, part), ())
        if one != other:
            yield CallDiffers(refund, part, one, other)


def _by_part(calls: Iterable[CallDue]) -> dict[tuple[UUID, Part], tuple[CallDue, ...]]:
    """What each part waits for; one that waits for a person may be watched besides."""
    found: dict[tuple[UUID, Part], tuple[CallDue, ...]] = {}
    for call in sorted(calls, key=lambda call: (call.waits, call.not_before)):
        key = (call.refund, call.part)
        found[key] = (*found.get(key, ()), call)
    return found


def _waits(calls: tuple[CallDue, ...]) -> str:
    told = (f"{call.waits} from {call.not_before.isoformat()}" for call in calls)
    return " and ".join(told) or "nothing"
