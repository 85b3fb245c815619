"""Storing: what one save holds, and what the ledger needs of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, runtime_checkable
from uuid import UUID

from refund_ledger.accounts import GUARDED, Account, AccountKind, Posting
from refund_ledger.balances import Look
from refund_ledger.events import Event, claims
from refund_ledger.originals import Document
from refund_ledger.postings import net_changes, postings
from refund_ledger.refund import CallDue


@dataclass(frozen=True)
class Append:
    """What one save holds; the store adds the postings and claims that the events mean."""

    events: tuple[Event, ...]
    seen: Mapping[Account, int] = field(default_factory=dict)
    """Balances that the decision rests on; the store refuses the save where one has moved."""
    due: Mapping[UUID, tuple[CallDue, ...]] = field(default_factory=dict)
    """What each refund waits for from now on, replacing what it waited for."""

    @classmethod
    def decided(
        cls,
        events: tuple[Event, ...],
        look: Look,
        due: Mapping[UUID, tuple[CallDue, ...]] | None = None,
    ) -> Append:
        """A save of what was decided on a look, resting on as little of it as it needs."""
        first = cls(events, due=due or {})
        return first._on(look.rests_on(first.changes))

    def joined(self, other: Append) -> Append:
        """One save of this and another one that comes after it."""
        both = Append(
            events=(*self.events, *other.events),
            seen={**other.seen, **self.seen},
            due={**self.due, **other.due},
        )
        vars(both)["postings"] = (*self.postings, *other.postings)
        return both

    def _on(self, seen: Mapping[Account, int]) -> Append:
        """The same save, resting on these balances; what was worked out is not done again."""
        other = replace(self, seen=seen)
        vars(other).update(postings=self.postings, changes=self.changes)
        return other

    @cached_property
    def postings(self) -> tuple[tuple[Posting, ...], ...]:
        """What each event means, worked out once."""
        return tuple(postings(event) for event in self.events)

    @cached_property
    def claims(self) -> tuple[tuple[Document, ...], ...]:
        """The documents that each event takes for itself."""
        return tuple(claims(event) for event in self.events)

    @cached_property
    def changes(self) -> dict[Account, int]:
        """How the guarded balances change, in the order in which all lock them."""
        return net_changes(
            posting
            for entries in self.postings
            for posting in entries
            if posting.account.kind in GUARDED
        )


class Store(Protocol):
    """Where events and what they add up to are kept, in one transaction each save."""

    def append(self, batch: Append) -> None:
        """Save all of it or nothing.

        Raises `StreamMovedError` where a version is taken, `BalancesMovedError` where a seen
        balance has moved, `GuardError` where a guarded account would fall below zero,
        `ClaimedError` where a document is taken already.
        """
        ...

    def about(self, company: str, streams: Sequence[UUID], subjects: Sequence[str]) -> Store:
        """The store as it is at one moment, for what is read of these streams and subjects.

        What else is asked of it may be of a later moment; what is saved is saved as ever.
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a group of commands will read beside its streams."""

    subjects: frozenset[str] = frozenset()
    """The originals and sources whose balances and excess are read."""
    customers: frozenset[tuple[str, str]] = frozenset()
    """The customers, each with a currency, whose credits and whole debt are read."""


Then = Callable[[Mapping[UUID, list[Event]]], Wanted]
"""Says what else is read, once the streams are known."""


@runtime_checkable
class GroupStore(Store, Protocol):
    """A store that reads for many commands in a few questions, and saves them as one."""

    def append(self, *batches: Append) -> None:
        """Save all of them or nothing, each as if those before it were saved already."""
        ...

    def ahead(self, company: str, streams: Iterable[UUID], then: Then) -> Store:
        """Read all of it at one moment; the store returned answers it from memory.

        Whatever else that store is asked, it asks below.
        """
        ...
