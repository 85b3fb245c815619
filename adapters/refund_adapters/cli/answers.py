"""Commands that answer questions: what waits, one refund's story, balances, statements, proof."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, cast

import typer

from refund_adapters.cli.everywhere import Run, everywhere
from refund_adapters.cli.history import period
from refund_adapters.cli.output import Column
from refund_adapters.cli.stories import tell

if TYPE_CHECKING:
    from refund_adapters.store.sqlite import SqliteStore
    from refund_projections.calls_due import Pending
    from refund_projections.statement import Statement

app = typer.Typer()
PANEL = "Questions"

MINUTE, HOUR, DAY = 60, 3600, 86_400


@app.command(rich_help_panel=PANEL, epilog="Example: refund-ledger pending --json")
@everywhere
def pending(run: Run) -> int:
    """List what waits, the longest waiting first: why, for how long, and what one can do."""
    with run.questions("reading") as questions:
        now, waiting = questions.now(), questions.pending()
    if run.json:
        from refund_adapters.cli import shapes

        run.out.shape({"pending": [shapes.pending(one, now) for one in waiting]})
    pending_table(run, waiting, now)
    if not waiting:
        run.out.line("nothing waits")
    return 0


def pending_table(run: Run, waiting: Sequence[Pending], now: datetime) -> None:
    """List what waits for people."""
    names = ("refund", "part", "status", "age", "why", "what to do")
    run.out.table(
        [Column(name) for name in names],
        [
            (
                one.key or one.refund or one.document,
                one.part or "",
                one.status,
                age(now - one.since),
                one.why,
                one.what_to_do,
            )
            for one in waiting
        ],
    )


def age(how_long: timedelta) -> str:
    """A time span in its largest unit: 40 s, 12 min, 5 h, 3 d."""
    seconds = max(int(how_long.total_seconds()), 0)
    for unit, length in (("d", DAY), ("h", HOUR), ("min", MINUTE)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


@app.command(rich_help_panel=PANEL, epilog="Example: refund-ledger show order-17 --postings")
@everywhere
def show(
    run: Run,
    *,
    key: Annotated[str, typer.Argument(help="The refund's key, or its id.")],
    postings: Annotated[
        bool, typer.Option("--postings", help="With what each event posts, debit positive.")
    ] = False,
) -> int:
    """Show one refund and its whole story: who, when, what was called, what was answered."""
    from refund_adapters.questions import Questions

    with run.desk() as desk:
        refund = desk.refund(key)
        story = Questions(desk.store, desk.company).story(refund.id)
    if run.json:
        from refund_adapters.cli import shapes

        entries = [shapes.entry(one, postings=postings) for one in story]
        run.out.shape({"refund": shapes.refund(refund), "story": entries})
        return 0
    tell(run, refund, story, postings=postings)
    return 0


@app.command(
    rich_help_panel=PANEL,
    epilog="Example: refund-ledger statement --customer 1001 --currency ILS --from 2026-01-01",
)
@everywhere
def statement(
    run: Run,
    *,
    customer: Annotated[str, typer.Option(metavar="ID", help="Whose.")],
    currency: Annotated[str, typer.Option(metavar="CODE", help="In which currency.")],
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, in UTC.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day, in UTC.")
    ] = None,
) -> int:
    """Show what happened to one customer's money in a period, and what is owed after each event."""
    from refund_ledger.money import exponent

    exponent(currency)
    since, until = period(from_, to)
    with run.questions("reading") as questions:
        drawn = questions.statement(
            customer_id=customer, currency=currency, since=since, until=until
        )
    if run.json:
        from refund_adapters.cli import sums

        run.out.shape(sums.statement(drawn))
        return 0
    _statement_table(run, drawn)
    return 0


def _statement_table(run: Run, drawn: Statement) -> None:
    from refund_adapters.cli.shapes import second
    from refund_ledger.money import format_minor

    def write(minor: int) -> str:
        return format_minor(minor, drawn.currency)

    opening, closing = write(drawn.opening.net), write(drawn.closing.net)
    numbers = ("debit", "credit", f"net {drawn.currency}", "available")
    run.out.table(
        (Column("at"), *(Column(name, number=True) for name in numbers), Column("what")),
        [
            ("", "", "", opening, write(drawn.opening.available), "opening"),
            *(
                (
                    second(line.at),
                    write(line.debit),
                    write(line.credit),
                    write(line.balance.net),
                    write(line.balance.available),
                    f"{line.key}: {line.what}" if line.key else line.what,
                )
                for line in drawn.lines
            ),
            (
                "",
                write(drawn.debits),
                write(drawn.credits),
                closing,
                write(drawn.closing.available),
                "closing",
            ),
        ],
    )


@app.command(rich_help_panel=PANEL, epilog="Example: refund-ledger rebuild")
@everywhere
def rebuild(
    run: Run,
    *,
    swap: Annotated[
        bool,
        typer.Option(
            "--swap",
            help="Install what the events say instead of what is live; a server's owner runs it.",
        ),
    ] = False,
) -> int:
    """Replay every event from nothing and compare with what is live; 1 where they differ."""
    if swap:
        return _swap(run)
    with run.questions("replaying") as questions:
        rebuilt = questions.rebuild(workers=os.cpu_count() or 1)
    if run.json:
        from refund_adapters.cli import sums

        run.out.shape(sums.rebuilt(rebuilt))
    found = "equal" if rebuilt.equal else f"{len(rebuilt.differences)} differences"
    run.out.line(f"rebuilt from {rebuilt.events} events: {found}")
    for difference in rebuilt.differences:
        run.out.line(f"  {difference}")
    if rebuilt.unnamed:
        run.out.line(f"  and {rebuilt.unnamed} more that are not named")
    return 0 if rebuilt.equal else 1


def _swap(run: Run) -> int:
    """Make what follows from the events anew."""
    from refund_adapters.store.opening import is_postgres
    from refund_adapters.store.postgres_address import Address
    from refund_adapters.store.swapping import swap_postgres

    address = run.settings().address
    if is_postgres(address):
        done = swap_postgres(Address.parse(address))
    else:
        with run.desk() as desk:
            done = cast("SqliteStore", desk.store).swap()
    if run.json:
        run.out.shape(
            {
                "events": done.events,
                "postings": done.postings,
                "balances": done.balances,
                "calls_due": done.calls,
            }
        )
    run.out.line(
        f"installed {done.postings} postings, {done.balances} balances and {done.calls} calls due "
        f"from {done.events} events"
    )
    return 0
