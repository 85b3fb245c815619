"""One part of one refund for tests of the call protocol: what is due on it, and what was sent."""

from __future__ import annotations

from typing import TypeVar

from refund_adapters.dispatch.protocol import CallProtocol
from refund_adapters.sandbox import faults
from refund_adapters.sandbox.refusals import Refusal
from refund_adapters.sandbox.switches import Switches
from refund_ledger.events import Event
from refund_ledger.refund import CallDue, Refund, Waits
from support.ring import COMPANY, Ring

E = TypeVar("E", bound=Event)

CASH_SALE = "invoice_receipt:2/6923"
BLIND = Switches(
    status_for_cancels="absent",  # type: ignore[arg-type]
    cancel_comment="replaces",  # type: ignore[arg-type]
    list_shows_comments=False,
)
"""A server on which a look cannot tell a cancel's document from others."""
RACING = Switches(reference_check="racing")  # type: ignore[arg-type]
"""A server whose check of duplicates misses a request that is still running."""
REFUSED = faults.Fault(
    "refused",
    faults.Execution.NEVER,
    faults.Answer.REFUSAL,
    refusal=Refusal(-46, "COMMENTS_SIZE_TO_BIG"),
)
"""A refusal on the closed list of those that are definite."""


def asked(house: Ring, **fields: str) -> Refund:
    """A refund of the cash sale, its originals imported."""
    house.import_all()
    return house.desk.request(key="k", original=CASH_SALE, reason="complaint", **fields).refund


def protocol(house: Ring, **settings: object) -> CallProtocol:
    """The protocol of one dispatcher over the ring."""
    dispatcher = house.desk.dispatcher(watch=house.steps.append)
    for name, value in settings.items():
        setattr(dispatcher.protocol, name, value)
    return dispatcher.protocol


def due(house: Ring) -> CallDue:
    """The one thing that is due."""
    (call,) = house.desk.store.due(COMPANY, *Waits)
    return call


def events(house: Ring, kind: type[E]) -> list[E]:
    """The events of one kind of the refund."""
    found = house.desk.store.stream(house.desk.refund("k").id)
    return [event for event in found if isinstance(event, kind)]


def writes(house: Ring, what: str = "") -> int:
    """How many calls that change something arrived at the server."""
    wanted = (".Cancel", ".New")
    return sum(
        call.method.endswith(wanted) and call.method.startswith(what)
        for call in house.sandbox.log.calls
    )
