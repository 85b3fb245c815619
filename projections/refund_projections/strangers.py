"""Strangers: refund documents that only the accounting system has, and whose each may be."""

from __future__ import annotations

from collections.abc import Iterable

from refund_ledger.originals import Document, Half
from refund_projections.differences import Finding, Kind
from refund_projections.sides import Known, Listed, Role, Told, Unbooked


class Parts:
    """Parts without a document, by their marker and by what their document would say.

    Documents with a marker are asked for before the others: what they are sure of is not guessed.
    """

    def __init__(self, unbooked: Iterable[Unbooked]) -> None:
        self.found: set[str] = set()
        """The markers of the parts of which a document was found."""
        self._marked: dict[str, Unbooked] = {}
        self._fitting: dict[tuple[Half, str, int], list[Unbooked]] = {}
        for part in unbooked:
            self._marked[part.marker] = part
            if part.in_doubt:
                key = part.part.half, part.customer_id, part.asked
                self._fitting.setdefault(key, []).append(part)

    def marked(self, listed: Listed) -> Unbooked | None:
        """The part whose marker the document carries."""
        for marker in sorted(listed.markers):
            if (part := self._marked.get(marker)) is not None:
                self.found.add(marker)
                return part
        return None

    def fitting(self, listed: Listed) -> Unbooked | None:
        """A part in doubt whose document this may be, although nothing says so; each only once."""
        key = listed.document.half, listed.customer_id, listed.amount
        for part in self._fitting.get(key, ()):
            fits = listed.currency in {None, part.currency} and listed.issued_on >= part.since
            if fits and part.marker not in self.found:
                self.found.add(part.marker)
                return part
        return None


def whose(listed: Listed, parts: Parts, twin: Known | None) -> Finding:
    """Say whose a refund document is that only the list holds."""
    document = listed.document
    if (part := parts.marked(listed)) is not None:
        return Finding(Kind.IN_DOUBT, document, None, listed, unbooked=part)
    if not listed.markers and (part := parts.fitting(listed)) is not None:
        return Finding(Kind.IN_DOUBT, document, None, listed, unbooked=part, sure=False)
    if twin is not None:
        sure = twin.marker in listed.markers
        name = str(twin.document)
        return Finding(Kind.DUPLICATED_THERE, document, twin, listed, twin=name, sure=sure)
    return Finding(Kind.UNKNOWN_HERE, document, None, listed)


def twins_of(here: Iterable[Told], strangers: list[Listed]) -> dict[Document, Known]:
    """The document of ours that each stranger repeats: by its marker, or else by its content."""
    marked: dict[str, list[Listed]] = {}
    alike: dict[tuple[Half, str, int], list[Listed]] = {}
    for listed in strangers:
        for marker in listed.markers:
            marked.setdefault(marker, []).append(listed)
        if not listed.markers:
            key = listed.document.half, listed.customer_id, listed.amount
            alike.setdefault(key, []).append(listed)
    found: dict[Document, Known] = {}
    for known in here:
        if not isinstance(known, Known) or known.role not in {Role.ISSUED, Role.LATE}:
            continue
        key = known.document.half, known.customer_id, known.amount
        twins = marked.get(known.marker, []) if known.marker else []
        twins = twins + [listed for listed in alike.get(key, ()) if _same(listed, known)]
        for listed in twins:
            found.setdefault(listed.document, known)
    return found


def _same(listed: Listed, known: Known) -> bool:
    """Whether a document without a marker might as well be this one of ours."""
    if listed.currency not in {None, known.currency} or known.first is None or known.last is None:
        return False
    return known.first <= listed.issued_on <= known.last
