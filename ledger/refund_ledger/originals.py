"""Originals: the documents of the accounting system that money can be given back for."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Annotated, NamedTuple
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from refund_ledger.errors import InvalidInputError
from refund_ledger.money import MAX_MINOR, SHOWN, exponent

NAMESPACE = UUID("6f0c2a3e-6e0b-5a0c-9d57-8f2f6f9c1b11")
"""Under which the ids of streams are derived from their business keys."""


@lru_cache(maxsize=10_000)
def stream_id(company: str, what: str, name: str) -> UUID:
    """The id of a stream, from its business key; the same key has the same id for ever.

    In two steps, so that no two companies share an id whatever their names hold.
    """
    return uuid5(_of_company(company), f"{what}/{name}")


@lru_cache(maxsize=1000)
def _of_company(company: str) -> UUID:
    return uuid5(NAMESPACE, company)


Minor = Annotated[int, Field(strict=True, ge=0, le=MAX_MINOR)]
"""Whole minor units, not negative."""


class Immutable(BaseModel):
    """A value that is checked when it is made and never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(StrEnum):
    """What an original is; an invoice-receipt (a cash sale is one) has both halves."""

    INVOICE = "invoice"
    RECEIPT = "receipt"
    INVOICE_RECEIPT = "invoice_receipt"

    @property
    def has_sale(self) -> bool:
        """Whether it has lines that can be credited."""
        return self is not Kind.RECEIPT

    @property
    def has_money(self) -> bool:
        """Whether it has payments that can be paid back."""
        return self is not Kind.INVOICE


class Half(StrEnum):
    """The two number ranges of an accounting system: documents of sale, and receipts."""

    DOCUMENT = "document"
    RECEIPT = "receipt"


class Document(NamedTuple):
    """The identity of one document in the accounting system of a company."""

    half: Half
    series: int
    number: int

    def __str__(self) -> str:
        return f"{self.half} {self.series}/{self.number}"


LONGEST_REF = 60
"""Characters of a reference, blanks around it included."""


class OriginalRef(NamedTuple):
    """The name of an original within a company: kind, series (document type) and number."""

    kind: Kind
    series: int
    number: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.series}/{self.number}"

    @classmethod
    def parse(cls, text: str, *, field: str = "original") -> OriginalRef:
        """Read "invoice:1/2345"; hyphens and underscores in the kind are the same."""
        found = _ref_of(text) if len(text) <= LONGEST_REF else None
        if found is None:
            raise InvalidInputError(
                field,
                f"expected kind:series/number such as invoice:1/2345, receipt:1/77 or "
                f"invoice_receipt:2/6923, got {text[:SHOWN]!r}",
            )
        return found

    def stream(self, company: str) -> UUID:
        """The id of the original's stream; the same original has the same id for ever."""
        return stream_id(company, "original", str(self))

    def document(self, half: Half) -> Document:
        """The identity of one half of it; an invoice-receipt has the same number in both."""
        return Document(half, self.series, self.number)


@lru_cache(maxsize=4096)
def _ref_of(text: str) -> OriginalRef | None:
    """Read a reference; none where it is not one. The same few are read over and over."""
    kind, _, rest = text.strip().partition(":")
    series, _, number = rest.partition("/")
    if not all(part.isascii() and part.isdecimal() for part in (series, number)):
        return None
    try:
        return OriginalRef(Kind(kind.replace("-", "_")), int(series), int(number))
    except ValueError:
        return None


class Method(StrEnum):
    """How money moves."""

    CASH = "cash"
    CHEQUE = "cheque"
    CARD = "card"
    BANK_TRANSFER = "bank_transfer"
    OTHER = "other"


class PaymentDetails(Immutable):
    """What a method needs beside the amount: a cheque its bank, a card its last four digits."""

    bank: Annotated[int, Field(ge=1, le=99)] | None = None
    branch: Annotated[int, Field(ge=1, le=9_999_999)] | None = None
    account: Annotated[str, Field(pattern=r"^[0-9]{1,9}$")] | None = None
    number: Annotated[int, Field(ge=1, le=99_999_999)] | None = None
    """The cheque's number, the card's voucher or the transfer's reference."""


class Line(Immutable):
    """One line of a sale after all discounts and rounding: net and VAT in minor units."""

    number: Annotated[int, Field(ge=1, le=9999)]
    description: Annotated[str, Field(max_length=200)] = ""
    item: Annotated[str, Field(max_length=40)] = ""
    """The catalogue number, where the sale named one."""
    quantity: Minor
    """In millionths of the line's unit."""
    unit_price: Annotated[str, Field(max_length=40)] = ""
    """As the document shows it, for people to compare; nothing is computed from it."""
    discount: Minor = 0
    """What was taken off this line, its share of the document's discount included."""
    net: Minor
    vat: Minor
    exempt: bool = False

    @property
    def gross(self) -> int:
        """Net and VAT together."""
        return self.net + self.vat


class Payment(Immutable):
    """One payment of a receipt, in minor units."""

    number: Annotated[int, Field(ge=1, le=9999)]
    method: Method
    amount: Minor
    details: PaymentDetails = PaymentDetails()


class Closes(Immutable):
    """What part of a receipt pays which sale."""

    sale: str
    """The sale's reference, such as invoice:1/2345."""
    amount: Minor


class Original(Immutable):
    """An original as it was read: what was sold, what was paid, what is open.

    `open_amount` is what the customer still owed on the sale when it was read; for a receipt it is
    zero and `closes` says which sales it pays. `overpaid` is the part of a receipt that pays no
    sale and is owed back to the customer.
    """

    company: Annotated[str, Field(min_length=1, max_length=60)]
    kind: Kind
    series: Annotated[int, Field(ge=0, le=999)]
    number: Annotated[int, Field(ge=0, le=999_999_999)]
    customer_id: Annotated[str, Field(min_length=1, max_length=60)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    exchange_rate: Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")] | None = None
    """Of one unit of the currency in the company's own, as the document says."""
    issued_on: date
    lines: tuple[Line, ...] = ()
    payments: tuple[Payment, ...] = ()
    price_includes_vat: bool = True
    open_amount: Minor = 0
    closes: tuple[Closes, ...] = ()
    overpaid: Minor = 0

    @property
    def ref(self) -> OriginalRef:
        """Its name within the company."""
        return OriginalRef(self.kind, self.series, self.number)

    @property
    def sale_total(self) -> int:
        """All lines, VAT included."""
        return sum(line.gross for line in self.lines)

    @property
    def money_total(self) -> int:
        """All payments."""
        return sum(payment.amount for payment in self.payments)

    def check(self) -> None:
        """Refuse an original that contradicts itself; names the field."""
        exponent(self.currency)
        for field, problem in self._contradictions:
            raise InvalidInputError(f"{self.ref} {field}", problem)

    @cached_property
    def _contradictions(self) -> list[tuple[str, str]]:
        """Found once; it does not change."""
        return _contradictions(self)


def _contradictions(original: Original) -> list[tuple[str, str]]:
    """Every way in which the numbers of an original do not fit each other."""
    found = _contradictions_within(original)
    kind = original.kind
    if kind.has_sale != bool(original.lines):
        found.append(("lines", "a receipt has none, every other original has at least one"))
    if kind.has_money != bool(original.payments):
        found.append(("payments", "an invoice has none, every other original has at least one"))
    if original.open_amount > original.sale_total:
        found.append(("open_amount", "more is open than the sale amounts to"))
    if kind is Kind.INVOICE_RECEIPT and original.sale_total != original.money_total:
        found.append(("payments", "the payments of an invoice-receipt sum to its lines"))
    if kind is Kind.INVOICE_RECEIPT and original.open_amount:
        found.append(("open_amount", "an invoice-receipt is paid; nothing of it can be open"))
    if kind is not Kind.RECEIPT and (original.closes or original.overpaid):
        found.append(("closes", "only a receipt closes sales or is overpaid"))
    for part in original.closes:
        ref = _ref_of(part.sale)
        if ref is None or str(ref) != part.sale:
            said = f"{part.sale[:SHOWN]!r}"
            found.append(("closes", f"write {said} as the ledger does, such as invoice:1/2345"))
    if sum(part.amount for part in original.closes) + original.overpaid > original.money_total:
        found.append(("closes", "closes more than was paid"))
    return found


def _contradictions_within(original: Original) -> list[tuple[str, str]]:
    """What is named twice, or adds up to too much."""
    named: tuple[tuple[str, list[int] | list[str]], ...] = (
        ("lines", [line.number for line in original.lines]),
        ("payments", [payment.number for payment in original.payments]),
        ("closes", [part.sale for part in original.closes]),
    )
    found = [
        (field, "the same one appears twice")
        for field, numbers in named
        if len(set(numbers)) != len(numbers)
    ]
    if original.sale_total > MAX_MINOR or original.money_total > MAX_MINOR:
        found.append(("lines", "the total is too large; check the amounts"))
    if sum(line.quantity for line in original.lines) > MAX_MINOR:
        found.append(("lines", "the quantities are too large; check them"))
    return found
