"""Storing: what one save holds, and what the ledger needs of a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.events import Event
from refund_ledger.refund import CallDue


@dataclass(frozen=True, slots=True)
class Append:
    """What one save holds; the store adds the postings and claims that the events mean."""

    events: tuple[Event, ...]
    seen: Mapping[Account, int] = field(default_factory=dict)
    """Balances that the decision rests on; the store refuses the save where one has moved."""
    due: Mapping[UUID, tuple[CallDue, ...]] = field(default_factory=dict)
    """What each refund waits for from now on, replacing what it waited for."""


class Store(Protocol):
    """Where events and what they add up to are kept, in one transaction each save."""

    def append(self, batch: Append) -> None:
        """Save all of it or nothing.

        Raises `StreamMovedError` where a version is taken, `BalancesMovedError` where a seen
        balance has moved, `GuardError` where a guarded account would fall below zero,
        `ClaimedError` where a document is taken already.
        """
        ...

    def stream(self, stream: UUID) -> list[Event]:
        """The events of one stream, in order."""
        ...

    def balance(self, account: Account) -> int:
        """The signed balance of one guarded account; zero where nothing was posted."""
        ...

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """A customer's credits that are not zero, by source, oldest first, as positive amounts."""
        ...

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """The signed sum of all postings of one kind that fit the columns given."""
        ...
