"""One part of a refund: the calls made for it, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from refund_ledger.events import (
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    Decision,
    DocumentId,
    Resolved,
)


class PartStatus(StrEnum):
    """Where one part stands."""

    NONE = "none"
    DUE = "due"
    SUBMITTED = "submitted"
    IN_DOUBT = "in doubt"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PartState:
    """One part: the calls made for it and what came of them."""

    status: PartStatus = PartStatus.NONE
    submitted: CallSubmitted | None = None
    """The latest attempt."""
    first_sent_at: datetime | None = None
    unexplained: frozenset[int] = frozenset()
    """Attempts of which it is not known what became of them."""
    maybe_sent: frozenset[int] = frozenset()
    """Attempts that may have left, those proven absent included: a new look covers them again."""
    look_after: datetime | None = None
    for_person: bool = False
    resend_allowed: bool = False
    """A person said "send again"; holds until the next attempt."""
    refusal: CallRefused | None = None
    doubt: str = ""
    documents: tuple[DocumentId, ...] = ()
    booked: int = 0

    @property
    def attempts(self) -> int:
        """How many calls were submitted."""
        return self.submitted.attempt if self.submitted else 0


NO_PART = PartState()
"""The part that a refund does not have."""


PartEvent = CallSubmitted | CallNotSent | CallInDoubt | CallRefused | Resolved


def evolve_part(part: PartState, event: PartEvent) -> PartState:
    """Apply one event to the part that it is about."""
    match event:
        case CallSubmitted():
            return replace(
                part,
                status=PartStatus.SUBMITTED,
                submitted=event,
                first_sent_at=part.first_sent_at or event.timestamp,
                # A resend stands on the proof that the earlier attempts came to nothing.
                unexplained=frozenset({event.attempt}),
                maybe_sent=part.maybe_sent | {event.attempt},
                look_after=None,
                for_person=False,
                resend_allowed=False,
                refusal=None,
                doubt="",
            )
        case CallNotSent():
            # The proof that let this attempt go out has aged: look for what was sent before.
            before = part.maybe_sent - {event.attempt}
            return replace(
                part,
                status=PartStatus.IN_DOUBT if before else PartStatus.DUE,
                unexplained=before,
                maybe_sent=before,
                look_after=event.timestamp if before else None,
                doubt=event.why,
            )
        case CallInDoubt():
            return replace(
                part,
                status=PartStatus.IN_DOUBT,
                look_after=event.look_after,
                for_person=event.for_person,
                resend_allowed=part.resend_allowed and not event.for_person,
                doubt=event.why,
            )
        case CallRefused():
            return replace(
                part,
                status=PartStatus.REFUSED,
                unexplained=part.unexplained - {event.attempt},
                maybe_sent=part.maybe_sent - {event.attempt},
                refusal=event,
            )
        case Resolved(decision=Decision.SEND_AGAIN):
            if part.status is PartStatus.REFUSED:
                return replace(part, status=PartStatus.DUE, refusal=None)
            return replace(part, resend_allowed=True, for_person=False, look_after=event.timestamp)
        case Resolved():
            return part
