"""The port to an accounting system: what the dispatcher asks of one, whichever it is.

A second system is one new folder beside `rivhit/` with a class of this shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from refund_ledger.errors import LedgerError
from refund_ledger.events import DocumentId, Evidence, Part, RefundRequested
from refund_ledger.originals import Document, Original, OriginalRef
from refund_projections.sides import Nature


class UnavailableError(LedgerError):
    """The accounting system cannot be read right now; nothing was written, try again later."""


class AnsweredError(UnavailableError):
    """The accounting system answered, and not with what was asked; it is no outage for that."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, ready to be sent: what is recorded of it, and what only goes over the wire."""

    part: Part
    method: str
    reference: str
    """The request reference: one for each part, the same over all its attempts."""
    marker: str
    """Stands in the document's comments, so that the document can be found again."""
    request: str
    """The body as JSON text without token and names; this is what events keep."""
    digest: str
    """SHA-256 over method and `request`."""
    private: tuple[tuple[str, str], ...] = ()
    """Fields that are sent and never kept, such as the customer's name."""


@dataclass(frozen=True, slots=True)
class Done:
    """The call succeeded and made this document."""

    document: DocumentId
    booked: int | None
    """Minor units as a positive number; none where the answer does not say."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused for a reason on the closed list of definite refusals: nothing was booked."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The call may or may not have been carried out."""

    why: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing can have happened: not a byte left, or the system let nobody in."""

    why: str


Answer = Done | Refused | Doubtful | NotSent


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one document fits, by our own marker or by the answer stored under our reference."""

    document: DocumentId
    booked: int | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """Every source answered completely and none knows of it, all read from the start."""

    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Unclear:
    """The sources do not settle it: one could not be read, two fit, or one fits without marker."""

    why: str
    evidence: tuple[Evidence, ...]
    for_person: bool
    """Whether looking again cannot help: a fit without marker, two fits, a bare cancelled flag, or
    a source that answers with what cannot be read."""
    answered: bool = False
    """Whether every source answered: an error, say, which is no outage and may yet pass."""


Finding = Found | Absent | Unclear


@dataclass(frozen=True, slots=True)
class Traces:
    """Every document that carries the marker of a part, or was answered under its reference."""

    documents: tuple[tuple[DocumentId, int | None], ...]
    """Each with what it was booked with in minor units, where that can be read."""
    complete: bool
    """Whether every source said what it knows; the evidence shows where it cannot be read."""
    evidence: tuple[Evidence, ...]
    answered: bool = False
    """Whether every source answered, be it with an error."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a look needs to know of the calls of one part, as the events recorded them."""

    part: Part
    method: str
    reference: str
    marker: str
    request: str
    first_sent_at: datetime
    currency: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class ThereDocument:
    """A document as the accounting system shows it."""

    document: DocumentId
    customer_id: str
    currency: str | None
    amount: int
    """Minor units, positive whatever sign the system gives a credit."""
    issued_on: date
    is_cancelled: bool | None
    """What its flag says; some systems may set it on the credit of a cancel as well."""
    markers: frozenset[str] = frozenset()
    """The markers of refunds that its comments carry, where the system shows them."""
    nature: Nature | None = None
    """Whether it gives something back; None where nothing that is known tells."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which originals to read: by name, or everything issued in a period."""

    refs: tuple[OriginalRef, ...] = ()
    issued_from: date | None = None
    issued_to: date | None = None
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A document that was asked for and is no original, with the reason."""

    name: str
    why: str


class AccountingSystem(Protocol):
    """What the ledger needs of an accounting system."""

    name: str
    company: str
    """Whose books these are; a desk of another company does not take them."""
    call_limit: float
    """Seconds that one call may take at most."""
    settle_seconds: float
    """Seconds after the last moment of sending from which a look can prove absence.

    Exceeds the call's limit, the longest life of an abandoned request at the server, the lag of its
    lists and stored answers, and the clocks' error; what is not documented of them is a setting.
    """

    def check(self, request: RefundRequested) -> None:
        """Refuse a refund that could not be said in this system; reads and sends nothing.

        Raises `RefusedError` with every reason (a text too long, a method that needs details).
        """
        ...

    def prepare(self, request: RefundRequested, part: Part) -> Call:
        """Turn one part of a refund into its call; may read, never writes.

        Raises `UnavailableError` where a read fails, and `RefusedError` where the part cannot be
        said in this system (a text too long, a method without a payment type).
        """
        ...

    def send(self, call: Call, may_begin: Callable[[], bool]) -> Answer:
        """Send a call once; never resends, never follows a redirect.

        `may_begin` is asked last thing before the first byte leaves: where it says no, none does.
        """
        ...

    def look(self, submitted: Submitted) -> Finding:
        """Look for the counter-document of a call, from the start, in every source there is."""
        ...

    def traces(self, submitted: Submitted) -> Traces:
        """Look for every document that the calls of a part made, however many there are."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...

    def is_reachable(self) -> bool:
        """Whether the system answers a small read; never raises."""
        ...

    def read(self, document: Document) -> ThereDocument | None:
        """Read one document; none where the system says that it does not exist.

        Raises `UnavailableError` where it does not answer.
        """
        ...

    def originals(self, wanted: Wanted) -> Iterator[Original | Unread]:
        """Read originals with their lines, payments and what is still open, sales before receipts.

        A document that is no original is one `Unread` among the others. Raises `UnavailableError`
        where the system does not answer.
        """
        ...
