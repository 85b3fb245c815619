"""Payments of a receipt or an invoice-receipt: the fields a method needs, and their sum."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.company import ILS, PaymentKind
from refund_adapters.sandbox.messages import PaymentRow
from refund_adapters.sandbox.office import Office
from refund_adapters.sandbox.papers import Payment
from refund_adapters.sandbox.pricing import agorot
from refund_adapters.sandbox.wire import read_due_date

DECEMBER = 12


def payments_of(
    rows: Sequence[PaymentRow], office: Office, *, currency_id: int, issue_date: date
) -> tuple[Payment, ...]:
    """Read the payments of a request, each repeated over the months that it asks for."""
    return tuple(
        payment
        for row in rows
        for payment in _repeated(row, _payment(row, office, currency_id, issue_date))
    )


def sum_of(payments: Sequence[Payment]) -> Decimal:
    """Add payments up."""
    return sum((payment.amount for payment in payments), Decimal(0))


def _payment(row: PaymentRow, office: Office, currency_id: int, issue_date: date) -> Payment:
    kind = office.kind_of_payment(row.payment_type)
    asked = row.amount_nis if currency_id == ILS else row.amount_mtc
    if asked is None:
        raise refusals.FIELD_REQUIRED.error("amount_nis" if currency_id == ILS else "amount_mtc")
    if asked < 0 and office.switches.invalid_amount_on_negative_payment:
        raise refusals.INVALID_AMOUNT.error("negative")
    if asked >= 0 or office.switches.negative_payment_fields_required:
        _needs_its_fields(row, kind, office)
    if row.bank_code is not None and office.company.bank(row.bank_code) is None:
        raise refusals.BANK_CODE_NOT_EXISTS.error(str(row.bank_code))
    return Payment(
        payment_type=row.payment_type,
        amount=agorot(asked),
        due_date=issue_date if row.due_date is None else read_due_date(row.due_date),
        description=row.description or "",
        bank=row.bank_code,
        branch=row.branch_number,
        account_number=row.bank_account_number or "",
        check_number=row.check_number,
    )


def _needs_its_fields(row: PaymentRow, kind: PaymentKind, office: Office) -> None:
    bank = kind in {PaymentKind.CHEQUE, PaymentKind.TRANSFER}
    card = kind is PaymentKind.CARD and office.switches.card_fields_required
    if bank and row.bank_code is None:
        raise refusals.INVALID_BANK_CODE.error("missing")
    if bank and row.branch_number is None:
        raise refusals.INVALID_BRANCH.error("missing")
    if (bank or card) and row.bank_account_number is None:
        raise refusals.INVALID_ACCOUNT.error("missing")
    if (bank or card) and row.check_number is None:
        raise refusals.INVALID_CHECK.error("missing")


def _repeated(row: PaymentRow, first: Payment) -> tuple[Payment, ...]:
    return tuple(
        replace(
            first,
            due_date=_months_later(first.due_date, month),
            check_number=None if first.check_number is None else first.check_number + month,
        )
        for month in range(row.number_of_payments or 1)
    )


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * DECEMBER + day.month - 1 + months, DECEMBER)
    for shorter in range(4):
        try:
            return date(year, month + 1, day.day - shorter)
        except ValueError:
            continue
    raise refusals.INVALID_DUE_DATE.error(str(day))
