"""Where a comparison reads the accounting system's side from: the system itself, or a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from refund_adapters.fields import day, decimal, known, short, text, whole, yes_no
from refund_adapters.files import Numbered, rows_of
from refund_adapters.reconcile.kept import Kept
from refund_adapters.reconcile.rows import line_of
from refund_adapters.rivhit.comments import markers_in
from refund_ledger.errors import InvalidInputError
from refund_ledger.inputs import plain_text
from refund_ledger.money import exponent, to_minor
from refund_ledger.originals import Document, Half
from refund_projections.reconciliation import Absence
from refund_projections.sides import Conventions, Known, Listed, Period

LARGEST_TYPE = 999
HALVES = frozenset(Half)
NEEDED = ("half", "type", "number", "date", "customer_id", "amount")
"""The columns without which a file is no export."""
FIELDS = (*NEEDED[:-1], "currency", "amount", "cancelled", "comments")


class Page(Protocol):
    """A part of a list that is read at once; its name is the same at every reading."""

    def __str__(self) -> str:
        """Its name."""
        ...


class Lists(Protocol):
    """What a comparison needs of an accounting system, beside what `AccountingSystem` has."""

    conventions: Conventions
    lag_seconds: float
    """Until a new document is in every list."""

    def pages(self, period: Period) -> Iterator[Any]:
        """Every page of a period, always in the same order."""
        ...

    def read(self, page: Any) -> Iterator[Listed]:
        """Every document of a page; raises `UnavailableError` where it cannot be read whole."""
        ...

    def open(self, listed: Listed) -> Listed | None:
        """What the document itself says; None where it is gone."""
        ...

    def find(self, document: Document) -> Listed | None:
        """A document by its number, whatever its date; None where it does not exist."""
        ...


@runtime_checkable
class CanList(Protocol):
    """An accounting system that can list everything of a period."""

    def listing(self) -> Lists:
        """What a comparison reads."""
        ...


class Source(Protocol):
    """One reading of the accounting system's side."""

    name: str
    conventions: Conventions
    covers: Period
    """The dates over which it is whole, once it has been read."""
    settled: datetime | None
    """What the ledger came to know later may not be listed yet."""
    may_repeat: bool
    """Whether a document that comes twice is a difference."""

    def lines(self) -> Iterator[str]:
        """Every row, as `reconciling_rows` writes it, in any order."""
        ...

    def open(self, listed: Listed, known: Known | None) -> Listed:
        """What the document itself says where the list leaves something out."""
        ...

    def find(self, known: Known) -> Listed | Absence:
        """A document that the list does not hold, by its number."""
        ...


class ApiSource:
    """Reads the system's own lists, whole pages at a time, and opens what they leave out."""

    may_repeat = False

    def __init__(
        self, lists: Lists, kept: Kept, period: Period, *, name: str, quick: bool = False
    ) -> None:
        """With `quick`, a document whose row shows no difference is not opened for its currency."""
        self.name = name
        self.conventions = lists.conventions
        self.covers = _wider(period, lists.conventions.slack_days)
        self.settled: datetime | None = kept.started - timedelta(seconds=lists.lag_seconds)
        self._lists = lists
        self._kept = kept
        self._quick = quick

    def lines(self) -> Iterator[str]:
        """Read what was not read before, then give every row."""
        for page in self._lists.pages(self.covers):
            if str(page) not in self._kept.pages:
                self._kept.keep_page(str(page), self._lists.read(page))
        yield from self._kept.lines()

    def open(self, listed: Listed, known: Known | None) -> Listed:
        """Ask for the document where its row is not enough, and keep the answer."""
        if listed.currency is not None or (self._quick and known and _same(listed, known)):
            return listed
        opened = self._lists.open(listed)
        if opened is None:
            # It was listed a moment ago and cannot be shown: what the list said stands.
            return listed
        self._kept.keep_opened(opened)
        return opened

    def find(self, known: Known) -> Listed | Absence:
        """Ask for the document by its number."""
        found = self._lists.find(known.document)
        if found is None:
            return Absence.GONE
        self._kept.keep_opened(found)
        return found


def _wider(period: Period, days: int) -> Period:
    """A period and so many days before and after it, as far as there are days."""
    first = max(period.since.toordinal() - days, date.min.toordinal())
    last = min(period.until.toordinal() + days, date.max.toordinal())
    return Period(date.fromordinal(first), date.fromordinal(last))


def _same(listed: Listed, known: Known) -> bool:
    return (listed.amount, listed.customer_id) == (known.amount, known.customer_id)


class FileSource:
    """Reads an export of the accounting system; there is nobody to ask about a document."""

    may_repeat = True

    def __init__(
        self, path: Path, period: Period, conventions: Conventions, *, home_currency: str
    ) -> None:
        self.name = path.name[:120]
        self.conventions = conventions
        self.covers = period
        self.settled: datetime | None = None
        self._path = path
        self._period = period
        self._home = home_currency

    def lines(self) -> Iterator[str]:
        """Every row of the file; raises `InvalidInputError` naming the first that is none."""
        beyond: set[int] = set()
        for numbered in rows_of(self._path, columns=NEEDED):
            listed = self._read(numbered)
            if listed.issued_on not in self._period:
                beyond.add(listed.issued_on.toordinal())
            yield line_of(listed)
        self.covers = _adjoined(self._period, beyond)

    def open(self, listed: Listed, known: Known | None) -> Listed:  # noqa: ARG002 - as `Source` has it
        """A file says what it says."""
        return listed

    def find(self, known: Known) -> Listed | Absence:  # noqa: ARG002 - as `Source` has it
        """Nobody can be asked."""
        return Absence.NOT_ASKED

    def _read(self, numbered: Numbered) -> Listed:
        if numbered.row is None:
            raise InvalidInputError("file", f"line {numbered.number} {numbered.problem}")
        try:
            return listed_of_row(numbered.row, self.conventions, home_currency=self._home)
        except InvalidInputError as error:
            raise InvalidInputError(
                "file", f"line {numbered.number}: {error.field}: {error.problem}"
            ) from None


def _adjoined(period: Period, days: set[int]) -> Period:
    """A period and the days that adjoin it.

    A day far from it proves nothing of the days between: one old row may stand in any export.
    """
    first, last = period.since.toordinal(), period.until.toordinal()
    while first - 1 in days:
        first -= 1
    while last + 1 in days:
        last += 1
    return Period(date.fromordinal(first), date.fromordinal(last))


def listed_of_row(
    row: Mapping[str, Any], conventions: Conventions, *, home_currency: str
) -> Listed:
    """Read a row of an export; amounts are signed decimals, a refund has a minus."""
    given = known(row, FIELDS, "an exported document")
    half = given.get("half")
    if half not in HALVES:
        raise InvalidInputError("half", f"expected document or receipt, got {short(half)}")
    series, number = whole(given.get("type"), "type"), whole(given.get("number"), "number")
    if series > LARGEST_TYPE:
        raise InvalidInputError("type", f"expected at most {LARGEST_TYPE}, got {series}")
    document = Document(Half(half), series, number)
    said = text(given["currency"], "currency").strip() if "currency" in given else None
    currency = said or home_currency
    exponent(currency)
    amount = to_minor(decimal(given.get("amount"), "amount"), currency, field="amount")
    customer = _plain(text(given.get("customer_id", ""), "customer_id"), "customer_id")
    return Listed(
        document=document,
        customer_id=customer,
        currency=said,
        amount=abs(amount),
        issued_on=_day(given),
        nature=conventions.nature(document, amount),
        cancelled=yes_no(given["cancelled"], "cancelled") if "cancelled" in given else None,
        markers=markers_in(text(given.get("comments", ""), "comments")),
    )


def _day(given: Mapping[str, Any]) -> date:
    return day(given.get("date"), "date")


def _plain(written: str, field: str) -> str:
    try:
        return plain_text(written)
    except ValueError as error:
        raise InvalidInputError(field, str(error)) from None
