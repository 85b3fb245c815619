"""What we send: the requests with the vendor's names and limits, and the questions of a look.

A request that the vendor would refuse for its form is refused here, before anything is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from refund_adapters.rivhit.client import Question
from refund_adapters.rivhit.envelope import plain, write_json
from refund_ledger.errors import RefusedError
from refund_ledger.originals import Document, Half

LONGEST_COMMENT = 400
LONGEST_DESCRIPTION = 100
LONGEST_NAME = 30
LONGEST_CATALOG_NUMBER = 15
LARGEST_ASKED = 999_999
"""The largest number of a document that a request is documented to take; one may be larger."""
ALL_TYPES = (0, 999)


def units(text: str) -> int:
    """How long the vendor's system counts a text: characters beyond the first plane count twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _at_most(limit: int) -> AfterValidator:
    def fits(text: str) -> str:
        if units(text) > limit:
            raise ValueError(f"longer than {limit} characters")
        return text

    return AfterValidator(fits)


TypeNumber = Annotated[int, Field(ge=0, le=999)]
PaperNumber = Annotated[int, Field(ge=0, le=LARGEST_ASKED)]
CustomerNumber = Annotated[int, Field(ge=1, le=999_999_999)]
Comments = Annotated[str, Field(min_length=1), _at_most(LONGEST_COMMENT)]
Reference = Annotated[int, Field(ge=1, le=999_999_999)]
CurrencyNumber = Annotated[int, Field(ge=1, le=10)]
Exact = Annotated[Decimal, Field(allow_inf_nan=False), AfterValidator(plain)]


class Message(BaseModel):
    """A request or a part of one; what is None is not sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def body(self) -> dict[str, object]:
        """The members to send, in the order of the vendor's examples."""
        return self.model_dump(exclude_none=True)


class Write(Message):
    """A request that makes a counter-document."""

    METHOD: ClassVar[str]


class DocumentCancel(Write):
    """Credits a whole document."""

    METHOD = "Document.Cancel"

    document_type: TypeNumber
    document_number: PaperNumber
    comments: Comments
    request_reference: str


class ReceiptCancel(Write):
    """Gives a whole receipt back."""

    METHOD = "Receipt.Cancel"

    receipt_type: TypeNumber
    receipt_number: PaperNumber
    comments: Comments
    request_reference: str


class Item(Message):
    """One line of a credit: a positive quantity at a negative price."""

    item_id: int = 0
    catalog_number: Annotated[str, _at_most(LONGEST_CATALOG_NUMBER)] | None = None
    quantity: Annotated[Exact, Field(ge=Decimal("0.1"), le=Decimal("99999999.99"))]
    description: Annotated[str, Field(min_length=1), _at_most(LONGEST_DESCRIPTION)]
    price_nis: Annotated[Exact, Field(le=0)]
    price_mtc: Annotated[Exact, Field(le=0)]
    currency_id: CurrencyNumber | None = None
    exchange_rate: Annotated[Exact, Field(gt=0)] | None = None
    exempt_vat: bool | None = None


class DocumentNew(Write):
    """Credits a part of a document, or nothing that exists."""

    METHOD = "Document.New"

    document_type: TypeNumber
    customer_id: CustomerNumber
    reference: Reference
    comments: Comments
    sort_code: TypeNumber
    price_include_vat: bool
    currency_id: CurrencyNumber
    exchange_rate: Annotated[Exact, Field(gt=0)] | None = None
    no_update_inventory: bool
    send_mail: bool
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    request_reference: str
    prevent_duplicates: bool = True


class PaymentBack(Message):
    """One payment of money given back; its amount is negative."""

    payment_type: Annotated[int, Field(ge=1, le=99)]
    amount_nis: Annotated[Exact, Field(lt=0)] | None = None
    amount_mtc: Annotated[Exact, Field(lt=0)] | None = None
    bank_code: Annotated[int, Field(ge=1, le=99)] | None = None
    branch_number: Annotated[int, Field(ge=1, le=9_999_999)] | None = None
    bank_account_number: Annotated[str, Field(pattern=r"^[0-9]{1,9}$")] | None = None
    check_number: Annotated[int, Field(ge=1, le=99_999_999)] | None = None


class ReceiptNew(Write):
    """Gives money back that is a part of a receipt, or a credit."""

    METHOD = "Receipt.New"

    receipt_type: TypeNumber
    customer_id: CustomerNumber
    reference: Reference
    comments: Comments
    currency_id: CurrencyNumber
    exchange_rate: Annotated[Exact, Field(gt=0)] | None = None
    send_mail: bool
    payments: Annotated[tuple[PaymentBack, ...], Field(min_length=1)]
    request_reference: str
    prevent_duplicates: bool = True


Sent = TypeVar("Sent", bound=Message)


def said(message: type[Sent], members: Mapping[str, object]) -> Sent:
    """Make a request, or refuse what the vendor's limits do not allow, naming each field."""
    try:
        return message.model_validate(dict(members))
    except ValidationError as error:
        reasons = (
            f"{message.__name__} {'.'.join(str(at) for at in each['loc'])}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise RefusedError(*reasons) from None


def text_of(message: Write) -> str:
    """The request as events keep it: without token and names."""
    return write_json(message.body())


def written(day: date) -> str:
    """A date as requests have it."""
    return day.strftime("%d/%m/%Y")


def details_of(document: Document) -> Question:
    """Ask for one document or receipt in full."""
    if document.half is Half.DOCUMENT:
        return Question(
            "Document.Details",
            {"document_type": document.series, "document_number": document.number},
        )
    return Question(
        "Receipt.Details", {"receipt_type": document.series, "receipt_number": document.number}
    )


def list_of(
    half: Half,
    *,
    types: tuple[int, int],
    since: date,
    until: date,
    customer_id: int | None = None,
    numbers: tuple[int, int] | None = None,
) -> Question:
    """Ask for the documents or receipts of a period; both dates are always said."""
    name = half.value
    body: dict[str, object] = {f"from_{name}_type": types[0], f"to_{name}_type": types[1]}
    if customer_id is not None:
        body |= {"from_customer_id": customer_id, "to_customer_id": customer_id}
    body |= {"from_date": written(since), "to_date": written(until)}
    if numbers is not None:
        body |= {f"from_{name}_number": numbers[0], f"to_{name}_number": numbers[1]}
    return Question(f"{name.title()}.List", body)


def answers_under(reference: str) -> Question:
    """Ask for every answer that was given to calls with a request reference."""
    return Question("Status.AllRequests/JSON", {"request_reference": reference})


def customer(customer_id: int) -> Question:
    """Ask for a customer's card."""
    return Question("Customer.Get", {"customer_id": customer_id})


def open_documents(customer_id: int, *, since: date, until: date) -> Question:
    """Ask what a customer still owes, by the dates of the documents."""
    return Question("Customer.OpenDocuments", _period(customer_id, since, until))


def closed_documents(customer_id: int, *, since: date, until: date) -> Question:
    """Ask which of a customer's documents are closed, and by what."""
    return Question("Customer.ClosedDocuments", _period(customer_id, since, until))


def _period(customer_id: int, since: date, until: date) -> dict[str, object]:
    return {
        "customer_id": customer_id,
        "from_date": written(since),
        "until_date": written(until),
        "by_produce_date": True,
    }


def payment_types() -> Question:
    """Ask for the company's payment types."""
    return Question("Payment.TypeList", {})


def document_types() -> Question:
    """Ask for the company's document types."""
    return Question("Document.TypeList", {})


def receipt_types() -> Question:
    """Ask for the company's receipt types."""
    return Question("Receipt.TypeList", {})


def vat_rate() -> Question:
    """Ask for the company's VAT rate of today."""
    return Question("Accounting.VatRate", {})
