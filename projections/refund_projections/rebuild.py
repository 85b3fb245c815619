"""Rebuild: replay the events into fresh sums, balances and calls due; compare with the live ones.

It reads events and never stored postings, so it also proves that what is stored can be decoded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from refund_ledger.accounts import GUARDED, Account, Posting
from refund_ledger.events import Event, Part
from refund_ledger.postings import postings
from refund_ledger.refund import CallDue
from refund_projections.calls_due import Waiting
from refund_projections.sums import Sums

MOST_LOCATED = 100
"""Accounts whose first difference is looked for; more would say the same of the whole store."""


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
    """The first position whose stored postings are not what its event means; see `located`."""

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
class Rebuilt:
    """What a replay came to, beside what is live."""

    events: int
    position: int
    """Of the last event that was read; zero where there was none."""
    accounts: int
    """Accounts that do not come to zero."""
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether everything live is exactly what the events say."""
        return not self.differences


def rebuild(
    events: Iterable[tuple[int, Event]],
    *,
    company: str,
    sums: Iterable[tuple[Account, int]],
    balances: Iterable[tuple[Account, int]],
    due: Iterable[CallDue],
) -> Rebuilt:
    """Replay a company's events and compare: posting sums, guarded balances, calls due.

    Events of other companies are passed over. All sides have to be read at one position; a writer
    that adds in between shows as a difference. Raises `InvariantError` where a stream is torn.
    """
    fresh, waiting, last = Sums(), Waiting(), 0
    for position, event in events:
        if event.company == company:
            fresh.add(position, event)
            waiting.add(event)
            last = position
    replayed = dict(fresh)
    guarded = _by_account(
        (account._replace(refund=""), amount)
        for account, amount in replayed.items()
        if account.kind in GUARDED
    )
    differences: tuple[Difference, ...] = (
        *_compare(Kept.POSTINGS, replayed, _by_account(sums), fresh),
        *_compare(Kept.BALANCES, guarded, _by_account(balances), fresh),
        *_compare_calls(waiting.due(company), due),
        *_below_zero(guarded, fresh),
    )
    return Rebuilt(fresh.events, last, len(replayed), differences)


def located(
    rebuilt: Rebuilt,
    events: Iterable[tuple[int, Event]],
    posted: Callable[[Account], Iterable[tuple[int, Posting]]],
) -> Rebuilt:
    """Find the first position at which each account's stored postings part from the events.

    Reads all events once more, where some account differs; `posted` gives an account's stored
    postings with their positions. Looks at `MOST_LOCATED` accounts and leaves the others.
    """
    apart = [
        one
        for one in rebuilt.differences
        if isinstance(one, AccountDiffers) and one.kept is Kept.POSTINGS
    ][:MOST_LOCATED]
    if not apart:
        return rebuilt
    meant: dict[Account, dict[int, int]] = {one.account: {} for one in apart}
    order: dict[int, int] = {}
    for number, (position, event) in enumerate(events):
        for account, amount in postings(event):
            if account in meant:
                order[position] = number
                meant[account][position] = meant[account].get(position, 0) + amount
    found = {
        account: _parting(at, _by_position(posted(account)), order) for account, at in meant.items()
    }
    differences = tuple(
        replace(one, appears_at=found[one.account])
        if isinstance(one, AccountDiffers) and one.kept is Kept.POSTINGS and one.account in found
        else one
        for one in rebuilt.differences
    )
    return replace(rebuilt, differences=differences)


def _by_position(entries: Iterable[tuple[int, Posting]]) -> dict[int, int]:
    sums: dict[int, int] = defaultdict(int)
    for position, posting in entries:
        sums[position] += posting.amount
    return sums


def _parting(meant: dict[int, int], stored: dict[int, int], order: dict[int, int]) -> int | None:
    """The first position, in the order of the events, whose amounts are not the same."""
    apart = [
        position
        for position in meant.keys() | stored.keys()
        if meant.get(position, 0) != stored.get(position, 0)
    ]
    # A posting without an event stands after all that have one.
    return min(
        apart, key=lambda position: (order.get(position, len(order)), position), default=None
    )


def _by_account(entries: Iterable[tuple[Account, int]]) -> dict[Account, int]:
    sums: dict[Account, int] = defaultdict(int)
    for account, amount in entries:
        sums[account] += amount
    return sums


def _compare(
    kept: Kept, replayed: dict[Account, int], live: dict[Account, int], fresh: Sums
) -> Iterator[AccountDiffers]:
    for account in sorted(replayed.keys() | live.keys()):
        says, has = replayed.get(account, 0), live.get(account, 0)
        if says != has:
            yield AccountDiffers(kept, account, says, has, fresh.first_position(account))


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


def _below_zero(guarded: dict[Account, int], fresh: Sums) -> Iterator[BelowZero]:
    for account, amount in sorted(guarded.items()):
        if account.rule.side * amount < 0:
            yield BelowZero(account, amount, fresh.first_position(account) or 0)


def _waits(calls: tuple[CallDue, ...]) -> str:
    told = (f"{call.waits} from {call.not_before.isoformat()}" for call in calls)
    return " and ".join(told) or "nothing"
