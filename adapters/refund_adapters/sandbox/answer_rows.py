"""The API's own answers, read back: what a loaded file may hold, quirks included."""

import re
from datetime import date, time
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from refund_adapters.sandbox.company import ILS, Company
from refund_adapters.sandbox.papers import Key, Payment
from refund_adapters.sandbox.refusals import SandboxError
from refund_adapters.sandbox.wire import read_date


class LoadError(SandboxError):
    """A line cannot be taken into the books; the message says which and why."""


def _percent(value: object) -> object:
    return value.removesuffix("%") if isinstance(value, str) else value


class Row(BaseModel):
    """A row of an answer; members that the books do not keep are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ItemRow(Row):
    """One of items[] of Document.Details."""

    line: int = 0
    item_id: int = 0
    catalog_number: str = ""
    description: str = ""
    quantity: Decimal
    price_nis: Decimal
    price_mtc: Decimal | None = None
    total_line: Decimal
    exempt_vat: bool = False
    is_closed: bool = False


class PaymentRow(Row):
    """One of payments[] of Document.Details or Receipt.Details."""

    payment_type_id: int = 0
    payment_type: str = ""
    amount: Decimal
    due_date: str = ""
    description: str = ""
    bank: int = 0
    branch: int = 0
    account_number: str = ""
    check_number: int = 0

    def payment(self, company: Company, issued: date) -> Payment:
        """Turn the row into a payment; its type is known by number or by name."""
        number = self.payment_type_id
        names = (one.number for one in company.payment_types if one.name == self.payment_type)
        if not number:
            number = next(names, 0)
        if company.payment_type(number) is None:
            raise LoadError(f"there is no payment type {self.payment_type or number}")
        return Payment(
            payment_type=number,
            amount=self.amount,
            due_date=read_date(self.due_date) if self.due_date else issued,
            description=self.description,
            bank=self.bank or None,
            branch=self.branch or None,
            account_number=self.account_number,
            check_number=self.check_number or None,
        )


class DocumentRow(Row):
    """The data of Document.Details."""

    customer_id: int
    customer_name: str = ""
    document_type: int | str
    document_number: int | str
    document_date: str
    document_time: time = time(12)
    due_date: str = ""
    order: str = ""
    currency_id: int = ILS
    exchange_rate: Decimal = Decimal(1)
    sort_code: int
    price_include_vat: bool
    vat_percent: Annotated[Decimal, BeforeValidator(_percent)]
    total_vat: Decimal
    total_without_vat: Decimal
    document_total: Decimal
    receipt_total: Decimal = Decimal(0)
    is_cancelled: bool = False
    confirmation_number: int = 0
    discount_type: int = 0
    discount_value: Decimal = Decimal(0)
    comments: str = ""
    items: tuple[ItemRow, ...]
    payments: tuple[PaymentRow, ...] = ()

    def key(self, company: Company) -> Key:
        """Read type and number, which may be a name and "02/6923"."""
        match = re.fullmatch(r"(?:(\d+)/)?(\d+)", str(self.document_number))
        if match is None:
            raise LoadError(f"{self.document_number!r} is not a document number")
        named = [one.number for one in company.document_types if one.name == self.document_type]
        if isinstance(self.document_type, int):
            named = [self.document_type]
        if not named or (match[1] and int(match[1]) != named[0]):
            raise LoadError(f"document {match[0]} cannot be of type {self.document_type}")
        return Key(named[0], int(match[2]))


class ReceiptRow(Row):
    """The data of Receipt.Details, with the number and date that Receipt.List shows."""

    receipt_type: int
    receipt_number: int
    receipt_date: str
    receipt_time: time = time(12)
    amount: Decimal
    customer_id: int
    customer_name: str = ""
    comments: str = ""
    currency_id: int = ILS
    exchange_rate: Decimal = Decimal(1)
    payments: tuple[PaymentRow, ...]


class ClosingRow(Row):
    """One of closing_list[] of Customer.ClosedDocuments."""

    amount: Decimal
    close_date: str
    close_type: str = ""
    sub_type: int
    sub_num: int


class ClosedRow(Row):
    """A row of Customer.ClosedDocuments."""

    document_type: int
    document_number: int
    closing_list: tuple[ClosingRow, ...]


class OpenRow(Row):
    """A row of Customer.OpenDocuments."""

    document_type: int
    document_number: int
    issue_date: str
    total_amount: Decimal
    paid_amount: Decimal
    balance: Decimal
