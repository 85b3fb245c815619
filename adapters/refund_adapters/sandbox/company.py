"""The company whose books these are: its catalogues, rates and first numbers.

All of this differs from company to company at the vendor too, and a client must read it at run
time; the defaults are the vendor's. The Hebrew names stand in `company.json`.
"""

import json
from decimal import Decimal
from enum import StrEnum
from importlib import resources
from typing import Self

from pydantic import BaseModel, ConfigDict

ILS = 1
CREDIT_INVOICE = 3
PLAIN_RECEIPT = 1


class PaymentKind(StrEnum):
    """What a payment type is, whatever number and name a company gives it."""

    CHEQUE = "cheque"
    CASH = "cash"
    WITHHELD = "withheld"
    CARD = "card"
    TRANSFER = "transfer"


class Row(BaseModel):
    """A row of a catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentType(Row):
    """One type of document."""

    number: int
    name: str
    invoice_receipt: bool = False
    accounting: bool = False
    credit: bool = False
    price_include_vat: bool


class ReceiptType(Row):
    """One type of receipt."""

    number: int
    name: str
    invoice_receipt: bool = False


class PaymentType(Row):
    """One way to pay."""

    number: int
    name: str
    type_code: int
    kind: PaymentKind


class Bank(Row):
    """One bank."""

    code: int
    name: str


class Currency(Row):
    """One currency, and the rate that a document gets which names none."""

    number: int
    name: str
    iso: str
    rate: Decimal


class Company(Row):
    """One company with its catalogues; numbers are looked up in them, never assumed."""

    company_id: int = 123456
    vat_rate: Decimal = Decimal(18)
    sort_code_with_vat: int = 100
    sort_code_exempt: int = 150
    cancelled_into: int = CREDIT_INVOICE
    """The document type that Document.Cancel makes; a default that a company can change."""
    first_document_numbers: dict[int, int] = {}
    first_receipt_numbers: dict[int, int] = {}
    name: str
    document_types: tuple[DocumentType, ...]
    receipt_types: tuple[ReceiptType, ...]
    payment_types: tuple[PaymentType, ...]
    banks: tuple[Bank, ...]
    currencies: tuple[Currency, ...]
    cancellation_comment: dict[str, str]
    closing_comment: str
    general_item: str
    refused: str
    failed: str

    @classmethod
    def with_the_vendors_defaults(cls, **changes: object) -> Self:
        """Make a company with the default catalogues and whatever is to differ from them."""
        shipped = resources.files(__package__).joinpath("company.json").read_text(encoding="utf-8")
        return cls.model_validate(json.loads(shipped) | changes)

    def document_type(self, number: int) -> DocumentType | None:
        """Find a document type."""
        return next((row for row in self.document_types if row.number == number), None)

    def receipt_type(self, number: int) -> ReceiptType | None:
        """Find a receipt type."""
        return next((row for row in self.receipt_types if row.number == number), None)

    def payment_type(self, number: int) -> PaymentType | None:
        """Find a payment type."""
        return next((row for row in self.payment_types if row.number == number), None)

    def currency(self, number: int) -> Currency | None:
        """Find a currency."""
        return next((row for row in self.currencies if row.number == number), None)

    def bank(self, code: int) -> Bank | None:
        """Find a bank."""
        return next((row for row in self.banks if row.code == code), None)

    def link(self, base_url: str, identity: str) -> str:
        """Write the address of a document's file, in the vendor's shape on the sandbox's host."""
        company = f"{self.company_id:09d}"
        return f"{base_url}/pdf/FileService.svc/GetDocument/{company}/{identity}/true"
