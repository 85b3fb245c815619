"""What a look is for, and what the sources have said so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from refund_adapters.accounting import Absent, AnsweredError, Finding, Found, Submitted, Unclear
from refund_adapters.rivhit.answers import DocumentRow, UnreadableError, minor_of
from refund_adapters.rivhit.envelope import recorded
from refund_adapters.rivhit.made import half_of
from refund_adapters.rivhit.reading import Row
from refund_adapters.rivhit.settings import RivhitSettings
from refund_adapters.rivhit.translation import customer_number
from refund_ledger.errors import InvalidInputError
from refund_ledger.events import DocumentId, Evidence
from refund_ledger.originals import Document, Half

LONGEST_EVIDENCE = 2000
MOST_NAMED = 5
NEAR = 100
"""Minor units by which a document that does not show its comment may differ and still be ours."""


@dataclass(slots=True)
class Sought:
    """What a look is for."""

    submitted: Submitted
    half: Half
    customer_id: int
    types: tuple[int, ...]
    """The types that the counter-document is expected in."""
    original: Document | None
    """What was to be cancelled; none for a new document."""
    since: date
    until: date
    foreign: bool
    """Whether it is in a foreign currency; lists do not say in which one they count."""
    amount: int | None
    """What it comes to; none where only the original can say, or VAT is added at Rivhit."""

    @property
    def is_cancel(self) -> bool:
        """Whether Rivhit itself wrote the counter-document, and perhaps its comment."""
        return self.original is not None

    def near(self, row: Row) -> bool:
        """Whether a row's amount may be that of our document."""
        if self.amount is None or self.foreign:
            return True
        amount = abs(minor_of(row.amount, self.submitted.currency, field="amount"))
        return abs(amount - self.amount) <= NEAR

    def may_be(self, row: Row, *, shows_comments: bool) -> bool:
        """Whether a document without any marker may be ours all the same.

        A negative one of our amount may. A positive one may where a credit may come back positive:
        a document of the credit type, or a receipt whose comment, which would carry our marker,
        Rivhit wrote itself or does not show.
        """
        if not self.near(row):
            return False
        if row.amount < 0:
            return True
        if isinstance(row, DocumentRow):
            return row.document_type in self.types
        return row.receipt_type in self.types and (self.is_cancel or not shows_comments)


@dataclass(slots=True)
class Gathered:
    """What the sources have said so far."""

    evidence: list[Evidence] = field(default_factory=list)
    found: dict[Document, tuple[DocumentId, int | None]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """Sources that did not say what they know, and may say it later."""
    unreadable: list[str] = field(default_factory=list)
    """Sources that said it in a way that cannot be read: a person has to look at them."""
    answered: bool = True
    """Whether every source answered, be it with an error."""
    contradictions: list[str] = field(default_factory=list)
    fits: list[str] = field(default_factory=list)

    def say(self, source: str, said: str) -> None:
        """Note what a source said."""
        self.evidence.append(Evidence(source=source, said=said[:LONGEST_EVIDENCE]))

    def could_not_read(self, source: str, why: Exception) -> None:
        """Note that a source could not be read: what it answered all the same is no outage."""
        read = isinstance(why, UnreadableError | InvalidInputError)
        (self.unreadable if read else self.unread).append(source)
        self.answered &= read or isinstance(why, AnsweredError)
        self.say(source, f"could not be read: {why}")

    def take(self, document: DocumentId, booked: int | None) -> None:
        """Note that a document is ours; what names more of it wins."""
        known, amount = self.found.get(document.key, (document, None))
        kept = known if known.identity else document
        self.found[document.key] = (kept, booked if amount is None else amount)

    def finding(self) -> Finding:
        """What all of it comes to."""
        said = tuple(self.evidence)
        if len(self.found) > 1:
            both = " and ".join(str(document) for document in sorted(self.found))
            return Unclear(f"{both} both carry our marker or reference", said, for_person=True)
        if self.contradictions:
            return Unclear("; ".join(self.contradictions), said, for_person=True)
        if self.found:
            ((document, booked),) = self.found.values()
            return Found(document, booked, said)
        if self.unread:
            why = f"could not read {', '.join(self.unread)}"
            return Unclear(why, said, for_person=False, answered=self.answered)
        if self.unreadable or self.fits:
            return Unclear("; ".join(self._for_person()), said, for_person=True)
        return Absent(said)

    def _for_person(self) -> Iterator[str]:
        """What a person has to look at: neither asking again nor waiting settles it."""
        for source in dict.fromkeys(self.unreadable):
            yield f"{source} answered, and what it said cannot be read"
        yield from self.fits[:MOST_NAMED]
        if (more := len(self.fits) - MOST_NAMED) > 0:
            yield f"and {more} more"


def sought(submitted: Submitted, settings: RivhitSettings, *, now: datetime) -> Sought:
    """Read what a recorded call was for."""
    half = half_of(submitted.method)
    asked = recorded(submitted.request)
    kind, number = asked.get(f"{half}_type"), asked.get(f"{half}_number")
    if not isinstance(kind, int):
        raise InvalidInputError("request", "the recorded call names no type; it was changed")
    original = Document(half, kind, number) if isinstance(number, int) else None
    types: tuple[int, ...] = (kind,)
    if original is not None and half is Half.DOCUMENT:
        types = (settings.credit_type,)
    elif original is not None:
        types = tuple(sorted({settings.refund_receipt_type, kind}))
    slack = timedelta(days=settings.date_slack_days)
    zone = settings.zone
    return Sought(
        submitted=submitted,
        half=half,
        customer_id=customer_number(submitted.customer_id),
        types=types,
        original=original,
        since=submitted.first_sent_at.astimezone(zone).date() - slack,
        until=now.astimezone(zone).date() + slack,
        foreign=submitted.currency != settings.home_currency,
        amount=_asked_amount(asked, submitted.currency),
    )


def _asked_amount(asked: Mapping[str, object], currency: str) -> int | None:
    """What a new document was asked to come to; a cancel names no amount."""
    lines = asked.get("items")
    if isinstance(lines, list) and asked.get("price_include_vat") is True:
        total = sum(
            (_value(line, "price") * _number(line, "quantity") for line in lines), Decimal()
        )
        return abs(minor_of(total, currency, field="request"))
    payments = asked.get("payments")
    if isinstance(payments, list):
        total = sum((_value(payment, "amount") for payment in payments), Decimal())
        return abs(minor_of(total, currency, field="request"))
    return None


def _value(row: Mapping[str, object], name: str) -> Decimal:
    """A price or amount, in whichever of the two currencies it is said."""
    return _number(row, f"{name}_nis") or _number(row, f"{name}_mtc")


def _number(row: Mapping[str, object], name: str) -> Decimal:
    value = row.get(name)
    return Decimal(value) if isinstance(value, int | Decimal) else Decimal()
