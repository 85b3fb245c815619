"""From a refund to the calls that book it: which method, which members, which numbers.

A whole original is cancelled; everything else is a new document with negative amounts. Nothing
here reads or sends: what cannot be said to Rivhit is refused before anything is recorded.
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256

from refund_adapters.accounting import Call
from refund_adapters.rivhit.comments import (
    comment_of,
    marker,
    reference_number,
    request_reference,
)
from refund_adapters.rivhit.items import items_of
from refund_adapters.rivhit.messages import (
    LARGEST_ASKED,
    DocumentCancel,
    DocumentNew,
    PaymentBack,
    ReceiptCancel,
    ReceiptNew,
    Write,
    said,
    text_of,
)
from refund_adapters.rivhit.settings import RivhitSettings
from refund_ledger.errors import RefusedError
from refund_ledger.events import Part, RefundRequested, Way
from refund_ledger.money import Money
from refund_ledger.originals import Method, OriginalRef, PaymentDetails

NEEDED_DETAILS: dict[Method, tuple[tuple[str, str], ...]] = {
    Method.CHEQUE: (
        ("bank", "the bank's code"),
        ("branch", "the branch"),
        ("account", "the account number"),
        ("number", "the cheque's number"),
    ),
    Method.BANK_TRANSFER: (
        ("bank", "the bank's code"),
        ("branch", "the branch"),
        ("account", "the account number"),
        ("number", "the transfer's reference"),
    ),
}
"""What a payment by each method must name; the sign of its amount changes nothing in that."""


def call_of(request: RefundRequested, part: Part, settings: RivhitSettings) -> Call:
    """Turn one part of a refund into its call, still without the customer's name."""
    message = message_of(request, part, settings)
    text = text_of(message)
    return Call(
        part=part,
        method=message.METHOD,
        reference=request_reference(request.originator_id, part),
        marker=marker(request.originator_id, part),
        request=text,
        digest=digest_of(message.METHOD, text),
    )


def digest_of(method: str, request: str) -> str:
    """What identifies the content of a call."""
    return sha256(f"{method}\n{request}".encode()).hexdigest()


def message_of(request: RefundRequested, part: Part, settings: RivhitSettings) -> Write:
    """The message that books one part."""
    match request.way(part):
        case Way.CANCEL:
            return _cancel(request, part, settings)
        case Way.NEW if part is Part.INVOICE:
            return _new_document(request, settings)
        case Way.NEW:
            return _new_receipt(request, settings)
        case None:
            raise RefusedError(f"this refund has no {part} part")


def _cancel(request: RefundRequested, part: Part, settings: RivhitSettings) -> Write:
    ref = _original(request, part)
    has = ref.kind.has_sale if part is Part.INVOICE else ref.kind.has_money
    if not has or _is_known_as_another(ref, part, settings):
        raise RefusedError(
            f"{ref} cannot be cancelled as a {part.half}: {part.half} type {ref.series} is not "
            f"what an original of kind {ref.kind} has; check the reference and the type settings"
        )
    if ref.number > LARGEST_ASKED:
        raise RefusedError(f"{ref}: Rivhit cancels numbers up to {LARGEST_ASKED} only")
    comments = comment_of(request, part, language=settings.comment_language)
    reference = request_reference(request.originator_id, part)
    if part is Part.INVOICE:
        return DocumentCancel(
            document_type=ref.series,
            document_number=ref.number,
            comments=comments,
            request_reference=reference,
        )
    return ReceiptCancel(
        receipt_type=ref.series,
        receipt_number=ref.number,
        comments=comments,
        request_reference=reference,
    )


def _is_known_as_another(ref: OriginalRef, part: Part, settings: RivhitSettings) -> bool:
    """Tell whether the settings know this type as something else than the original's kind."""
    if part is Part.INVOICE and ref.series == settings.credit_type:
        return True
    return settings.kind_of(part.half, ref.series) not in {None, ref.kind}


def _original(request: RefundRequested, part: Part) -> OriginalRef:
    named = request.sale if part is Part.INVOICE else request.receipt
    if not named:
        raise RefusedError(f"the {part} part names no original that could be cancelled")
    return OriginalRef.parse(named)


def _new_document(request: RefundRequested, settings: RivhitSettings) -> Write:
    gross = settings.prices == "gross" or request.price_includes_vat
    exempt = bool(request.lines) and all(line.exempt for line in request.lines)
    reference = request_reference(request.originator_id, Part.INVOICE)
    return said(
        DocumentNew,
        {
            "document_type": settings.credit_type,
            "customer_id": customer_number(request.customer_id),
            "reference": reference_number(reference),
            "comments": comment_of(request, Part.INVOICE, language=settings.comment_language),
            "sort_code": settings.exempt_sort_code if exempt else settings.taxable_sort_code,
            "price_include_vat": gross,
            "currency_id": _currency_id(request, settings),
            "exchange_rate": _rate(request, Part.INVOICE, settings),
            "no_update_inventory": not any(line.returned for line in request.lines),
            "send_mail": settings.send_mail,
            "items": items_of(request, settings, gross=gross),
            "request_reference": reference,
        },
    )


def _new_receipt(request: RefundRequested, settings: RivhitSettings) -> Write:
    reference = request_reference(request.originator_id, Part.RECEIPT)
    return said(
        ReceiptNew,
        {
            "receipt_type": settings.refund_receipt_type,
            "customer_id": customer_number(request.customer_id),
            "reference": reference_number(reference),
            "comments": comment_of(request, Part.RECEIPT, language=settings.comment_language),
            "currency_id": _currency_id(request, settings),
            "exchange_rate": _rate(request, Part.RECEIPT, settings),
            "send_mail": settings.send_mail,
            "payments": _payments(request, settings),
            "request_reference": reference,
        },
    )


def _payments(request: RefundRequested, settings: RivhitSettings) -> tuple[PaymentBack, ...]:
    """Each payment goes back the way it came, unless the refund names its own way."""
    own = request.details != PaymentDetails()
    as_they_came = (
        bool(request.payments)
        and not own
        and all(
            payment.method is not None and request.method in {None, payment.method}
            for payment in request.payments
        )
    )
    if as_they_came:
        rows = [(payment.method, payment.details, payment.amount) for payment in request.payments]
    else:
        rows = [(request.method, request.details, request.paid_back)]
    if sum(amount for _, _, amount in rows) != request.paid_back:
        raise RefusedError("the payments taken do not sum to what is paid back; ask anew")
    return tuple(
        _payment(method, details, Money(amount, request.currency), settings)
        for method, details, amount in rows
        if amount
    )


def _payment(
    method: Method | None, details: PaymentDetails, money: Money, settings: RivhitSettings
) -> PaymentBack:
    if method is None:
        raise RefusedError("money is given back, but no method is named; say how it is paid")
    payment_type = settings.payment_types.get(method)
    if payment_type is None:
        raise RefusedError(
            f"no payment type is set for {method}; add one to payment_types, or pay otherwise"
        )
    missing = [
        f"a refund by {method} needs {words} (field {name!r})"
        for name, words in NEEDED_DETAILS.get(method, ())
        if getattr(details, name) is None
    ]
    if missing:
        raise RefusedError(*missing)
    home = money.currency == settings.home_currency
    bank = method in NEEDED_DETAILS
    named = bank or method is Method.CARD
    return said(
        PaymentBack,
        {
            "payment_type": payment_type,
            "amount_nis": -money.decimal() if home else None,
            "amount_mtc": None if home else -money.decimal(),
            "bank_code": details.bank if bank else None,
            "branch_number": details.branch if bank else None,
            "bank_account_number": details.account if named else None,
            "check_number": details.number if named else None,
        },
    )


def customer_number(customer_id: str) -> int:
    """The customer's number at Rivhit, which is how the ledger names customers here."""
    if not (customer_id.isascii() and customer_id.isdecimal() and 0 < int(customer_id) < 10**9):
        raise RefusedError(
            f"customer {customer_id!r} is no customer of Rivhit, which numbers them 1 to 999999999"
        )
    return int(customer_id)


def _currency_id(request: RefundRequested, settings: RivhitSettings) -> int:
    found = settings.currency_ids.get(request.currency)
    if found is None:
        raise RefusedError(f"{request.currency} has no currency id; add it to currency_ids")
    return found


def _rate(request: RefundRequested, part: Part, settings: RivhitSettings) -> Decimal | None:
    """The rate of the original of a part; without one Rivhit takes its own of the day."""
    own = request.receipt_rate if part is Part.RECEIPT else None
    rate = own or request.exchange_rate
    return None if request.currency == settings.home_currency or rate is None else Decimal(rate)
