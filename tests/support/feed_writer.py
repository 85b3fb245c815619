"""A process of its own that adds many small saves to a ledger, and overtakes others at it.

It needs little beside the database's driver, so that eight of them are quickly there. How much it
is to write comes as one line of JSON; what it wrote goes out as another.
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Any
from uuid import UUID

UNDONE = 0.05
"""How many saves are rolled back, which leaves gaps in the positions."""
LONGEST_PAUSE = 0.004
"""Seconds between the rows of a save and its commit, so that others come in between."""


def saves(dice: random.Random, events: int, topic: str, state: str) -> list[list[Any]]:
    """Split a number of events into saves of one to ten, each a stream of its own."""
    found: list[list[Any]] = []
    while events > 0:
        size = min(events, dice.randint(1, 10))
        stream = str(UUID(int=dice.getrandbits(128), version=4))
        found.append([(stream, version, topic, state) for version in range(1, size + 1)])
        events -= size
    return found


def write_to_server(conninfo: str, schema: str, dice: random.Random, todo: list[list[Any]]) -> int:
    """Save in PostgreSQL; returns how many saves were rolled back."""
    import psycopg  # noqa: PLC0415 - the driver of the database that is asked for

    undone = 0
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(f"SET search_path = {schema}".encode())
        for rows in todo:
            text = json.dumps(rows)
            if dice.random() < UNDONE:
                with connection.transaction(force_rollback=True):
                    connection.execute("SELECT add_events(%s::jsonb)", (text,))
                undone += 1
            with connection.transaction():
                connection.execute("SELECT add_events(%s::jsonb)", (text,))
                time.sleep(dice.random() ** 4 * LONGEST_PAUSE)
    return undone


def write_to_file(path: str, dice: random.Random, todo: list[list[Any]]) -> int:
    """Save in a SQLite file; returns how many saves were rolled back."""
    from eventsourcing.persistence import (  # noqa: PLC0415 - as above
        IntegrityError,
        StoredEvent,
    )

    from refund_adapters.store.sqlite import SqliteStore  # noqa: PLC0415 - as above

    undone = 0
    store = SqliteStore(path)
    for rows in todo:
        stored = [StoredEvent(UUID(row[0]), row[1], row[2], row[3].encode()) for row in rows]
        if dice.random() < UNDONE:
            try:
                store.recorder.insert_events([*stored, stored[0]])
            except IntegrityError:
                undone += 1
        store.recorder.insert_events(stored)
    store.close()
    return undone


def main() -> None:
    """Write what the one line says."""
    asked = json.loads(sys.stdin.readline())
    dice = random.Random(asked["seed"])
    todo = saves(dice, asked["events"], asked["topic"], asked["state"])
    if "path" in asked:
        undone = write_to_file(asked["path"], dice, todo)
    else:
        undone = write_to_server(asked["conninfo"], asked["schema"], dice, todo)
    sys.stdout.write(json.dumps({"saves": len(todo), "undone": undone}) + "\n")


if __name__ == "__main__":
    main()
