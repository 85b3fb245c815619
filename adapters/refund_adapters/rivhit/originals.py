"""Originals as the ledger wants them: one kind, one customer, lines and payments that add up.

What is cancelled, is itself a credit, or contradicts itself is refused with a sentence that says
so; among many, it is one `Unread` and the others are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from refund_adapters.accounting import Unread, Wanted
from refund_adapters.rivhit import messages
from refund_adapters.rivhit.answers import (
    ClosedRow,
    ClosingRow,
    DocumentShown,
    OpenRow,
    PaperShown,
    PaymentShown,
    ReceiptShown,
    minor_of,
    rows,
)
from refund_adapters.rivhit.client import SaidNoError
from refund_adapters.rivhit.reading import FIRST_DAY, Reading, named
from refund_adapters.rivhit.sums import lines_of
from refund_adapters.rivhit.translation import customer_number
from refund_ledger.errors import InvalidInputError, NotFoundError, RefusedError
from refund_ledger.originals import (
    Closes,
    Half,
    Kind,
    Method,
    Original,
    OriginalRef,
    Payment,
    PaymentDetails,
)

RATE_PLACES = Decimal("0.000000001")
LARGEST_BANK = 99
LARGEST_BRANCH = 9_999_999
LARGEST_CHECK = 99_999_999
LONGEST_ACCOUNT = 9


class Originals:
    """Reads originals of one company."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._settings = reading.settings

    def wanted(self, wanted: Wanted) -> Iterator[Original | Unread]:
        """Read originals one by one, sales before receipts; what is refused is named with why."""
        if wanted.refs:
            ordered = sorted(wanted.refs, key=lambda ref: ref.kind is Kind.RECEIPT)
            return map(self._judged, ordered)
        if wanted.issued_from is None or wanted.issued_to is None:
            raise InvalidInputError("originals", "name some, or say from and to which date")
        if wanted.issued_from > wanted.issued_to:
            raise InvalidInputError("originals", "the period ends before it begins")
        customer = None if wanted.customer_id is None else customer_number(wanted.customer_id)
        refs = self._issued(wanted.issued_from, wanted.issued_to, customer=customer)
        return map(self._judged, refs)

    def _judged(self, ref: OriginalRef) -> Original | Unread:
        try:
            return self.original(ref)
        except (InvalidInputError, RefusedError, NotFoundError) as error:
            return Unread(str(ref), str(error))

    def original(self, ref: OriginalRef) -> Original:
        """Read one original; refuses what the ledger could not give back."""
        half = Half.RECEIPT if ref.kind is Kind.RECEIPT else Half.DOCUMENT
        self._is_a_type_of_originals(ref, half)
        shown = self._reading.shown(ref.document(half))
        if shown is None:
            raise NotFoundError(f"{ref} does not exist in Rivhit; check type and number")
        if shown.is_cancelled:
            raise RefusedError(f"{ref} is cancelled in Rivhit; nothing of it can be given back")
        currency = self._settings.currency(shown.currency_id)
        if currency is None:
            raise InvalidInputError(
                str(ref), f"currency {shown.currency_id} is unknown; add it to currency_ids"
            )
        if isinstance(shown, ReceiptShown):
            original = self._receipt(ref, shown, currency)
        else:
            original = self._sale(ref, shown, currency)
        original.check()
        return original

    def _is_a_type_of_originals(self, ref: OriginalRef, half: Half) -> None:
        if half is Half.DOCUMENT and ref.series == self._settings.credit_type:
            raise RefusedError(f"{ref} is a credit document; refund what it was made for")
        known = self._settings.kind_of(half, ref.series)
        if known is not ref.kind:
            what = f"of kind {known}" if known else "unknown"
            raise RefusedError(
                f"{ref}: {half} type {ref.series} is {what} in the settings, not of kind "
                f"{ref.kind}; check the reference, or the type settings"
            )

    def _issued(self, first: date, last: date, *, customer: int | None) -> Iterator[OriginalRef]:
        """The names of all originals of a period that are not cancelled, oldest months first."""
        for kind in (Kind.INVOICE, Kind.INVOICE_RECEIPT, Kind.RECEIPT):
            half = Half.RECEIPT if kind is Kind.RECEIPT else Half.DOCUMENT
            for series in self._settings.series_of(kind):
                for since, until in self._reading.pieces(first, last):
                    found = self._reading.listed(
                        half,
                        types=(series, series),
                        since=since,
                        until=until,
                        customer_id=customer,
                    )
                    kept = (row for row in found if row.amount > 0 and not row.is_cancelled)
                    yield from (OriginalRef(kind, *named(row)) for row in kept)

    def _sale(self, ref: OriginalRef, shown: DocumentShown, currency: str) -> Original:
        if shown.document_total < 0:
            raise RefusedError(f"{ref} is negative, so it is a credit; refund what it was made for")
        lines = lines_of(shown, currency=currency, settings=self._settings, name=str(ref))
        joint = ref.kind is Kind.INVOICE_RECEIPT
        return Original(
            company=self._settings.company,
            kind=ref.kind,
            series=ref.series,
            number=ref.number,
            customer_id=str(shown.customer_id),
            currency=currency,
            exchange_rate=self._rate(ref, shown, currency),
            issued_on=shown.document_date,
            lines=lines,
            payments=self._payments_of_sale(ref, shown, currency) if joint else (),
            price_includes_vat=shown.price_include_vat,
            open_amount=0 if joint else self._open(ref, shown, currency),
        )

    def _receipt(self, ref: OriginalRef, shown: ReceiptShown, currency: str) -> Original:
        payments = self._payments(ref, shown.payments, currency)
        paid = sum(payment.amount for payment in payments)
        if shown.amount is not None:
            stated = minor_of(shown.amount, currency, field=f"{ref} amount")
            if stated != paid:
                raise InvalidInputError(
                    str(ref), f"its payments sum to {paid} minor units, its amount is {stated}"
                )
        issued = shown.receipt_date or self._receipt_date(ref)
        return Original(
            company=self._settings.company,
            kind=ref.kind,
            series=ref.series,
            number=ref.number,
            customer_id=str(shown.customer_id),
            currency=currency,
            exchange_rate=self._rate(ref, shown, currency),
            issued_on=issued,
            payments=payments,
            closes=self._closes(ref, shown, currency, issued),
        )

    def _receipt_date(self, ref: OriginalRef) -> date:
        there = self._reading.there(ref.document(Half.RECEIPT))
        if there is None:
            raise NotFoundError(f"{ref} does not exist in Rivhit; check type and number")
        return there.issued_on

    def _rate(self, ref: OriginalRef, shown: PaperShown, currency: str) -> str | None:
        if currency == self._settings.home_currency or shown.exchange_rate is None:
            return None
        if shown.exchange_rate <= 0:
            raise InvalidInputError(f"{ref} exchange_rate", "is not positive")
        written = format(shown.exchange_rate.quantize(RATE_PLACES), "f")
        return written.rstrip("0").rstrip(".")

    def _payments_of_sale(
        self, ref: OriginalRef, shown: DocumentShown, currency: str
    ) -> tuple[Payment, ...]:
        """The payments of an invoice-receipt, with what only its receipt half says of banks."""
        payments = self._payments(ref, shown.payments, currency)
        if not any(payment.method in {Method.CHEQUE, Method.BANK_TRANSFER} for payment in payments):
            return payments
        try:
            receipt = self._reading.shown(ref.document(Half.RECEIPT))
        except SaidNoError:
            return payments
        fuller = self._payments(ref, receipt.payments if receipt else [], currency)
        same = [each.amount for each in fuller] == [each.amount for each in payments]
        return fuller if same else payments

    def _payments(
        self, ref: OriginalRef, shown: Iterable[PaymentShown], currency: str
    ) -> tuple[Payment, ...]:
        amounts = [
            (each, minor_of(each.amount, currency, field=f"{ref} payments")) for each in shown
        ]
        if any(amount < 0 for _, amount in amounts):
            raise RefusedError(f"{ref} gives money back itself; refund what it was made for")
        paid = [(each, amount) for each, amount in amounts if amount]
        return tuple(
            Payment(number=number, method=self._method(each), amount=amount, details=_details(each))
            for number, (each, amount) in enumerate(paid, start=1)
        )

    def _method(self, shown: PaymentShown) -> Method:
        number = shown.payment_type_id or None
        if number is None and shown.payment_type.strip():
            name = shown.payment_type.strip()
            number = self._reading.payment_names.get(name)
        return self._settings.method(number) or Method.OTHER

    def _open(self, ref: OriginalRef, shown: DocumentShown, currency: str) -> int:
        """What the customer still owes on an invoice."""
        slack = timedelta(days=self._settings.date_slack_days)
        question = messages.open_documents(
            shown.customer_id,
            since=shown.document_date - slack,
            until=shown.document_date + slack,
        )
        found = rows(
            OpenRow,
            self._reading.client.ask(question),
            "open_documents",
            method=question.method,
        )
        for row in found:
            if (row.document_type, row.document_number) == (ref.series, ref.number):
                return abs(minor_of(row.balance, currency, field=f"{ref} balance"))
        if shown.is_closed is False:
            raise InvalidInputError(
                f"{ref} open_amount",
                "Rivhit says that it is not closed, and does not list it as open; look at it there",
            )
        return 0

    def _closes(
        self, ref: OriginalRef, shown: ReceiptShown, currency: str, issued: date
    ) -> tuple[Closes, ...]:
        """Which sales a receipt pays, as far as the lists of closed documents say."""
        question = messages.closed_documents(
            shown.customer_id,
            since=FIRST_DAY,
            until=issued + timedelta(days=366),
        )
        found = rows(
            ClosedRow,
            self._reading.client.ask(question),
            "closed_documents",
            method=question.method,
        )
        closes: list[Closes] = []
        for row in found:
            if self._settings.kind_of(Half.DOCUMENT, row.document_type) is not Kind.INVOICE:
                continue
            amount = sum(
                minor_of(closing.amount, currency, field=f"{ref} closing_list")
                for closing in row.closing_list
                if self._is_by(closing, ref)
            )
            sale = OriginalRef(Kind.INVOICE, row.document_type, row.document_number)
            if amount > 0:
                closes.append(Closes(sale=str(sale), amount=amount))
        return tuple(closes)

    def _is_by(self, closing: ClosingRow, ref: OriginalRef) -> bool:
        """Whether a closing names this receipt; documents and receipts share their numbers."""
        if (closing.sub_type, closing.sub_num) != (ref.series, ref.number):
            return False
        said = closing.close_type.strip()
        if said == self._reading.names(Half.RECEIPT).get(ref.series):
            return True
        if said == self._reading.names(Half.DOCUMENT).get(ref.series):
            return False
        return ref.series != self._settings.credit_type


def _details(shown: PaymentShown) -> PaymentDetails:
    """What a payment says of its bank or card; what has an unforeseen form is left out."""
    account = shown.account_number.strip()
    fits = account.isascii() and account.isdecimal() and len(account) <= LONGEST_ACCOUNT
    return PaymentDetails(
        bank=_within(shown.bank, LARGEST_BANK),
        branch=_within(shown.branch, LARGEST_BRANCH),
        account=account if fits and account else None,
        number=_within(shown.check_number, LARGEST_CHECK),
    )


def _within(number: int | None, largest: int) -> int | None:
    return number if number is not None and 0 < number <= largest else None
