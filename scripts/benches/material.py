"""Material to measure with: sales, requests, and the very rows that a request saves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from benches.common import COMPANY
from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.mapper import EventMapper
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.accounts import GUARDED, Posting
from refund_ledger.application import RefundLedger
from refund_ledger.asking import Request, read_request
from refund_ledger.events import Event
from refund_ledger.originals import Kind, Line, Method, Original, Payment
from refund_ledger.postings import net_changes, postings
from refund_ledger.refund import CallDue, Refund, calls_due, fold
from refund_ledger.stamps import Stamp

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def stamp(command: str = "bench") -> Stamp:
    """Who acts, and when."""
    return Stamp(at=AT, actor="bench", command_id=command)


def a_sale(number: int, *, customers: int = 1000) -> Original:
    """A cash sale of one line and one payment."""
    return Original(
        company=COMPANY,
        kind=Kind.INVOICE_RECEIPT,
        series=2,
        number=number,
        customer_id=str(1000 + number % customers),
        currency="ILS",
        issued_on=date(2026, 11, 1),
        lines=(Line(number=1, description="a coat", net=10_000, vat=1_800, quantity=1_000_000),),
        payments=(Payment(number=1, method=Method.CARD, amount=11_800),),
    )


def a_request(number: int) -> Request:
    """A request for the whole of one sale."""
    return read_request(
        {
            "company": COMPANY,
            "key": f"k{number}",
            "original": f"invoice_receipt:2/{number}",
            "currency": "ILS",
            "reason": "returned_goods",
        }
    )


def record(store: SqlStore, numbers: Iterable[int]) -> RefundLedger:
    """Record the sales with these numbers."""
    ledger = RefundLedger(store, COMPANY)
    for number in numbers:
        ledger.record_original(a_sale(number), stamp(), read_from="bench")
    return ledger


@dataclass(frozen=True, slots=True)
class Saved:
    """The rows of one save, worked out beforehand."""

    stream: UUID
    version: int
    topic: str
    state: bytes
    hash: bytes
    postings: tuple[Posting, ...]
    changes: tuple[Posting, ...]
    due: tuple[CallDue, ...]


def saves(numbers: Iterable[int]) -> list[Saved]:
    """What requests for these sales save, each the rows of one transaction."""
    wanted = list(numbers)
    store = SqliteStore(None)
    ledger = record(store, wanted)
    found = [saved_by(ledger.request(a_request(number), stamp()).refund, store) for number in wanted]
    store.close()
    return found


def saved_by(refund: Refund, store: SqlStore) -> Saved:
    """The rows that a refund's first save made."""
    event = store.stream(refund.id)[0]
    first = fold([event])
    assert first is not None
    return rows_of(event, calls_due(first))


def rows_of(event: Event, due: tuple[CallDue, ...] = ()) -> Saved:
    """The rows that a stream's first event means."""
    stored = EventMapper().to_stored_event(event)
    entries = postings(event)
    changes = net_changes(one for one in entries if one.account.kind in GUARDED)
    return Saved(
        stream=event.originator_id,
        version=event.originator_version,
        topic=stored.topic,
        state=stored.state,
        hash=link(NOTHING_BEFORE, stored),
        postings=entries,
        changes=tuple(Posting(account, change) for account, change in changes.items()),
        due=due,
    )
