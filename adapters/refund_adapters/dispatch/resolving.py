"""Resolving: what a person decides about a part that waits, checked in the accounting system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from refund_adapters.accounting import (
    Absent,
    AccountingSystem,
    Finding,
    Found,
    ThereDocument,
)
from refund_adapters.dispatch.looking import finding_in_words, submitted
from refund_ledger.application import RefundLedger, Result
from refund_ledger.errors import NotFoundError, RefusedError
from refund_ledger.events import Event, Evidence, Part
from refund_ledger.money import Money
from refund_ledger.originals import Document
from refund_ledger.refund import PartStatus, Refund
from refund_ledger.stamps import Stamp
from refund_projections.sides import Nature

DATE_SLACK = timedelta(days=1)
"""A document may be dated by a clock in another time zone than ours."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """A person's three answers: it happened, send it again, close it."""

    ledger: RefundLedger
    accounting: AccountingSystem
    now: Callable[[], datetime]
    claimant: Callable[[Document], Event | None]
    """Finds the event that took a document."""

    def happened(
        self, refund: UUID, stamp: Stamp, part: Part, document: Document, *, why: str, seen: int
    ) -> Result:
        """Record that a document is the part's counter-document, after reading it.

        Raises `RefusedError` where it cannot be: a sale or money received, another customer,
        another refund's marker, another currency, or older than the call; `ClaimedError` where it
        serves something else already, the original itself among them. A different amount is a fact
        and is recorded.
        """
        current = self.ledger.refund(refund)
        there = self.accounting.read(document)
        if there is None:
            raise NotFoundError(
                f"{document} does not exist in {self.accounting.name}; check the number"
            )
        self._check(current, part, document, there)
        evidence = (
            Evidence(
                source="a person named the document",
                said=f"{document} of {there.issued_on.isoformat()}, customer {there.customer_id}, "
                f"{Money(there.amount, current.request.currency)}, {_nature_in_words(there)}",
            ),
        )
        return self.ledger.happened(
            refund,
            stamp,
            part,
            there.document,
            booked=there.amount,
            why=why,
            seen_version=seen,
            evidence=evidence,
        )

    def send_again(self, refund: UUID, stamp: Stamp, part: Part, *, why: str, seen: int) -> Result:
        """Allow one more attempt; a part in doubt is looked for once more before it leaves."""
        return self.ledger.send_again(refund, stamp, part, why=why, seen_version=seen)

    def close(self, refund: UUID, stamp: Stamp, *, why: str, seen: int) -> Result:
        """End the refund; a part in doubt that a look proves absent gives back what it held.

        So does one whose document is recorded as something else: it counts there.
        """
        current = self.ledger.refund(refund)
        findings = {part: self._look(current, part) for part in current.parts}
        absent = frozenset(part for part, found in findings.items() if isinstance(found, Absent))
        evidence = tuple(each for found in findings.values() if found for each in found.evidence)
        return self.ledger.close(
            refund, stamp, why=why, seen_version=seen, absent=absent, evidence=evidence
        )

    def _look(self, refund: Refund, part: Part) -> Finding | None:
        """Look again for a part in doubt, once a look can prove something."""
        state = refund.part(part)
        if state.status is not PartStatus.IN_DOUBT:
            return None
        if state.submitted is None or self._settled(state.submitted.send_by) > self.now():
            return None
        found = self.accounting.look(submitted(refund, part))
        if not isinstance(found, Found):
            return found
        taken = self.claimant(found.document.key)
        if taken is None or taken.originator_id == refund.id:
            raise RefusedError(
                f"{finding_in_words(found)}: the {part} part did happen; "
                "let the dispatcher record it, or name the document"
            )
        said = f"{found.document.key} is recorded by {taken.TOPIC} of {taken.originator_id}"
        return Absent((*found.evidence, Evidence(source="this ledger", said=said)))

    def _settled(self, send_by: datetime) -> datetime:
        return send_by + timedelta(seconds=self.accounting.settle_seconds)

    def _check(self, refund: Refund, part: Part, document: Document, there: ThereDocument) -> None:
        """Every reason why the document cannot be this part's counter-document."""
        request, reasons = refund.request, list[str]()
        if document.half is not part.half:
            reasons.append(f"the {part} part is booked as a {part.half}, not as a {document.half}")
        if there.customer_id != request.customer_id:
            reasons.append(
                f"{document} is customer {there.customer_id}'s, not {request.customer_id}'s"
            )
        if there.currency is not None and there.currency != request.currency:
            reasons.append(f"{document} is in {there.currency}, the refund in {request.currency}")
        if there.nature is Nature.SALE:
            reasons.append(f"{document} is {there.nature}: it gives nothing back")
        state = refund.part(part)
        if state.first_sent_at and there.issued_on < state.first_sent_at.date() - DATE_SLACK:
            reasons.append(f"{document} is older than the call it is said to come from")
        marker = state.submitted.marker if state.submitted else ""
        if there.markers and marker not in there.markers:
            reasons.append(f"{document} carries the marker of another refund")
        if reasons:
            raise RefusedError(*reasons)


def _nature_in_words(there: ThereDocument) -> str:
    """What a document is; the flag is only told, since the credit of a cancel may carry it too."""
    nature = there.nature or "of which nothing tells whether it gives anything back"
    return f"{nature}, shown as cancelled" if there.is_cancelled else nature
