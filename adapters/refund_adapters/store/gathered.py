"""What one decision needs, read by one question: of one moment, and in one round trip."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.application import Append
from refund_ledger.events import Event

if TYPE_CHECKING:
    from refund_adapters.store.sql_store import Row, SqlStore

_KINDS = f"'{AccountKind.CREDIT}', '{AccountKind.OPEN}'"


class Gathered:
    """A store as one moment saw it, for the streams and subjects that were asked for.

    What else is asked of it, it asks the store below.
    """

    def __init__(
        self, below: SqlStore, company: str, streams: Sequence[UUID], subjects: Sequence[str]
    ) -> None:
        self._below = below
        self._company = company
        self._subjects = frozenset(subjects)
        self._stored: dict[UUID, list[StoredEvent]] = {stream: [] for stream in streams}
        self._balances: dict[tuple[str, ...], int] = {}
        self._of_customers: list[Row] = []
        self._customers: set[str] = set()
        self._excess: dict[tuple[str, str], int] = defaultdict(int)
        statement = question(len(streams), len(subjects))
        names = [below.stream_id(stream) for stream in streams]
        of_subjects = (company, *subjects)
        values = (*names, *of_subjects, company, *of_subjects, *of_subjects)
        for row in below.ask(statement, values):
            self._take(row)

    def _take(self, row: Row) -> None:
        tag, text, number, subject, state, customer, item, unit, _ = row
        match tag:
            case 0:
                stream = UUID(text)
                stored = StoredEvent(stream, number, subject, bytes(state))
                self._stored[stream].append(stored)
            case 1:
                self._balances[text, subject, customer, item, unit] = int(number)
                self._customers.add(customer)
            case 2:
                self._of_customers.append(row)
            case _:
                self._excess[subject, unit] += int(number)

    # --- what a decision reads --------------------------------------------------------------------

    def stream(self, stream: UUID) -> list[Event]:
        """The events of one stream, in order."""
        if stream not in self._stored:
            return self._below.stream(stream)
        # No order is asked of the database: each gives rows as it finds them.
        stored = sorted(self._stored[stream], key=lambda one: one.originator_version)
        return [self._below.event(one) for one in stored]

    def balance(self, account: Account) -> int:
        """The signed balance of one guarded account."""
        if account.subject not in self._subjects or account.company != self._company:
            return self._below.balance(account)
        key = (account.kind, account.subject, account.customer, account.item, account.unit)
        return self._balances.get(key, 0)

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """A customer's credits that are not zero, by source, oldest first, as positive amounts."""
        if not self._knows(company, customer):
            return self._below.credits(company, customer, unit)
        return [
            (row[3], -row[2])
            for row in self._sorted
            if row[1] == AccountKind.CREDIT and row[5] == customer and row[7] == unit
        ]

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """The signed sum of all postings of one kind that fit the columns given."""
        if kind is AccountKind.EXCESS and columns.keys() == {"subject", "unit"}:
            if columns["subject"] in self._subjects and company == self._company:
                return self._excess.get((columns["subject"], columns["unit"]), 0)
        elif kind is AccountKind.OPEN and columns.keys() == {"customer", "unit"}:
            customer, unit = columns["customer"], columns["unit"]
            if self._knows(company, customer):
                rows = self._of_customers
                return sum(
                    row[2]
                    for row in rows
                    if row[1] == AccountKind.OPEN and row[5] == customer and row[7] == unit
                )
        return self._below.total(company, kind, **columns)

    def append(self, *batches: Append) -> None:
        """Save, in the store below."""
        self._below.append(*batches)

    def about(self, company: str, streams: Sequence[UUID], subjects: Sequence[str]) -> Gathered:
        """The store below as it is now, for other streams and subjects."""
        return self._below.about(company, streams, subjects)

    def _knows(self, company: str, customer: str) -> bool:
        return bool(customer) and customer in self._customers and company == self._company

    @cached_property
    def _sorted(self) -> list[Row]:
        """Oldest first, as the store itself tells them."""
        return sorted(self._of_customers, key=lambda row: (row[8], row[1], row[3], row[6]))


_QUESTIONS: dict[tuple[int, int], str] = {}


def question(streams: int, subjects: int) -> str:
    """The question for so many streams and subjects."""
    if (streams, subjects) not in _QUESTIONS:
        _QUESTIONS[streams, subjects] = _question(streams, subjects)
    return _QUESTIONS[streams, subjects]


def _question(streams: int, subjects: int) -> str:
    ids, names = ",".join("?" * streams), ",".join("?" * subjects)
    # An empty list of names is not SQL; none of them is nobody's.
    of_subjects = f"company = ? AND subject IN ({names or 'NULL'})"
    columns = "kind, balance, subject, NULL, customer, item, unit, since FROM balances"
    return (
        "SELECT 0, CAST(originator_id AS TEXT), originator_version, topic, state, '', '', '', 0 "  # noqa: S608
        f"FROM stored_events WHERE originator_id IN ({ids or 'NULL'}) "
        f"UNION ALL SELECT 1, {columns} WHERE {of_subjects} "
        f"UNION ALL SELECT 2, {columns} WHERE company = ? AND customer <> '' "
        f"AND kind IN ({_KINDS}) AND balance <> 0 "
        f"AND customer IN (SELECT customer FROM balances WHERE {of_subjects}) "
        # There are few, if any, so they are summed here and not there.
        "UNION ALL SELECT 3, '', amount, subject, NULL, '', '', unit, 0 "
        f"FROM postings WHERE kind = '{AccountKind.EXCESS}' AND {of_subjects}"
    )
