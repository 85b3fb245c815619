"""Many batches in one transaction of SQLite, table by table: as if saved one after another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteCursor

from refund_adapters.store.chain import link
from refund_adapters.store.sql_store import TEXT, key_of
from refund_adapters.store.sqlite_recorder import head_of, holder_of, utc_text
from refund_adapters.store.tally import Balance, Tally, judged, tallied
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.errors import ClaimedError, StreamMovedError
from refund_ledger.storing import Append

MOST_NAMES = 500
"""How many names one question holds."""


def append_many(
    cursor: SQLiteCursor, batches: Sequence[Append], stored: Sequence[Sequence[StoredEvent]]
) -> None:
    """Save batches inside a writing transaction; see `refund_ledger.storing.GroupStore`."""
    tallies = tallied(batches)
    balances = judged(tallies.items(), _held(cursor, tallies))
    first = _newest(cursor) + 1
    positions: list[range] = []
    for of_batch in stored:
        positions.append(range(first, first + len(of_batch)))
        first += len(of_batch)
    _add_events(cursor, batches, stored, positions)
    cursor.executemany(
        "INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (position, seq, account.company, TEXT[account.kind], *account[2:], amount)
            for batch, own in zip(batches, positions, strict=True)
            for position, entries in zip(own, batch.postings, strict=True)
            for seq, (account, amount) in enumerate(entries)
        ),
    )
    # What is written is what the row comes to: of a change alone the check would judge the change.
    cursor.executemany(
        "INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET balance = excluded.balance",
        _rows(balances, tallies, positions),
    )
    _add_claims(cursor, batches, positions)
    _set_due(cursor, batches)


def _newest(cursor: SQLiteCursor) -> int:
    """The highest position ever given; none is given twice."""
    cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'stored_events'")
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _held(cursor: SQLiteCursor, tallies: dict[Account, Tally]) -> dict[Account, int]:
    """The rows of balances under everything that is touched."""
    subjects: dict[tuple[str, AccountKind], dict[str, None]] = {}
    for account in tallies:
        subjects.setdefault((account.company, account.kind), {})[account.subject] = None
    held: dict[Account, int] = {}
    for (company, kind), names in subjects.items():
        rest = iter(names)
        while some := list(islice(rest, MOST_NAMES)):
            cursor.execute(
                "SELECT subject, customer, item, unit, balance FROM balances "  # noqa: S608
                f"WHERE company = ? AND kind = ? AND subject IN ({','.join('?' * len(some))})",
                (company, kind, *some),
            )
            for subject, customer, item, unit, balance in cursor.fetchall():
                held[Account(company, kind, subject, "", customer, item, unit)] = balance
    return held


def _add_events(
    cursor: SQLiteCursor,
    batches: Sequence[Append],
    stored: Sequence[Sequence[StoredEvent]],
    positions: Sequence[range],
) -> None:
    heads: dict[str, bytes] = {}
    rows: list[tuple[object, ...]] = []
    for batch, of_batch, own in zip(batches, stored, positions, strict=True):
        for event, one, position in zip(batch.events, of_batch, own, strict=True):
            stream, version = event.originator_id.hex, event.originator_version
            before = heads.get(stream) or head_of(cursor, stream, version)
            heads[stream] = link(before, one)
            rows.append((position, stream, version, one.topic, one.state, heads[stream]))
    try:
        cursor.executemany(
            "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic, "
            "state, hash) VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
    except sqlite3.IntegrityError as error:
        raise StreamMovedError("another writer added to the stream first") from error


def _rows(
    balances: Sequence[Balance], tallies: dict[Account, Tally], positions: Sequence[range]
) -> Iterator[tuple[object, ...]]:
    """The balances that change; one that is only seen is not written."""
    for account, balance, batch, _ in balances:
        if tallies[account].change:
            since = positions[batch].start
            yield (*key_of(account), account.rule.side, balance, since)


def _add_claims(
    cursor: SQLiteCursor, batches: Sequence[Append], positions: Sequence[range]
) -> None:
    for batch, own in zip(batches, positions, strict=True):
        for event, position, documents in zip(batch.events, own, batch.claims, strict=True):
            for document in documents:
                try:
                    cursor.execute(
                        "INSERT INTO claims VALUES (?, ?, ?, ?, ?)",
                        (event.company, *document, position),
                    )
                except sqlite3.IntegrityError as error:
                    holder = holder_of(cursor, event.company, document)
                    raise ClaimedError(str(document), holder) from error


def _set_due(cursor: SQLiteCursor, batches: Sequence[Append]) -> None:
    """What each refund waits for after its last batch."""
    due = {refund: calls for batch in batches for refund, calls in batch.due.items()}
    cursor.executemany("DELETE FROM calls_due WHERE refund = ?", [(refund.hex,) for refund in due])
    cursor.executemany(
        "INSERT INTO calls_due (refund, part, company, waits, not_before) VALUES (?, ?, ?, ?, ?)",
        [
            (refund.hex, call.part, call.company, call.waits, utc_text(call.not_before))
            for refund, calls in due.items()
            for call in calls
        ],
    )
