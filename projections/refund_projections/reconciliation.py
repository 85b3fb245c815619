"""Reconciliation: the documents that the ledger knows, beside those the accounting system lists.

It links and never posts. Both sides come in the order of their documents and are read once, so
that neither has to fit into memory; only what differs is kept.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol

from refund_ledger.errors import InvariantError, RefusedError
from refund_ledger.events import Way
from refund_ledger.originals import Document
from refund_projections.differences import Finding, Kind, place
from refund_projections.sides import (
    Credited,
    Explained,
    Known,
    Listed,
    Nature,
    Period,
    Role,
    Told,
    Unbooked,
    canonical,
    values_here,
    values_there,
)
from refund_projections.strangers import Parts, twins_of, whose

MOST_DIFFERENCES = 100_000
"""Past so many the two sides are not the same books, and a list of them helps nobody."""


class Absence(Enum):
    """Why a document that was looked for by its number is not there."""

    GONE = auto()
    """The accounting system says that it does not exist."""
    NOT_ASKED = auto()
    """Nobody can be asked: only the list is there."""


class Looks(Protocol):
    """Looks closer at single documents while the sides are compared."""

    def open(self, listed: Listed, known: Known | None) -> Listed:
        """What the document itself says where the list leaves something out."""
        ...

    def find(self, known: Known) -> Listed | Absence:
        """A document that the list does not hold, by its number."""
        ...


@dataclass(frozen=True, slots=True)
class Sought:
    """What is compared."""

    period: Period
    covers: Period
    """The dates over which the list is whole."""
    unbooked: tuple[Unbooked, ...] = ()
    settled: datetime | None = None
    """What the ledger came to know later may not be in the lists yet; none where all must be."""


@dataclass(slots=True)
class Total:
    """How many documents of one role and currency were compared, and what they come to."""

    documents_here: int = 0
    amount_here: int = 0
    documents_there: int = 0
    amount_there: int = 0


@dataclass(slots=True)
class Comparison:
    """Compares both sides; what it comes to is complete once `run` has returned."""

    sought: Sought
    looks: Looks
    findings: list[Finding] = field(default_factory=list)
    here: int = 0
    there: int = 0
    matched: int = 0
    not_judged: int = 0
    """Documents of the ledger that are too new for the lists."""
    no_currency: int = 0
    """Matching documents of which the list does not say the currency."""
    beside: int = 0
    """Listed documents of the period that the ledger neither knows nor has to: sales, receipts."""
    totals: dict[tuple[Role | None, str], Total] = field(default_factory=dict)
    """By role and currency; no role for what only the list has, no currency where none is said."""
    _strangers: list[Listed] = field(default_factory=list)
    _digest_here: Any = field(default_factory=hashlib.sha256)
    _digest_there: Any = field(default_factory=hashlib.sha256)

    def run(self, here: Iterable[Told], there: Iterable[Listed]) -> None:
        """Read both sides, each in the order of its documents; `here` is read again at the end.

        Raises `RefusedError` where more differs than anybody could look at.
        """
        for group in joined(here, there):
            found = list(self._judged(group))
            self.findings += found
            if len(self.findings) + len(self._strangers) > MOST_DIFFERENCES:
                raise RefusedError(
                    f"more than {MOST_DIFFERENCES} documents differ; check that both sides are "
                    "the same company's, or narrow the period"
                )
        self._judge_strangers(here)
        self.findings.sort(key=place)

    @property
    def digest_here(self) -> str:
        """SHA-256 over the ledger's documents that were compared."""
        return str(self._digest_here.hexdigest())

    @property
    def digest_there(self) -> str:
        """SHA-256 over the accounting system's documents that were compared."""
        return str(self._digest_there.hexdigest())

    def tally(self) -> dict[Kind, int]:
        """How many findings of each kind there are, in the order of the kinds."""
        counts = Counter(finding.kind for finding in self.findings)
        return {kind: counts[kind] for kind in Kind if counts[kind]}

    # --- one document -----------------------------------------------------------------------------

    def _judged(self, group: Group) -> Iterator[Finding]:
        known, period = group.known, self.sought.period
        if group.listed:
            due = known is not None and known.anchor in period
            if due or any(one.issued_on in period for one in group.listed):
                yield from self._listed(group)
        elif known is not None and known.anchor in period:
            yield from self._only_here(group, known)

    def _listed(self, group: Group) -> Iterator[Finding]:
        known, first = group.known, group.listed[0]
        if len(group.listed) > 1:
            yield Finding(Kind.LISTED_TWICE, group.document, known, first)
        if known is None:
            if first.nature is Nature.REFUND:
                self._strangers.append(self._seen(self.looks.open(first, None), None))
            else:
                self.beside += 1
            return
        yield from self._both(group, known, self.looks.open(first, known))

    def _only_here(self, group: Group, known: Known) -> Iterator[Finding]:
        there = self.looks.find(known)
        if isinstance(there, Listed):
            yield from self._both(group, known, there)
            return
        self._counted(known)
        if self.sought.settled is not None and known.at > self.sought.settled:
            self.not_judged += 1
        elif there is Absence.GONE or self._is_covered(known):
            yield Finding(Kind.MISSING_THERE, group.document, known, None)
        else:
            yield Finding(Kind.OUT_OF_SIGHT, group.document, known, None)

    def _is_covered(self, known: Known) -> bool:
        """Whether the list would hold it, whichever of its days it is dated."""
        covers = self.sought.covers
        return all(day is not None and day in covers for day in (known.first, known.last))

    def _both(self, group: Group, known: Known, there: Listed) -> Iterator[Finding]:
        self._counted(known)
        self._seen(there, known)
        found = [
            Finding(kind, known.document, known, there)
            for kind in _differences(known, there, group)
        ]
        if known.duplicate_of:
            found.append(
                Finding(
                    Kind.DUPLICATED_THERE,
                    known.document,
                    known,
                    there,
                    twin=known.duplicate_of,
                    explained=group.explained,
                )
            )
        if not found:
            self.matched += 1
            self.no_currency += there.currency is None
        yield from found

    def _counted(self, known: Known) -> None:
        self.here += 1
        total = self.totals.setdefault((known.role, known.currency), Total())
        total.documents_here += 1
        total.amount_here += known.amount
        self._digest_here.update(canonical(values_here(known)))

    def _seen(self, listed: Listed, known: Known | None) -> Listed:
        self.there += 1
        currency = listed.currency or (known.currency if known else "")
        total = self.totals.setdefault((known.role if known else None, currency), Total())
        total.documents_there += 1
        total.amount_there += listed.amount
        self._digest_there.update(canonical(values_there(listed)))
        return listed

    # --- documents that no refund made, and parts that have no document ---------------------------

    def _judge_strangers(self, here: Iterable[Told]) -> None:
        """Say of each document that only the list holds whose it may be."""
        parts = Parts(self.sought.unbooked)
        twins = twins_of(here, self._strangers) if self._strangers else {}
        self.findings += [
            whose(listed, parts, twins.get(listed.document))
            for listed in sorted(self._strangers, key=lambda one: not one.markers)
        ]
        self.findings += [
            Finding(Kind.IN_DOUBT, None, None, None, unbooked=part)
            for part in self.sought.unbooked
            if part.in_doubt
            and part.anchor in self.sought.period
            and part.marker not in parts.found
        ]


# --- joining the sides ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Everything that both sides say of one document."""

    document: Document
    known: Known | None
    credited: bool
    explained: Explained | None
    listed: tuple[Listed, ...]


def joined(here: Iterable[Told], there: Iterable[Listed]) -> Iterator[Group]:
    """Bring both sides together, each in the order of its documents."""
    last: Document | None = None
    by_document = attrgetter("document")
    rows = heapq.merge(here, there, key=by_document)
    for document, group in groupby(rows, key=by_document):
        if last is not None and document < last:
            raise InvariantError(f"{document} stands after {last}; the sides are not in order")
        last = document
        yield _group(document, group)


def _group(document: Document, rows: Iterable[Told | Listed]) -> Group:
    known: Known | None = None
    explained: Explained | None = None
    credited = False
    listed: list[Listed] = []
    for row in rows:
        if isinstance(row, Listed):
            listed.append(row)
        elif isinstance(row, Known):
            known = known or row
        elif isinstance(row, Credited):
            credited = True
        else:
            explained = explained or row
    return Group(document, known, credited, explained, tuple(listed))


# --- judging one document -------------------------------------------------------------------------


def _differences(known: Known, there: Listed, group: Group) -> Iterator[Kind]:
    """In what a document that both sides have differs."""
    if there.currency not in {None, known.currency}:
        yield Kind.CURRENCY_DIFFERS
    elif _amount_differs(known, there):
        yield Kind.AMOUNT_DIFFERS
    if there.customer_id != known.customer_id:
        yield Kind.CUSTOMER_DIFFERS
    early = known.first is not None and there.issued_on < known.first
    late = known.last is not None and there.issued_on > known.last
    if early or late:
        yield Kind.DATE_DIFFERS
    if known.nature and there.nature and known.nature is not there.nature:
        yield Kind.KIND_DIFFERS
    if there.cancelled and _must_stand(known, group):
        yield Kind.CANCELLED_THERE


def _amount_differs(known: Known, there: Listed) -> bool:
    """A grant may be a part of its document, and so may what was explained of a reversal."""
    if known.role in {Role.GRANT, Role.REVERSAL}:
        return there.amount < known.amount
    return there.amount != known.amount


def _must_stand(known: Known, group: Group) -> bool:
    """Whether nothing that the ledger knows would have made the document count as cancelled.

    A credit document that a Cancel wrote may carry the flag from its birth.
    """
    if known.role is Role.ORIGINAL:
        return not group.credited
    ours = known.role in {Role.ISSUED, Role.LATE} and known.way is Way.NEW
    return ours and group.explained is None
