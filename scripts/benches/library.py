"""The plain event sourcing library beside us: its own tables and recorder, saving the same events.

The library saves an event and nothing else: no postings, no guarded balances, no chain, no calls
due, and nobody judges the request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent
from psycopg.conninfo import conninfo_to_dict

from benches.common import COMPANY, POSTGRES, Bench, Goal, Pairs, Result, Timing, paired
from benches.material import requests_saved
from benches.requesting import WARM, Client, Ours, fill, together
from refund_adapters.store.mapper import EventMapper, NoTranscoder
from refund_ledger.events import Event
from support.ledger_servers import owner_of

GOALS = {1: Goal(2), 8: Goal(5)}


class Books(Application[UUID]):
    """The library's application, with our mapper."""

    name = COMPANY
    env: ClassVar[dict[str, str]] = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "MAPPER_TOPIC": f"{EventMapper.__module__}:{EventMapper.__qualname__}",
        "TRANSCODER_TOPIC": f"{NoTranscoder.__module__}:{NoTranscoder.__qualname__}",
    }


class Library:
    """Saves the event of a request by the library alone."""

    def __init__(self, where: str, count: int, *, create: bool = False) -> None:
        said = conninfo_to_dict(owner_of(where).conninfo)
        self._books = Books(
            env={
                "POSTGRES_DBNAME": str(said["dbname"]),
                "POSTGRES_HOST": str(said["host"]),
                "POSTGRES_PORT": str(said["port"]),
                "POSTGRES_USER": str(said["user"]),
                "POSTGRES_PASSWORD": "none",
                # Its processes cannot make their tables at the same time.
                "CREATE_TABLE": "y" if create else "n",
            }
        )
        self._mapper = EventMapper()
        self._rows = requests_saved(count)

    def prepare(self, number: int) -> Event:
        """The event that the request for a sale makes."""
        rows = self._rows[number - 1]
        stored = StoredEvent(rows.stream, rows.version, rows.topic, rows.state)
        return self._mapper.to_domain_event(stored)

    def call(self, prepared: Any) -> object:
        """Save it."""
        return self._books.events.put([prepared])

    def close(self) -> None:
        """Close its connections."""
        self._books.close()


def library(bench: Bench) -> Iterator[Result]:
    """Measure with one client and with eight, on PostgreSQL."""
    for clients, goal in GOALS.items():
        yield _compared(bench, clients).result(goal=goal)


def _compared(bench: Bench, clients: int) -> Pairs:
    share = bench.size(100 if clients == 1 else 50, 15) + WARM
    count = 3 * bench.rounds * share * clients
    requests_saved(count)
    turns = iter(range(0, count, share * clients))

    def turn(make: Callable[[], Client]) -> Timing:
        first = next(turns) + 1
        return together(make, clients, range(first, first + share * clients))

    with bench.ledger(POSTGRES) as where:
        fill(where, count)
        Library(where, count, create=True).close()
        return paired(
            f"one request per transaction, {POSTGRES}",
            f"{clients} client{'s' if clients > 1 else ''}",
            "the eventsourcing library saving the event alone",
            ours=lambda: turn(lambda: Ours(where)),
            baseline=lambda: turn(lambda: Library(where, count)),
            rounds=bench.rounds,
        )
