"""What the server says when it refuses: codes that clients have seen, and visibly synthetic ones.

A number above -90000 is one that the vendor or a client of the API has shown. A number from -90000
down is the sandbox's own, and so is an identifier that starts with SANDBOX_. No client may come to
depend on those.
"""

from dataclasses import dataclass


class SandboxError(Exception):
    """The sandbox could not do what was asked of it."""


class MalformedRequestError(SandboxError):
    """The body is not what the method can read; the server answers with HTTP 400."""


class UnknownMethodError(SandboxError):
    """There is no such method; the server answers with HTTP 404."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way in which the server refuses: its number and its identifier."""

    code: int
    identifier: str

    def error(self, detail: str = "") -> "ApiError":
        """Make the error that a method raises."""
        return ApiError(self, detail)


class ApiError(SandboxError):
    """The server understood the request and refuses it."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(f"{refusal.code} : {refusal.identifier}")
        self.refusal = refusal
        self.detail = detail


# Numbers that clients of the API have seen; some of them without their identifier.
DATABASE_ERROR = Refusal(-1, "SANDBOX_DATABASE_ERROR")
NO_DATA_FOUND = Refusal(-2, "NO_DATA_FOUND")
CUSTOMER_NOT_EXISTS = Refusal(-20, "CUSTOMER_NOT_EXISTS")
CUSTOMER_CARD_NOT_EXISTS = Refusal(-22, "CUSTOMER_NOT_EXISTS")
DOCUMENT_TYPE_NOT_EXISTS = Refusal(-23, "DOCUMENT_TYPE_NOT_EXISTS")
INVALID_ID_NUMBER = Refusal(-28, "INVALID_ID_NUMBER")
INVALID_ASMACHTA = Refusal(-44, "INVALID_ASMACHTA")
ORDER_TOO_LONG = Refusal(-45, "SANDBOX_ORDER_TOO_LONG")
COMMENTS_TOO_LONG = Refusal(-46, "COMMENTS_SIZE_TO_BIG")
INVALID_DUE_DATE = Refusal(-52, "SANDBOX_INVALID_DUE_DATE")
ITEM_CURRENCY_DIFFERS = Refusal(-68, "DIFFERENT_MTC_CODES_IN_MTC_DOCUMENT")
DOCUMENT_NOT_EXISTS = Refusal(-76, "SANDBOX_DOCUMENT_NOT_EXISTS")
INVALID_DOCUMENT_NUMBER = Refusal(-77, "SANDBOX_INVALID_DOCUMENT_NUMBER")
REQUEST_ALREADY_PROCESSED = Refusal(-107, "REQUEST_ALREADY_PROCESSED")

# Refusals that the vendor names without a number of today.
RECEIPT_TYPE_NOT_EXISTS = Refusal(-90020, "RECEIPT_TYPE_NOT_EXISTS")
NOT_SUPPORTED_RECEIPT_TYPE = Refusal(-90021, "NOT_SUPPORTED_RECEIPT_TYPE")
NO_ITEMS = Refusal(-90022, "INVALID_NUMBER_ITEMS_RECORDS")
NO_PAYMENTS = Refusal(-90023, "INVALID_NUMBER_PAYMENTS_RECORDS")
RECEIPT_MISSING_PAYMENTS = Refusal(-90024, "RECEIPT_MISSING_PAYMENTS_RECORDS")
AMOUNTS_DIFFER = Refusal(-90025, "DIFFERENT_AMOUNT_BETWEEN_INVOICE_AND_RECEIPT")
INVALID_AMOUNT = Refusal(-90026, "INVALID_AMOUNT")
PAYMENT_TYPE_NOT_EXISTS = Refusal(-90027, "PAY_CODE_NOT_EXISTS")
INVALID_BANK_CODE = Refusal(-90028, "INVALID_BANK_CODE")
BANK_CODE_NOT_EXISTS = Refusal(-90029, "BANK_CODE_NOT_EXISTS")
INVALID_BRANCH = Refusal(-90030, "INVALID_BRANCH_NUM")
INVALID_ACCOUNT = Refusal(-90031, "INVALID_ACCOUNT_NUM")
INVALID_CHECK = Refusal(-90032, "INVALID_CHECK_NUM")
INVALID_DISCOUNT_TYPE = Refusal(-90033, "INVALID_DISCOUNT_TYPE")
INVALID_DISCOUNT_VALUE = Refusal(-90034, "INVALID_DISCOUNT_VALUE")
SORT_CODE_NOT_EXISTS = Refusal(-90035, "SORTCODE_NOT_EXISTS")
CURRENCY_NOT_EXISTS = Refusal(-90036, "MTC_CODE_NOT_EXISTS")
INVALID_RATE = Refusal(-90037, "INVALID_MTC_RATE")
BAD_DATE_FORMAT = Refusal(-90038, "BAD_DATE_FORMAT")
MONTH_IS_CLOSED = Refusal(-90039, "MONTH_IS_CLOSED")

# Refusals for which no public source gives even a name.
ALREADY_CANCELLED = Refusal(-90001, "SANDBOX_ALREADY_CANCELLED")
CANCEL_NOT_ALLOWED = Refusal(-90002, "SANDBOX_CANCEL_NOT_ALLOWED")
CEILING_EXCEEDED = Refusal(-90003, "SANDBOX_MORE_THAN_THE_ORIGINAL")
RECEIPT_NOT_EXISTS = Refusal(-90004, "SANDBOX_RECEIPT_NOT_EXISTS")
INVOICE_HALF_FIRST = Refusal(-90005, "SANDBOX_INVOICE_HALF_FIRST")
STILL_RUNNING = Refusal(-90006, "SANDBOX_STILL_RUNNING")
FIELD_REQUIRED = Refusal(-90010, "SANDBOX_FIELD_REQUIRED")
FIELD_OUT_OF_RANGE = Refusal(-90011, "SANDBOX_FIELD_OUT_OF_RANGE")
UNKNOWN_MEMBER = Refusal(-90012, "SANDBOX_UNKNOWN_MEMBER")
INJECTED = Refusal(-90099, "SANDBOX_INJECTED_REFUSAL")
