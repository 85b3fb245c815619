"""Differences for tests: a document on both sides, a part without one, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from refund_ledger.events import Part, Way
from refund_ledger.originals import Document, Half
from refund_projections.differences import Finding, Kind
from refund_projections.sides import Known, Listed, Nature, Role, Unbooked

NOTE, TWIN = Document(Half.DOCUMENT, 3, 481), Document(Half.DOCUMENT, 3, 482)
RECEIPT = Document(Half.RECEIPT, 1, 91)
MARK = "[RL:00000000000000000000000000000001-I]"
KNOWN = Known(
    document=NOTE,
    role=Role.ISSUED,
    customer_id="1001",
    currency="ILS",
    amount=4_000,
    at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    stream=UUID(int=1),
    anchor=date(2026, 3, 1),
    first=date(2026, 2, 28),
    last=date(2026, 3, 2),
    way=Way.NEW,
    marker=MARK,
)
LISTED = Listed(NOTE, "1001", "ILS", 4_000, date(2026, 3, 1), Nature.REFUND, cancelled=False)
UNBOOKED = Unbooked(
    refund=UUID(int=2),
    key="order-18",
    part=Part.INVOICE,
    marker="[RL:00000000000000000000000000000002-I]",
    customer_id="1001",
    currency="ILS",
    asked=4_000,
    since=date(2026, 2, 28),
    anchor=date(2026, 3, 1),
    in_doubt=True,
)


def a_finding(kind: Kind, **fields: Any) -> Finding:
    """A difference of one document that both sides have, or of those that the test names."""
    stranger = kind in {Kind.UNKNOWN_HERE, Kind.IN_DOUBT}
    alone = kind in {Kind.MISSING_THERE, Kind.OUT_OF_SIGHT}
    given: dict[str, Any] = {
        "document": NOTE,
        "here": None if stranger else KNOWN,
        "there": None if alone else LISTED,
    }
    if kind is Kind.DUPLICATED_THERE:
        given |= {"document": TWIN, "there": replace(LISTED, document=TWIN), "twin": str(NOTE)}
    if kind is Kind.IN_DOUBT:
        given |= {"unbooked": UNBOOKED}
    return Finding(kind, **{**given, **fields})
