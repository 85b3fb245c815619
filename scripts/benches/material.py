"""Material to measure with: sales, requests, whole lives, and the very rows that they save."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from benches.common import COMPANY
from refund_adapters.store.chain import NOTHING_BEFORE, link
from refund_adapters.store.mapper import EventMapper
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger import calling
from refund_ledger.accounts import GUARDED, Account, Posting
from refund_ledger.application import Append, RefundLedger
from refund_ledger.asking import Request, read_request
from refund_ledger.balances import Look
from refund_ledger.events import DocumentId, Event, Learned, Part, claims
from refund_ledger.originals import Document, Kind, Line, Method, Original, Payment
from refund_ledger.postings import net_changes, postings
from refund_ledger.refund import CallDue, Refund, refund_id
from refund_ledger.stamps import Stamp

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
GROUP = 500


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


def record(store: SqlStore, numbers: Sequence[int]) -> RefundLedger:
    """Record the sales with these numbers."""
    ledger = RefundLedger(store, COMPANY)
    for first in range(0, len(numbers), GROUP):
        sales = [a_sale(number) for number in numbers[first : first + GROUP]]
        ledger.record_many(sales, [stamp()] * len(sales), read_from="bench")
    return ledger


# --- the life of a refund -------------------------------------------------------------------------


def live(ledger: RefundLedger, number: int) -> UUID:
    """Request the whole of a sale, submit both parts and have both booked: five saves."""
    refund = ledger.request(a_request(number), stamp()).refund.id
    submit_and_book(ledger, refund, number)
    return refund


def submit_and_book(
    ledger: RefundLedger, refund: UUID, number: int, *, parts: Iterable[Part] = tuple(Part)
) -> None:
    """All saves of a life after the first."""
    for part in parts:
        ledger.fact(refund, partial(_submitted, part))
        ledger.fact(refund, partial(_booked, part, number))


def _booked(part: Part, number: int, now: Refund, look: Look) -> tuple[Event, ...]:
    document = DocumentId(half=part.half, series=3, number=number)
    return calling.succeeded(
        now, stamp(), part, document, booked=None, learned=Learned.ANSWER, look=look
    )


def _submitted(part: Part, now: Refund, _: Look) -> tuple[Event, ...]:
    return calling.submit(
        now,
        stamp(),
        part,
        method="Document.Cancel" if part is Part.INVOICE else "Receipt.Cancel",
        reference=f"{now.id}/{part}",
        marker=f"{now.id}"[:8],
        request='{"document_type":2}',
        digest="a" * 64,
        send_by=AT + timedelta(seconds=10),
    )


# --- the rows that a save makes -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Saved:
    """The rows of one event and of what is saved with it, worked out beforehand."""

    stream: UUID
    version: int
    topic: str
    state: bytes
    hash: bytes
    postings: tuple[Posting, ...]
    changes: tuple[Posting, ...]
    """Of guarded balances."""
    seen: tuple[Account, ...]
    """Guarded balances that the decision rests on and does not change."""
    claims: tuple[Document, ...]
    due: tuple[CallDue, ...]
    clears: bool
    """Whether the stream waited for something before."""


class Watched:
    """A store that remembers what was appended."""

    def __init__(self, below: SqlStore) -> None:
        self._below = below
        self.batches: list[Append] = []

    def append(self, *batches: Append) -> None:
        """Save, and remember."""
        self._below.append(*batches)
        self.batches += batches

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)


@lru_cache(maxsize=4)
def sales_saved(count: int) -> list[Saved]:
    """What recording the sales from 1 on saves, each the rows of one transaction."""
    store = SqliteStore(None)
    watched = Watched(store)
    record(watched, range(1, count + 1))  # type: ignore[arg-type]  # a store in all that is asked
    store.close()
    return [rows for batch in watched.batches for rows in rows_of(batch)]


@lru_cache(maxsize=4)
def requests_saved(count: int) -> list[Saved]:
    """What requests for the sales from 1 on save, each the rows of one transaction."""
    store = SqliteStore(None)
    ledger = record(store, range(1, count + 1))
    watched = Watched(store)
    ledger = ledger.on(watched)
    for number in range(1, count + 1):
        ledger.request(a_request(number), stamp())
    store.close()
    return [rows for batch in watched.batches for rows in rows_of(batch)]


@lru_cache(maxsize=4)
def lives_saved(count: int) -> list[list[list[Saved]]]:
    """What whole lives save: for each refund its transactions, each the rows of its events."""
    store = SqliteStore(None)
    ledger = record(store, range(1, count + 1))
    lives = []
    for number in range(1, count + 1):
        watched = Watched(store)
        live(ledger.on(watched), number)
        heads: dict[UUID, bytes] = {}
        lives.append([rows_of(batch, heads) for batch in watched.batches])
    store.close()
    return lives


def rows_of(batch: Append, heads: dict[UUID, bytes] | None = None) -> list[Saved]:
    """The rows of one save, event by event; `heads` are the hashes of streams that go on."""
    heads = {} if heads is None else heads
    last = batch.events[-1]
    found: list[Saved] = []
    for event in batch.events:
        due = batch.due.get(event.originator_id, ()) if event is last else ()
        seen = tuple(batch.seen.keys() - batch.changes.keys()) if event is last else ()
        found.append(_rows_of(event, due, seen, heads))
    return found


def _rows_of(
    event: Event, due: tuple[CallDue, ...], seen: tuple[Account, ...], heads: dict[UUID, bytes]
) -> Saved:
    stored = EventMapper().to_stored_event(event)
    digest = link(heads.get(event.originator_id, NOTHING_BEFORE), stored)
    heads[event.originator_id] = digest
    entries = postings(event)
    changes = net_changes(one for one in entries if one.account.kind in GUARDED)
    return Saved(
        stream=event.originator_id,
        version=event.originator_version,
        topic=stored.topic,
        state=stored.state,
        hash=digest,
        postings=entries,
        changes=tuple(Posting(account, change) for account, change in changes.items()),
        seen=seen,
        claims=claims(event),
        due=due,
        clears=event.originator_version > 1,
    )


def refund_of(number: int) -> UUID:
    """The refund that a request for a sale makes."""
    return refund_id(COMPANY, f"k{number}")


def flat(lives: Iterable[Iterable[Iterable[Saved]]]) -> list[Saved]:
    """All rows of some lives, in order."""
    return [rows for life in lives for transaction in life for rows in transaction]
