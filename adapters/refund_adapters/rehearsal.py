"""Rehearsal: the ledger's rules over a store that is only read, so that a dry run is exact."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from refund_ledger.accounts import GUARDED, Account, AccountKind
from refund_ledger.application import Append, Store
from refund_ledger.errors import ClaimedError, GuardError, StreamMovedError
from refund_ledger.events import Event, claims
from refund_ledger.originals import Document
from refund_ledger.postings import net_changes, postings


class RehearsalStore:
    """Keeps what is appended in memory, on top of a store that stays as it is."""

    def __init__(self, below: Store) -> None:
        self._below = below
        self._events: dict[UUID, list[Event]] = defaultdict(list)
        self._changes: dict[Account, int] = defaultdict(int)
        self._claimed: set[Document] = set()

    def append(self, batch: Append) -> None:
        """Apply the same rules as a real store; see `refund_ledger.application.Store`."""
        for event in batch.events:
            if len(self.stream(event.originator_id)) >= event.originator_version:
                raise StreamMovedError("the stream has grown")
        entries = [posting for event in batch.events for posting in postings(event)]
        changes = net_changes(entries)
        for account, change in changes.items():
            after = account.rule.side * (self.balance(account) + change)
            if account.kind in GUARDED and after < 0:
                raise GuardError(str(account), change)
        for event in batch.events:
            for document in claims(event):
                if document in self._claimed:
                    raise ClaimedError(str(document), "another row")
                self._claimed.add(document)
            self._events[event.originator_id].append(event)
        for account, change in changes.items():
            self._changes[account] += change

    def stream(self, stream: UUID) -> list[Event]:
        """The events of one stream, in order."""
        return [*self._below.stream(stream), *self._events.get(stream, [])]

    def balance(self, account: Account) -> int:
        """The signed balance of one guarded account."""
        return self._below.balance(account) + self._changes.get(account, 0)

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """A customer's credits that are not zero, by source, oldest first."""
        found = dict(self._below.credits(company, customer, unit))
        for account, change in self._changes.items():
            if (account.kind, account.customer, account.unit) == (
                AccountKind.CREDIT,
                customer,
                unit,
            ):
                found[account.subject] = found.get(account.subject, 0) - change
        return [(source, amount) for source, amount in found.items() if amount]

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """The signed sum of all postings of one kind that fit the columns given."""
        wanted = {"company": company, "kind": kind, **columns}
        return self._below.total(company, kind, **columns) + sum(
            change
            for account, change in self._changes.items()
            if all(getattr(account, name) == value for name, value in wanted.items())
        )
