"""Reading from Rivhit: originals for the ledger, single documents, and complete lists.

A list is only worth something as evidence when it is whole; `whole` says how it is read so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from typing import TypeVar

from refund_adapters.accounting import ThereDocument
from refund_adapters.rivhit import messages
from refund_adapters.rivhit.answers import (
    DocumentRow,
    DocumentShown,
    PaperShown,
    ReceiptRow,
    ReceiptShown,
    TypeRow,
    UnreadableError,
    minor_of,
    read,
    rows,
)
from refund_adapters.rivhit.client import Client, Question, SaidNoError
from refund_adapters.rivhit.comments import markers_in
from refund_adapters.rivhit.settings import RivhitSettings
from refund_adapters.rivhit.whole import Span, whole
from refund_ledger.events import DocumentId
from refund_ledger.originals import Document, Half
from refund_projections.sides import Nature

NOT_THERE = frozenset({-76, -77})
"""Codes that say that a document does not exist."""
FIRST_DAY = date(2000, 1, 1)
"""Before any document of an account online."""
A_YEAR = timedelta(days=366)
LISTED_DAYS = 92
"""The days that one list of originals covers, to keep it short."""

Row = DocumentRow | ReceiptRow
Named = TypeVar("Named", DocumentRow, ReceiptRow)


class Reading:
    """Reads documents, receipts and lists of one company."""

    def __init__(
        self, client: Client, settings: RivhitSettings, *, today: Callable[[], date]
    ) -> None:
        self.client = client
        self.settings = settings
        self._today = today

    def shown(self, document: Document) -> DocumentShown | ReceiptShown | None:
        """Read one document or receipt in full; None where it does not exist."""
        question = messages.details_of(document)
        try:
            data = self.client.ask(question)
        except SaidNoError as error:
            if error.code in NOT_THERE or self._is_unlisted(document):
                return None
            raise
        if data is None:
            return None
        if document.half is Half.RECEIPT:
            receipt = read(ReceiptShown, data, method=question.method)
            own = (receipt.receipt_type, receipt.receipt_number)
            same = own[0] in {None, document.series} and own[1] in {None, document.number}
        else:
            shown = read(DocumentShown, data, method=question.method)
            same = shown.is_numbered(document.series, document.number)
        if not same:
            raise UnreadableError(f"Rivhit answered with another document than {document}")
        return receipt if document.half is Half.RECEIPT else shown

    def there(self, document: Document) -> ThereDocument | None:
        """Read what identifies one document, its comments included where anything shows them."""
        shown = self.shown(document)
        if shown is None:
            return None
        row = self._row(document, self.issued_on(shown)) if shown.comments is None else None
        currency = self.settings.currency(shown.currency_id)
        issued = self.issued_on(shown) or (
            row.document_date if isinstance(row, DocumentRow) else row.receipt_date if row else None
        )
        if issued is None:
            raise UnreadableError(f"Rivhit does not say when {document} was issued")
        comments = shown.comments if row is None else row.comments
        flags = [shown.is_cancelled, row.is_cancelled if row else None]
        total = total_of(shown, currency or self.settings.home_currency, str(document))
        return ThereDocument(
            document=DocumentId(half=document.half, series=document.series, number=document.number),
            customer_id=str(shown.customer_id),
            currency=currency,
            amount=abs(total),
            issued_on=issued,
            markers=markers_in(comments or ""),
            is_cancelled=next((flag for flag in flags if flag is not None), None),
            nature=self._nature(document, total),
        )

    def told_apart(self, there: ThereDocument) -> ThereDocument:
        """Say of a document what it is, where its list tells by the sign."""
        if there.nature is not None or not there.amount:
            return there
        return replace(there, nature=self._nature_by_sign(there))

    @staticmethod
    def issued_on(shown: DocumentShown | ReceiptShown) -> date | None:
        """The date of a document, where its details say it."""
        return shown.document_date if isinstance(shown, DocumentShown) else shown.receipt_date

    def listed(
        self,
        half: Half,
        *,
        types: tuple[int, int],
        since: date,
        until: date,
        customer_id: int | None = None,
    ) -> list[Row]:
        """List all documents or receipts of a period, of one type where both ends are the same."""

        def ask(span: Span) -> list[Row]:
            question = messages.list_of(
                half,
                types=span.types,
                since=since,
                until=until,
                customer_id=customer_id,
                numbers=span.numbers,
            )
            return [*self._page(half, question)]

        return whole(types, ask, named)

    def pieces(self, first: date, last: date) -> Iterator[tuple[date, date]]:
        """A period in pieces that keep each list short, as far as there can be documents."""
        since, end = max(first, FIRST_DAY), min(last, self._today() + A_YEAR)
        while since <= end:
            until = min(since + timedelta(days=LISTED_DAYS - 1), end)
            yield since, until
            since = until + timedelta(days=1)

    def names(self, half: Half) -> dict[int, str]:
        """What the company calls its document or receipt types."""
        return self._document_names if half is Half.DOCUMENT else self._receipt_names

    @cached_property
    def payment_names(self) -> dict[str, int]:
        """The company's payment types by name, for answers that leave the number out."""
        return {name: number for number, name in self._catalogue("payment").items()}

    @cached_property
    def _document_names(self) -> dict[int, str]:
        return self._catalogue("document")

    @cached_property
    def _receipt_names(self) -> dict[int, str]:
        return self._catalogue("receipt")

    def _catalogue(self, what: str) -> dict[int, str]:
        question = {
            "document": messages.document_types,
            "receipt": messages.receipt_types,
            "payment": messages.payment_types,
        }[what]()
        found = rows(
            TypeRow, self.client.ask(question), f"{what}_type_list", method=question.method
        )
        return {row.number: row.name.strip() for row in found}

    def _page(self, half: Half, question: Question) -> list[DocumentRow] | list[ReceiptRow]:
        data = self.client.ask(question)
        if half is Half.DOCUMENT:
            return rows(DocumentRow, data, f"{half}_list", method=question.method)
        return rows(ReceiptRow, data, f"{half}_list", method=question.method)

    def _row(self, document: Document, issued: date | None) -> Row | None:
        """The row of one document in its list."""
        slack = timedelta(days=self.settings.date_slack_days)
        since = FIRST_DAY if issued is None else issued - slack
        until = self._today() + A_YEAR if issued is None else issued + slack
        question = messages.list_of(
            document.half,
            types=(document.series, document.series),
            since=since,
            until=until,
            numbers=(document.number, document.number),
        )
        for row in self._page(document.half, question):
            if named(row) == (document.series, document.number):
                return row
        return None

    def _nature(self, document: Document, total: int) -> Nature | None:
        """What a document is by its type and a minus: a plus may stand before a credit as well."""
        nature = self.settings.conventions.nature(document, total)
        is_sale = document.half is Half.DOCUMENT and self.settings.kind_of(*document[:2])
        return None if nature is Nature.SALE and not is_sale else nature

    def _nature_by_sign(self, there: ThereDocument) -> Nature | None:
        """What the sign in the list tells: a plus something only where credits have a minus.

        Nobody has published that, so the settings' word is not enough: the lists have to show it.
        Where credit documents, which their type tells already, have a minus, receipts have one too.
        """
        document, until = there.document.key, self._today() + timedelta(days=1)
        row = self._row(document, there.issued_on)
        if row is None or row.amount <= 0:
            return Nature.REFUND if row and row.amount else None
        signed = {Half.DOCUMENT: self.settings.credit_type}
        if document.half is Half.RECEIPT:
            signed[Half.RECEIPT] = self.settings.refund_receipt_type
        since = min(there.issued_on, until) - timedelta(days=LISTED_DAYS)
        shows_minus = self.settings.credits_are_negative and any(
            each.amount < 0
            for half, kind in signed.items()
            for each in self._page(
                half, messages.list_of(half, types=(kind, kind), since=since, until=until)
            )
        )
        return Nature.SALE if shows_minus else None

    def _is_unlisted(self, document: Document) -> bool:
        """Whether a receipt is in no list: no source names the code of one that does not exist."""
        return document.half is Half.RECEIPT and self._row(document, None) is None


def named(row: Row) -> tuple[int, int]:
    """The type and the number of a row."""
    if isinstance(row, DocumentRow):
        return row.document_type, row.document_number
    return row.receipt_type, row.receipt_number


def total_of(shown: PaperShown, currency: str, name: str) -> int:
    """What a document comes to, in minor units and with its sign."""
    if isinstance(shown, DocumentShown):
        return minor_of(shown.document_total, currency, field=f"{name} document_total")
    return sum(minor_of(each.amount, currency, field=f"{name} payments") for each in shown.payments)
