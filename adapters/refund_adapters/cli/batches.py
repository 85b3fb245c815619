"""A file of requests: rehearsed, its total confirmed, then asked for row by row."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from refund_adapters.cli.output import Column, Tick

if TYPE_CHECKING:
    from refund_adapters.cli.everywhere import Run
    from refund_adapters.desk import RowResult
    from refund_adapters.intake import Numbered

OUTCOMES = ("requested", "awaiting approval", "known", "refused")

COLUMNS = (
    Column("row", number=True),
    Column("key"),
    Column("outcome"),
    Column("credited", number=True),
    Column("paid back", number=True),
    Column("why"),
)


def request_file(run: Run, path: Path, *, dry_run: bool, totals: Sequence[str]) -> int:
    """Ask for every row of a file; the total is confirmed by a flag or by the person."""
    from refund_adapters.intake import rows_of
    from refund_ledger.errors import InvalidInputError

    confirmed = _read_totals(totals)
    rows = list(rows_of(path))
    if not rows:
        raise InvalidInputError(
            "file", f"{path.name} holds no rows; check that it is the right one"
        )
    with run.desk() as desk:
        with run.out.progress("rehearsing") as tick:
            rehearsed = desk.rehearse(_counted(rows, tick))
        sums = totals_of(rehearsed)
        if dry_run:
            return _report(run, rehearsed, dry_run=True)
        if sums:
            _confirm(run, rehearsed, sums, confirmed)
        with run.out.progress("requesting") as tick:
            return _report(run, desk.request_rows(_counted(rows, tick)), dry_run=False)


def totals_of(results: Iterable[RowResult]) -> dict[str, int]:
    """What the rows come to by currency, each refund once, those known from an earlier run too.

    A refund counts with the larger of what is credited and what is paid back.
    """
    refunds = {one.refund.id: one.refund.request for one in results if one.refund}
    sums: Counter[str] = Counter()
    for request in refunds.values():
        sums[request.currency] += max(request.credited, request.paid_back)
    return dict(sorted(sums.items()))


def _counted(rows: Sequence[Numbered], tick: Tick) -> Iterator[Numbered]:
    for done, row in enumerate(rows):
        tick(done, len(rows))
        yield row


# --- confirming -----------------------------------------------------------------------------------


def _read_totals(given: Sequence[str]) -> dict[str, int]:
    """Read "ILS=1234.50", each currency once."""
    from refund_ledger.errors import InvalidInputError
    from refund_ledger.money import to_minor

    totals: dict[str, int] = {}
    for text in given:
        currency, equals, amount = text.partition("=")
        currency = currency.strip()
        if not equals or currency in totals:
            raise InvalidInputError(
                "total", f"expected ILS=1234.50, once for each currency, got {text!r}"
            )
        totals[currency] = to_minor(amount, currency, field="total")
    return totals


def _flags(sums: dict[str, int]) -> str:
    from refund_ledger.money import format_minor

    return " ".join(
        f"--total {currency}={format_minor(minor, currency)}" for currency, minor in sums.items()
    )


def _confirm(
    run: Run, rehearsed: Sequence[RowResult], sums: dict[str, int], confirmed: dict[str, int]
) -> None:
    """Go on only where somebody said what the file comes to, or says yes to it now."""
    from refund_ledger.errors import InvalidInputError, RefusedError

    if confirmed:
        if confirmed != sums:
            raise RefusedError(
                f"the file comes to {_in_words(sums)}, not {_in_words(confirmed)}; "
                "nothing was asked for"
            )
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InvalidInputError(
            "total",
            f"look at the file with --dry-run, then confirm what it comes to with {_flags(sums)}",
        )
    counts = Counter(one.outcome for one in rehearsed)
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
    run.out.note(f"{len(rehearsed)} rows: {said}; {_in_words(sums)} in all")
    for one in rehearsed:
        if one.outcome == "refused":
            run.out.note(f"  row {one.number} {one.key}: {one.detail}")
    if not typer.confirm("Ask for these refunds?", err=True):
        raise RefusedError("not confirmed; nothing was asked for")


def _in_words(sums: dict[str, int]) -> str:
    from refund_adapters.cli.shapes import words

    return " and ".join(words(minor, currency) for currency, minor in sums.items()) or "nothing"


# --- reporting ------------------------------------------------------------------------------------


def _report(run: Run, results: Iterable[RowResult], *, dry_run: bool) -> int:
    """Say row by row what became of it; also of the rows before an error that ends the run."""
    done: list[RowResult] = []
    try:
        for result in results:
            done.append(result)
            if run.json:
                run.out.shape(_row(result, dry_run=dry_run))
    finally:
        run.out.table(COLUMNS, [_cells(one) for one in done])
    counts, sums = Counter(one.outcome for one in done), totals_of(done)
    if run.json:
        run.out.shape(_summary(len(done), counts, sums, dry_run=dry_run))
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)
    run.out.line(f"{len(done)} rows: {said}; {_in_words(sums)} in all")
    if dry_run:
        how = f"; to go on, say {_flags(sums)} in place of --dry-run" if sums else ""
        run.out.line(f"nothing was written{how}")
    return 1 if counts["refused"] else 0


def _row(result: RowResult, *, dry_run: bool) -> dict[str, Any]:
    from refund_adapters.cli import shapes

    return {
        "type": "row",
        "row": result.number,
        "key": result.key or None,
        "outcome": result.outcome,
        "why": result.detail or None,
        "dry_run": dry_run,
        "refund": shapes.refund(result.refund) if result.refund else None,
    }


def _summary(
    rows: int, counts: Counter[str], sums: dict[str, int], *, dry_run: bool
) -> dict[str, Any]:
    from refund_adapters.cli import shapes

    return {
        "type": "summary",
        "dry_run": dry_run,
        "rows": rows,
        **{outcome.replace(" ", "_"): counts[outcome] for outcome in OUTCOMES},
        "totals": shapes.totals(sums.items()),
    }


def _cells(result: RowResult) -> tuple[object, ...]:
    from refund_adapters.cli.shapes import words

    request = result.refund.request if result.refund else None
    credited = words(request.credited, request.currency) if request else ""
    paid_back = words(request.paid_back, request.currency) if request else ""
    return (result.number, result.key, result.outcome, credited, paid_back, result.detail)
