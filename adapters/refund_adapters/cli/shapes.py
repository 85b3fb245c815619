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
    from refund_ledger.accounts import Account, Posting
    from refund_ledger.events import DocumentId, LateSuccessFound, Part
    from refund_ledger.refund import Refund
    from refund_projections.audit_trail import Entry
    from refund_projections.calls_due import Pending

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
        "refund": str(entry.refund) if entry.refund else None,
        "document": entry.document or None,
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


def totals(of: Iterable[tuple[str, int]]) -> list[Shape]:
    """Totals by currency."""
    return [money(minor, currency) for currency, minor in of]
