"""Listing: everything that Rivhit holds of a period, a page at a time, for a comparison.

A page is one type of document over some days, so that a reading that was interrupted goes on where
it was. Lists do not say in which currency a document is; whoever has to know opens it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from refund_adapters.rivhit.answers import DocumentRow, minor_of
from refund_adapters.rivhit.comments import markers_in
from refund_adapters.rivhit.reading import Reading, Row, named, total_of
from refund_ledger.errors import InvalidInputError
from refund_ledger.money import MAX_MINOR
from refund_ledger.originals import Document, Half
from refund_projections.sides import Conventions, Listed, Period


@dataclass(frozen=True, slots=True)
class Page:
    """One type of documents over some days."""

    half: Half
    series: int
    days: Period

    def __str__(self) -> str:
        return f"{self.half} {self.series} {self.days}"


class Listing:
    """Lists the documents and receipts of one company."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._settings = reading.settings
        self.conventions: Conventions = self._settings.conventions
        self.lag_seconds: float = self._settings.lists_lag + self._settings.clock_error

    def pages(self, period: Period) -> Iterator[Page]:
        """Every page of a period, always in the same order."""
        for half in Half:
            for series in sorted(self._types(half)):
                for since, until in self._reading.pieces(period.since, period.until):
                    yield Page(half, series, Period(since, until))

    def read(self, page: Page) -> Iterator[Listed]:
        """Every document of a page; raises `UnavailableError` where it cannot be read whole."""
        rows = self._reading.listed(
            page.half,
            types=(page.series, page.series),
            since=page.days.since,
            until=page.days.until,
        )
        for row in rows:
            if not isinstance(row, DocumentRow) or row.is_accounting is not False:
                yield self._listed(page.half, row)

    def open(self, listed: Listed) -> Listed | None:
        """What the document itself says, its currency included; None where it is gone."""
        shown = self._reading.shown(listed.document)
        if shown is None:
            return None
        currency = self._settings.currency(shown.currency_id)
        if currency is None:
            raise InvalidInputError(
                "currency_ids",
                f"{listed.document} is in currency {shown.currency_id}, which the settings do not "
                "name; add it",
            )
        total = total_of(shown, currency, str(listed.document))
        flag = shown.is_cancelled if listed.cancelled is None else listed.cancelled
        return replace(
            listed,
            customer_id=str(shown.customer_id),
            currency=currency,
            amount=abs(total),
            issued_on=self._reading.issued_on(shown) or listed.issued_on,
            nature=self.conventions.nature(listed.document, total) if total < 0 else listed.nature,
            cancelled=flag,
            markers=listed.markers | markers_in(shown.comments or ""),
        )

    def find(self, document: Document) -> Listed | None:
        """A document by its number, whatever its date; None where it does not exist."""
        there = self._reading.there(document)
        if there is None:
            return None
        return Listed(
            document=document,
            customer_id=there.customer_id,
            currency=there.currency,
            amount=there.amount,
            issued_on=there.issued_on,
            nature=None,
            cancelled=there.is_cancelled,
            markers=there.markers,
        )

    def _types(self, half: Half) -> set[int]:
        """The types that the company has, and those that the settings speak of."""
        own, known = self._settings, set(self._reading.names(half))
        if half is Half.DOCUMENT:
            return known | {*own.invoice_types, *own.invoice_receipt_types, own.credit_type}
        return known | {*own.receipt_types, *own.receipt_half_types, own.refund_receipt_type}

    def _listed(self, half: Half, row: Row) -> Listed:
        document = Document(half, *named(row))
        issued = row.document_date if isinstance(row, DocumentRow) else row.receipt_date
        try:
            amount = minor_of(row.amount, self._settings.home_currency, field="amount")
        except InvalidInputError:
            # A currency with other places than the company's own; it is opened before it counts.
            amount = MAX_MINOR if row.amount > 0 else -MAX_MINOR
        return Listed(
            document=document,
            customer_id=str(row.customer_id),
            currency=None,
            amount=abs(amount),
            issued_on=issued,
            nature=self.conventions.nature(document, amount),
            cancelled=row.is_cancelled,
            markers=markers_in(row.comments or ""),
        )
