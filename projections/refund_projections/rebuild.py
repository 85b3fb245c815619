"""Rebuild: replay the events into fresh sums, balances and calls due; compare with the live ones.

It reads events and never stored postings, so it also proves that what is stored can be decoded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from refund_ledger.accounts import GUARDED, Account
from refund_ledger.events import Event, Part
from refund_ledger.refund import CallDue
from refund_projections.calls_due import Waiting
from refund_projections.sums import Sums


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

    def __str__(self) -> str:
        where = (
            "no event touches it"
            if self.first_position is None
            else f"first touched at position {self.first_position}"
        )
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
