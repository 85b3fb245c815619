"""Many in one call: requests that are judged alone and saved together, and imports of originals."""

from __future__ import annotations

import json
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from benches.common import (
    COMPANY,
    ENGINES,
    Bench,
    Goal,
    Result,
    Timing,
    must,
    opened,
    paired,
    timed,
)
from benches.material import a_request, a_sale, requests_saved, sales_saved, stamp
from benches.requesting import fill, raw
from refund_adapters.files import rows_of
from refund_adapters.rows import Rows
from refund_ledger.application import RefundLedger
from refund_ledger.application import Result as Done
from refund_ledger.asking import Request

TOGETHER, GROUP = 100, 500


def groups(bench: Bench) -> Iterator[Result]:
    """Measure on both stores: a hundred in one call, five hundred, and imports."""
    for engine in ENGINES:
        yield from _many(bench, engine)
        yield from _bulk(bench, engine)
        yield from _imports(bench, engine)


def _many(bench: Bench, engine: str) -> Iterator[Result]:
    """A hundred in one call against one call for each."""
    rounds = bench.rounds + 2
    turns = _turns(TOGETHER, rounds)
    with bench.ledger(engine) as where:
        fill(where, 3 * rounds * TOGETHER)
        with opened(where) as store:
            ledger = RefundLedger(store, COMPANY)

            def one_each(asks: list[Request]) -> None:
                for ask in asks:
                    ledger.request(ask, stamp())

            yield paired(
                f"many requests in one call, {engine}",
                f"{TOGETHER}, each judged alone",
                "one request per transaction",
                ours=lambda: _timed(next(turns), lambda asks: _together(ledger, asks)),
                baseline=lambda: _timed(next(turns), one_each),
                rounds=rounds,
            ).result(goal=Goal(5))


def _bulk(bench: Bench, engine: str) -> Iterator[Result]:
    """Five hundred in one call against the same rows, table by table."""
    groups_a_turn = bench.size(4, 1)
    size, rounds = groups_a_turn * GROUP, bench.rounds
    turns = _turns(size, rounds)
    prepared = requests_saved(3 * rounds * size)
    with bench.ledger(engine) as where:
        fill(where, len(prepared))
        with opened(where) as store:
            ledger, connection = RefundLedger(store, COMPANY), raw(where)

            def plain() -> Timing:
                numbers = next(turns)
                return timed(size, lambda: _in_groups(connection, prepared, numbers))

            def all_of(asks: list[Request]) -> None:
                for first in range(0, len(asks), GROUP):
                    _together(ledger, asks[first : first + GROUP])

            yield paired(
                f"requests in groups, {engine}",
                f"groups of {GROUP} through all rules",
                "bulk insert of the same rows in the same transactions",
                ours=lambda: _timed(next(turns), all_of),
                baseline=plain,
                rounds=rounds,
            ).result(goal=Goal(0.2))
            connection.close()


def _imports(bench: Bench, engine: str) -> Iterator[Result]:
    """Originals from a file, and as objects, against the same rows table by table."""
    size, rounds = bench.size(3000, 500), bench.rounds
    prepared = sales_saved(6 * rounds * size)
    turns = _turns(size, 2 * rounds)
    with bench.ledger(engine) as where, opened(where) as store, closing(raw(where)) as connection:
        ledger = RefundLedger(store, COMPANY)

        def plain() -> Timing:
            numbers = next(turns)
            return timed(size, lambda: _in_groups(connection, prepared, numbers))

        for what, ours in (("from a file of JSON lines", _from_file), ("as objects", _as_objects)):
            yield paired(
                f"import of originals, {engine}",
                what,
                "bulk insert of the same rows in the same transactions",
                ours=partial(ours, ledger, turns),
                baseline=plain,
                rounds=rounds,
            ).result(goal=Goal(0.5))


def _from_file(ledger: RefundLedger, turns: Iterator[range]) -> Timing:
    numbers, rows = next(turns), Rows(ledger, stamp)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales.jsonl"
        path.write_text("".join(map(line_of, numbers)), "utf-8")
        return timed(
            len(numbers), lambda: deque(rows.imported(rows_of(path), read_from="bench"), 0)
        )


def _as_objects(ledger: RefundLedger, turns: Iterator[range]) -> Timing:
    sales = [a_sale(number) for number in next(turns)]
    return timed(len(sales), lambda: _record(ledger, sales))


def _turns(size: int, rounds: int) -> Iterator[range]:
    """The numbers of each turn; a round has three."""
    return (range(1 + number * size, 1 + (number + 1) * size) for number in range(3 * rounds))


def _timed(numbers: range, work: Any) -> Timing:
    asks = [a_request(number) for number in numbers]
    return timed(len(asks), lambda: work(asks))


def _together(ledger: RefundLedger, asks: list[Request]) -> None:
    answers = ledger.request_many(asks, [stamp()] * len(asks))
    must(all(isinstance(one, Done) and not one.repeated for one in answers), answers)


def _record(ledger: RefundLedger, sales: list[Any]) -> None:
    for first in range(0, len(sales), GROUP):
        some = sales[first : first + GROUP]
        answers = ledger.record_many(some, [stamp()] * len(some), read_from="bench")
        must(answers == [True] * len(some), answers)


def _in_groups(connection: Any, prepared: list[Any], numbers: range) -> None:
    for first in range(numbers.start - 1, numbers.stop - 1, GROUP):
        connection.save_many(prepared[first : min(first + GROUP, numbers.stop - 1)])


def line_of(number: int) -> str:
    """A sale as a line of a file."""
    sale = a_sale(number)
    return (
        json.dumps(
            {
                "original": {
                    "kind": sale.kind,
                    "series": sale.series,
                    "number": sale.number,
                    "customer_id": sale.customer_id,
                    "currency": sale.currency,
                    "issued_on": sale.issued_on.isoformat(),
                    "lines": [
                        {
                            "number": 1,
                            "description": "a coat",
                            "net": "100.00",
                            "vat": "18.00",
                            "quantity": "1",
                        }
                    ],
                    "payments": [{"number": 1, "method": "card", "amount": "118.00"}],
                }
            }
        )
        + "\n"
    )
