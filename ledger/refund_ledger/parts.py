"""One part of a refund: the calls made for it, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, assert_never

from refund_ledger.events import (
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    Decision,
    DocumentId,
    PartWatched,
    Resolved,
)

__all__ = ["NO_PART", "PartEvent", "PartState", "PartStatus", "changed", "evolve_part"]

if TYPE_CHECKING:
    from dataclasses import replace as changed
else:

    def changed(state: Any, **values: Any) -> Any:
        """A copy of a frozen dataclass (one without slots) with other values of some fields.

        A replay makes several of them for each event; this takes a third of the time of
        `dataclasses.replace`, which calls the whole constructor. To a type checker it is that.
        """
        copy = object.__new__(type(state))
        vars(copy).update(vars(state), **values)
        return copy


class PartStatus(StrEnum):
    """Where one part stands."""

    NONE = "none"
    DUE = "due"
    SUBMITTED = "submitted"
    IN_DOUBT = "in doubt"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    ENDED = "ended"
    """The refund was closed, and nothing of this part is known to exist."""


@dataclass(frozen=True)
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
    """The refusal that it waits with; none once it may be sent again."""
    was_refused: bool = False
    """Whether a call of it was ever refused: that one did leave."""
    doubt: str = ""
    was_doubted: bool = False
    watches: int = 0
    """How often it was looked at again since its latest call."""
    documents: tuple[DocumentId, ...] = ()
    booked: int = 0

    @property
    def attempts(self) -> int:
        """How many calls were submitted."""
        return self.submitted.attempt if self.submitted else 0

    @property
    def may_have_left(self) -> bool:
        """Whether any of its calls may have left; one that is known not to have does not count."""
        return self.was_refused or bool(self.maybe_sent or self.documents)


NO_PART = PartState()
"""The part that a refund does not have."""


PartEvent = CallSubmitted | CallNotSent | CallInDoubt | CallRefused | Resolved | PartWatched


def evolve_part(part: PartState, event: PartEvent) -> PartState:
    """Apply one event to the part that it is about."""
    match event:
        case CallSubmitted():
            return _submitted(part, event)
        case CallNotSent():
            return _not_sent(part, event)
        case PartWatched():
            return changed(part, watches=part.watches + 1)
        case CallInDoubt():
            return changed(
                part,
                was_doubted=True,
                status=PartStatus.IN_DOUBT,
                look_after=event.look_after,
                for_person=event.for_person,
                resend_allowed=part.resend_allowed and not event.for_person,
                doubt=event.why,
            )
        case CallRefused():
            return changed(
                part,
                status=PartStatus.REFUSED,
                unexplained=part.unexplained - {event.attempt},
                maybe_sent=part.maybe_sent - {event.attempt},
                refusal=event,
                was_refused=part.was_refused or event.attempt > 0,
            )
        case Resolved(decision=Decision.SEND_AGAIN):
            return _may_go_again(part, event)
        case Resolved():
            return part
        case _:
            assert_never(event)


def _submitted(part: PartState, event: CallSubmitted) -> PartState:
    """A call is about to leave; a resend stands on the proof that earlier ones are absent."""
    return changed(
        part,
        status=PartStatus.SUBMITTED,
        submitted=event,
        first_sent_at=part.first_sent_at or event.timestamp,
        unexplained=frozenset({event.attempt}),
        maybe_sent=part.maybe_sent | {event.attempt},
        look_after=None,
        for_person=False,
        resend_allowed=False,
        refusal=None,
        doubt="",
        watches=0,
    )


def _not_sent(part: PartState, event: CallNotSent) -> PartState:
    """The proof that let this attempt go out has aged: what was sent before is looked for anew."""
    before = part.maybe_sent - {event.attempt}
    return changed(
        part,
        status=PartStatus.IN_DOUBT if before else PartStatus.DUE,
        unexplained=before,
        maybe_sent=before,
        look_after=event.timestamp if before else None,
        doubt=event.why,
    )


def _may_go_again(part: PartState, event: Resolved) -> PartState:
    """A person allows one more attempt: at once where nothing can be out, else after a look."""
    if part.status is PartStatus.REFUSED and not part.maybe_sent:
        return changed(part, status=PartStatus.DUE, refusal=None)
    return changed(
        part,
        status=PartStatus.IN_DOUBT,
        unexplained=part.unexplained | part.maybe_sent,
        # A person's word shortens nothing: before its time a look proves nothing.
        look_after=max(event.timestamp, part.look_after or event.timestamp),
        for_person=False,
        resend_allowed=True,
        refusal=None,
    )
