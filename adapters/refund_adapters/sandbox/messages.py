"""What the methods accept: the names, types and limits of the vendor's pages.

A value of the wrong type is a malformed request, since the server cannot even read it. A value
outside its limits is refused, with the vendor's code where one is known.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.refusals import ApiError, MalformedRequestError, Refusal
from refund_adapters.sandbox.switches import (
    CancelDeduplication,
    OverlongText,
    Switches,
    UnknownMember,
)

LARGEST = Decimal("999999999.99")
FINEST = -9
MOST_ROWS = 500


def _exact(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("number_type", "not a number")
    number = Decimal(value)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < FINEST or number.adjusted() > -FINEST:
        raise ValueError("too large or too fine")
    return number


def _cut(value: object, info: ValidationInfo) -> object:
    limit = TEXT_LIMITS.get(info.field_name or "")
    cutting = isinstance(info.context, Switches) and (
        info.context.overlong_text is OverlongText.TRUNCATED
    )
    return value[:limit] if cutting and limit and isinstance(value, str) else value


def _digits(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Number = Annotated[Decimal, BeforeValidator(_exact)]
Price = Annotated[Number, Field(ge=-LARGEST, le=LARGEST)]
Text = Annotated[str, BeforeValidator(_cut), StringConstraints(min_length=1)]
TypeNumber = Annotated[int, Field(ge=0, le=999)]
PaperNumber = Annotated[int, Field(ge=0, le=999_999)]
ClosedType = Annotated[int, Field(ge=1, le=999)]
ClosedNumber = Annotated[int, Field(ge=1, le=999_999)]
CustomerNumber = Annotated[int, Field(ge=0, le=999_999_999)]
Day = Annotated[str, StringConstraints(min_length=1, max_length=10)]
Email = Annotated[str, StringConstraints(min_length=6, max_length=50)]
Pin = Annotated[str, StringConstraints(min_length=3, max_length=6)]
Comments = Annotated[str, StringConstraints(min_length=1, max_length=400)]

TEXT_LIMITS = {
    "last_name": 30,
    "first_name": 20,
    "address": 30,
    "city": 20,
    "phone": 15,
    "country": 39,
    "state": 10,
    "foreign_zipcode": 7,
    "acc_ref": 9,
    "catalog_number": 15,
    "serial_number": 6,
    "email_comments": 4000,
}
"""Texts that some company settings may cut; the same limits stand on the fields below."""


class Message(BaseModel):
    """A request; the token was read before."""

    model_config = ConfigDict(frozen=True, strict=True)

    api_token: str | None = None
    request_reference: Annotated[str, StringConstraints(min_length=1)] | None = None


class ItemRow(BaseModel):
    """One of items[]."""

    model_config = ConfigDict(frozen=True, strict=True)

    item_id: CustomerNumber | None = None
    catalog_number: Annotated[Text, Field(max_length=15)] | None = None
    quantity: Annotated[Number, Field(ge=Decimal("0.1"), le=Decimal("99999999.99"))]
    price_nis: Price | None = None
    bruto_price_nis: Price | None = None
    price_mtc: Price | None = None
    currency_id: Annotated[int, Field(ge=1, le=10)] | None = None
    exchange_rate: Annotated[Number, Field(gt=0)] | None = None
    description: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    storage_id: int | None = None
    serial_number: Annotated[Text, Field(max_length=6)] | None = None
    exempt_vat: bool | None = None
    closed_document_type: ClosedType | None = None
    closed_document_num: ClosedNumber | None = None
    closed_document_line: Annotated[int, Field(ge=1, le=232)] | None = None


class PaymentRow(BaseModel):
    """One of payments[]."""

    model_config = ConfigDict(frozen=True, strict=True)

    payment_type: Annotated[int, Field(ge=1, le=99)]
    amount_nis: Price | None = None
    amount_mtc: Price | None = None
    due_date: Day | None = None
    description: Annotated[str, StringConstraints(min_length=1, max_length=30)] | None = None
    bank_code: Annotated[int, Field(ge=1, le=99)] | None = None
    branch_number: Annotated[int, Field(ge=1, le=9_999_999)] | None = None
    bank_account_number: (
        Annotated[str, BeforeValidator(_digits), StringConstraints(pattern=r"^0*[1-9]\d{0,8}$")]
        | None
    ) = None
    check_number: Annotated[int, Field(ge=1, le=99_999_999)] | None = None
    number_of_payments: Annotated[int, Field(ge=1, le=999)] | None = None


class NewPaper(Message):
    """What Document.New and Receipt.New have in common."""

    customer_id: CustomerNumber
    last_name: Annotated[Text, Field(max_length=30)] | None = None
    first_name: Annotated[Text, Field(max_length=20)] | None = None
    address: Annotated[Text, Field(max_length=30)] | None = None
    city: Annotated[Text, Field(max_length=20)] | None = None
    zipcode: Annotated[int, Field(ge=0, le=9_999_999)] | None = None
    phone: Annotated[Text, Field(max_length=15)] | None = None
    id_number: Annotated[int, Field(ge=0, le=999_999_999)] | None = None
    acc_ref: Annotated[Text, Field(max_length=9)] | None = None
    comments: Comments | None = None
    agent_id: int | None = None
    project_id: int | None = None
    crm_user_id: int | None = None
    currency_id: Annotated[int, Field(ge=1, le=10)] | None = None
    exchange_rate: Annotated[Number, Field(gt=0)] | None = None
    issue_date: Day | None = None
    issue_time: Annotated[str, StringConstraints(max_length=5)] | None = None
    language: Annotated[str, StringConstraints(pattern="^(he|en)$")] | None = None
    email_to: Email | None = None
    email_bcc: Email | None = None
    send_mail: bool | None = None
    digital_signature: bool | None = None
    signature_pin: Pin | None = None
    create_customer: bool | None = None
    find_by_mail: bool | None = None
    find_by_id: bool | None = None
    price_include_vat: bool | None = None
    prevent_duplicates: bool | None = None
    check_only: bool | None = None
    closed_document_type: ClosedType | None = None
    closed_document_number: ClosedNumber | None = None
    document_is_receipt: bool | None = None
    payments: Annotated[list[PaymentRow], Field(max_length=MOST_ROWS)] | None = None


class DocumentNew(NewPaper):
    """Document.New."""

    document_type: TypeNumber
    items: Annotated[list[ItemRow], Field(min_length=1, max_length=MOST_ROWS)]
    reference: Annotated[int, Field(ge=0, le=999_999_999)] | None = None
    order: Annotated[str, StringConstraints(min_length=1, max_length=15)] | None = None
    country: Annotated[Text, Field(max_length=39)] | None = None
    state: Annotated[Text, Field(max_length=10)] | None = None
    foreign_zipcode: Annotated[Text, Field(max_length=7)] | None = None
    customer_type: int | None = None
    paying_customer_id: int | None = None
    sort_code: TypeNumber | None = None
    discount_type: int | None = None
    discount_value: Number | None = None
    due_date: Day | None = None
    reject_item_quantity: bool | None = None
    no_update_inventory: bool | None = None
    default_email: bool | None = None
    email_comments: Annotated[Text, Field(max_length=4000)] | None = None
    thermal_print: bool | None = None
    logo_url: str | None = None
    create_items: bool | None = None
    find_by_acc_ref: bool | None = None
    find_by_phone: bool | None = None
    document_number: PaperNumber | None = None
    validate_id: bool | None = None
    round_digits: Annotated[int, Field(ge=0, le=2)] | None = None


class ReceiptNew(NewPaper):
    """Receipt.New."""

    receipt_type: TypeNumber
    reference: Annotated[int, Field(ge=0, le=9_999_999_999)] | None = None
    payments: Annotated[list[PaymentRow], Field(min_length=1, max_length=MOST_ROWS)]


class Cancel(Message):
    """What both cancels take beside the type and the number."""

    email_to: Email | None = None
    comments: Comments | None = None
    check_only: bool | None = None
    """Not on the vendor's page; it is known where a switch says so."""
    prevent_duplicates: bool | None = None
    """Likewise."""
    cancellation_date: Day | None = None
    cancellation_time: Annotated[str, StringConstraints(max_length=5)] | None = None


class DocumentCancel(Cancel):
    """Document.Cancel."""

    document_type: TypeNumber
    document_number: PaperNumber
    language: Annotated[str, StringConstraints(pattern="^(he|en)$")] | None = None


class ReceiptCancel(Cancel):
    """Receipt.Cancel."""

    receipt_type: TypeNumber
    receipt_number: PaperNumber
    digital_signature: bool | None = None
    signature_pin: Pin | None = None


Read = TypeVar("Read", bound=Message)

_UNREADABLE = ("_type", "model_attributes")
_BY_FIELD: dict[str, Refusal] = {
    "comments": refusals.COMMENTS_TOO_LONG,
    "order": refusals.ORDER_TOO_LONG,
    "reference": refusals.INVALID_ASMACHTA,
    "due_date": refusals.INVALID_DUE_DATE,
    "items": refusals.NO_ITEMS,
    "payments": refusals.NO_PAYMENTS,
    "id_number": refusals.INVALID_ID_NUMBER,
    "payment_type": refusals.PAYMENT_TYPE_NOT_EXISTS,
    "bank_code": refusals.INVALID_BANK_CODE,
    "branch_number": refusals.INVALID_BRANCH,
    "bank_account_number": refusals.INVALID_ACCOUNT,
    "check_number": refusals.INVALID_CHECK,
    "currency_id": refusals.CURRENCY_NOT_EXISTS,
    "exchange_rate": refusals.INVALID_RATE,
    "document_number": refusals.INVALID_DOCUMENT_NUMBER,
}


def read(message: type[Read], fields: Mapping[str, object], switches: Switches) -> Read:
    """Read a request, or refuse it as the server would."""
    rejects = switches.unknown_member is UnknownMember.REJECTED
    extra: Literal["forbid", "ignore"] = "forbid" if rejects else "ignore"
    if rejects and issubclass(message, Cancel):
        _not_on_the_page_of_a_cancel(fields, switches)
    try:
        return message.model_validate(dict(fields), context=switches, extra=extra)
    except ValidationError as error:
        raise _refused(error.errors(include_url=False)[0]) from error


def _not_on_the_page_of_a_cancel(fields: Mapping[str, object], switches: Switches) -> None:
    flags = {
        "check_only": switches.check_only_on_cancel,
        "prevent_duplicates": switches.cancel_deduplication
        is CancelDeduplication.ON_PREVENT_DUPLICATES,
    }
    for name, known in flags.items():
        if name in fields and not known:
            raise refusals.UNKNOWN_MEMBER.error(name)


def _refused(problem: Any) -> ApiError | MalformedRequestError:
    kind, name = problem["type"], _name(problem["loc"])
    if kind == "extra_forbidden":
        return refusals.UNKNOWN_MEMBER.error(name)
    if any(part in kind for part in _UNREADABLE):
        return MalformedRequestError(f"{name} cannot be read")
    if kind == "missing" and name not in {"items", "payments"}:
        return refusals.FIELD_REQUIRED.error(name)
    return _BY_FIELD.get(name, refusals.FIELD_OUT_OF_RANGE).error(name)


def _name(location: tuple[int | str, ...]) -> str:
    return next((part for part in reversed(location) if isinstance(part, str)), "")
