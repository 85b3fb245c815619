"""Deciding: the verbs of a ledger by which people move one refund on, each saved as a fact."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from refund_ledger import calling, lifecycle
from refund_ledger.balances import Look
from refund_ledger.events import DocumentId, Event, Evidence, Learned, Part
from refund_ledger.refund import Refund
from refund_ledger.stamps import Stamp

R = TypeVar("R")

Decide = Callable[[Refund, Look], Sequence[Event]]


class Decisions(ABC, Generic[R]):
    """What people decide of a refund; `R` is what a decision comes to."""

    @abstractmethod
    def fact(self, refund: UUID, decide: Decide, *, known: Refund | None = None) -> R:
        """Save what somebody decided, decided again until it is saved."""

    def approve(self, refund: UUID, stamp: Stamp, *, digest: str) -> R:
        """Agree to exactly the request that has this digest."""
        return self.fact(refund, lambda now, _: lifecycle.approve(now, stamp, digest=digest))

    def reject(self, refund: UUID, stamp: Stamp, *, why: str) -> R:
        """Refuse a request that waits for approval."""
        return self.fact(refund, lambda now, look: lifecycle.reject(now, stamp, why=why, look=look))

    def withdraw(self, refund: UUID, stamp: Stamp, *, why: str = "") -> R:
        """Take a request back while nothing has been sent."""
        return self.fact(
            refund, lambda now, look: lifecycle.withdraw(now, stamp, why=why, look=look)
        )

    def close(
        self,
        refund: UUID,
        stamp: Stamp,
        *,
        why: str,
        seen_version: int,
        absent: frozenset[Part] = frozenset(),
        evidence: tuple[Evidence, ...] = (),
    ) -> R:
        """End a refund that will not be finished, on the version that was seen."""
        return self.fact(
            refund,
            lambda now, look: lifecycle.close(
                now,
                stamp,
                why=why,
                look=look,
                seen_version=seen_version,
                absent=absent,
                evidence=evidence,
            ),
        )

    def send_again(
        self,
        refund: UUID,
        stamp: Stamp,
        part: Part,
        *,
        why: str,
        seen_version: int,
        evidence: tuple[Evidence, ...] = (),
    ) -> R:
        """Allow one more attempt of a part that waits for a person."""
        return self.fact(
            refund,
            lambda now, _: lifecycle.send_again(
                now, stamp, part, why=why, seen_version=seen_version, evidence=evidence
            ),
        )

    def happened(
        self,
        refund: UUID,
        stamp: Stamp,
        part: Part,
        document: DocumentId,
        *,
        booked: int,
        why: str,
        seen_version: int,
        evidence: tuple[Evidence, ...] = (),
    ) -> R:
        """Record a person's word that this document is the part's counter-document."""

        def decide(now: Refund, look: Look) -> Sequence[Event]:
            lifecycle.waits_for_person(now, part, seen_version)
            decided = calling.decided_happened(now, stamp, part, why=why, evidence=evidence)
            return calling.succeeded(
                now,
                stamp,
                part,
                document,
                booked=booked,
                learned=Learned.PERSON,
                look=look,
                evidence=evidence,
                decided=decided,
            )

        return self.fact(refund, decide)

    def acknowledge(self, refund: UUID, stamp: Stamp, document: DocumentId, *, why: str) -> R:
        """Say that an alert was seen and what was done about it."""
        return self.fact(
            refund, lambda now, _: lifecycle.acknowledge(now, stamp, document, why=why)
        )
