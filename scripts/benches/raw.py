"""The baselines: the fastest plain SQL that we can write for the same rows, without any rule."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from benches.material import Saved
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.sql_store import key_of
from refund_adapters.store.sqlite_recorder import utc_text

_KEY = "company = ? AND kind = ? AND subject = ? AND customer = ? AND item = ? AND unit = ?"


class RawSqlite:
    """One connection to a file that has the tables of a ledger."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        self.connection.execute("PRAGMA synchronous=FULL")

    def save(self, rows: Saved) -> None:
        """One save in one durable transaction."""
        run = self.connection.execute
        run("BEGIN IMMEDIATE")
        self._insert(rows)
        run("COMMIT")

    def save_many(self, many: Sequence[Saved]) -> None:
        """Many saves in one durable transaction, table by table."""
        many_of, run = self.connection.executemany, self.connection.execute
        run("BEGIN IMMEDIATE")
        (first,) = run("SELECT coalesce(max(notification_id), 0) + 1 FROM stored_events").fetchone()
        many_of(
            "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic, "
            "state, hash) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (position, rows.stream.hex, rows.version, rows.topic, rows.state, rows.hash)
                for position, rows in enumerate(many, first)
            ),
        )
        many_of(
            "INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (position, seq, *one.account, one.amount)
                for position, rows in enumerate(many, first)
                for seq, one in enumerate(rows.postings)
            ),
        )
        many_of(
            "INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET balance = balance + excluded.balance",
            (
                (*key_of(one.account), one.account.rule.side, one.amount, position)
                for position, rows in enumerate(many, first)
                for one in rows.changes
                if one.account.rule.side * one.amount > 0
            ),
        )
        many_of(
            f"UPDATE balances SET balance = balance + ? WHERE {_KEY}",  # noqa: S608
            (
                (one.amount, *key_of(one.account))
                for rows in many
                for one in rows.changes
                if one.account.rule.side * one.amount < 0
            ),
        )
        many_of(
            "INSERT INTO calls_due (refund, part, company, waits, not_before) "
            "VALUES (?, ?, ?, ?, ?)",
            (
                (one.refund.hex, one.part, one.company, one.waits, utc_text(one.not_before))
                for rows in many
                for one in rows.due
            ),
        )
        run("COMMIT")

    def _insert(self, rows: Saved) -> None:
        run = self.connection.execute
        position = run(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state, hash) "
            "VALUES (?, ?, ?, ?, ?)",
            (rows.stream.hex, rows.version, rows.topic, rows.state, rows.hash),
        ).lastrowid
        self.connection.executemany(
            "INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(position, seq, *one.account, one.amount) for seq, one in enumerate(rows.postings)],
        )
        for one in rows.changes:
            key = key_of(one.account)
            changed = run(
                f"UPDATE balances SET balance = balance + ? WHERE {_KEY}",  # noqa: S608
                (one.amount, *key),
            ).rowcount
            if not changed:
                side = one.account.rule.side
                run(
                    "INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*key, side, one.amount, position),
                )
        self.connection.executemany(
            "INSERT INTO calls_due (refund, part, company, waits, not_before) "
            "VALUES (?, ?, ?, ?, ?)",
            [
                (one.refund.hex, one.part, one.company, one.waits, utc_text(one.not_before))
                for one in rows.due
            ],
        )

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


_ONE_TRIP = """
WITH event AS (
  INSERT INTO stored_events (originator_id, originator_version, topic, state, era, hash)
  VALUES (%s, %s, %s, %s, 1, %s) RETURNING notification_id
), posted AS (
  INSERT INTO postings SELECT notification_id, p.* FROM event, unnest(%s::integer[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[]) AS p
), held AS (
  INSERT INTO balances SELECT b.*, notification_id FROM event, unnest(%s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::bigint[]) AS b
  ON CONFLICT (subject, kind, item, customer, unit, company)
  DO UPDATE SET balance = balances.balance + excluded.balance
), taken AS (
  UPDATE balances b SET balance = b.balance + c.change FROM unnest(%s::text[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[])
    AS c (company, kind, subject, customer, item, unit, change)
  WHERE (b.subject, b.kind, b.item, b.customer, b.unit, b.company)
    = (c.subject, c.kind, c.item, c.customer, c.unit, c.company)
)
INSERT INTO calls_due (refund, part, company, waits, not_before)
  SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])
"""


class RawPostgres:
    """One connection to a schema that has the tables of a ledger; each save is one round trip."""

    def __init__(self, where: str) -> None:
        place = Address.parse(where)
        self.connection = psycopg.connect(place.conninfo, autocommit=True)
        self.connection.execute(SQL("SET search_path = {}").format(Identifier(place.schema)))
        self._cursor = self.connection.cursor()

    def save(self, rows: Saved) -> None:
        """One save in one durable transaction, by one statement."""
        self._cursor.execute(_ONE_TRIP, parameters(rows), prepare=True)

    def save_many(self, many: Sequence[Saved]) -> None:
        """Many saves in one durable transaction, by COPY where rows are only added."""
        with self.connection.transaction():
            cursor = self._cursor
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence('stored_events', 'notification_id')) "
                "FROM generate_series(1, %s)",
                (len(many),),
            )
            positions = [position for (position,) in cursor.fetchall()]
            self._copy(
                "stored_events (originator_id, originator_version, topic, state, "
                "notification_id, era, hash)",
                ["uuid", "int8", "text", "bytea", "int8", "int4", "bytea"],
                (
                    (rows.stream, rows.version, rows.topic, rows.state, position, 1, rows.hash)
                    for position, rows in zip(positions, many, strict=True)
                ),
            )
            self._copy(
                "postings",
                ["int8", "int4", *["text"] * 7, "int8"],
                (
                    (position, seq, *one.account, one.amount)
                    for position, rows in zip(positions, many, strict=True)
                    for seq, one in enumerate(rows.postings)
                ),
            )
            self._copy(
                "calls_due (refund, part, company, waits, not_before)",
                ["uuid", "text", "text", "text", "timestamptz"],
                (tuple(one) for rows in many for one in map(_due, rows.due)),
            )
            for rows in _by_kind(many, positions):
                cursor.execute(*rows)

    def _copy(self, table: str, types: list[str], rows: Any) -> None:
        with self._cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def _due(one: Any) -> tuple[Any, ...]:
    return one.refund, str(one.part), one.company, str(one.waits), one.not_before


def _by_kind(many: Sequence[Saved], positions: Sequence[int]) -> list[tuple[bytes, Any]]:
    """Two statements: balances that grow, and balances that shrink."""
    pairs = [
        (*map(str, key_of(one.account)), one.account.rule.side, one.amount, position)
        for position, rows in zip(positions, many, strict=True)
        for one in rows.changes
    ]
    grow = [pair for pair in pairs if pair[6] * pair[7] > 0]
    shrink = [pair[:6] + (pair[7],) for pair in pairs if pair[6] * pair[7] < 0]
    statements: list[tuple[bytes, Any]] = []
    if grow:
        statements.append(
            (
                b"INSERT INTO balances SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], "
                b"%s::text[], %s::text[], %s::text[], %s::smallint[], %s::bigint[], %s::bigint[]) "
                b"ON CONFLICT (subject, kind, item, customer, unit, company) "
                b"DO UPDATE SET balance = balances.balance + excluded.balance",
                [list(column) for column in zip(*grow, strict=True)],
            )
        )
    if shrink:
        statements.append(
            (
                b"UPDATE balances b SET balance = b.balance + c.change FROM unnest(%s::text[], "
                b"%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[]) "
                b"AS c (company, kind, subject, customer, item, unit, change) "
                b"WHERE (b.subject, b.kind, b.item, b.customer, b.unit, b.company) "
                b"= (c.subject, c.kind, c.item, c.customer, c.unit, c.company)",
                [list(column) for column in zip(*shrink, strict=True)],
            )
        )
    return statements


def parameters(rows: Saved) -> list[Any]:
    """The values of a save, as arrays for one statement; made beforehand, they cost nothing."""
    entries = [(seq, *map(str, one.account), one.amount) for seq, one in enumerate(rows.postings)]
    grow = [one for one in rows.changes if one.account.rule.side * one.amount > 0]
    shrink = [one for one in rows.changes if one.account.rule.side * one.amount < 0]
    held = [(*map(str, key_of(o.account)), o.account.rule.side, o.amount) for o in grow]
    taken = [(*map(str, key_of(o.account)), o.amount) for o in shrink]
    due = [_due(one) for one in rows.due]
    return [
        *(rows.stream, rows.version, rows.topic, rows.state, rows.hash),
        *_columns(entries, 9),
        *_columns(held, 8),
        *_columns(taken, 7),
        *_columns(due, 5),
    ]


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * width
