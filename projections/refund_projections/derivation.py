"""Derivation: a number taken apart into the events that it comes from, cent by cent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from refund_ledger.accounts import Account, AccountKind, Posting
from refund_ledger.events import Event
from refund_ledger.postings import postings
from refund_projections.credit_balances import POSITION
from refund_projections.wording import document_of, words


@dataclass(frozen=True, slots=True)
class Step:
    """What one event did to one account, on the account's normal side, in whole minor units."""

    position: int
    at: datetime
    who: str
    what: str
    document: str
    account: Account
    amount: int
    balance: int
    """Of this account after it."""
    stream: UUID
    version: int


def explain(
    events: Iterable[tuple[int, Event]],
    *,
    company: str,
    kinds: frozenset[AccountKind] = POSITION,
    **columns: str,
) -> Iterator[Step]:
    """Take the accounts of these kinds that fit the columns apart, in the order of the events.

    The last balance of each account is the number explained; columns are those of `Account`.
    """
    balances: dict[Account, int] = {}
    for position, event in events:
        if event.company != company:
            continue
        for account, amount in _of_one_event(event).items():
            if account.kind not in kinds or not _fits(account, columns):
                continue
            signed = account.rule.side * amount
            balances[account] = balances.get(account, 0) + signed
            yield Step(
                position=position,
                at=event.timestamp,
                who=event.actor,
                what=words(event),
                document=document_of(event),
                account=account,
                amount=signed,
                balance=balances[account],
                stream=event.originator_id,
                version=event.originator_version,
            )


def _of_one_event(event: Event) -> dict[Account, int]:
    """What an event does to each account in all; what comes to nothing in it is left out."""
    sums: dict[Account, int] = {}
    entries: tuple[Posting, ...] = postings(event)
    for account, amount in entries:
        sums[account] = sums.get(account, 0) + amount
    return {account: amount for account, amount in sums.items() if amount}


def _fits(account: Account, columns: Mapping[str, str]) -> bool:
    return all(getattr(account, name) == value for name, value in columns.items())
