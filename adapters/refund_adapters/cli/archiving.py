"""Commands that keep an archive of the ledger as Parquet files, and ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refund_adapters.cli.everywhere import Run, everywhere
from refund_adapters.cli.output import Column

if TYPE_CHECKING:
    from refund_adapters.archive.answers import Archive
    from refund_adapters.archive.comparing import Comparison
    from refund_adapters.archive.verifying import Verified

app = typer.Typer()
group = typer.Typer(no_args_is_help=True)
app.add_typer(
    group,
    name="archive",
    rich_help_panel="Files",
    help="Keep events and postings as Parquet files that only grow, and ask them at any size.",
    epilog="Examples: refund-ledger archive write archive\n\n"
    "refund-ledger archive balances archive",
)

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="The archive's folder.")]


@dataclass(frozen=True, slots=True)
class EngineFlags:
    """The flags of every question to an archive."""

    engine: Annotated[
        str,
        typer.Option(
            metavar="duckdb|spark",
            help="What works it out; spark needs the extra `spark` and Java.",
        ),
    ] = "duckdb"
    memory: Annotated[
        str, typer.Option(metavar="SIZE", help="What the engine may take; the rest goes to disk.")
    ] = "2GB"
    threads: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=1024, help="As many as processors.")
    ] = None
    master: Annotated[
        str,
        typer.Option(
            metavar="spark://HOST:PORT",
            help="A Spark cluster; its machines all see DIR under the same name.",
        ),
    ] = ""


@group.command(epilog="Example: refund-ledger archive write /srv/archive")
@everywhere
def write(run: Run, *, folder: FolderArgument) -> int:
    """Add what was saved since the last run, of every company of the store; changes no file.

    Keep the `head` that it prints elsewhere: `archive verify` prints it again as long as nothing
    in the archive has changed. Ends with 1 where the store's history is not the archive's (it was
    restored from an older copy).
    """
    from refund_adapters.archive.writing import write

    with run.desk() as desk, run.out.progress("archiving") as tick:
        wrote = write(desk.store, folder, heard=lambda count: tick(count, None))
    if run.json:
        run.out.shape(wrote._asdict())
    run.out.line(
        f"added {wrote.added} events in {wrote.files} files; the archive holds {wrote.events}"
    )
    if wrote.head:
        run.out.line(f"head {wrote.head}")
    return 0


@group.command(epilog="Example: refund-ledger archive verify /srv/archive --head 4f1d...")
@everywhere
def verify(
    run: Run,
    *,
    folder: FolderArgument,
    head: Annotated[
        str | None, typer.Option(metavar="SHA256", help="The head that was kept outside.")
    ] = None,
) -> int:
    """Read every file and compare it with what was written; ends with 1 where one differs."""
    from refund_adapters.archive.verifying import verify

    with run.out.progress("reading") as tick:
        found = verify(folder, head=head, heard=tick)
    if run.json:
        run.out.shape({"sound": found.sound, **found._asdict()})
    _tell_verified(run, found)
    return 0 if found.sound else 1


@group.command(epilog="Example: refund-ledger archive balances /srv/archive --engine spark")
@everywhere
def balances(
    run: Run,
    *,
    folder: FolderArgument,
    how: EngineFlags,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="Only this customer.")] = None,
    at_position: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, max=2**63 - 1, help="Up to this event of the feed."),
    ] = None,
    effective: Annotated[
        str | None, typer.Option(metavar="DATE", help="What counts by that day.")
    ] = None,
) -> int:
    """Show who owes whom as of the archive's last event, as `balance` does of the ledger."""
    from refund_adapters.cli import sums
    from refund_adapters.cli.originals import day
    from refund_ledger.money import format_minor

    last = day(effective, "effective")
    with _asked(run, folder, how) as archive:
        found = archive.balances(customer_id=customer, position=at_position, effective=last)
    if run.json:
        run.out.shape({"balances": [sums.balance(one) for one in found]})
    names = ("open", "credit", "held", "promised", "unexplained", "net")
    run.out.table(
        (Column("customer"), Column("currency"), *(Column(name, number=True) for name in names)),
        [
            (
                one.customer_id,
                one.currency,
                *(format_minor(getattr(one, name), one.currency) for name in names),
            )
            for one in found
        ],
    )
    if not found:
        run.out.line("nobody owes anybody anything")
    return 0


@group.command(
    epilog="Example: refund-ledger archive statement /srv/archive --customer 1001 --currency ILS"
)
@everywhere
def statement(
    run: Run,
    *,
    folder: FolderArgument,
    how: EngineFlags,
    customer: Annotated[str, typer.Option(metavar="ID", help="Whose.")],
    currency: Annotated[str, typer.Option(metavar="CODE", help="In which currency.")],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, in UTC.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day, in UTC.")
    ] = None,
) -> int:
    """Show what happened to one customer, as `statement` does of the ledger."""
    from refund_adapters.cli import sums
    from refund_adapters.cli.history import period
    from refund_adapters.cli.shapes import second
    from refund_ledger.money import format_minor

    since, until = period(from_, to)
    with _asked(run, folder, how) as archive:
        found = archive.statement(customer_id=customer, currency=currency, since=since, until=until)
    if run.json:
        run.out.shape(sums.statement(found))
        return 0

    def told(minor: int) -> str:
        return format_minor(minor, currency)

    numbers = (Column("debit", number=True), Column("credit", number=True))
    run.out.line(f"opening {told(found.opening.net)} {currency}")
    run.out.table(
        (Column("at"), *numbers, Column("balance", number=True), Column("what")),
        [
            (
                second(line.at),
                told(line.debit),
                told(line.credit),
                told(line.balance.net),
                line.what,
            )
            for line in found.lines
        ],
    )
    run.out.line(f"closing {told(found.closing.net)} {currency}")
    return 0


@group.command(
    epilog="Example: refund-ledger archive compare /srv/archive --file export.csv "
    "--from 2026-01-01 --to 2026-12-31"
)
@everywhere
def compare(
    run: Run,
    *,
    folder: FolderArgument,
    how: EngineFlags,
    file: Annotated[
        Path,
        typer.Option(metavar="FILE", help="An export of the accounting system; see `reconcile`."),
    ],
    from_: Annotated[str, typer.Option("--from", metavar="DATE", help="First day.")],
    to: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day.")],
) -> int:
    """Compare the archive's documents with an export of the accounting system, at any size.

    Records nothing; `reconcile` says more of each difference. Ends with 1 where something differs.
    """
    from refund_adapters.archive.comparing import compare
    from refund_adapters.cli.reconciling import _conventions, _period

    period, rivhit = _period(from_, to), _conventions(run.settings())
    with _asked(run, folder, how) as archive:
        found = compare(
            archive, file, period, rivhit.conventions, home_currency=rivhit.home_currency
        )
    _tell_compared(run, found)
    return 0 if found.clean else 1


@contextmanager
def _asked(run: Run, folder: Path, how: EngineFlags) -> Iterator[Archive]:
    from refund_adapters.archive.answers import Archive
    from refund_adapters.archive.engines import Bounds, EngineName
    from refund_adapters.cli.errors import wants_traceback
    from refund_ledger.errors import InvalidInputError

    if how.engine not in set(EngineName):
        raise InvalidInputError("engine", f"expected duckdb or spark, got {how.engine[:40]!r}")
    engine = EngineName(how.engine)
    if how.master and engine is not EngineName.SPARK:
        raise InvalidInputError("master", "names a Spark cluster; say --engine spark as well")
    bounds = Bounds(how.memory, how.threads, how.master, quiet=not wants_traceback())
    company = run.settings().company
    with Archive.open(folder, company=company, engine=engine, bounds=bounds) as archive:
        yield archive


def _tell_verified(run: Run, found: Verified) -> None:
    whose = ", ".join(found.companies) or "nobody"
    run.out.line(f"{found.events} events of {whose} in {found.files} files, {found.bytes} bytes")
    run.out.line(f"head {found.head}")
    for problem in found.problems:
        run.out.line(problem)
    for stranger in found.strangers:
        run.out.note(f"{stranger} is no part of the archive: an interrupted run left it")
    run.out.line("every file is as it was written" if found.sound else "something was changed")


def _tell_compared(run: Run, found: Comparison) -> None:
    from refund_adapters.cli.shapes import money

    if run.json:
        tally = [
            {
                "kind": one.kind,
                "documents": one.documents,
                "currency": one.currency,
                "here": money(one.amount_here, one.currency),
                "there": money(one.amount_there, one.currency),
            }
            for one in found.tally
        ]
        differences = [
            {
                "kind": one.kind,
                "document": str(one.document),
                "role": one.role,
                "customer_here": one.customer_here,
                "customer_there": one.customer_there,
            }
            for one in found.differences
        ]
        run.out.shape({"clean": found.clean, "tally": tally, "differences": differences})
    run.out.table(
        (Column("documents", number=True), Column("currency"), Column("what")),
        [(one.documents, one.currency, one.kind) for one in found.tally],
    )
    run.out.table(
        (Column("document"), Column("difference")),
        [(one.document, one.kind) for one in found.differences],
    )
    run.out.line("nothing differs" if found.clean else "something differs")
