"""Commands that write what the ledger holds to files: events, postings, and a journal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from refund_adapters.cli.everywhere import Run, everywhere

if TYPE_CHECKING:
    from refund_adapters.exports.exporting import Exports
    from refund_adapters.exports.files import Written

app = typer.Typer()
group = typer.Typer(no_args_is_help=True)
app.add_typer(
    group,
    name="export",
    rich_help_panel="Files",
    help="Write events, postings or a double-entry journal to a file that other programs read.",
    epilog="Example: refund-ledger export journal --format beancount --out refunds.beancount",
)

TABLE_FORMATS = ("jsonl", "csv", "parquet")
JOURNAL_FORMATS = ("beancount", "hledger")

OutFlag = Annotated[
    Path,
    typer.Option(
        metavar="FILE",
        help="Where to; what is there is replaced once the export is complete. - is stdout.",
    ),
]
TableFlag = Annotated[
    str,
    typer.Option("--format", metavar="|".join(TABLE_FORMATS), help="parquet needs a FILE."),
]
JournalFlag = Annotated[
    str, typer.Option("--format", metavar="|".join(JOURNAL_FORMATS), help="Which tool reads it.")
]
AfterFlag = Annotated[
    int,
    typer.Option(
        min=0, max=2**63 - 1, metavar="POSITION", help="Only what was saved after this position."
    ),
]


@group.command(epilog="Example: refund-ledger export events --format parquet --out events.parquet")
@everywhere
def events(run: Run, *, format_: TableFlag, out: OutFlag, after: AfterFlag = 0) -> int:
    """Write every event, one a row, with its position and all that it holds.

    Amounts are whole minor units, beside their currency. JSON: rows, file, bytes, its sha256,
    and `last`: the position to go on after with --after.
    """
    from refund_adapters.exports.exporting import TableFormat

    how = TableFormat(_one_of(format_, TABLE_FORMATS))
    with _exports(run) as exports:
        return _report(run, exports.events(how, _out(out), after=after), "events")


@group.command(epilog="Example: refund-ledger export postings --format csv --out postings.csv")
@everywhere
def postings(run: Run, *, format_: TableFlag, out: OutFlag, after: AfterFlag = 0) -> int:
    """Write every posting, one a row, with the position of its event; debit is positive.

    Amounts are whole minor units, beside their currency; quantities (QTY) are millionths.
    """
    from refund_adapters.exports.exporting import TableFormat

    how = TableFormat(_one_of(format_, TABLE_FORMATS))
    with _exports(run) as exports:
        return _report(run, exports.postings(how, _out(out), after=after), "postings")


@group.command(
    epilog="Example: refund-ledger export journal --format hledger --out refunds.journal "
    "--chart chart.toml --timezone Asia/Jerusalem"
)
@everywhere
def journal(
    run: Run,
    *,
    format_: JournalFlag,
    out: OutFlag,
    chart: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Names of accounts, TOML or JSON; see `export chart`."),
    ] = None,
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Whose days date the transactions.")
    ] = "UTC",
    rights: Annotated[
        bool, typer.Option("--rights", help="With the book of what may still be given.")
    ] = False,
) -> int:
    """Write what moved money as a journal that beancount or hledger checks.

    One transaction for each event; the last lines state what every account comes to, so that the
    tool itself proves the totals.
    """
    from refund_adapters.exports.charts import read_chart
    from refund_adapters.exports.exporting import JournalFormat, time_zone

    how = JournalFormat(_one_of(format_, JOURNAL_FORMATS))
    names = read_chart(chart) if chart else None
    zone = time_zone(timezone)
    with _exports(run) as exports:
        done = exports.journal(how, _out(out), chart=names, zone=zone, rights=rights)
    return _report(run, done, "transactions")


@group.command(epilog="Example: refund-ledger export chart > chart.toml")
@everywhere
def chart(run: Run) -> int:
    """Print the usual names of accounts as a chart to start from."""
    from refund_adapters.exports.charts import usual_chart
    from refund_projections.chart import DEFAULT

    if run.json:
        run.out.shape({"accounts": {str(kind): name for kind, name in DEFAULT.items()}})
    for line in usual_chart():
        run.out.line(line.rstrip("\n"))
    return 0


@contextmanager
def _exports(run: Run) -> Iterator[Exports]:
    from refund_adapters.exports.exporting import Exports

    with run.desk() as desk, run.out.progress("exporting") as tick:
        yield Exports(desk.store, desk.company, heard=lambda count: tick(count, None))


def _out(out: Path) -> Path | BinaryIO:
    return sys.stdout.buffer if str(out) == "-" else out


def _one_of(given: str, formats: tuple[str, ...]) -> str:
    from refund_ledger.errors import InvalidInputError

    if given not in formats:
        raise InvalidInputError("format", f"expected {' or '.join(formats)}, got {given[:40]!r}")
    return given


def _report(run: Run, done: Written, what: str) -> int:
    """Say what was written; where the rows themselves went to stdout, nothing else goes there."""
    if done.file == "-":
        run.out.flush()
        run.out.note(f"wrote {done.rows} {what}, sha256 {done.sha256}")
    elif run.json:
        run.out.shape({"what": what, **done._asdict()})
    else:
        run.out.line(f"wrote {done.rows} {what} to {done.file}, sha256 {done.sha256}")
    return 0
