"""Twins: one by one on one store and together on another, and everything that both tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from refund_adapters.intake import grant_of, original_of, request_of
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.application import RefundLedger
from refund_ledger.asking import Request
from refund_ledger.errors import JUDGED, InvalidInputError, LedgerError
from refund_ledger.originals import Original
from refund_ledger.policies import Terms
from refund_ledger.recording import Grant
from refund_ledger.refund import Waits
from refund_ledger.stamps import Stamp
from support.books import a_stamp

TERMS = Terms(approval_above={"ILS": 2_000})


def answered(command: Callable[[], Any]) -> object:
    """What a command comes to, be it an error."""
    try:
        return command()
    except JUDGED as error:
        return said(error)


def said(answer: object) -> object:
    """An answer that can be compared; errors are equal where they say the same."""
    return (type(answer), str(answer)) if isinstance(answer, LedgerError) else answer


def stamps(count: int, command: str) -> list[Stamp]:
    """A stamp for each of so many commands; the same for both twins."""
    return [a_stamp(command=f"{command}-{number}") for number in range(count)]


def requests(rows: Sequence[dict[str, Any]], company: str) -> list[Request]:
    """The rows that can be read as requests."""
    found = []
    for row in rows:
        try:
            found.append(request_of(row, company=company, currency_of=lambda _: "ILS"))
        except InvalidInputError:
            continue
    return found


def recordings(rows: Sequence[dict[str, Any]], company: str) -> list[Original | Grant]:
    """What rows of an import say."""
    return [
        original_of(row["original"], company=company)
        if "original" in row
        else grant_of(row["credit"], company=company)
        for row in rows
    ]


def record_each(
    ledger: RefundLedger, found: Sequence[Original | Grant], given: Sequence[Stamp]
) -> list[object]:
    """Record one by one."""

    def record(one: Original | Grant, stamp: Stamp) -> bool:
        if isinstance(one, Grant):
            return ledger.grant_credit(one, stamp)
        return ledger.record_original(one, stamp, read_from="books")

    return [
        answered(lambda one=one, stamp=stamp: record(one, stamp))  # type: ignore[misc]
        for one, stamp in zip(found, given, strict=True)
    ]


def request_each(
    ledger: RefundLedger, asks: Sequence[Request], given: Sequence[Stamp]
) -> list[object]:
    """Request one by one."""
    return [
        answered(lambda ask=ask, stamp=stamp: ledger.request(ask, stamp))  # type: ignore[misc]
        for ask, stamp in zip(asks, given, strict=True)
    ]


def told(store: SqlStore, company: str) -> dict[str, object]:
    """Everything that a store tells of a company, without its positions and times of writing."""
    postings: dict[int, list[object]] = {}
    for position, posting in store.postings(company):
        postings.setdefault(position, []).append(posting)
    events = [event for _, event in store.events() if event.company == company]
    customers = {event.customer_id for event in events}
    return {
        "events": events,
        "postings": list(postings.values()),
        "balances": sorted(store.balances(company)),
        "credits": {one: store.credits(company, one, "ILS") for one in sorted(customers)},
        "due": sorted(store.due(company, *Waits), key=str),
    }
