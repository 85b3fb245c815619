"""Replaying: the live side of a store as a rebuild reads it, in pages and never all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from refund_adapters.store import sql_store
from refund_adapters.store.sql_store import Row, SqlStore, account_of, decoded
from refund_ledger.accounts import Account, Posting
from refund_ledger.refund import Waits
from refund_projections.rebuild import Live
from refund_projections.replay import Recorded

Heard = Callable[[int, int], None]
"""Hears how many events have been read, out of how many."""
_LOWEST = -(2**63)


def live_side(store: SqlStore, company: str, heard: Heard) -> Live:
    """What is live of a company; everything that is asked inside one snapshot is of one moment."""

    def recorded(after: int = 0) -> Iterator[Recorded]:
        total = store.position()
        for number, one in enumerate(store.recorded(after=after), 1):
            heard(number, total)
            yield one

    def posted(account: Account) -> Iterator[tuple[int, Posting]]:
        columns = account._asdict()
        return store.postings(columns.pop("company"), **columns)

    return Live(
        recorded=recorded,
        rows=partial(posted_at, store),
        lines=lambda: int(store.ask("SELECT count(*) FROM postings", ())[0][0]),
        strays=lambda: strays(store, company),
        posted=posted,
        balances=lambda: balances(store, company),
        due=lambda: store.due(company, *Waits, limit=store.position()),
    )


def posted_at(store: SqlStore, position: int) -> list[Row]:
    """The postings at one position as they are stored: columns of the account, and amount."""
    return store.ask(
        "SELECT company, kind, subject, refund, customer, item, unit, amount FROM postings "
        "WHERE position = ? ORDER BY seq",
        (position,),
    )


def strays(store: SqlStore, company: str) -> Iterator[tuple[int, Posting]]:
    """Postings that belong to no event, with their positions, in order."""
    last: Row = (_LOWEST, -1)
    while True:
        rows = store.ask(
            "SELECT company, kind, subject, refund, customer, item, unit, amount, position, seq "  # noqa: S608
            "FROM postings WHERE company = ? AND (position, seq) > (?, ?) AND NOT EXISTS "
            "(SELECT 1 FROM stored_events WHERE notification_id = postings.position) "
            f"ORDER BY position, seq LIMIT {sql_store.PAGE}",
            (company, *last),
        )
        with decoded(store.where):
            yield from [(row[8], Posting(account_of(row), int(row[7]))) for row in rows]
        if len(rows) < sql_store.PAGE:
            return
        last = rows[-1][8:]


def balances(store: SqlStore, company: str) -> Iterator[tuple[Account, int]]:
    """Guarded balances that are not zero, in the order of their key."""
    last: Row = ("",) * 5
    while True:
        rows = store.ask(
            "SELECT company, kind, subject, '', customer, item, unit, balance FROM balances "  # noqa: S608
            "WHERE company = ? AND balance <> 0 "
            "AND (subject, kind, item, customer, unit) > (?, ?, ?, ?, ?) "
            f"ORDER BY subject, kind, item, customer, unit LIMIT {sql_store.PAGE}",
            (company, *last),
        )
        with decoded(store.where):
            yield from [(account_of(row), int(row[7])) for row in rows]
        if len(rows) < sql_store.PAGE:
            return
        _, kind, subject, _, customer, item, unit, _ = rows[-1]
        last = (subject, kind, item, customer, unit)
