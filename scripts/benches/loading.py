"""One refund: loading it, and living it from request to completion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic_core import from_json

from benches.common import (
    COMPANY,
    ENGINES,
    Bench,
    Goal,
    Pairs,
    Result,
    Timing,
    median_of,
    must,
    opened,
    paired,
)
from benches.material import flat, live, lives_saved, refund_of
from benches.requesting import WARM, Client, fill, raw, together
from refund_adapters.store.opening import open_store
from refund_ledger.application import RefundLedger
from refund_ledger.refund import Status

EVENTS = 6
"""Of a refund with two parts, each booked by its first call."""


class _Loads:
    """Loads refunds by the ledger."""

    def __init__(self, where: str) -> None:
        self._store = open_store(where)
        self._ledger = RefundLedger(self._store, COMPANY)

    def prepare(self, number: int) -> object:
        """A refund's id."""
        return refund_of(number)

    def call(self, prepared: object) -> object:
        """Load it."""
        return self._ledger.refund(prepared)  # type: ignore[arg-type]  # an id

    def close(self) -> None:
        """Close the store."""
        self._store.close()


class _Selects:
    """Selects the rows of a stream and decodes their JSON."""

    def __init__(self, where: str) -> None:
        self._raw = raw(where)
        self._mark = "?" if where.startswith("sqlite") else "%s"
        self._cursor = self._raw.connection.cursor()

    def prepare(self, number: int) -> object:
        """A stream's id as its column holds it."""
        stream = refund_of(number)
        return stream.hex if self._mark == "?" else stream

    def call(self, prepared: object) -> object:
        """Select its rows, and decode them."""
        self._cursor.execute(
            "SELECT originator_version, topic, state FROM stored_events "  # noqa: S608 - a mark
            f"WHERE originator_id = {self._mark} ORDER BY originator_version",
            (prepared,),
        )
        return [from_json(row[2]) for row in self._cursor.fetchall()]

    def close(self) -> None:
        """Close the connection."""
        self._raw.close()


class _Lives:
    """Lives refunds by the ledger."""

    def __init__(self, where: str) -> None:
        self._store = open_store(where)
        self._ledger = RefundLedger(self._store, COMPANY)

    def prepare(self, number: int) -> object:
        """The number of a sale."""
        return number

    def call(self, prepared: object) -> object:
        """Five saves, each on the refund as it stands."""
        return live(self._ledger, prepared)  # type: ignore[arg-type]  # a number

    def close(self) -> None:
        """Close the store."""
        self._store.close()


class _Saves:
    """Saves the rows of lives by plain SQL."""

    def __init__(self, where: str, count: int) -> None:
        self._raw = raw(where)
        self._lives = lives_saved(count)

    def prepare(self, number: int) -> object:
        """The rows of a life, transaction by transaction."""
        return self._lives[number - 1]

    def call(self, prepared: object) -> object:
        """Save them."""
        for transaction in prepared:  # type: ignore[attr-defined]  # a list
            self._raw.save_together(transaction)
        return None

    def close(self) -> None:
        """Close the connection."""
        self._raw.close()


def loading(bench: Bench) -> Iterator[Result]:
    """Load completed refunds of six events."""
    for engine in ENGINES:
        pairs = _loaded(bench, engine)
        yield pairs.result(goal=Goal(0.4))
        yield pairs.result(median_of, unit="ms")


def _loaded(bench: Bench, engine: str) -> Pairs:
    numbers = range(1, bench.size(400, 60) + 1)
    with bench.ledger(engine) as where:
        fill(where, len(numbers))
        _fill_lives(where, len(numbers))
        return paired(
            f"load one refund, {engine}",
            f"a completed refund of {EVENTS} events",
            "select and JSON decode of its rows",
            ours=lambda: _run(_Loads(where), numbers),
            baseline=lambda: _run(_Selects(where), numbers),
            rounds=2 * bench.rounds,
        )


def lives(bench: Bench) -> Iterator[Result]:
    """Live whole refunds, one after another."""
    for engine in ENGINES:
        yield _lived(bench, engine).result()


def _lived(bench: Bench, engine: str) -> Pairs:
    share = bench.size(40, 10) + WARM
    count = 3 * bench.rounds * share
    turns = iter(range(1, count + 1, share))

    def turn(client: Client) -> Timing:
        first = next(turns)
        return _run(client, range(first, first + share))

    with bench.ledger(engine) as where:
        fill(where, count)
        return paired(
            f"a whole refund, {engine}",
            "five durable transactions",
            "plain SQL for the same rows in as many transactions",
            ours=lambda: turn(_Lives(where)),
            baseline=lambda: turn(_Saves(where, count)),
            rounds=bench.rounds,
        )


def _run(client: Client, numbers: Sequence[int]) -> Timing:
    return together(lambda: client, 1, numbers)


def _fill_lives(where: str, count: int) -> None:
    """Put whole lives into a ledger."""
    connection = raw(where)
    connection.save_together(flat(lives_saved(count)))
    connection.close()
    with opened(where) as store:
        refund = RefundLedger(store, COMPANY).refund(refund_of(count))
        must(refund.status is Status.COMPLETED and refund.version == EVENTS, refund)
