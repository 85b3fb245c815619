"""Sandboxes for tests: a clock that stands still, a known token, and calls without a network."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import simplejson

from refund_adapters.sandbox.company import Company
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import Fault, FaultPlan
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.papers import Customer
from refund_adapters.sandbox.switches import Switches
from refund_adapters.sandbox.wire import Reply

TOKEN = "7d1a4c1e-0000-4000-8000-00000000cafe"
CUSTOMER = 1001
SALE = {"quantity": 1, "price_nis": Decimal(118), "description": "מעיל"}
CASH = 2


@dataclass(slots=True)
class Clock:
    """A clock that a test moves by hand; it starts on a winter's noon in Israel."""

    moment: datetime = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Say what time it is."""
        return self.moment

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)


@dataclass(slots=True)
class Api:
    """A sandbox, called as a client would but without a network."""

    sandbox: Sandbox
    clock: Clock = field(default_factory=Clock)

    def reply(self, method: str, **fields: object) -> Reply:
        """Send a request and return the reply as it is."""
        body = simplejson.dumps({"api_token": TOKEN} | fields, use_decimal=True).encode()
        return self.sandbox.handle(method, body)

    def envelope(self, method: str, **fields: object) -> dict[str, object]:
        """Send a request and read the answer's envelope."""
        return read(self.reply(method, **fields).body)

    def ok(self, method: str, **fields: object) -> dict[str, object]:
        """Send a request that succeeds; return its data."""
        envelope = self.envelope(method, **fields)
        assert envelope["error_code"] == 0, envelope["debug_message"]
        data = envelope["data"]
        assert isinstance(data, dict)
        return data

    def rows(self, method: str, **fields: object) -> list[dict[str, object]]:
        """Send a request whose data is one list; return the list."""
        (rows,) = self.ok(method, **fields).values()
        assert isinstance(rows, list)
        return rows

    def refused(self, method: str, **fields: object) -> str:
        """Send a request that is refused; return what debug_message says."""
        envelope = self.envelope(method, **fields)
        assert envelope["error_code"] != 0
        return str(envelope["debug_message"])

    def invoice(self, *items: Mapping[str, object], **fields: object) -> int:
        """Make a tax invoice; return its number."""
        return number(self.ok("Document.New", **document(*items, **fields)))

    def invoice_receipt(self, amount: object = 118, **fields: object) -> int:
        """Make an invoice-receipt paid in cash; return its number."""
        paid = [{"payment_type": CASH, "amount_nis": amount}]
        item = SALE | {"price_nis": amount}
        given = document(item, document_type=2, payments=paid) | fields
        return number(self.ok("Document.New", **given))

    def receipt(self, amount: object = 118, **fields: object) -> int:
        """Make a cash receipt; return its number."""
        return number(self.ok("Receipt.New", **receipt(amount, **fields)))


def api(
    *faults: Fault | None,
    on: str = "Document.New",
    demo: bool = False,
    company: Mapping[str, object] | None = None,
    **switches: object,
) -> Api:
    """Make a sandbox with one customer, or with the demo's books, and switches set."""
    clock = Clock()
    plan = FaultPlan()
    plan.script(on, *faults)
    sandbox = Sandbox(
        token=TOKEN,
        now=clock,
        rng=random.Random(1),
        company=Company.with_the_vendors_defaults(**(company or {})),
        switches=Switches.model_validate(switches),
        faults=plan,
    )
    if demo:
        load_demo(sandbox.books)
    else:
        sandbox.books.customers[CUSTOMER] = Customer(
            customer_id=CUSTOMER, last_name="כהן", email="israela@example.com"
        )
    return Api(sandbox, clock)


def document(*items: Mapping[str, object], **fields: object) -> dict[str, object]:
    """Write a request for a tax invoice with VAT inside its prices."""
    return {
        "document_type": 1,
        "customer_id": CUSTOMER,
        "last_name": "כהן",
        "price_include_vat": True,
        "items": [dict(item) for item in items or (SALE,)],
    } | fields


def receipt(amount: object = 118, **fields: object) -> dict[str, object]:
    """Write a request for a cash receipt."""
    return {
        "receipt_type": 1,
        "customer_id": CUSTOMER,
        "last_name": "כהן",
        "payments": [{"payment_type": CASH, "amount_nis": amount}],
    } | fields


def read(body: bytes) -> dict[str, object]:
    """Read an envelope with exact numbers."""
    found = simplejson.loads(body, use_decimal=True)
    assert isinstance(found, dict)
    return found


def number(data: Mapping[str, object]) -> int:
    """Take the number out of what New answered."""
    found = data["document_number"]
    assert isinstance(found, int)
    return found
