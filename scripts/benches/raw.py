"""The baselines: the fastest plain SQL that we can write for the same rows, without any rule."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from benches.material import Saved
from refund_adapters.store.sql_store import TEXT, key_of
from refund_adapters.store.sqlite_recorder import utc_text

_KEY = "company = ? AND kind = ? AND subject = ? AND customer = ? AND item = ? AND unit = ?"
_EVENT = (
    "INSERT INTO stored_events (notification_id, originator_id, originator_version, topic, state, "
    "hash) VALUES (?, ?, ?, ?, ?, ?)"
)
_POSTINGS = "INSERT INTO postings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CLAIMS = "INSERT INTO claims VALUES (?, ?, ?, ?, ?)"
_DUE = "INSERT INTO calls_due (refund, part, company, waits, not_before) VALUES (?, ?, ?, ?, ?)"


class Raw(Protocol):
    """One bare connection to the tables of a ledger."""

    connection: Any

    def save(self, rows: Saved) -> None:
        """One event with its rows in one durable transaction."""
        ...

    def save_together(self, rows: Sequence[Saved]) -> None:
        """Some events with their rows in one durable transaction, one after another."""
        ...

    def save_many(self, many: Sequence[Saved]) -> None:
        """Many events with their rows in one durable transaction, table by table."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class RawSqlite:
    """One connection to a file that has the tables of a ledger."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        self.connection.execute("PRAGMA synchronous=FULL")

    def save(self, rows: Saved) -> None:
        """One event with its rows in one durable transaction."""
        run = self.connection.execute
        run("BEGIN IMMEDIATE")
        self._insert(rows)
        run("COMMIT")

    def save_together(self, rows: Sequence[Saved]) -> None:
        """Some events with their rows in one durable transaction, one after another."""
        run = self.connection.execute
        run("BEGIN IMMEDIATE")
        for one in rows:
            self._insert(one)
        run("COMMIT")

    def save_many(self, many: Sequence[Saved]) -> None:
        """Many events with their rows in one durable transaction, table by table."""
        many_of, run = self.connection.executemany, self.connection.execute
        run("BEGIN IMMEDIATE")
        (first,) = run("SELECT coalesce(max(notification_id), 0) + 1 FROM stored_events").fetchone()
        numbered = list(enumerate(many, first))
        many_of(
            _EVENT,
            (
                (position, rows.stream.hex, rows.version, rows.topic, rows.state, rows.hash)
                for position, rows in numbered
            ),
        )
        many_of(_POSTINGS, (line for numbers in numbered for line in _postings(*numbers)))
        many_of(
            "INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET balance = balance + excluded.balance",
            (
                (*key_of(one.account), one.account.rule.side, one.amount, position)
                for position, rows in numbered
                for one in rows.changes
                if one.account.rule.side * one.amount > 0
            ),
        )
        many_of(
            f"UPDATE balances SET balance = balance + ? WHERE {_KEY}",  # noqa: S608 - of constants
            (
                (one.amount, *key_of(one.account))
                for _, rows in numbered
                for one in rows.changes
                if one.account.rule.side * one.amount < 0
            ),
        )
        many_of(_CLAIMS, (claim for numbers in numbered for claim in _claims(*numbers)))
        many_of(_DUE, (call for rows in many for call in _due(rows)))
        run("COMMIT")

    def _insert(self, rows: Saved) -> None:
        run = self.connection.execute
        event = (None, rows.stream.hex, rows.version, rows.topic, rows.state, rows.hash)
        position = run(_EVENT, event).lastrowid
        self.connection.executemany(_POSTINGS, _postings(position, rows))
        for one in rows.changes:
            key = key_of(one.account)
            changed = run(
                f"UPDATE balances SET balance = balance + ? WHERE {_KEY}",  # noqa: S608 - as above
                (one.amount, *key),
            ).rowcount
            if not changed:
                side = one.account.rule.side
                run(
                    "INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*key, side, one.amount, position),
                )
        if rows.claims:
            self.connection.executemany(_CLAIMS, _claims(position, rows))
        if rows.clears:
            run("DELETE FROM calls_due WHERE refund = ?", (rows.stream.hex,))
        self.connection.executemany(_DUE, _due(rows))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def _postings(position: int | None, rows: Saved) -> list[tuple[Any, ...]]:
    return [
        (position, seq, account.company, TEXT[account.kind], *account[2:], amount)
        for seq, (account, amount) in enumerate(rows.postings)
    ]


def _claims(position: int | None, rows: Saved) -> Iterable[tuple[Any, ...]]:
    company = rows.postings[0].account.company if rows.claims else ""
    return [(company, *document, position) for document in rows.claims]


def _due(rows: Saved) -> list[tuple[Any, ...]]:
    return [
        (one.refund.hex, one.part, one.company, one.waits, utc_text(one.not_before))
        for one in rows.due
    ]
