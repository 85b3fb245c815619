"""What tests of the Rivhit adapter share: settings, refunds to translate, and calls to look for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr

from refund_adapters.accounting import Call, Submitted
from refund_adapters.rivhit import Rivhit, RivhitSettings
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.faults import Fault
from refund_adapters.sandbox.server import serving
from refund_adapters.sandbox.wire import Drop
from refund_ledger.events import Part, RefundKind, RefundRequested, TakenLine, TakenPayment, Way
from refund_ledger.originals import Method
from support.loopback import ROOT
from support.sandboxes import TOKEN, Api, api

REFUND = UUID("0b7c1d52-3a44-4e0e-9c55-5d5a3c1f7a11")
OTHER_REFUND = UUID("1c8d2e63-4b55-4f1f-8d66-6e6b4d208b22")
AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SALE = "invoice_receipt:2/6923"


def settings(base_url: str = "https://api.example.com/api", **given: Any) -> RivhitSettings:
    """Make the settings of a test; reads are tried once unless it says otherwise."""
    fields = {"company": "acme", "token": SecretStr(TOKEN), "read_attempts": 1, "call_limit": 10}
    return RivhitSettings.model_validate({"base_url": base_url} | fields | given)


def refund(**given: Any) -> RefundRequested:
    """Make a refund of a whole invoice-receipt, or whatever the test says."""
    fields: dict[str, Any] = {
        "originator_id": REFUND,
        "originator_version": 1,
        "timestamp": AT,
        "event_id": UUID(int=1),
        "command_id": "c-1",
        "correlation_id": "c-1",
        "actor": "dana",
        "company": "acme",
        "currency": "ILS",
        "customer_id": "1001",
        "key": "k-1",
        "digest": "0" * 64,
        "kind": RefundKind.ORIGINAL,
        "reason": "goods_returned",
        "sale": SALE,
        "receipt": SALE,
        "credited": 29250,
        "paid_back": 29250,
        "invoice_way": Way.CANCEL,
        "receipt_way": Way.CANCEL,
    }
    return RefundRequested.model_validate(fields | given)


def partial(amount: int = 11700, **given: Any) -> RefundRequested:
    """Make a refund of a part of an invoice-receipt, paid back in cash."""
    vat = amount - amount * 100 // 117
    fields: dict[str, Any] = {
        "lines": (line(net=amount - vat, vat=vat),),
        "payments": (TakenPayment(payment=1, amount=amount, method=Method.CASH),),
        "credited": amount,
        "paid_back": amount,
        "invoice_way": Way.NEW,
        "receipt_way": Way.NEW,
    }
    return refund(**(fields | given))


def line(**given: Any) -> TakenLine:
    """Make one line that a refund takes."""
    return TakenLine.model_validate(
        {"line": 1, "description": "כוס קרמיקה", "item": "C-11", "net": 10000, "vat": 1700} | given
    )


def submitted(call: Call, *, currency: str = "ILS", customer_id: str = "1001") -> Submitted:
    """Say of a call what its events say."""
    return Submitted(
        part=call.part,
        method=call.method,
        reference=call.reference,
        marker=call.marker,
        request=call.request,
        first_sent_at=AT,
        currency=currency,
        customer_id=customer_id,
    )


@dataclass(slots=True)
class Company:
    """A sandbox on loopback, and the adapter that speaks to it."""

    api: Api
    rivhit: Rivhit

    def send(self, request: RefundRequested, part: Part) -> Call:
        """Prepare and send a call, whatever comes of it."""
        call = self.rivhit.prepare(request, part)
        self.rivhit.send(call)
        return call


class WithoutNetwork(httpx.BaseTransport):
    """Carries requests straight into a sandbox, for tests of many cases."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Hand over one request; an answer that is dropped was read by nobody."""
        method = request.url.path.removeprefix(f"{ROOT}/")
        reply = self._sandbox.handle(method, request.read())
        if reply.drop is not Drop.NONE:
            raise httpx.ReadError("dropped", request=request)
        headers = {"Content-Type": reply.content_type}
        return httpx.Response(reply.status, content=reply.body, headers=headers)


@contextmanager
def offline(
    *faults: Fault | None, on: str = "Document.New", given: Any = None, **switches: Any
) -> Iterator[Company]:
    """Open the adapter on the demo's books without a network between them."""
    served = api(*faults, on=on, demo=True, **switches)
    chosen = settings(f"https://example.com{ROOT}", **(given or {}))
    transport = WithoutNetwork(served.sandbox)
    with Rivhit(chosen, transport=transport, now=served.clock) as rivhit:
        yield Company(served, rivhit)


@contextmanager
def company(
    *faults: Fault | None, on: str = "Document.New", given: Any = None, **switches: Any
) -> Iterator[Company]:
    """Serve the demo's books with switches set, and open the adapter on them."""
    served = api(*faults, on=on, demo=True, **switches)
    with (
        serving(served.sandbox) as sandbox,
        Rivhit(settings(sandbox.base_url + ROOT, **(given or {})), now=served.clock) as rivhit,
    ):
        yield Company(served, rivhit)
