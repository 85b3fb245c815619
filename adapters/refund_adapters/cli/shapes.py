"""The JSON that `--json` answers with; its names are stable, so pipelines may rely on them.

An amount is {"amount": "37.10", "currency": "ILS"}: decimal text, never a JSON number. Quantities
are decimal text too. Times are ISO 8601 in UTC. What is not known is null.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from refund_ledger.accounts import QUANTITY
from refund_ledger.money import format_minor, format_quantity

if TYPE_CHECKING:
    from refund_adapters.questions import OriginalStanding
    from refund_ledger.accounts import Account, Posting
    from refund_ledger.events import DocumentId, LateSuccessFound, Part
    from refund_ledger.refund import Refund
    from refund_projections.audit_trail import Entry
    from refund_projections.calls_due import Pending
    from refund_projections.credit_balances import CreditBalance
    from refund_projections.rebuild import Difference
    from refund_projections.remaining import Side
    from refund_projections.statement import Standing, Statement

Shape = dict[str, Any]


def money(minor: int, currency: str) -> Shape:
    """An amount as decimal text with its currency."""
    return {"amount": format_minor(minor, currency), "currency": currency}


def words(minor: int, currency: str) -> str:
    """An amount for people."""
    return f"{format_minor(minor, currency)} {currency}"


def time(at: datetime | None) -> str | None:
    """A time in UTC, to the millisecond."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def second(at: datetime) -> str:
    """A time for people: UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def document(of: DocumentId) -> Shape:
    """A document of the accounting system."""
    return {
        "half": of.half.value,
        "type": of.series,
        "number": of.number,
        "identity": of.identity or None,
    }


# --- refunds --------------------------------------------------------------------------------------


def refund(of: Refund) -> Shape:
    """A refund as it stands; `version` is what `resolve --seen` asks for."""
    request, currency = of.request, of.request.currency
    return {
        "key": request.key,
        "id": str(of.id),
        "status": of.status.value,
        "version": of.version,
        "digest": request.digest,
        "kind": request.kind.value,
        "customer_id": request.customer_id,
        "reason": request.reason,
        "comment": request.comment,
        "original": request.sale or request.receipt or None,
        "sale": request.sale or None,
        "receipt": request.receipt or None,
        "credited": money(request.credited, currency),
        "net": money(request.net, currency),
        "vat": money(request.vat, currency),
        "paid_back": money(request.paid_back, currency),
        "method": request.method.value if request.method else None,
        "source_account": request.source_account or None,
        "lines": [
            {
                "line": line.line,
                "net": money(line.net, currency),
                "vat": money(line.vat, currency),
                "quantity": format_quantity(line.quantity),
                "returned": format_quantity(line.returned),
            }
            for line in request.lines
        ],
        "payments": [
            {"payment": one.payment, **money(one.amount, currency)} for one in request.payments
        ],
        "requested_by": request.actor,
        "requested_at": time(request.timestamp),
        "needs_approval": list(request.needs_approval),
        "approved_by": of.approved_by or None,
        "parts": [part(of, each) for each in of.parts],
        "alerts": [_alert(alert) for alert in of.alerts],
    }


def part(of: Refund, which: Part) -> Shape:
    """One part of a refund: how it is booked, and where that stands."""
    request, state = of.request, of.part(which)
    way, call, refusal = request.way(which), state.submitted, state.refusal
    return {
        "part": which.value,
        "way": way.value if way else None,
        "status": state.status.value,
        "asked": money(request.asked(which), request.currency),
        "booked": money(state.booked, request.currency) if state.documents else None,
        "documents": [document(one) for one in state.documents],
        "attempts": state.attempts,
        "method": call.method if call else None,
        "reference": call.reference if call else None,
        "waits_for_person": state.for_person or refusal is not None,
        "look_after": time(state.look_after),
        "doubt": state.doubt or None,
        "refusal": {"code": refusal.code, "message": refusal.message} if refusal else None,
    }


def _alert(alert: LateSuccessFound) -> Shape:
    return {
        "part": alert.part.value,
        "document": document(alert.document),
        "booked": money(alert.booked, alert.currency),
        "found_at": time(alert.timestamp),
        "duplicate_of": document(alert.duplicate_of) if alert.duplicate_of else None,
    }


def pending(entry: Pending, now: datetime) -> Shape:
    """Something that waits."""
    return {
        "key": entry.key or None,
        "refund": str(entry.refund),
        "customer_id": entry.customer_id,
        "part": entry.part.value if entry.part else None,
        "status": str(entry.status),
        "waits": entry.waits.value if entry.waits else None,
        "why": entry.why,
        "since": time(entry.since),
        "age_seconds": max(int((now - entry.since).total_seconds()), 0),
        "what_to_do": entry.what_to_do,
    }


def entry(of: Entry, *, postings: bool) -> Shape:
    """One event of a story."""
    shape: Shape = {
        "at": time(of.at),
        "who": of.who,
        "event": of.topic,
        "version": of.version,
        "event_id": str(of.event_id),
        "command_id": of.command_id,
        "what": of.what,
        "document": of.document or None,
        "details": [{"label": label, "text": text} for label, text in of.details],
    }
    if postings:
        shape["postings"] = [posting(one) for one in of.postings]
    return shape


# --- accounts -------------------------------------------------------------------------------------


def amount_of(account: Account, amount: int) -> str:
    """A signed amount in an account's unit, as decimal text."""
    if account.unit == QUANTITY:
        return format_quantity(amount)
    return format_minor(amount, account.unit)


def posting(of: Posting) -> Shape:
    """One line of double entry: debit positive, credit negative."""
    account = of.account
    return {
        **named(account),
        "amount": amount_of(account, of.amount),
        "unit": account.unit,
    }


def named(account: Account) -> Shape:
    """An account in its columns; unused ones are null."""
    return {
        "account": account.kind.value,
        "subject": account.subject or None,
        "refund": account.refund or None,
        "customer_id": account.customer or None,
        "item": account.item or None,
    }


def balance(of: CreditBalance) -> Shape:
    """Where one customer stands in one currency; net is positive where the company owes."""
    currency = of.currency
    return {
        "customer_id": of.customer_id,
        "currency": currency,
        "open": money(of.open, currency),
        "credit": money(of.credit, currency),
        "held": money(of.held, currency),
        "promised": money(of.promised, currency),
        "unexplained": money(of.unexplained, currency),
        "net": money(of.net, currency),
        "sources": [
            {"source": source.source, **money(source.amount, currency)} for source in of.sources
        ],
    }


def statement(of: Statement) -> Shape:
    """A customer's statement: opening - debits + credits = closing."""
    currency = of.currency
    return {
        "customer_id": of.customer_id,
        "currency": currency,
        "from": time(of.since),
        "before": time(of.until),
        "opening": _standing(of.opening, currency),
        "lines": [
            {
                "at": time(line.at),
                "what": line.what,
                "document": line.document or None,
                "refund": str(line.refund) if line.refund else None,
                "key": line.key or None,
                "debit": money(line.debit, currency),
                "credit": money(line.credit, currency),
                "balance": _standing(line.balance, currency),
                "event_id": str(line.event_id),
            }
            for line in of.lines
        ],
        "debits": money(of.debits, currency),
        "credits": money(of.credits, currency),
        "closing": _standing(of.closing, currency),
    }


def _standing(of: Standing, currency: str) -> Shape:
    return {"net": money(of.net, currency), "available": money(of.available, currency)}


def difference(of: Difference) -> Shape:
    """Where what is live is not what the events say."""
    shape: Shape = {"what": str(of)}
    account = getattr(of, "account", None)
    if account is not None:
        shape |= named(account)
        shape["unit"] = account.unit
        shape["replayed"] = amount_of(account, getattr(of, "replayed", 0))
        live = getattr(of, "live", None)
        shape["live"] = None if live is None else amount_of(account, live)
    return shape


# --- originals ------------------------------------------------------------------------------------


def standing(of: OriginalStanding) -> Shape:
    """An original, what of it is left, and the refunds that took from it."""
    recorded, left = of.recorded, of.remaining
    currency = recorded.currency
    lines = {line.line: line for line in left.lines}
    payments = {payment.payment: payment.amount for payment in left.payments}
    return {
        "original": str(recorded.ref),
        "customer_id": recorded.customer_id,
        "currency": currency,
        "issued_on": recorded.issued_on.isoformat(),
        "exchange_rate": recorded.exchange_rate,
        "read_from": recorded.read_from,
        "recorded_at": time(recorded.timestamp),
        "lines": [
            {
                "line": line.number,
                "item": line.item or None,
                "description": line.description,
                "quantity": format_quantity(line.quantity),
                "net": money(line.net, currency),
                "vat": money(line.vat, currency),
                "left_quantity": format_quantity(there.quantity if there else 0),
                "left_net": money(there.net if there else 0, currency),
                "left_vat": money(there.vat if there else 0, currency),
            }
            for line in recorded.lines
            for there in [lines.get(line.number)]
        ],
        "payments": [
            {
                "payment": one.number,
                "method": one.method.value,
                **money(one.amount, currency),
                "left": money(payments.get(one.number, 0), currency),
            }
            for one in recorded.payments
        ],
        "sale": _side(left.sale, currency),
        "money": _side(left.money, currency),
        "open": money(left.open, currency),
        "covered": money(left.covered, currency),
        "promised_cover": money(left.promised_cover, currency),
        "refunds": [refund(one) for one in of.refunds],
    }


def _side(of: Side, currency: str) -> Shape:
    return {
        "recorded": money(of.recorded, currency),
        "left": money(of.left, currency),
        "in_flight": money(of.in_flight, currency),
        "done": money(of.done, currency),
        "excess": money(of.excess, currency),
        "fully_refunded": of.is_fully_refunded,
    }


def totals(of: Iterable[tuple[str, int]]) -> list[Shape]:
    """Totals by currency."""
    return [money(minor, currency) for currency, minor in of]
