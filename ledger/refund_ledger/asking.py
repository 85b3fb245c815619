"""Asking: what a caller may say when money is to be given back, checked field by field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from refund_ledger.errors import InvalidInputError
from refund_ledger.events import RefundKind
from refund_ledger.inputs import Positive, plain, validated
from refund_ledger.money import MAX_MINOR, exponent
from refund_ledger.originals import Immutable, Method, OriginalRef, PaymentDetails


class Parts(StrEnum):
    """Which parts are asked for; `auto` takes what the original has."""

    AUTO = "auto"
    BOTH = "both"
    INVOICE = "invoice"
    RECEIPT = "receipt"


class LineAsked(Immutable):
    """One line to credit: by quantity (millionths), by amount (minor units, VAT in), or whole."""

    line: Annotated[int, Field(ge=1, le=9999)]
    quantity: Positive | None = None
    amount: Positive | None = None
    returned: Annotated[int, Field(strict=True, ge=0, le=MAX_MINOR)] | None = None
    """What of it came back as goods; all of the credited quantity where nothing is said."""


class PaymentAsked(Immutable):
    """How much of one payment to give back, in minor units; all that is left where none is said."""

    payment: Annotated[int, Field(ge=1, le=9999)]
    amount: Positive | None = None


class Request(Immutable):
    """A request to give money back; amounts in whole minor units of `currency`.

    `amount` is what is credited (VAT included), or paid back where there is no invoice part.
    `pay_back` is what is paid back where it differs. Where neither lines nor an amount is said, all
    that is left is meant.
    """

    company: Annotated[str, plain(60, shortest=1)]
    key: Annotated[str, plain(120, shortest=1)]
    """The caller's idempotency key: the same key never makes a second refund."""
    kind: RefundKind = RefundKind.ORIGINAL
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    customer_id: Annotated[str, plain(60)] = ""
    original: Annotated[str, plain(60)] = ""
    receipt: Annotated[str, plain(60)] = ""
    """The receipt that paid the invoice, where its money goes back too."""
    parts: Parts = Parts.AUTO
    amount: Positive | None = None
    vat: Annotated[int, Field(strict=True, ge=0, le=MAX_MINOR)] | None = None
    """The VAT inside `amount`; for a goodwill only, every other split follows from the original."""
    lines: tuple[LineAsked, ...] = ()
    payments: tuple[PaymentAsked, ...] = ()
    pay_back: Positive | None = None
    credits: tuple[Annotated[str, plain(200)], ...] = ()
    """Which credits to pay out; the oldest first where none is named."""
    method: Method | None = None
    details: PaymentDetails = PaymentDetails()
    source_account: Annotated[str, plain(60)] = ""
    reason: Annotated[str, plain(40, shortest=1)]
    comment: Annotated[str, plain(200)] = ""
    items_returned: bool = True
    """Whether credited goods came back, for lines that do not say."""

    @property
    def digest(self) -> str:
        """SHA-256 over everything asked; the same key with another digest is refused.

        Fields that say nothing are left out, so that a field added later changes no digest.
        """
        return digest_of(self.model_dump(mode="json", exclude_defaults=True))

    @property
    def original_ref(self) -> OriginalRef | None:
        """The original, read; raises `InvalidInputError` where it is not a reference."""
        return OriginalRef.parse(self.original) if self.original else None

    @property
    def receipt_ref(self) -> OriginalRef | None:
        """The receipt, read; raises `InvalidInputError` where it is not a reference."""
        return OriginalRef.parse(self.receipt, field="receipt") if self.receipt else None


def read_request(fields: Mapping[str, Any]) -> Request:
    """Check raw fields as a request; raises `InvalidInputError` naming the first wrong field."""
    return validated(Request, fields)


def check_shape(ask: Request) -> None:
    """Refuse an unknown currency, and fields that do not belong to the kind of refund."""
    exponent(ask.currency)
    if ask.vat is not None and ask.kind is not RefundKind.GOODWILL:
        raise InvalidInputError("vat", f"follows from the {ask.kind}; leave it out")
    if ask.credits and ask.kind is not RefundKind.CREDIT:
        raise InvalidInputError("credits", "belong to the refund of a credit; leave them out")
    if ask.kind is RefundKind.ORIGINAL:
        if not ask.original:
            raise InvalidInputError("original", "name the original, such as invoice:1/2345")
        return
    if ask.original or ask.receipt:
        raise InvalidInputError("original", f"a refund of kind {ask.kind} has no original")
    if not ask.customer_id:
        raise InvalidInputError("customer_id", "say whose credit it is")
    if ask.lines or ask.payments:
        raise InvalidInputError("lines", f"a refund of kind {ask.kind} has no lines or payments")
    _check_parts(ask)


def _check_parts(ask: Request) -> None:
    """Refuse parts that a refund without an original does not have."""
    if ask.kind is RefundKind.GOODWILL and ask.parts is Parts.RECEIPT:
        raise InvalidInputError("parts", "a goodwill is credited first; ask for both parts")
    if ask.kind is RefundKind.CREDIT and ask.parts in {Parts.INVOICE, Parts.BOTH}:
        raise InvalidInputError("parts", "the refund of a credit has a receipt part only")


def digest_of(content: Any) -> str:
    """SHA-256 over canonical JSON (sorted keys, no blanks) of text and whole numbers."""
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
