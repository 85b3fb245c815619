"""The JSON of what adds up: balances, statements, what is left of an original, and the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refund_adapters.cli.shapes import Shape, amount_of, money, named, refund, time
from refund_ledger.money import format_quantity

if TYPE_CHECKING:
    from refund_adapters.questions import OriginalStanding
    from refund_projections.credit_balances import CreditBalance
    from refund_projections.rebuild import Difference, Rebuilt
    from refund_projections.remaining import Side
    from refund_projections.statement import Standing, Statement


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


def rebuilt(of: Rebuilt) -> Shape:
    """What a replay came to."""
    return {
        "events": of.events,
        "position": of.position,
        "accounts": of.accounts,
        "equal": of.equal,
        "differences": [difference(one) for one in of.differences],
        "unnamed": of.unnamed,
    }


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
        "allowed": money(of.allowed, currency),
        "fully_refunded": of.is_fully_refunded,
    }
