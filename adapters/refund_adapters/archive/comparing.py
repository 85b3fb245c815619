"""Comparing: an archive's documents beside those that the accounting system lists, at any size.

It says what differs by document, amount, currency and customer. What needs a closer look (dates,
parts in doubt, twins, whose a stranger may be) is said by the ledger's own reconciliation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from refund_adapters.archive.answers import Archive, whole
from refund_adapters.archive.engines import View
from refund_adapters.archive.lines import ListedLine
from refund_adapters.archive.queries import Query
from refund_adapters.archive.tables import TableFile
from refund_adapters.files import rows_of
from refund_adapters.reconcile.sources import NEEDED, listed_of_row
from refund_ledger.errors import InvalidInputError
from refund_ledger.originals import Document, Half
from refund_projections.reconciliation import MOST_DIFFERENCES
from refund_projections.sides import Conventions, Nature, Period

NATURES = {Nature.SALE: "sale", Nature.REFUND: "refund"}
"""What a document is, as the queries name it."""


class Difference(NamedTuple):
    """One thing in which a document differs; amounts in minor units, None where a side lacks it."""

    kind: str
    document: Document
    role: str | None
    customer_here: str | None
    customer_there: str | None
    currency_here: str | None
    currency_there: str | None
    amount_here: int | None
    amount_there: int | None


class Count(NamedTuple):
    """How many documents one thing is said of in one currency, and what both sides come to."""

    kind: str
    currency: str
    documents: int
    amount_here: int
    amount_there: int


class Comparison(NamedTuple):
    """What a comparison came to."""

    tally: tuple[Count, ...]
    differences: tuple[Difference, ...]
    """The first of them, in the order of the documents."""

    @property
    def clean(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def compare(
    archive: Archive,
    path: Path,
    period: Period,
    conventions: Conventions,
    *,
    home_currency: str,
    most: int = MOST_DIFFERENCES,
) -> Comparison:
    """Compare with an export of the accounting system, JSON Lines or CSV.

    A document whose date the ledger does not know counts on the day, in UTC, on which it came to
    know it. Raises `InvalidInputError` naming the first line that cannot be read.
    """
    if period.since > period.until:
        raise InvalidInputError("to", "the period ends before it begins")
    days = (period.since, period.until)
    with TemporaryDirectory(prefix="refund-ledger-archive-") as folder:
        listed = Path(folder) / "listed.parquet"
        table = TableFile(ListedLine, listed)
        try:
            for line in _listed(path, conventions, home_currency):
                table.add(line)
            table.close()
        finally:
            table.drop()
        archive.engine.show(View("listed", [listed], has_time=False))
        tally = archive.engine.ask(Query.TALLY, *days, *days, home_currency)
        rows = archive.engine.ask(Query.DIFFERENCES, *days, *days, most)
    return Comparison(
        tuple(Count(row[0], row[1], *(whole(number) for number in row[2:5])) for row in tally),
        tuple(
            Difference(row[0], Document(Half(row[1]), row[2], row[3]), *row[4:11]) for row in rows
        ),
    )


def _listed(path: Path, conventions: Conventions, home_currency: str) -> Iterator[ListedLine]:
    for numbered in rows_of(path, columns=NEEDED):
        if numbered.row is None:
            raise InvalidInputError("file", f"line {numbered.number} {numbered.problem}")
        try:
            listed = listed_of_row(numbered.row, conventions, home_currency=home_currency)
        except InvalidInputError as error:
            raise InvalidInputError(
                "file", f"line {numbered.number}: {error.field}: {error.problem}"
            ) from None
        yield ListedLine(
            line=numbered.number,
            half=listed.document.half,
            series=listed.document.series,
            document=listed.document.number,
            customer=listed.customer_id,
            currency=listed.currency,
            amount=listed.amount,
            issued_on=listed.issued_on,
            nature=listed.nature and NATURES[listed.nature],
        )
