"""The JSON of what adds up keeps its names, and its sums fit each other."""

from decimal import Decimal
from typing import Any

from support.command_line import CASH_SALE, INVOICE, SALE, Terminal

ORIGINAL = {
    *("original", "customer_id", "currency", "issued_on", "exchange_rate", "read_from"),
    *("recorded_at", "lines", "payments", "sale", "money", "open", "covered", "promised_cover"),
    "refunds",
}
BALANCE = {
    *("customer_id", "currency", "open", "credit", "held", "promised", "unexplained", "net"),
    "sources",
}
STATEMENT = {
    *("customer_id", "currency", "from", "before", "opening", "lines", "debits", "credits"),
    "closing",
}
LINE = {
    *("at", "what", "document", "refund", "key", "debit", "credit", "balance", "event_id"),
}


def test_the_names_of_an_original_stay(terminal: Terminal) -> None:
    terminal.originals(INVOICE)

    assert set(terminal.json("originals", "show", "invoice:1/17")) == ORIGINAL


def test_the_names_of_balances_statements_and_proof_stay(terminal: Terminal) -> None:
    terminal.originals(INVOICE)

    (balance,) = terminal.json("balance")["balances"]
    drawn = terminal.json("statement", "--customer", "1001", "--currency", "ILS")

    assert set(balance) == BALANCE
    assert set(drawn) == STATEMENT
    assert all(set(line) == LINE for line in drawn["lines"])
    assert set(terminal.json("rebuild")) == {
        *("events", "position", "accounts", "equal", "differences", "unnamed"),
    }


def test_each_side_of_an_original_adds_up(terminal: Terminal) -> None:
    terminal.originals(CASH_SALE)
    terminal.asked("order-1", "--amount", "33.33")

    shown = terminal.json("originals", "show", SALE)

    for side in (shown["sale"], shown["money"]):
        there = amount(side["recorded"]) + amount(side["excess"]) + amount(side["allowed"])
        assert there == sum(amount(side[name]) for name in ("left", "in_flight", "done"))
        assert not side["fully_refunded"]
    left = [amount(line["left_net"]) + amount(line["left_vat"]) for line in shown["lines"]]
    assert sum(left) == amount(shown["sale"]["left"])


def amount(of: dict[str, Any]) -> Decimal:
    """Read an amount."""
    return Decimal(of["amount"])
