"""Commands about originals: bringing them in, and what is left of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refund_adapters.cli.everywhere import Run, everywhere
from refund_adapters.cli.output import Column

if TYPE_CHECKING:
    from refund_adapters.accounting import Wanted
    from refund_adapters.desk import Imported
    from refund_adapters.questions import OriginalStanding
    from refund_adapters.settings import Settings
    from refund_ledger.originals import Kind, OriginalRef

MOST_NUMBERS = 1000
"""How many numbers one range may name."""

MOST_ROWS = 10_000
"""How many rows of an import stand in one table."""

app = typer.Typer()
originals = typer.Typer(help="Invoices, receipts and invoice-receipts that can be refunded.")
app.add_typer(originals, name="originals", rich_help_panel="Originals and credits")

NUMBERS = "Number, or numbers such as 17-25; may be repeated."


@originals.command(
    "import",
    epilog="Examples: refund-ledger originals import originals.jsonl\n\n"
    "refund-ledger originals import --invoice 17 --receipt 5-9\n\n"
    "refund-ledger originals import --from 2026-01-01 --to 2026-01-31",
)
@everywhere
def import_(
    run: Run,
    *,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A .jsonl file of originals and granted credits."),
    ] = None,
    ref: Annotated[
        list[str] | None,
        typer.Option(metavar="REF", help="Such as invoice:1/17; may be repeated."),
    ] = None,
    invoice: Annotated[list[str] | None, typer.Option(metavar="N", help=NUMBERS)] = None,
    invoice_receipt: Annotated[list[str] | None, typer.Option(metavar="N", help=NUMBERS)] = None,
    receipt: Annotated[list[str] | None, typer.Option(metavar="N", help=NUMBERS)] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Issued on or after.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Issued on or before.")
    ] = None,
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="Only of this customer.")
    ] = None,
) -> int:
    """Record originals from a file, or from the accounting system by number or by date.

    Each row is judged alone and safe to import again: what is known is said to be known. Ends with
    1 where a row was refused. JSON: one line for each row, then a summary.
    """
    from refund_ledger.errors import InvalidInputError

    asked = {"invoice": invoice, "invoice_receipt": invoice_receipt, "receipt": receipt}
    by_api = bool(ref or from_ or to or customer or any(asked.values()))
    if (file is None) != by_api:
        raise InvalidInputError(
            "file", "name either a file, or what to read: --ref, --invoice, --from and --to"
        )
    if (ref or any(asked.values())) and (from_ or to or customer):
        raise InvalidInputError(
            "ref", "name originals, or say a period and whose; what is named is read whatever else"
        )
    if file is not None:
        with run.desk(creates=True) as desk:
            return _report(run, desk.import_file(file))
    wanted = _wanted(run.settings(), ref or [], asked, since=from_, until=to, customer=customer)
    with run.desk(calls=True, creates=True) as desk:
        return _report(run, desk.import_wanted(wanted))


@originals.command(epilog="Example: refund-ledger originals show invoice_receipt:2/6923")
@everywhere
def show(
    run: Run,
    *,
    ref: Annotated[str, typer.Argument(metavar="REF", help="Such as invoice:1/17.")],
) -> int:
    """Show what is left of an original per line and payment, what is in flight, and its refunds."""
    from refund_ledger.originals import OriginalRef

    with run.questions("reading") as questions:
        standing = questions.original(OriginalRef.parse(ref))
    if run.json:
        from refund_adapters.cli import sums

        run.out.shape(sums.standing(standing))
        return 0
    _show(run, standing)
    return 0


# --- importing ------------------------------------------------------------------------------------


def _wanted(
    settings: Settings,
    refs: list[str],
    numbers: dict[str, list[str] | None],
    *,
    since: str | None,
    until: str | None,
    customer: str | None,
) -> Wanted:
    from refund_adapters.accounting import Wanted
    from refund_ledger.originals import Kind, OriginalRef

    named = [OriginalRef.parse(ref, field="ref") for ref in refs]
    rivhit = settings.rivhit_settings()
    for kind, texts in numbers.items():
        series = rivhit.series_of(Kind(kind))
        for text in texts or ():
            named += _numbered(Kind(kind), series, text)
    return Wanted(
        refs=tuple(dict.fromkeys(named)),
        issued_from=day(since, "from"),
        issued_to=day(until, "to"),
        customer_id=customer,
    )


def _numbered(kind: Kind, series: tuple[int, ...], text: str) -> Iterator[OriginalRef]:
    """Read "17" or "17-25" as numbers of the first type that the company keeps for the kind."""
    from refund_ledger.errors import InvalidInputError
    from refund_ledger.originals import OriginalRef

    found = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", text.strip())
    if not found or not series:
        raise InvalidInputError(kind, f"expected a number such as 17, or 17-25, got {text!r}")
    first, last = int(found[1]), int(found[2] or found[1])
    if not first <= last < first + MOST_NUMBERS:
        raise InvalidInputError(
            kind, f"expected at most {MOST_NUMBERS} numbers, the lower one first, got {text!r}"
        )
    return (OriginalRef(kind, series[0], number) for number in range(first, last + 1))


def day(text: str | None, field: str) -> date | None:
    """Read a day such as 2026-01-31; raises `InvalidInputError` naming the flag."""
    from refund_ledger.errors import InvalidInputError

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            field, f"expected a date such as 2026-01-31, got {text!r}"
        ) from None


def _report(run: Run, results: Iterable[Imported]) -> int:
    """Say row by row what became of it; also of the rows before an error that ends the import.

    A long file is said in several tables, so that it takes no more memory than a short one.
    """
    counts = {"recorded": 0, "known": 0, "refused": 0}
    rows: list[Imported] = []
    try:
        with run.out.progress("importing") as tick:
            for done, result in enumerate(results, 1):
                tick(done, None)
                counts[result.outcome] += 1
                if run.json:
                    run.out.shape(_row(result))
                else:
                    rows.append(result)
                if len(rows) == MOST_ROWS:
                    _table(run, rows)
                    rows.clear()
    finally:
        _table(run, rows)
    if run.json:
        run.out.shape({"type": "summary", **counts})
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    run.out.line(f"{sum(counts.values())} read: {said}")
    return 1 if counts["refused"] else 0


def _table(run: Run, rows: list[Imported]) -> None:
    run.out.table(
        (Column("row", number=True), Column("name"), Column("outcome"), Column("why")),
        [(one.number, one.name, one.outcome, one.detail) for one in rows],
    )


def _row(result: Imported) -> dict[str, object]:
    return {
        "type": "row",
        "row": result.number,
        "name": result.name,
        "outcome": result.outcome,
        "why": result.detail or None,
    }


# --- showing --------------------------------------------------------------------------------------


def _show(run: Run, of: OriginalStanding) -> None:
    from refund_adapters.cli.shapes import second, words

    recorded, left = of.recorded, of.remaining
    currency = recorded.currency
    run.out.line(
        f"{recorded.ref} of {recorded.issued_on}, customer {recorded.customer_id}, read from "
        f"{recorded.read_from} at {second(recorded.timestamp)}"
    )
    _tables(run, of)
    for name, side, done in (("sale", left.sale, "credited"), ("money", left.money, "paid back")):
        if side.recorded or side.done:
            beyond = f", {words(side.excess, currency)} beyond it" if side.excess else ""
            run.out.line(
                f"{name}: {words(side.recorded, currency)} recorded, "
                f"{words(side.left, currency)} left, {words(side.in_flight, currency)} in flight, "
                f"{words(side.done, currency)} {done}{beyond}"
            )
    run.out.line(f"the customer still owes {words(left.open, currency)} on it")
    if not of.refunds:
        run.out.line("no refund has taken from it")
        return
    run.out.table(
        (
            Column("refund"),
            Column("status"),
            Column("credited", number=True),
            Column("paid back", number=True),
        ),
        [
            (
                one.request.key,
                one.status,
                words(one.request.credited, currency),
                words(one.request.paid_back, currency),
            )
            for one in of.refunds
        ],
    )


def _tables(run: Run, of: OriginalStanding) -> None:
    from refund_ledger.money import format_minor, format_quantity

    recorded, left = of.recorded, of.remaining
    lines = {line.line: line for line in left.lines}
    payments = {payment.payment: payment.amount for payment in left.payments}

    def write(minor: int) -> str:
        return format_minor(minor, recorded.currency)

    if recorded.lines:
        numbers = ("line", "quantity", "left", f"net {recorded.currency}", "left", "VAT", "left")
        run.out.table(
            (*(Column(name, number=True) for name in numbers), Column("description")),
            [
                (
                    line.number,
                    format_quantity(line.quantity),
                    format_quantity(there.quantity) if there else "0",
                    write(line.net),
                    write(there.net if there else 0),
                    write(line.vat),
                    write(there.vat if there else 0),
                    line.description,
                )
                for line in recorded.lines
                for there in [lines.get(line.number)]
            ],
        )
    if recorded.payments:
        shown = ("payment", f"paid {recorded.currency}", "left")
        run.out.table(
            (*(Column(name, number=True) for name in shown), Column("method")),
            [
                (one.number, write(one.amount), write(payments.get(one.number, 0)), one.method)
                for one in recorded.payments
            ],
        )
