"""Unsettled: of a share of the history, the events that say what waits once all of it is read.

A refund that was asked for in the share, and is over and waits for nothing in it, leaves none.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from refund_ledger import discrepancies
from refund_ledger.events import (
    AlertAcknowledged,
    Event,
    LateSuccessFound,
    RefundClosed,
    RefundCompleted,
    RefundEvent,
    RefundRejected,
    RefundRequested,
    RefundWithdrawn,
)
from refund_ledger.refund import fold
from refund_projections.calls_due import MOST_OVER, is_settled

_ENDS = (RefundCompleted, RefundClosed, RefundRejected, RefundWithdrawn)
_ALERTS = (LateSuccessFound, AlertAcknowledged)


class Unsettled:
    """Takes a share of the events; what it keeps, added to a `Waiting` in order, says the same."""

    def __init__(self) -> None:
        self._number = 0
        self._command = ""
        self._others: list[tuple[int, Event]] = []
        self._refunds: dict[UUID, list[tuple[int, Event]]] = {}
        self._over: list[UUID] = []
        """Refunds that ended with the command that is being read, which may go on with them."""

    def add(self, event: Event) -> None:
        """Take one event."""
        self._number += 1
        if event.command_id != self._command:
            self._let_go()
            self._command = event.command_id
        elif len(self._over) > MOST_OVER:
            self._let_go(but=event.originator_id)
        if isinstance(event, RefundEvent):
            self._refunds.setdefault(event.originator_id, []).append((self._number, event))
            if isinstance(event, _ENDS):
                self._over.append(event.originator_id)
        elif discrepancies.concerns(event):
            self._others.append((self._number, event))

    def events(self) -> Iterator[Event]:
        """What is kept, in the order in which it came."""
        kept = [one for events in self._refunds.values() for one in events]
        return (event for _, event in sorted([*kept, *self._others], key=lambda one: one[0]))

    def _let_go(self, *, but: UUID | None = None) -> None:
        for refund in self._over:
            own = [event for _, event in self._refunds.get(refund, ())]
            if refund != but and _leaves_nothing(own):
                del self._refunds[refund]
        self._over = [refund for refund in self._over if refund == but]


def _leaves_nothing(events: list[Event]) -> bool:
    """Whether all of a refund is here, settled, and left neither an alert nor a discrepancy."""
    if not events or not isinstance(events[0], RefundRequested):
        return False
    if any(isinstance(event, _ALERTS) or discrepancies.concerns(event) for event in events):
        return False
    refund = fold(events)
    return refund is not None and is_settled(refund)
