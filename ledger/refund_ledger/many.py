"""Many: the verbs of a ledger that take many at once, each judged alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from refund_ledger.asking import Request
from refund_ledger.errors import InvalidInputError, LedgerError
from refund_ledger.events import OriginalRecorded
from refund_ledger.granting import Grant, grant_stream
from refund_ledger.grouping import Command, Found, together
from refund_ledger.originals import Original, OriginalRef
from refund_ledger.refund import refund_id
from refund_ledger.stamps import Stamp
from refund_ledger.storing import Store, Wanted

R = TypeVar("R")


class Groups(ABC, Generic[R]):
    """The verbs of a ledger that take many at once; `R` is what a request comes to."""

    store: Store
    company: str

    @abstractmethod
    def on(self, store: Store) -> Groups[R]:
        """The same ledger over another store."""

    @abstractmethod
    def request(self, ask: Request, stamp: Stamp) -> R:
        """Request a refund once."""

    @abstractmethod
    def record_original(self, original: Original, stamp: Stamp, *, read_from: str) -> bool:
        """Record an original once."""

    @abstractmethod
    def grant_credit(self, grant: Grant, stamp: Stamp) -> bool:
        """Record a granted credit once."""

    def request_many(
        self, asks: Sequence[Request], stamps: Sequence[Stamp]
    ) -> list[R | LedgerError]:
        """Request refunds one after another, in as few saves as possible; see `together`."""
        commands = [_Ask(self, ask, stamp) for ask, stamp in zip(asks, stamps, strict=True)]
        return together(commands, self.company, self.store)

    def record_many(
        self, found: Sequence[Original | Grant], stamps: Sequence[Stamp], *, read_from: str
    ) -> list[bool | LedgerError]:
        """Record originals and granted credits one after another; see `together`."""
        commands: list[Command[bool]] = [
            _Grant(self, one, stamp)
            if isinstance(one, Grant)
            else _Record(self, one, stamp, read_from)
            for one, stamp in zip(found, stamps, strict=True)
        ]
        return together(commands, self.company, self.store)


class _Ask(Generic[R]):
    def __init__(self, ledger: Groups[R], ask: Request, stamp: Stamp) -> None:
        self._ledger, self._ask, self._stamp = ledger, ask, stamp
        self._refs = _refs(ask.original, ask.receipt)

    def streams(self) -> Iterable[UUID]:
        company = self._ledger.company
        yield refund_id(company, self._ask.key)
        yield from (ref.stream(company) for ref in self._refs)

    def wanted(self, found: Found) -> Wanted:
        subjects, customer = set[str](), self._ask.customer_id
        for ref in self._refs:
            for event in found.get(ref.stream(self._ledger.company), ()):
                if isinstance(event, OriginalRecorded):
                    sales = (part.sale for part in event.closes)
                    subjects.update((str(ref), f"grant:{ref}", *sales))
                    customer = event.customer_id
        return Wanted(frozenset(subjects), frozenset({(customer, self._ask.currency)}))

    def on(self, store: Store) -> R:
        return self._ledger.on(store).request(self._ask, self._stamp)


class _Record(Generic[R]):
    def __init__(self, ledger: Groups[R], original: Original, stamp: Stamp, source: str) -> None:
        self._ledger, self._original, self._stamp = ledger, original, stamp
        self._source = source
        self._sales = _refs(*(part.sale for part in original.closes))

    def streams(self) -> Iterable[UUID]:
        company, ref = self._ledger.company, self._original.ref
        yield ref.stream(company)
        yield grant_stream(company, str(ref))
        yield from (sale.stream(company) for sale in self._sales)

    def wanted(self, _: Found) -> Wanted:
        # A receipt that was recorded before it was allocated pays out of what it held itself.
        receipt = [self._original.ref] if self._sales else []
        return Wanted(frozenset(map(str, [*self._sales, *receipt])))

    def on(self, store: Store) -> bool:
        ledger = self._ledger.on(store)
        return ledger.record_original(self._original, self._stamp, read_from=self._source)


class _Grant(Generic[R]):
    def __init__(self, ledger: Groups[R], grant: Grant, stamp: Stamp) -> None:
        self._ledger, self._grant, self._stamp = ledger, grant, stamp

    def streams(self) -> Iterable[UUID]:
        yield self._grant.stream
        yield from (ref.stream(self._ledger.company) for ref in _refs(self._grant.receipt))

    def wanted(self, _: Found) -> Wanted:
        return Wanted(frozenset(map(str, _refs(self._grant.receipt))))

    def on(self, store: Store) -> bool:
        return self._ledger.on(store).grant_credit(self._grant, self._stamp)


def _refs(*names: str) -> list[OriginalRef]:
    """What can be read as a reference; the command itself says what cannot."""
    refs: list[OriginalRef] = []
    for name in filter(None, names):
        try:
            refs.append(OriginalRef.parse(name))
        except InvalidInputError:
            continue
    return refs
