"""What nobody has published about the API, each as a switch that a test can set either way.

The defaults are the likeliest reading, or the more dangerous one where nothing is known.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field


class SecondCancel(StrEnum):
    """What a second cancel of the same document or receipt does."""

    ERROR = "error"
    DUPLICATE = "duplicate"
    NOOP = "noop"


class StatusForCancels(StrEnum):
    """What Status.* says of a cancel."""

    PRESENT = "present"
    ABSENT = "absent"
    DELAYED = "delayed"


class StatusWhileRunning(StrEnum):
    """What Status.* says while the first call of a reference is still running."""

    NO_DATA = "no_data"
    SYNTHETIC_ERROR = "synthetic_error"


class Sign(StrEnum):
    """The sign with which the amount of a credit comes back."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


class CancelComment(StrEnum):
    """What a caller's comment on a cancel does to the automatic one."""

    JOINS = "joins"
    REPLACES = "replaces"
    IGNORED = "ignored"


class CreditedFlag(StrEnum):
    """Whether credits made by Document.New or Receipt.New set is_cancelled on the original."""

    NEVER = "never"
    WHEN_FULL = "when_full"
    WHEN_PARTIAL = "when_partial"


class ReferenceCheck(StrEnum):
    """When a reference is compared with those seen before."""

    AT_EXECUTION = "at_execution"
    AT_ARRIVAL = "at_arrival"
    RACING = "racing"


class ReferenceScope(StrEnum):
    """Among which requests a reference is unique."""

    COMPANY = "company"
    METHOD = "method"


class CancelDeduplication(StrEnum):
    """Whether a cancel with a reference seen before is refused."""

    NEVER = "never"
    ON_PREVENT_DUPLICATES = "on_prevent_duplicates"
    ON_REFERENCE = "on_reference"


class ListWindow(StrEnum):
    """What a list without dates covers."""

    SIX_MONTHS = "six_months"
    CURRENT_DAY = "current_day"


class ListOrder(StrEnum):
    """How the rows of a list are ordered."""

    BY_NUMBER = "by_number"
    OLDEST_FIRST = "oldest_first"
    NEWEST_FIRST = "newest_first"


class UnknownMember(StrEnum):
    """What a JSON member that the method does not know does."""

    IGNORED = "ignored"
    REJECTED = "rejected"


class OverlongText(StrEnum):
    """What a text over its limit meets, where no code is documented."""

    REJECTED = "rejected"
    TRUNCATED = "truncated"


class VatRounding(StrEnum):
    """How VAT is rounded to the agora."""

    HALF_UP_PER_DOCUMENT = "half_up_per_document"
    HALF_UP_PER_LINE = "half_up_per_line"
    HALF_EVEN_PER_DOCUMENT = "half_even_per_document"


class NegativeHalf(StrEnum):
    """Where exactly half an agora goes on a negative amount."""

    AWAY_FROM_ZERO = "away_from_zero"
    UPWARD = "upward"


class TimeZone(StrEnum):
    """The zone of dates and times without one."""

    ISRAEL = "israel"
    UTC = "utc"


class ErrorData(StrEnum):
    """What stands in `data` when an error is answered."""

    EMPTY_LIST = "empty_list"
    NULL = "null"


class Switches(BaseModel):
    """All switches; each line says what is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    # How errors look.
    error_http_status: Literal[200, 500] = 500
    """The HTTP status of a business error: the vendor's page says 500, clients also saw 200."""
    error_code_in_debug: bool = False
    """Whether error_code is 500 and the real code stands only in debug_message, as once seen."""
    error_data: ErrorData = ErrorData.EMPTY_LIST
    """What data is in an error: an empty list on the vendor's page, null in a client's notes."""
    html_on_400: bool = True
    """Whether a malformed request gets a page of HTML, or the JSON that the vendor declares."""
    unauthorized_code: int = 401
    """The error code of a wrong token; 401 in 2015, today's is not published."""
    unauthorized_http_status: Literal[200, 400, 401, 500] = 500
    """The HTTP status of a wrong token."""
    no_data_code: int = -2
    """The error code of an empty result: -2 seen by clients, 204 in 2015."""
    customer_not_found_is_no_data: bool = False
    """Whether Customer.Get without a match says NO_DATA_FOUND, not CUSTOMER_NOT_EXISTS."""
    escape_slashes: bool = True
    """Whether answers escape the slashes in strings, as the vendor's examples do."""
    time_zone: TimeZone = TimeZone.ISRAEL
    """The time zone of issue dates and times, which is not stated."""

    # What requests may hold.
    unknown_member: UnknownMember = UnknownMember.IGNORED
    """Whether a member that the method does not know is ignored or refused."""
    overlong_text: OverlongText = OverlongText.REJECTED
    """Whether texts over their limit are cut or refused, where no code is documented."""
    last_name_required: bool = True
    """Whether New needs last_name: today's page says so, the examples of 2015 leave it out."""
    item_fields_required: bool = False
    """Whether all five item fields that today's page requires must be there."""
    card_fields_required: bool = False
    """Whether a card payment needs last digits and voucher: two vendor pages disagree."""
    negative_payment_fields_required: bool = True
    """Whether a payment back needs the bank or cheque fields of its method too."""
    invalid_amount_on_negative_payment: bool = False
    """Whether a negative payment is refused, as the text of 2015 glosses INVALID_AMOUNT."""
    vat_rounding: VatRounding = VatRounding.HALF_UP_PER_DOCUMENT
    """How VAT is rounded, and whether for each line or once for the document."""
    negative_half: NegativeHalf = NegativeHalf.AWAY_FROM_ZERO
    """Where half an agora of VAT goes when the price is negative."""
    closed_until: date | None = None
    """The last day of the closed months: nothing may be dated on or before it, if anything is."""
    ceiling_check: bool = False
    """Whether the server refuses to credit more than the original."""

    # Cancelling.
    second_cancel: SecondCancel = SecondCancel.DUPLICATE
    """What a second cancel does: a refusal, a second credit, or nothing and the first answer."""
    cancel_of_partly_credited_allowed: bool = True
    """Whether an original that is partly credited may still be cancelled."""
    cancel_of_closed_allowed: bool = True
    """Whether a closed document may be cancelled."""
    cancel_of_credit_allowed: bool = True
    """Whether a credit document may be cancelled in its turn."""
    cancel_of_non_accounting_allowed: bool = True
    """Whether a document outside the accounts, such as a delivery note, may be cancelled."""
    invoice_half_first: bool = False
    """Whether the receipt half of an invoice-receipt is refused until its invoice is cancelled."""
    cancel_deduplication: CancelDeduplication = CancelDeduplication.NEVER
    """Whether a cancel honours request_reference, or a flag that its page does not list."""
    check_only_on_cancel: bool = False
    """Whether a cancel knows check_only; otherwise the flag is an unknown member."""
    cancel_comment: CancelComment = CancelComment.JOINS
    """Whether a caller's comment joins the automatic one, replaces it, or is dropped."""
    cancel_closes_original: bool = True
    """Whether original and credit close each other as far as the original was open."""
    receipt_cancel_reopens: bool = True
    """Whether what a receipt had closed is open again once the receipt is cancelled."""
    receipt_cancel_closes_credit: bool = False
    """Whether the cancelled receipt of an invoice-receipt closes the credit of its invoice."""
    receipt_cancel_of_type_2_gives: Literal[1, 2] = 1
    """The type of the receipt that cancels the receipt half of an invoice-receipt."""
    document_cancel_answers_status: bool = False
    """Whether Document.Cancel answers a status beside its four names, as Receipt.Cancel does."""
    mail_on_cancel: bool = False
    """Whether a cancel mails the customer, since it has no flag to say no."""
    allocation_number_on_credits: bool = False
    """Whether credit documents get an allocation number."""

    # Flags and signs.
    is_cancelled_after_partial_credit: CreditedFlag = CreditedFlag.NEVER
    """Whether credits by New, recognised by closing fields or a comment, set is_cancelled."""
    half_cancel_marks_other_half: bool = False
    """Whether cancelling one half of an invoice-receipt marks the other half as cancelled."""
    credit_carries_is_cancelled: bool = False
    """Whether the credit document of a cancel is itself is_cancelled."""
    cancelled_flag_on_receipts: bool = False
    """Whether receipts show is_cancelled at all."""
    credit_sign_new: Sign = Sign.NEGATIVE
    """The sign of a credit's amount in the answer of New."""
    credit_sign_details: Sign = Sign.NEGATIVE
    """The sign of a credit's amounts in Details and Last."""
    credit_sign_list: Sign = Sign.NEGATIVE
    """The sign of a credit's amount in List and in open and closed documents."""
    receipt_new_answers_amount: bool = False
    """Whether Receipt.New answers an amount, as Document.New does."""

    # Looking things up.
    hebrew_type_names: bool = True
    """Whether Document.Details answers type names, "02/6923", "17%" and payment_type_id 0."""
    details_shows_comments: bool = False
    """Whether Document.Details shows comments."""
    list_shows_comments: bool = True
    """Whether Document.List shows comments."""
    list_shows_reference: bool = True
    """Whether Document.List shows reference and link."""
    list_default_window: ListWindow = ListWindow.SIX_MONTHS
    """What a list without dates covers: six months in one source, the current day in another."""
    list_order: ListOrder = ListOrder.BY_NUMBER
    """The order of the rows of a list."""
    list_limit: int | None = Field(default=None, ge=1)
    """How many rows a list has at most; no paging is documented."""
    list_lag_seconds: Decimal = Field(default=Decimal(0), ge=0)
    """How long lists do not show what was just made."""

    # References.
    reference_check: ReferenceCheck = ReferenceCheck.AT_EXECUTION
    """What two running calls with one reference do to each other."""
    reference_scope: ReferenceScope = ReferenceScope.COMPANY
    """Whether a reference is unique in the company or for a method."""
    other_payload_is_duplicate: bool = True
    """Whether a known reference is refused when the rest of the request differs."""
    reference_burned_by_failed: bool = False
    """Whether a refused request uses up its reference."""
    reference_burned_by_check_only: bool = False
    """Whether a check uses up its reference."""
    status_for_cancels: StatusForCancels = StatusForCancels.PRESENT
    """Whether Status.* knows of cancels: at once, never, or after status_cancel_delay_seconds."""
    status_cancel_delay_seconds: Decimal = Field(default=Decimal(60), ge=0)
    """How long a delayed Status.* does not know of a cancel."""
    status_lag_seconds: Decimal = Field(default=Decimal(0), ge=0)
    """How long Status.* does not know of any call."""
    status_retention_seconds: Decimal | None = Field(default=None, gt=0)
    """How long Status.* remembers; nothing is published."""
    status_stores_failed: bool = True
    """Whether Status.* remembers refused requests."""
    status_stores_check_only: bool = True
    """Whether Status.* remembers checks."""
    status_last_answer_is_refusal: bool = True
    """Whether a refusal as a duplicate becomes the last answer of its reference."""
    status_while_running: StatusWhileRunning = StatusWhileRunning.NO_DATA
    """What Status.* says while the first call of a reference is still running."""

    def with_(self, **changes: object) -> Self:
        """Make a copy in which some switches are set otherwise; the values are checked."""
        return self.model_validate(self.model_dump() | changes)

    @classmethod
    def described(cls) -> tuple[tuple[str, str, str], ...]:
        """List each switch: its name, its default, and what is unknown."""
        return tuple(
            (name, str(field.default), field.description or "")
            for name, field in cls.model_fields.items()
        )
