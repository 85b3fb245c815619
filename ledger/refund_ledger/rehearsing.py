"""Rehearsing: the rules over a store that is only read; what is saved stays in memory, on top."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from uuid import UUID

from refund_ledger.accounts import GUARDED, Account, AccountKind, Posting
from refund_ledger.errors import ClaimedError, GuardError, StreamMovedError
from refund_ledger.events import Event
from refund_ledger.originals import Document
from refund_ledger.storing import Append, GroupStore, Store, Then


class RehearsalStore:
    """Keeps what is appended in memory, on top of a store that stays as it is."""

    def __init__(self, below: Store) -> None:
        self._below = below
        self._events: dict[UUID, list[Event]] = {}
        self._changes: dict[AccountKind, dict[Account, int]] = {kind: {} for kind in AccountKind}
        self._credits: dict[str, list[Account]] = defaultdict(list)
        """By customer, the credits that have changed."""
        self._unguarded: list[Posting] = []
        """Postings that nobody has asked the sum of yet."""
        self._claimed: set[Document] = set()

    def append(self, *batches: Append) -> None:
        """Apply the same rules as a real store; see `refund_ledger.storing.Store`."""
        for batch in batches:
            self._add(batch)

    def _add(self, batch: Append) -> None:
        for event in batch.events:
            if len(self.stream(event.originator_id)) >= event.originator_version:
                raise StreamMovedError("the stream has grown")
        for account, change in batch.changes.items():
            side = account.rule.side
            # What only grows is not looked at: nothing is below zero to begin with.
            if side * change < 0 and side * (self.balance(account) + change) < 0:
                raise GuardError(str(account), change)
        documents = [document for of_event in batch.claims for document in of_event]
        for document in documents:
            if document in self._claimed:
                raise ClaimedError(str(document), "another row")
            self._claimed.add(document)
        for event in batch.events:
            self._events.setdefault(event.originator_id, []).append(event)
        for account, change in batch.changes.items():
            self._change(account, change)
        self._unguarded += [
            posting
            for entries in batch.postings
            for posting in entries
            if posting.account.kind not in GUARDED
        ]

    def _change(self, account: Account, change: int) -> None:
        changes = self._changes[account.kind]
        if account in changes:
            changes[account] += change
            return
        changes[account] = change
        if account.kind is AccountKind.CREDIT:
            self._credits[account.customer].append(account)

    def about(self, company: str, streams: Sequence[UUID], subjects: Sequence[str]) -> Store:  # noqa: ARG002
        """It is of one moment already, for whoever decides on it."""
        return self

    def stream(self, stream: UUID) -> list[Event]:
        """The events of one stream, in order."""
        below = self._below.stream(stream)
        own = self._events.get(stream)
        return [*below, *own] if own else below

    def balance(self, account: Account) -> int:
        """The signed balance of one guarded account."""
        return self._below.balance(account) + self._changes[account.kind].get(account, 0)

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """A customer's credits that are not zero, by source, oldest first."""
        below = self._below.credits(company, customer, unit)
        if customer not in self._credits:
            return below
        found, changes = dict(below), self._changes[AccountKind.CREDIT]
        for account in self._credits[customer]:
            if (account.company, account.unit) == (company, unit):
                found[account.subject] = found.get(account.subject, 0) - changes[account]
        return [(source, amount) for source, amount in found.items() if amount]

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """The signed sum of all postings of one kind that fit the columns given."""
        below = self._below.total(company, kind, **columns)
        if self._unguarded:
            for account, change in self._unguarded:
                self._change(account, change)
            self._unguarded.clear()
        changes = self._changes[kind]
        if not changes:
            return below
        wanted = {"company": company, **columns}
        return below + sum(
            change
            for account, change in changes.items()
            if all(getattr(account, name) == value for name, value in wanted.items())
        )

    def ahead(self, company: str, streams: Iterable[UUID], then: Then) -> Store:
        """Read ahead below; what is on top is added to it as it stands then."""
        if not isinstance(self._below, GroupStore):
            return self
        view = copy(self)
        view._below = self._below.ahead(company, streams, then)  # noqa: SLF001 - a copy of ourselves
        return view
