"""The papers that books are made of: documents, receipts, closings, mails and customer cards.

Amounts are exact decimals in the paper's own currency, signed as the customer's account sees
them: a sale is positive, a credit negative, a receipt positive, money given back negative.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from refund_adapters.sandbox.company import ILS
from refund_adapters.sandbox.pricing import Totals, agorot
from refund_adapters.sandbox.refusals import SandboxError


class Kind(StrEnum):
    """Documents and receipts are numbered apart."""

    DOCUMENT = "document"
    RECEIPT = "receipt"


class Key(NamedTuple):
    """What names a document or a receipt: its type and its number."""

    type: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line; `price` is in the document's currency, `price_nis` in shekels."""

    line: int
    item_id: int = 0
    catalog_number: str = ""
    description: str = ""
    quantity: Decimal
    price: Decimal
    price_nis: Decimal
    exempt: bool = False
    total: Decimal
    is_closed: bool = False

    def negated(self) -> "Line":
        """Turn a line into that of a credit: the sign goes on the price."""
        return replace(self, price=-self.price, price_nis=-self.price_nis, total=-self.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment of a receipt or an invoice-receipt."""

    payment_type: int
    amount: Decimal
    due_date: date
    description: str = ""
    bank: int | None = None
    branch: int | None = None
    account_number: str = ""
    check_number: int | None = None

    def negated(self) -> "Payment":
        """Turn a payment into its return."""
        return replace(self, amount=-self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What documents and receipts have in common."""

    key: Key
    identity: str
    customer_id: int
    customer_name: str
    issue_date: date
    issue_time: time
    currency_id: int = ILS
    exchange_rate: Decimal = Decimal(1)
    reference: int = 0
    agent_id: int = 0
    comments: str = ""
    is_cancelled: bool = False
    payments: tuple[Payment, ...] = ()
    made_at: datetime
    made_by: int | None = None
    """The order number of the request that made it; none for what was loaded."""
    cancels: Key | None = None
    """What this is the cancellation of."""
    credits: Key | None = None
    """What this credits by New, as far as closing fields or the comment say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(Paper):
    """An invoice, an invoice-receipt, a credit, or a document outside the accounts."""

    due_date: date
    order: str = ""
    sort_code: int
    price_include_vat: bool
    vat_percent: Decimal
    discount_type: int | None = None
    discount_value: Decimal = Decimal(0)
    lines: tuple[Line, ...]
    totals: Totals
    confirmation_number: int = 0

    @property
    def amount(self) -> Decimal:
        """The total, in the document's currency."""
        return self.totals.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Paper):
    """Money received, or given back."""

    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """One document closed by another paper, in part or in full; 0/0 closes by hand."""

    closed: Key
    amount: Decimal
    on: date
    kind: Kind
    closer: Key


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that the server would have sent."""

    to: str
    kind: Kind
    key: Key
    order: int | None


class Customer(BaseModel):
    """A customer card, with the members that Customer.Get answers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    customer_id: int
    last_name: str
    first_name: str = ""
    street: str = ""
    city: str = ""
    zipcode: int = 0
    country: str = ""
    phone: str = ""
    phone2: str = ""
    fax: str = ""
    email: str = ""
    id_number: int = 0
    vat_number: int = 0
    customer_type: int = 1
    price_list_id: int = 0
    agent_id: int = 0
    project_id: int = 0
    discount_percent: Decimal = Decimal(0)
    acc_ref: str = ""
    exempt_vat: bool = False
    comments: str = ""
    available_from: str = ""

    @property
    def full_name(self) -> str:
        """The name as it is printed."""
        return f"{self.first_name} {self.last_name}".strip()


def amount_of(paper: Paper) -> Decimal:
    """Say what a paper comes to, in its own currency."""
    if isinstance(paper, Document | Receipt):
        return paper.amount
    raise SandboxError("a paper is a document or a receipt")


def in_shekels(papers: Iterable[Paper]) -> Decimal:
    """Add papers up in shekels, each at its own rate."""
    return sum((agorot(amount_of(paper) * paper.exchange_rate) for paper in papers), Decimal(0))
