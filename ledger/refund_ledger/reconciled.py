"""Reconciled: recording that a comparison was made, and that a difference stands as it is.

Neither moves money or rights: what does is an outside refund, or the explanation of a discrepancy.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from refund_ledger.errors import ConflictError, InvalidInputError, StreamMovedError
from refund_ledger.events import DifferenceAccepted, DocumentId, ReconciliationDone, Tally
from refund_ledger.inputs import plain
from refund_ledger.originals import Immutable, Minor, stream_id
from refund_ledger.stamps import Stamp
from refund_ledger.storing import Append, Store
from refund_ledger.values import Digest

MAX_TRIES = 50


class Compared(Immutable):
    """What one comparison came to; see `ReconciliationDone`."""

    company: Annotated[str, plain(60, shortest=1)]
    since: date
    until: date
    position: Minor
    read_from: Annotated[str, plain(120, shortest=1)]
    documents_here: Minor
    documents_there: Minor
    matched: Minor
    differences: tuple[Tally, ...] = ()
    accepted: tuple[Tally, ...] = ()
    not_judged: Minor = 0
    digest_here: Digest
    digest_there: Digest


class Acceptance(Immutable):
    """A difference that somebody accepts, and why."""

    company: Annotated[str, plain(60, shortest=1)]
    document: DocumentId
    difference: Annotated[str, plain(40, shortest=1)]
    digest: Digest
    why: Annotated[str, plain(1000, shortest=1)]
    customer_id: Annotated[str, plain(60)] = ""
    """Empty where the ledger does not know the document."""
    currency: Annotated[str, Field(pattern=r"^([A-Z]{3})?$")] = ""

    @property
    def stream(self) -> UUID:
        """The id of the stream that holds what was accepted of this document and kind."""
        name = f"{self.difference}/{self.document.key}"
        return stream_id(self.company, "difference", name)


def record_comparison(store: Store, compared: Compared, stamp: Stamp) -> ReconciliationDone:
    """Save that a comparison was made, as a stream of its own."""
    if compared.since > compared.until:
        raise InvalidInputError("until", "the period ends before it begins")
    event = stamp.event(
        ReconciliationDone,
        stream_id(compared.company, "reconciliation", stamp.command_id),
        1,
        currency="",
        customer_id="",
        **dict(compared),
    )
    store.append(Append((event,)))
    return event


def accept(store: Store, told: Acceptance, stamp: Stamp) -> bool:
    """Save that a difference stands; false where exactly this difference was accepted before."""
    for _ in range(MAX_TRIES):
        before = store.stream(told.stream)
        if any(isinstance(e, DifferenceAccepted) and e.digest == told.digest for e in before):
            return False
        event = stamp.event(DifferenceAccepted, told.stream, len(before) + 1, **dict(told))
        try:
            store.append(Append((event,)))
        except StreamMovedError:
            continue
        return True
    raise ConflictError(f"others were faster {MAX_TRIES} times in a row; try again")
