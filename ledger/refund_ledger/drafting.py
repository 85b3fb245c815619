"""Drafting: from what was asked to exactly what is taken, and how each part is booked."""

from __future__ import annotations

from typing import Any

from refund_ledger.asking import Parts
from refund_ledger.crediting import lines_to_credit
from refund_ledger.draft import Draft
from refund_ledger.errors import InvalidInputError
from refund_ledger.events import OriginalRecorded, RefundKind, TakenLine, TakenPayment, Way
from refund_ledger.originals import Kind, PaymentDetails
from refund_ledger.paying import backing_for, payments_to_return

NO_DETAILS = PaymentDetails()


def halves(
    original: OriginalRecorded | None, receipt: OriginalRecorded | None
) -> tuple[OriginalRecorded | None, OriginalRecorded | None]:
    """Which recorded original is credited and which is paid back."""
    if receipt is not None and receipt.kind is not Kind.RECEIPT:
        raise InvalidInputError("receipt", f"{receipt.ref} is not a receipt")
    if original is None or original.kind is Kind.INVOICE:
        return original, receipt
    if receipt is not None:
        raise InvalidInputError("receipt", f"{original.ref} has payments of its own; leave it out")
    return (original if original.kind.has_sale else None), original


def work_out(draft: Draft) -> dict[str, Any]:
    """Everything that the request takes, as fields of the event; reasons go to the draft."""
    ask = draft.ask
    has_sale, has_money = _parts(draft)
    _refuse_what_has_no_place(draft, has_sale=has_sale, has_money=has_money)
    lines = lines_to_credit(draft) if has_sale else ()
    credited = sum(line.gross for line in lines)
    payments, paid_back = payments_to_return(draft, credited) if has_money else ((), 0)
    if has_money and not (paid_back or draft.reasons):
        draft.refuse(f"customer {draft.customer_id} has no credit in {ask.currency} to pay out")
    if not has_sale and ask.amount not in {None, paid_back} and not draft.reasons:
        wanted = draft.money(ask.amount or 0)
        draft.refuse(f"{draft.money(paid_back)} would be paid back, not the amount of {wanted}")
    backing = backing_for(draft, paid_back) if paid_back else ()
    shown = draft.sale or draft.receipt
    return {
        "sale": draft.sale.name if draft.sale and has_sale else "",
        "receipt": draft.receipt.name if draft.receipt and has_money else "",
        "lines": lines,
        "payments": payments,
        "credited": credited,
        "paid_back": paid_back,
        "backing": backing,
        "method": ask.method if has_money else None,
        "details": ask.details if has_money else NO_DETAILS,
        "source_account": _source_account(draft, payments) if paid_back else "",
        "invoice_way": _invoice_way(draft, lines) if has_sale else None,
        "receipt_way": _receipt_way(draft, payments) if has_money else None,
        "exchange_rate": shown.exchange_rate if shown else None,
        "receipt_rate": draft.receipt.exchange_rate if draft.receipt and has_money else None,
        "price_includes_vat": shown.price_includes_vat if shown else True,
    }


def _parts(draft: Draft) -> tuple[bool, bool]:
    """Whether the request has an invoice part and a receipt part."""
    ask = draft.ask
    if ask.kind is RefundKind.CREDIT:
        return False, True
    if ask.kind is RefundKind.GOODWILL:
        return True, ask.parts is Parts.BOTH or bool(ask.pay_back)
    sale = draft.sale is not None
    money = draft.receipt is not None or bool(ask.pay_back)
    if ask.parts is Parts.INVOICE:
        if not sale:
            draft.refuse("a receipt has no invoice part; ask for its receipt part")
        return sale, False
    if ask.parts is Parts.RECEIPT:
        if draft.receipt is None:
            draft.refuse("an invoice has no receipt part; name the receipt that paid it")
        return False, draft.receipt is not None
    if ask.parts is Parts.BOTH and not sale:
        draft.refuse("a receipt has no invoice part; ask for its receipt part")
    return sale, money or ask.parts is Parts.BOTH


def _refuse_what_has_no_place(draft: Draft, *, has_sale: bool, has_money: bool) -> None:
    """Nothing that was asked is left aside: a refund gives what was said, or is refused."""
    ask = draft.ask
    if draft.reasons:
        return
    if ask.lines and not has_sale:
        draft.refuse("lines belong to an invoice part, which this refund does not have")
    said = ("payments", "pay_back", "receipt", "method", "source_account")
    stray = [name for name in said if getattr(ask, name)]
    if ask.details != NO_DETAILS:
        stray.append("details")
    if stray and not has_money:
        draft.refuse(
            f"{', '.join(stray)}: no money goes back here; ask for the receipt part too, or leave "
            "that out"
        )


def _invoice_way(draft: Draft, lines: tuple[TakenLine, ...]) -> Way:
    """Cancel only where the whole original is taken and nothing of it was given before."""
    if draft.sale is None:
        return Way.NEW
    whole = {(line.number, line.net, line.vat, line.quantity) for line in draft.sale.lines}
    taken = {(line.line, line.net, line.vat, line.quantity) for line in lines}
    # A line of text alone (no amount, no quantity) is on the original and never taken.
    missing = {key for key in whole - taken if any(key[1:])}
    return Way.NEW if missing else Way.CANCEL


def _receipt_way(draft: Draft, payments: tuple[TakenPayment, ...]) -> Way:
    """Cancel only where every payment goes back whole, the way it came."""
    ask = draft.ask
    if draft.receipt is None or ask.details != NO_DETAILS:
        return Way.NEW
    whole = {payment.number: payment.amount for payment in draft.receipt.payments if payment.amount}
    same_way = {payment.method for payment in draft.receipt.payments} == {ask.method}
    as_it_came = ask.method is None or same_way
    taken = {payment.payment: payment.amount for payment in payments}
    return Way.CANCEL if taken == whole and as_it_came else Way.NEW


def _source_account(draft: Draft, payments: tuple[TakenPayment, ...]) -> str:
    """Where the money leaves from; named after the method where the request does not say."""
    ask = draft.ask
    ways = [ask.method] if ask.method else [payment.method for payment in payments]
    return ask.source_account or (ways[0] if ways and ways[0] else "unspecified")
