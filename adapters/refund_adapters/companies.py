"""Companies: each has its own store, on whatever server; no transaction spans two.

A company is the unit of order and of placement. A table says where each one is; totals over several
are added up above, and a server that is down takes only its own companies with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from refund_adapters.store.errors import StoreError
from refund_adapters.store.opening import check_there, open_store
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.workers import Workers
from refund_ledger.accounts import QUANTITY, AccountKind
from refund_ledger.errors import InvalidInputError

T = TypeVar("T")
MOST_AT_ONCE = 8

Totals = Mapping[tuple[AccountKind, str], int]
"""Signed minor units by kind of account and currency."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What several companies come to; those that could not be asked are named, never left out."""

    of_company: Mapping[str, Totals]
    unreachable: Mapping[str, str]
    """Company to reason."""

    @property
    def totals(self) -> Totals:
        """The sum over the companies that answered; currencies stay apart."""
        sums: dict[tuple[AccountKind, str], int] = defaultdict(int)
        for totals in self.of_company.values():
            for key, amount in totals.items():
                sums[key] += amount
        return {key: sums[key] for key in sorted(sums) if sums[key]}

    @property
    def complete(self) -> bool:
        """Whether every company answered."""
        return not self.unreachable


class Companies:
    """The table of companies, and how to reach their stores."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        """`addresses` is the table: company to the address of its store."""
        self._addresses = dict(addresses)

    def __iter__(self) -> Iterator[str]:
        """Name the companies, in order."""
        return iter(sorted(self._addresses))

    def address(self, company: str) -> str:
        """Where a company's store is; raises `InvalidInputError` naming the field."""
        if company not in self._addresses:
            known = ", ".join(self) or "none"
            raise InvalidInputError(
                "company", f"the table of stores has no {company!r}; it has {known}"
            )
        return self._addresses[company]

    @contextmanager
    def store(self, company: str) -> Iterator[SqlStore]:
        """Open a company's store; raises `NotOurStoreError` where its file is not there.

        An empty ledger in place of a mistyped address would be added up as if it were whole.
        """
        address = self.address(company)
        check_there(address)
        store = open_store(address)
        try:
            yield store
        finally:
            store.close()

    def each(self, ask: Callable[[str, SqlStore], T]) -> dict[str, T | StoreError]:
        """Ask every company's store something, several at once; who cannot answer says why."""

        def one(company: str) -> T | StoreError:
            try:
                with self.store(company) as store:
                    return ask(company, store)
            except StoreError as error:
                return error

        companies = list(self)
        with Workers(min(MOST_AT_ONCE, len(companies))) as workers:
            return dict(zip(companies, workers.map(one, companies), strict=True))

    def totals(self) -> Merged:
        """Add up every company's postings by kind of account and currency."""
        answers = self.each(lambda company, store: store.kinds(company))
        return Merged(
            of_company={
                name: {key: amount for key, amount in told.items() if key[1] != QUANTITY}
                for name, told in answers.items()
                if not isinstance(told, StoreError)
            },
            unreachable={
                name: str(told) for name, told in answers.items() if isinstance(told, StoreError)
            },
        )
