"""Reconciling: compares the ledger with the accounting system, records that, and says what differs.

with Desk.open(..., accounting=rivhit) as desk:
    outcome = Reconciler(desk).with_system(Period(first, last))

It links and never posts. What a person accepts is remembered, and shown as accepted from then on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from refund_adapters.desk import Desk
from refund_adapters.reconcile.kept import Kept, Reading
from refund_adapters.reconcile.rows import line_of, listed_once, told_of
from refund_adapters.reconcile.sources import ApiSource, CanList, FileSource, Source
from refund_adapters.sorting import SortedLines
from refund_adapters.store.claims import claimant
from refund_ledger.errors import InvalidInputError, NotFoundError
from refund_ledger.events import DocumentId, ReconciliationDone, RefundRequested, Tally
from refund_ledger.inputs import validated
from refund_ledger.originals import Document, Half
from refund_ledger.reconciled import Acceptance, Compared, accept, record_comparison
from refund_projections.differences import Finding, Kind
from refund_projections.known_documents import KnownDocuments
from refund_projections.reconciliation import Comparison, Sought, Total
from refund_projections.sides import Conventions, Listed, Period, Role, Told
from refund_projections.wording_of_differences import ACCEPTABLE


@dataclass(frozen=True, slots=True)
class Accepted:
    """Who said that a difference stands, and why."""

    by: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A difference, the refund that it is about, and who has accepted it."""

    finding: Finding
    key: str
    """The refund's key; empty where there is none."""
    accepted: Accepted | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a comparison came to."""

    run: ReconciliationDone
    findings: tuple[Judged, ...]
    no_currency: int
    """Matching documents whose currency nobody compared, since the list does not say it."""
    beside: int
    """Listed documents of the period that are nothing to this ledger: sales and money received."""
    totals: dict[tuple[Role | None, str], Total]
    """What was compared, by role and currency."""

    @property
    def clean(self) -> bool:
        """Whether nothing differs that nobody has accepted."""
        return self.run.clean


class Reconciler:
    """Compares one company's ledger with what the accounting system holds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._store = desk.store

    def with_system(
        self, period: Period, *, keep: Path | None = None, quick: bool = False
    ) -> Outcome:
        """Read the period from the accounting system itself and compare.

        With `keep`, what was read stays in that file, and a comparison that was interrupted goes on
        there. With `quick`, documents are not opened for their currency where the list shows no
        difference. Raises `UnavailableError` where it cannot be read; then nothing is recorded.
        """
        _check(period)
        system = self._desk.accounting
        if not isinstance(system, CanList):
            raise InvalidInputError(
                "accounting", f"{system.name} cannot list a period; compare with an export of it"
            )
        lists = system.listing()
        reading = Reading(self._desk.company, period, system.name)
        with Kept(reading, started=self._store.now(), path=keep) as kept:
            return self._compared(
                period, ApiSource(lists, kept, period, name=system.name, quick=quick)
            )

    def with_file(
        self, path: Path, period: Period, conventions: Conventions, *, home_currency: str
    ) -> Outcome:
        """Compare with an export of the accounting system, JSON Lines or CSV."""
        _check(period)
        return self._compared(
            period, FileSource(path, period, conventions, home_currency=home_currency)
        )

    def accept(
        self,
        document: Document,
        kind: Kind,
        *,
        digest: str,
        why: str,
        actor: str | None = None,
    ) -> bool:
        """Say that a difference stands as it is; false where that was said before."""
        if kind not in ACCEPTABLE:
            raise InvalidInputError(
                "kind", f"{kind!s} is not accepted: it ends once it is settled or read again"
            )
        cause = claimant(self._store, self._desk.company, document)
        told = validated(
            Acceptance,
            {
                "company": self._desk.company,
                "document": DocumentId(
                    half=document.half, series=document.series, number=document.number
                ),
                "difference": kind.value,
                "digest": digest,
                "why": why,
                "customer_id": cause.customer_id if cause else "",
                "currency": cause.currency if cause else "",
            },
        )
        counted = (tally for run in self.runs() for tally in (*run.differences, *run.accepted))
        if all(tally.kind != kind.value for tally in counted):
            raise NotFoundError(f"no comparison showed {kind!s} so far; compare before you accept")
        return accept(self._store, told, self._desk.stamp(actor=actor))

    def runs(self) -> Iterator[ReconciliationDone]:
        """Every comparison that was made, the oldest first."""
        for _, event in self._store.events():
            if isinstance(event, ReconciliationDone) and event.company == self._desk.company:
                yield event

    # --- one comparison ---------------------------------------------------------------------------

    def _compared(self, period: Period, source: Source) -> Outcome:
        with ExitStack() as stack:
            listed = stack.enter_context(SortedLines())
            for line in source.lines():
                listed.add(line)
            known = stack.enter_context(SortedLines())
            documents = KnownDocuments(self._desk.company, source.conventions)
            # The ledger is read after the lists: a document that it came to know meanwhile is no
            # stranger, and one that the lists cannot hold yet is not judged.
            with self._store.snapshot():
                position = self._store.position()
                for told in documents.read(event for _, event in self._store.events()):
                    known.add(line_of(told))
            comparison = Comparison(
                Sought(period, source.covers, tuple(documents.unbooked()), source.settled), source
            )
            comparison.run(_Again(known), _there(listed, source))
        judged = tuple(self._judged(comparison, documents))
        run = self._record(period, source, position, comparison, judged)
        return Outcome(run, judged, comparison.no_currency, comparison.beside, comparison.totals)

    def _judged(self, comparison: Comparison, documents: KnownDocuments) -> Iterator[Judged]:
        keys: dict[UUID, str] = {}
        for finding in comparison.findings:
            refund = finding.refund
            if refund is not None and refund not in keys:
                keys[refund] = self._key(refund)
            said, event = finding.explained, None
            if finding.document is not None:
                name = finding.document, finding.kind.value, finding.digest
                event = documents.accepted.get(name)
            accepted = Accepted(said.by, said.why, said.at) if said else None
            if event is not None:
                accepted = Accepted(event.actor, event.why, event.timestamp)
            yield Judged(finding, keys[refund] if refund else "", accepted)

    def _key(self, refund: UUID) -> str:
        first = next(iter(self._store.stream(refund)), None)
        return first.key if isinstance(first, RefundRequested) else ""

    def _record(
        self,
        period: Period,
        source: Source,
        position: int,
        comparison: Comparison,
        judged: tuple[Judged, ...],
    ) -> ReconciliationDone:
        compared = {
            "company": self._desk.company,
            "since": period.since,
            "until": period.until,
            "position": position,
            "read_from": source.name,
            "documents_here": comparison.here,
            "documents_there": comparison.there,
            "matched": comparison.matched,
            "differences": _tallies(judged, accepted=False),
            "accepted": _tallies(judged, accepted=True),
            "not_judged": comparison.not_judged,
            "digest_here": comparison.digest_here,
            "digest_there": comparison.digest_there,
        }
        return record_comparison(self._store, validated(Compared, compared), self._desk.stamp())


@dataclass(frozen=True, slots=True)
class _Again:
    """The ledger's side, which is read once more where strangers are looked into."""

    lines: SortedLines

    def __iter__(self) -> Iterator[Told]:
        return map(told_of, self.lines)


def _there(lines: SortedLines, source: Source) -> Iterator[Listed]:
    return listed_once(lines, twice=source.may_repeat)


def _tallies(judged: tuple[Judged, ...], *, accepted: bool) -> tuple[Tally, ...]:
    counts = Counter(one.finding.kind for one in judged if (one.accepted is not None) is accepted)
    return tuple(Tally(kind=kind, count=counts[kind]) for kind in Kind if counts[kind])


def _check(period: Period) -> None:
    if period.since > period.until:
        raise InvalidInputError("to", "the period ends before it begins")


def document_named(text: str) -> Document:
    """Read "document 3/481" or "receipt 1/91"; raises `InvalidInputError`."""
    half, _, name = text.strip().partition(" ")
    series, _, number = name.partition("/")
    if half not in list(Half) or not (series.isdecimal() and number.isdecimal()):
        raise InvalidInputError(
            "document", f"expected document 3/481 or receipt 1/91, got {text[:40]!r}"
        )
    return Document(Half(half), int(series), int(number))
