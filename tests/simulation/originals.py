"""The books that worlds begin with: the demo company's, read once, and sales made on the day."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import httpx
import simplejson
from pydantic import SecretStr

from refund_adapters.accounting import Wanted
from refund_adapters.rivhit import Rivhit, RivhitSettings
from refund_adapters.sandbox.books import Books
from refund_adapters.sandbox.company import Company
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import FaultPlan
from refund_adapters.sandbox.loading import load_demo
from refund_ledger.originals import Original

COMPANY = "acme"
TOKEN = "7d1a4c1e-0000-4000-8000-00000000cafe"
MORNING = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PERIOD = Wanted(issued_from=date(2024, 1, 1), issued_to=date(2026, 12, 31))
CUSTOMERS = (1001, 1002, 1003)


@cache
def the_company() -> Company:
    """The sandbox's company."""
    return Company.with_the_vendors_defaults()


@cache
def settings() -> RivhitSettings:
    """How everybody reaches the sandbox; the times are the ones that are promised by default."""
    return RivhitSettings(
        company=COMPANY,
        token=SecretStr(TOKEN),
        base_url="https://sandbox.test/online/RivhitOnlineAPI.svc",
        read_attempts=1,
    )


@dataclass(slots=True)
class Direct(httpx.BaseTransport):
    """A way to the sandbox on which nothing ever goes wrong and no time passes."""

    sandbox: Sandbox

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request there and its answer back."""
        method = request.url.path.partition(".svc/")[2]
        reply = self.sandbox.handle(method, request.read())
        headers = {"content-type": reply.content_type}
        return httpx.Response(reply.status, headers=headers, stream=httpx.ByteStream(reply.body))


@cache
def _demo() -> tuple[Books, tuple[Original, ...]]:
    sandbox = Sandbox(token=TOKEN, now=lambda: MORNING, rng=random.Random(1), company=the_company())
    load_demo(sandbox.books)
    return sandbox.books, read_originals(sandbox, PERIOD)


def demo_books() -> Books:
    """A copy of the demo company's books; the papers themselves never change and are shared."""
    books, _ = _demo()
    return copied(Books(the_company()), books)


def copied(into: Books, books: Books) -> Books:
    """Fill books with what others hold."""
    for each in fields(books):
        value = getattr(books, each.name)
        setattr(into, each.name, _copied(value))
    return into


def demo_originals() -> dict[str, Original]:
    """Every original of the demo company, by its name."""
    _, originals = _demo()
    return {str(original.ref): original for original in originals}


def read_originals(sandbox: Sandbox, wanted: Wanted) -> tuple[Original, ...]:
    """Read originals from a sandbox as the adapter reads them."""
    with Rivhit(settings(), transport=Direct(sandbox), now=lambda: MORNING) as rivhit:
        return tuple(one for one in rivhit.originals(wanted) if isinstance(one, Original))


def tell(sandbox: Sandbox, method: str, **body: Any) -> dict[str, Any]:
    """Send the server a request as a clerk's own program does; returns the data of its answer."""
    text = simplejson.dumps({"api_token": TOKEN, **body}, use_decimal=True)
    weather, sandbox.faults = sandbox.faults, FaultPlan()
    answer = simplejson.loads(sandbox.handle(method, text.encode()).body)
    sandbox.faults = weather
    return dict(answer["data"] or {})


def sell(sandbox: Sandbox, customer: int, shekels: int) -> tuple[int, int]:
    """Make an invoice-receipt of the day, paid in cash; returns its type and number."""
    made = tell(
        sandbox,
        "Document.New",
        document_type=2,
        customer_id=customer,
        last_name="x",
        price_include_vat=True,
        items=[{"description": "goods", "price_nis": shekels, "quantity": 1}],
        payments=[{"payment_type": 2, "amount_nis": shekels}],
    )
    return made["document_type"], made["document_number"]


@dataclass(slots=True)
class Shelf:
    """The originals of a world, by name."""

    originals: dict[str, Original] = field(default_factory=dict)

    def add(self, originals: Iterable[Original]) -> None:
        """Put originals on the shelf."""
        self.originals.update((str(one.ref), one) for one in originals)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return list(value) if isinstance(value, list) else value
