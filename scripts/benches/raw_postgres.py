"""The baseline on PostgreSQL: each save is one statement, which takes its rows as one JSON text.

Arrays of text, one for each column, take psycopg 160 us longer to send; their statement is as slow
for the server. The planner is told to use the indexes: a plan that is made while the tables are
small reads them whole for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier
from pydantic_core import to_json

from benches.material import Saved
from refund_adapters.store.sql_store import TEXT, key_of
from refund_ledger.accounts import Posting
from support.ledger_servers import owner_of

_BY_INDEX = (
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; "
    "SET enable_hashjoin = off; SET enable_mergejoin = off"
)
_EVENT = """
WITH given AS MATERIALIZED (SELECT %s::jsonb AS g), event AS (
  INSERT INTO stored_events (originator_id, originator_version, topic, state, era, hash)
  VALUES (%s, %s, %s, %s, 1, %s) RETURNING notification_id
), posted AS (
  INSERT INTO postings SELECT notification_id, (p->>0)::integer, p->>1, p->>2, p->>3, p->>4, p->>5,
    p->>6, p->>7, (p->>8)::bigint FROM event, given, jsonb_array_elements(g->0) p
), held AS (
  INSERT INTO balances SELECT p->>0, p->>1, p->>2, p->>3, p->>4, p->>5, (p->>6)::smallint,
    (p->>7)::bigint, CASE WHEN (p->>7)::bigint = 0 THEN 9223372036854775807 ELSE notification_id END
  FROM event, given, jsonb_array_elements(g->1) p
  ON CONFLICT (subject, kind, item, customer, unit, company)
  DO UPDATE SET balance = balances.balance + excluded.balance
), taken AS (
  UPDATE balances b SET balance = b.balance + (p->>7)::bigint
  FROM given, jsonb_array_elements(g->2) p
  WHERE (b.subject, b.kind, b.item, b.customer, b.unit, b.company)
    = (p->>2, p->>1, p->>4, p->>3, p->>5, p->>0)
)"""
_CLAIMED = """, claimed AS (
  INSERT INTO claims SELECT p->>0, p->>1, (p->>2)::bigint, (p->>3)::bigint, notification_id
  FROM event, given, jsonb_array_elements(g->4) p
)"""
_CLEARED = """, cleared AS (
  DELETE FROM calls_due WHERE refund = %s
)"""
_DUE = """
INSERT INTO calls_due (refund, part, company, waits, not_before)
  SELECT (p->>0)::uuid, p->>1, p->>2, p->>3, (p->>4)::timestamptz
  FROM given, jsonb_array_elements(g->3) p"""

_GROW = (
    b"INSERT INTO balances SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], "
    b"%s::text[], %s::text[], %s::smallint[], %s::bigint[], %s::bigint[]) "
    b"ON CONFLICT (subject, kind, item, customer, unit, company) "
    b"DO UPDATE SET balance = balances.balance + excluded.balance"
)
_SHRINK = (
    b"UPDATE balances b SET balance = b.balance + c.change FROM unnest(%s::text[], %s::text[], "
    b"%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[]) "
    b"AS c (company, kind, subject, customer, item, unit, change) "
    b"WHERE (b.subject, b.kind, b.item, b.customer, b.unit, b.company) "
    b"= (c.subject, c.kind, c.item, c.customer, c.unit, c.company)"
)


_NEVER = 2**63 - 1
"""Since when a balance has changed that was only seen."""


class RawPostgres:
    """One connection to a schema that has the tables of a ledger."""

    def __init__(self, where: str) -> None:
        # The service has no right to the numbers of events; whoever owns the tables does.
        place = owner_of(where)
        self.connection = psycopg.connect(place.conninfo, autocommit=True)
        self.connection.execute(SQL("SET search_path = {}").format(Identifier(place.schema)))
        self.connection.execute(_BY_INDEX)
        self._cursor = self.connection.cursor()

    def save(self, rows: Saved) -> None:
        """One event with its rows in one durable transaction, by one statement."""
        statement = _statement(claims=bool(rows.claims), clears=rows.clears)
        self._cursor.execute(statement, _values(rows), prepare=True)

    def save_together(self, rows: Sequence[Saved]) -> None:
        """Some events with their rows in one durable transaction, in one round trip."""
        if len(rows) == 1:
            self.save(rows[0])
            return
        with self.connection.pipeline(), self.connection.transaction():
            for one in rows:
                self.save(one)

    def save_many(self, many: Sequence[Saved]) -> None:
        """Many events with their rows in one durable transaction, by COPY where rows are added."""
        with self.connection.transaction():
            cursor = self._cursor
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence('stored_events', 'notification_id')) "
                "FROM generate_series(1, %s)",
                (len(many),),
            )
            numbered = list(zip((row[0] for row in cursor.fetchall()), many, strict=True))
            self._copy(
                "stored_events (originator_id, originator_version, topic, state, "
                "notification_id, era, hash)",
                ["uuid", "int8", "text", "bytea", "int8", "int4", "bytea"],
                (
                    (rows.stream, rows.version, rows.topic, rows.state, position, 1, rows.hash)
                    for position, rows in numbered
                ),
            )
            self._copy(
                "postings",
                ["int8", "int4", *["text"] * 7, "int8"],
                (
                    (position, seq, account.company, TEXT[account.kind], *account[2:], amount)
                    for position, rows in numbered
                    for seq, (account, amount) in enumerate(rows.postings)
                ),
            )
            self._copy(
                "claims",
                ["text", "text", "int8", "int8", "int8"],
                (
                    (rows.postings[0].account.company, *document, position)
                    for position, rows in numbered
                    for document in rows.claims
                ),
            )
            self._copy(
                "calls_due (refund, part, company, waits, not_before)",
                ["uuid", "text", "text", "text", "timestamptz"],
                (
                    (one.refund, one.part, one.company, one.waits, one.not_before)
                    for rows in many
                    for one in rows.due
                ),
            )
            for statement, columns in _balances(numbered):
                cursor.execute(statement, columns)

    def _copy(self, table: str, types: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
        with self._cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


@lru_cache
def _statement(*, claims: bool, clears: bool) -> bytes:
    return (_EVENT + _CLAIMED * claims + _CLEARED * clears + _DUE).encode()


def _values(rows: Saved) -> list[Any]:
    changes: list[tuple[Any, ...]] = [
        (
            *key_of(one.account),
            one.account.rule.side,
            one.amount,
            one.account.rule.side * one.amount,
        )
        for one in (*rows.changes, *_unchanged(rows))
    ]
    company = rows.postings[0].account.company if rows.postings else ""
    given = [
        [
            (seq, account.company, TEXT[account.kind], *account[2:], amount)
            for seq, (account, amount) in enumerate(rows.postings)
        ],
        [row for row in changes if row[-1] >= 0],
        [row for row in changes if row[-1] < 0],
        [(one.refund, one.part, one.company, one.waits, one.not_before) for one in rows.due],
        [(company, *document) for document in rows.claims],
    ]
    event = (rows.stream, rows.version, rows.topic, rows.state, rows.hash)
    cleared = (rows.stream,) if rows.clears else ()
    return [to_json(given).decode(), *event, *cleared]


def _unchanged(rows: Saved) -> list[Posting]:
    """Balances that were only seen: the ledger locks their rows, and adds what is missing."""
    return [Posting(account, 0) for account in rows.seen]


def _balances(numbered: Sequence[tuple[int, Saved]]) -> list[tuple[bytes, Any]]:
    """Two statements: balances that grow, and balances that shrink."""
    pairs: list[tuple[Any, ...]] = [
        (
            *key_of(one.account),
            one.account.rule.side,
            one.amount,
            position if one.amount else _NEVER,
        )
        for position, rows in numbered
        for one in (*rows.changes, *_unchanged(rows))
    ]
    grow = [pair for pair in pairs if pair[6] * pair[7] >= 0]
    shrink = [(*pair[:6], pair[7]) for pair in pairs if pair[6] * pair[7] < 0]
    statements = [(_GROW, grow), (_SHRINK, shrink)]
    return [(statement, _columns(rows)) for statement, rows in statements if rows]


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [
        [str(value) if isinstance(value, str) else value for value in column]
        for column in zip(*rows, strict=True)
    ]
