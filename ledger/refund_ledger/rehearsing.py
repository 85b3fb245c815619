"""Rehearsing: the rules over a store that is only read; what is saved stays in memory, on top."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from itertools import chain
from uuid import UUID

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.errors import ClaimedError, GuardError, StreamMovedError
from refund_ledger.events import Event, claims
from refund_ledger.originals import Document
from refund_ledger.postings import net_changes
from refund_ledger.storing import Append, GroupStore, Store, Then

_Accounts = dict[tuple[AccountKind, str], set[Account]]


class RehearsalStore:
    """Keeps what is appended in memory, on top of a store that stays as it is."""

    def __init__(self, below: Store) -> None:
        self._below = below
        self._events: dict[UUID, list[Event]] = {}
        self._changes: dict[Account, int] = defaultdict(int)
        self._of_subject: _Accounts = defaultdict(set)
        self._of_customer: _Accounts = defaultdict(set)
        self._of_kind: _Accounts = defaultdict(set)
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
            if account.rule.side * (self.balance(account) + change) < 0:
                raise GuardError(str(account), change)
        documents = [document for event in batch.events for document in claims(event)]
        for document in documents:
            if document in self._claimed:
                raise ClaimedError(str(document), "another row")
            self._claimed.add(document)
        for event in batch.events:
            self._events.setdefault(event.originator_id, []).append(event)
        for account, change in net_changes(chain.from_iterable(batch.postings)).items():
            self._change(account, change)

    def _change(self, account: Account, change: int) -> None:
        if account not in self._changes:
            self._of_subject[account.kind, account.subject].add(account)
            self._of_customer[account.kind, account.customer].add(account)
            self._of_kind[account.kind, ""].add(account)
        self._changes[account] += change

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
        return self._below.balance(account) + self._changes.get(account, 0)

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """A customer's credits that are not zero, by source, oldest first."""
        below = self._below.credits(company, customer, unit)
        touched = self._of_customer.get((AccountKind.CREDIT, customer))
        if not touched:
            return below
        found = dict(below)
        for account in touched:
            if (account.company, account.unit) == (company, unit):
                found[account.subject] = found.get(account.subject, 0) - self._changes[account]
        return [(source, amount) for source, amount in found.items() if amount]

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """The signed sum of all postings of one kind that fit the columns given."""
        wanted = {"company": company, **columns}
        return self._below.total(company, kind, **columns) + sum(
            self._changes[account]
            for account in self._touched(kind, columns)
            if all(getattr(account, name) == value for name, value in wanted.items())
        )

    def _touched(self, kind: AccountKind, columns: Mapping[str, str]) -> Iterable[Account]:
        """The changed accounts among which those that fit the columns are."""
        for name, index in (("subject", self._of_subject), ("customer", self._of_customer)):
            if name in columns:
                return index.get((kind, columns[name]), ())
        return self._of_kind.get((kind, ""), ())

    def ahead(self, company: str, streams: Iterable[UUID], then: Then) -> Store:
        """Read ahead below; what is on top is added to it as it stands then."""
        if not isinstance(self._below, GroupStore):
            return self
        view = copy(self)
        view._below = self._below.ahead(company, streams, then)  # noqa: SLF001 - a copy of ourselves
        return view
