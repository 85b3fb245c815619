"""Reading all of a ledger: the feed, and the rebuild, beside a bare cursor over the same rows."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import closing

from pydantic_core import from_json

from benches.common import COMPANY, ENGINES, Bench, Goal, Result, must, opened, paired, timed
from benches.filling import EVENTS, fill_lives
from benches.requesting import raw
from refund_adapters.feed import feed
from refund_adapters.questions import Questions
from refund_adapters.store.sql_store import SqlStore

REBUILD_GOAL = Goal(0.8)
_ALL = "SELECT topic, state FROM stored_events ORDER BY notification_id"


def reading(bench: Bench) -> Iterator[Result]:
    """Measure both on both stores."""
    events = bench.size(100_000, 7_000) // EVENTS * EVENTS
    for engine in ENGINES:
        with bench.ledger(engine) as where:
            fill_lives(where, events)
            with opened(where) as store:
                yield _fed(store, where, events, bench.rounds)
                yield _replayed(store, where, events, bench.rounds)


def _fed(store: SqlStore, where: str, events: int, rounds: int) -> Result:
    return paired(
        f"feed, {where.partition(':')[0]}",
        f"{events:,} events",
        "bare cursor and JSON decode",
        ours=lambda: timed(events, lambda: deque(feed(store), 0)),
        baseline=lambda: timed(events, lambda: _decoded(where)),
        rounds=rounds,
    ).result()


def _replayed(store: SqlStore, where: str, events: int, rounds: int) -> Result:
    questions = Questions(store, COMPANY)
    return paired(
        f"rebuild, {where.partition(':')[0]}",
        f"{events:,} events",
        "bare cursor, JSON decode and a fold into a dict",
        ours=lambda: timed(events, lambda: _rebuilt(questions)),
        baseline=lambda: timed(events, lambda: _folded(where)),
        rounds=rounds,
    ).result(goal=REBUILD_GOAL)


def _rebuilt(questions: Questions) -> None:
    rebuilt = questions.rebuild()
    must(rebuilt.equal, rebuilt.differences[:3])


def _states(where: str) -> Iterator[tuple[str, bytes]]:
    with closing(raw(where)) as bare:
        if where.startswith("sqlite"):
            yield from bare.connection.execute(_ALL)
            return
        with bare.connection.transaction(), bare.connection.cursor("all", binary=True) as cursor:
            cursor.itersize = 1000
            yield from cursor.execute(_ALL)


def _decoded(where: str) -> None:
    for _, state in _states(where):
        from_json(state)


def _folded(where: str) -> None:
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for topic, state in _states(where):
        event = from_json(state)
        amount = event.get("booked", 0) + event.get("paid_back", 0)
        sums[event["customer_id"], event["currency"], topic] += amount
    must(bool(sums), "nothing was read")
