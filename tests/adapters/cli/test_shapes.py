"""The JSON that pipelines rely on: names that stay, amounts as text, times in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from refund_adapters.cli import shapes
from refund_ledger.accounts import QUANTITY, Account, AccountKind
from support.command_line import SALE, Terminal

REFUND = {
    *("key", "id", "status", "version", "digest", "kind", "customer_id", "reason", "comment"),
    *("original", "sale", "receipt", "credited", "net", "vat", "paid_back", "method"),
    *("source_account", "lines", "payments", "requested_by", "requested_at", "needs_approval"),
    *("approved_by", "parts", "alerts"),
}
PART = {
    *("part", "way", "status", "asked", "booked", "documents", "attempts", "method", "reference"),
    *("waits_for_person", "look_after", "doubt", "refusal"),
}


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(29_250, "ILS", "292.50"), (-5, "ILS", "-0.05"), (500, "JPY", "500"), (1, "BHD", "0.001")],
)
def test_an_amount_is_text_with_its_currency(minor: int, currency: str, text: str) -> None:
    assert shapes.money(minor, currency) == {"amount": text, "currency": currency}
    assert shapes.words(minor, currency) == f"{text} {currency}"


def test_a_time_is_in_utc() -> None:
    jerusalem = timezone(timedelta(hours=2))
    at = datetime(2026, 1, 5, 12, 30, 15, 250_000, tzinfo=jerusalem)

    assert shapes.time(at) == "2026-01-05T10:30:15.250Z"
    assert shapes.second(at.astimezone(UTC)) == "2026-01-05T10:30:15Z"
    assert shapes.time(None) is None


def test_a_quantity_is_text_without_a_currency() -> None:
    account = Account("main", AccountKind.REFUNDABLE, SALE, item="line/1/quantity", unit=QUANTITY)

    assert shapes.amount_of(account, 1_500_000) == "1.5"


def test_the_names_of_a_refund_stay(terminal: Terminal) -> None:
    terminal.originals()
    terminal.asked()

    shown = terminal.json("show", "order-1")

    assert set(shown) == {"refund", "story"}
    assert set(shown["refund"]) == REFUND
    assert all(set(part) == PART for part in shown["refund"]["parts"])


def test_the_documents_of_a_refund_are_named(online: Terminal) -> None:
    online.ok("originals", "import", "--invoice-receipt", "6923")
    online.asked()
    online.ok("dispatch")

    invoice, receipt = online.json("show", "order-1")["refund"]["parts"]

    (document,) = invoice["documents"]
    assert (document["half"], document["type"]) == ("document", 3)
    assert invoice["booked"] == {"amount": "292.50", "currency": "ILS"}
    assert (receipt["method"], receipt["attempts"]) == ("Receipt.Cancel", 1)
    assert receipt["documents"][0]["half"] == "receipt"
