"""Looking for the counter-document of a call whose outcome is not known.

Every source is asked anew on every look: the answers stored under our reference, the list of the
documents that it may be among, and for a cancel the original itself. A document is ours when it
carries our marker, or when it is the answer stored under our reference and says nothing against
it. Whatever merely fits goes to a person, and silence counts only when every source spoke.
"""

from __future__ import annotations

from datetime import datetime

from refund_adapters.accounting import Finding, Submitted, Traces, UnavailableError
from refund_adapters.rivhit import messages
from refund_adapters.rivhit.answers import UnreadableError, minor_of
from refund_adapters.rivhit.comments import markers_in
from refund_adapters.rivhit.envelope import Failure, NoAnswer, Success, recorded
from refund_adapters.rivhit.gathering import Gathered, sought
from refund_adapters.rivhit.made import made_by
from refund_adapters.rivhit.reading import Reading, Row, named, total_of
from refund_ledger.errors import InvalidInputError
from refund_ledger.events import DocumentId
from refund_ledger.originals import Document


class Look:
    """One look for one call, from the start."""

    def __init__(self, reading: Reading, submitted: Submitted, *, now: datetime) -> None:
        self._reading = reading
        self._settings = reading.settings
        self._sought = sought(submitted, self._settings, now=now)
        self._gathered = Gathered()
        self._opened: dict[Document, str | None] = {}

    def finding(self) -> Finding:
        """Ask every source and say what they come to."""
        self._ask()
        return self._gathered.finding()

    def traces(self) -> Traces:
        """Ask every source for all documents that are ours, however many there are."""
        self._ask()
        gathered = self._gathered
        documents = tuple(gathered.found.values())
        evidence = tuple(gathered.evidence)
        return Traces(documents, not gathered.unread, evidence, answered=gathered.answered)

    def _ask(self) -> None:
        self._ask_original()
        self._ask_status()
        for kind in self._sought.types:
            self._ask_list((kind, kind))
        if self._sought.is_cancel:
            self._ask_list(messages.ALL_TYPES)

    def _ask_original(self) -> None:
        """For a cancel: what the original comes to, and whether it counts as cancelled."""
        original, gathered = self._sought.original, self._gathered
        if original is None:
            return
        source = f"{original.half.value.title()}.Details"
        try:
            shown = self._reading.shown(original)
            if shown is not None:
                total = total_of(shown, self._sought.submitted.currency, str(original))
                self._sought.amount = abs(total)
        except (UnavailableError, InvalidInputError) as error:
            gathered.could_not_read(source, error)
            return
        if shown is None:
            gathered.say(source, f"{original} does not exist")
            gathered.contradictions.append(f"{original}, which was to be cancelled, does not exist")
        elif shown.is_cancelled:
            gathered.say(source, f"{original} is cancelled")
            gathered.fits.append(f"{original} is cancelled, and nothing says by which document")
        else:
            flag = "does not say whether it is" if shown.is_cancelled is None else "is not"
            gathered.say(source, f"{original} {flag} cancelled")

    def _ask_status(self) -> None:
        """Which answers are stored under our reference."""
        source, gathered = "Status.AllRequests", self._gathered
        reference = self._sought.submitted.reference
        try:
            stored = self._reading.client.ask(messages.answers_under(reference))
        except UnavailableError as error:
            gathered.could_not_read(source, error)
            return
        if stored is None:
            gathered.say(source, f"nothing is stored under {reference}")
            return
        if not isinstance(stored, list) or not all(isinstance(each, str) for each in stored):
            gathered.could_not_read(source, UnreadableError("the answer is not a list of answers"))
            return
        for each in stored[: self._settings.look_at_most]:
            self._stored_answer(source, str(each))
        if len(stored) > self._settings.look_at_most:
            gathered.contradictions.append(f"{len(stored)} answers are stored under {reference}")

    def _stored_answer(self, source: str, text: str) -> None:
        gathered, submitted = self._gathered, self._sought.submitted
        match self._reading.client.envelope_in(text):
            case NoAnswer() as nothing:
                gathered.could_not_read(source, UnreadableError(f"a stored answer: {nothing.why}"))
            case Failure() as failure:
                gathered.say(source, f"an attempt was answered with {failure.named}")
            case Success() as success:
                made = made_by(submitted.method, recorded(submitted.request), success)
                if made is None:
                    gathered.say(source, "a success is stored that names no usable document")
                    gathered.contradictions.append("a stored success names no usable document")
                    return
                gathered.say(source, f"an attempt succeeded and made {made.document.key}")
                self._verify(made.document)

    def _verify(self, document: DocumentId) -> None:
        """Read back what Status says we made, and take it unless it says otherwise."""
        gathered, submitted = self._gathered, self._sought.submitted
        source = f"{document.half.value.title()}.Details"
        try:
            there = self._reading.there(document.key)
        except (UnavailableError, InvalidInputError) as error:
            gathered.could_not_read(source, error)
            return
        if there is None:
            against = "does not exist"
        elif there.customer_id != submitted.customer_id:
            against = f"belongs to customer {there.customer_id}"
        elif there.currency not in {None, submitted.currency}:
            against = f"is in {there.currency}"
        elif there.markers - {submitted.marker}:
            against = "carries the marker of another refund"
        else:
            shows = "shows" if submitted.marker in there.markers else "does not show"
            gathered.say(source, f"{document.key} exists and {shows} our marker")
            gathered.take(document, there.amount)
            return
        gathered.say(source, f"{document.key} {against}")
        gathered.contradictions.append(f"Status names {document.key}, which {against}")

    def _ask_list(self, types: tuple[int, int]) -> None:
        """Which documents of the period are ours, another refund's, or fit without saying so."""
        seek, gathered = self._sought, self._gathered
        kind = f"type {types[0]}" if types[0] == types[1] else "all types"
        source = f"{seek.half.value.title()}.List"
        try:
            found = self._reading.listed(
                seek.half,
                types=types,
                since=seek.since,
                until=seek.until,
                customer_id=seek.customer_id,
            )
            counts = dict.fromkeys(("ours", "another refund's", "fitting without a marker"), 0)
            for row in found:
                if (what := self._judge(row)) is not None:
                    counts[what] += 1
        except (UnavailableError, InvalidInputError) as error:
            gathered.could_not_read(source, error)
            return
        said = ", ".join(f"{count} {what}" for what, count in counts.items())
        period = f"{seek.since.isoformat()} to {seek.until.isoformat()}"
        gathered.say(source, f"{kind}, {period}: {len(found)} listed, {said}")

    def _judge(self, row: Row) -> str | None:
        """Say whose a listed document is; None where it has nothing to do with this call."""
        seek = self._sought
        document = Document(seek.half, *named(row))
        if document == seek.original or row.customer_id != seek.customer_id:
            return None
        comments = row.comments
        if comments is None and seek.near(row):
            comments = self._opened_comments(document)
        markers = markers_in(comments or "")
        if seek.submitted.marker in markers:
            self._gathered.take(_identity(document), self._booked(document, row))
            return "ours"
        if markers:
            return "another refund's"
        if not seek.may_be(row, shows_comments=comments is not None):
            return None
        fit = f"{document} fits, but carries no marker"
        if fit not in self._gathered.fits:
            self._gathered.fits.append(fit)
        return "fitting without a marker"

    def _opened_comments(self, document: Document) -> str | None:
        """The comment of a document whose row shows none; past a limit a person has to look."""
        if document not in self._opened and len(self._opened) < self._settings.look_at_most:
            shown = self._reading.shown(document)
            self._opened[document] = None if shown is None else shown.comments
        return self._opened.get(document)

    def _booked(self, document: Document, row: Row) -> int | None:
        """What our document was booked with; lists do not say in which currency they count."""
        currency = self._sought.submitted.currency
        if not self._sought.foreign:
            return abs(minor_of(row.amount, currency, field="amount"))
        try:
            there = self._reading.there(document)
        except (UnavailableError, InvalidInputError):
            return None
        return there.amount if there is not None and there.currency == currency else None


def _identity(document: Document) -> DocumentId:
    return DocumentId(half=document.half, series=document.series, number=document.number)
