"""Many batches in one transaction of PostgreSQL, table by table: as if saved one after another.

Rows that are only added come by COPY. Balances are locked in one order, looked at here, and changed
by one statement; who locks rows in the same order waits and never deadlocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, LiteralString

from eventsourcing.persistence import StoredEvent
from psycopg import Cursor

from refund_adapters.store.chain import FIRST_VERSION, NOTHING_BEFORE, link
from refund_adapters.store.sql_store import TEXT, key_of
from refund_adapters.store.tally import Balance, Tally, judged, tallied
from refund_ledger.accounts import Account
from refund_ledger.errors import BalancesMovedError, ClaimedError, InvariantError
from refund_ledger.originals import Document, Half
from refund_ledger.storing import Append

_NOT_YET = 2**63 - 1
_KEY = "(b.subject, b.kind, b.item, b.customer, b.unit, b.company)"
_KEY_OF_K = "(k.subject, k.kind, k.item, k.customer, k.unit, k.company)"
_KEYS = "unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]"
_NAMES = "company, kind, subject, customer, item, unit"


def append_many(
    cursor: Cursor[Any], batches: Sequence[Append], stored: Sequence[Sequence[StoredEvent]]
) -> None:
    """Save batches in a transaction of their own; see `refund_ledger.storing.GroupStore`."""
    tallies = tallied(batches)
    with cursor.connection.transaction():
        positions = _add_events(cursor, batches, stored)
        _change_balances(cursor, tallies, positions)
        _copy(
            cursor,
            "postings",
            ("int8", "int4", *("text",) * 7, "int8"),
            (
                (position, seq, account.company, TEXT[account.kind], *account[2:], amount)
                for batch, own in zip(batches, positions, strict=True)
                for position, entries in zip(own, batch.postings, strict=True)
                for seq, (account, amount) in enumerate(entries)
            ),
        )
        _add_claims(cursor, batches, positions)
        _set_due(cursor, batches)


def _copy(
    cursor: Cursor[Any],
    table: LiteralString,
    types: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


# --- events ---------------------------------------------------------------------------------------


def _add_events(
    cursor: Cursor[Any], batches: Sequence[Append], stored: Sequence[Sequence[StoredEvent]]
) -> list[list[int]]:
    """Add the events; returns their positions, batch by batch."""
    # Judges the era as every save does; it adds nothing.
    cursor.execute("SELECT add_events('[]'), (SELECT max(era) FROM eras)")
    _, era = _one(cursor)
    heads: dict[Any, bytes] = {}
    rows: list[tuple[object, ...]] = []
    for of_batch in stored:
        for one in of_batch:
            stream, version = one.originator_id, one.originator_version
            before = heads.get(stream) or _head_of(cursor, stream, version)
            heads[stream] = link(before, one)
            rows.append((stream, version, one.topic, one.state, era, heads[stream]))
    _copy(
        cursor,
        "stored_events (originator_id, originator_version, topic, state, era, hash)",
        ("uuid", "int8", "text", "bytea", "int4", "bytea"),
        rows,
    )
    # The positions were given in the order of the rows, with gaps where others added theirs.
    cursor.execute(
        "SELECT notification_id FROM stored_events "
        "WHERE era = %s AND xid = pg_current_xact_id() ORDER BY notification_id",
        (era,),
    )
    given = iter([position for (position,) in cursor.fetchall()])
    return [[next(given) for _ in batch.events] for batch in batches]


def _head_of(cursor: Cursor[Any], stream: Any, version: int) -> bytes:
    if version <= FIRST_VERSION:
        return NOTHING_BEFORE
    cursor.execute(
        "SELECT hash FROM stored_events WHERE originator_id = %s AND originator_version = %s",
        (stream, version - 1),
    )
    row = cursor.fetchone()
    if row is None:
        raise InvariantError(
            f"event {version} of stream {stream} has none before it; nothing was written"
        )
    return bytes(row[0])


# --- balances -------------------------------------------------------------------------------------


def _change_balances(
    cursor: Cursor[Any], tallies: dict[Account, Tally], positions: Sequence[Sequence[int]]
) -> None:
    if not tallies:
        return
    touched = sorted(tallies, key=key_of)
    found = judged(((account, tallies[account]) for account in touched), _locked(cursor, touched))
    changed = [one for one in found if not one.is_new and tallies[one.account].change]
    if changed:
        cursor.execute(
            "UPDATE balances b SET balance = k.balance, since = least(b.since, k.since) "  # noqa: S608
            f"FROM {_KEYS}, %s::int8[], %s::int8[]) "
            f"AS k ({_NAMES}, balance, since) WHERE {_KEY} = {_KEY_OF_K}",
            [
                *_columns(one.account for one in changed),
                [one.balance for one in changed],
                [positions[one.batch][0] for one in changed],
            ],
        )
    added = [one for one in found if one.is_new]
    if added:
        cursor.execute(
            f"INSERT INTO balances SELECT * FROM {_KEYS}, %s::int2[], %s::int8[], %s::int8[]) "  # noqa: S608
            "ON CONFLICT DO NOTHING",
            [*_columns(one.account for one in added), *_new_rows(added, tallies, positions)],
        )
        if cursor.rowcount != len(added):
            raise BalancesMovedError("somebody else began to keep one of these balances just now")


def _new_rows(
    added: Sequence[Balance], tallies: dict[Account, Tally], positions: Sequence[Sequence[int]]
) -> list[list[int]]:
    """Side, balance and since.

    A balance that was only seen gets a row too, to be locked by; its age begins with a change.
    """
    return [
        [one.account.rule.side for one in added],
        [one.balance for one in added],
        [
            positions[one.batch][0] if tallies[one.account].changed_at >= 0 else _NOT_YET
            for one in added
        ],
    ]


def _locked(cursor: Cursor[Any], touched: Sequence[Account]) -> dict[Account, int]:
    """Lock the rows of balances, in the order in which all lock them, and read them."""
    cursor.execute(
        f"SELECT k.number, b.balance FROM {_KEYS}) WITH ORDINALITY AS k ({_NAMES}, number) "  # noqa: S608
        f"JOIN balances b ON {_KEY} = {_KEY_OF_K} ORDER BY k.number FOR NO KEY UPDATE OF b",
        _columns(touched),
    )
    return {touched[number - 1]: balance for number, balance in cursor.fetchall()}


def _columns(accounts: Iterable[Account]) -> list[list[str]]:
    """Keys as columns, in the order of `_NAMES`."""
    return [list(column) for column in zip(*map(key_of, accounts), strict=True)]


# --- claims and what is due -----------------------------------------------------------------------


def _add_claims(
    cursor: Cursor[Any], batches: Sequence[Append], positions: Sequence[Sequence[int]]
) -> None:
    rows = [
        (event.company, *document, position)
        for batch, own in zip(batches, positions, strict=True)
        for event, position, documents in zip(batch.events, own, batch.claims, strict=True)
        for document in documents
    ]
    if not rows:
        return
    cursor.execute(
        "INSERT INTO claims SELECT * FROM unnest(%s::text[], %s::text[], %s::int8[], %s::int8[], "
        "%s::int8[]) ON CONFLICT DO NOTHING",
        [list(column) for column in zip(*rows, strict=True)],
    )
    if cursor.rowcount != len(rows):
        raise _claimed(cursor, rows)


def _claimed(cursor: Cursor[Any], rows: Sequence[tuple[Any, ...]]) -> ClaimedError:
    """Say which document was taken, and by what; none of ours has its position then."""
    cursor.execute(
        "SELECT w.half, w.series, w.number, e.topic || ' of ' || e.originator_id "
        "FROM unnest(%s::text[], %s::text[], %s::int8[], %s::int8[], %s::int8[]) "
        "AS w (company, half, series, number, position) "
        "JOIN claims c USING (company, half, series, number) "
        "JOIN stored_events e ON e.notification_id = c.position "
        "WHERE c.position <> w.position LIMIT 1",
        [list(column) for column in zip(*rows, strict=True)],
    )
    row = cursor.fetchone()
    if row is None:
        return ClaimedError("a document", "another event")
    return ClaimedError(str(Document(Half(row[0]), row[1], row[2])), row[3])


def _set_due(cursor: Cursor[Any], batches: Sequence[Append]) -> None:
    """What each refund waits for after its last batch."""
    due = {refund: calls for batch in batches for refund, calls in batch.due.items()}
    if not due:
        return
    cursor.execute("DELETE FROM calls_due WHERE refund = ANY(%s)", (list(due),))
    _copy(
        cursor,
        "calls_due (refund, part, company, waits, not_before)",
        ("uuid", "text", "text", "text", "timestamptz"),
        (
            (refund, call.part, call.company, call.waits, call.not_before)
            for refund, calls in due.items()
            for call in calls
        ),
    )


def _one(cursor: Cursor[Any]) -> tuple[Any, ...]:
    return tuple(cursor.fetchone() or ())
