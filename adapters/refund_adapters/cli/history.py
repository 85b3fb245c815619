"""Commands about what happened: a number taken apart, totals of a period, who did what."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from refund_adapters.cli.everywhere import Run, everywhere
from refund_adapters.cli.originals import day
from refund_adapters.cli.output import Column

if TYPE_CHECKING:
    from refund_adapters.cli.shapes import Shape
    from refund_adapters.questions import AsOf
    from refund_projections.derivation import Step

app = typer.Typer()
PANEL = "Questions"

FromFlag = Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day, in UTC.")]
ToFlag = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day, in UTC.")]
PositionFlag = Annotated[
    int | None, typer.Option("--at-position", metavar="N", help="Up to this event of the feed.")
]
RecordedFlag = Annotated[
    str | None,
    typer.Option("--recorded", metavar="TIME", help="As it was known then: 2026-01-31T12:00:00Z."),
]
EffectiveFlag = Annotated[
    str | None, typer.Option("--effective", metavar="DATE", help="What counts by that day.")
]


def as_of(position: int | None, recorded: str | None, effective: str | None) -> AsOf:
    """Read the flags that name a moment; raises `InvalidInputError` naming the flag."""
    from refund_adapters.questions import AsOf

    return AsOf(position, _time(recorded), day(effective, "effective"))


def period(from_: str | None, to: str | None) -> tuple[datetime | None, datetime | None]:
    """Read two days as the times from which and before which; after the last day there is none."""
    since, last = day(from_, "from"), day(to, "to")
    until = last + timedelta(days=1) if last and last < date.max else None
    return (
        datetime(since.year, since.month, since.day, tzinfo=UTC) if since else None,
        datetime(until.year, until.month, until.day, tzinfo=UTC) if until else None,
    )


def _time(text: str | None) -> datetime | None:
    from refund_ledger.errors import InvalidInputError

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        # Of the first and the last day there are hours that UTC does not have.
        is_known = found.tzinfo is not None and bool(found.astimezone(UTC))
    except (ValueError, OverflowError):
        is_known = False
    if not is_known:
        raise InvalidInputError(
            "recorded", f"expected a time with its zone such as 2026-01-31T12:00:00Z, got {text!r}"
        )
    return found


@app.command(rich_help_panel=PANEL, epilog="Example: refund-ledger balance --customer 1001")
@everywhere
def balance(
    run: Run,
    *,
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this customer, with the sources.")
    ] = None,
    at_position: PositionFlag = None,
    recorded: RecordedFlag = None,
    effective: EffectiveFlag = None,
) -> int:
    """Show who owes whom, by customer and currency; net is positive where the company owes."""
    from refund_adapters.questions import NOW
    from refund_ledger.money import format_minor

    moment = as_of(at_position, recorded, effective)
    with run.questions("reading") as questions:
        if moment == NOW:
            balances = questions.balances(customer_id=customer)
        else:
            balances = questions.balances_at(moment, customer_id=customer)
    if run.json:
        from refund_adapters.cli import sums

        run.out.shape({"balances": [sums.balance(one) for one in balances]})
        return 0
    names = ("open", "credit", "held", "promised", "unexplained", "net")
    run.out.table(
        (Column("customer"), Column("currency"), *(Column(name, number=True) for name in names)),
        [
            (
                one.customer_id,
                one.currency,
                *(format_minor(getattr(one, name), one.currency) for name in names),
            )
            for one in balances
        ],
    )
    if customer is not None:
        for one in balances:
            for source in one.sources:
                amount = format_minor(source.amount, one.currency)
                run.out.line(f"credit of {amount} {one.currency} from {source.source}")
    if not balances:
        run.out.line("nobody owes anybody anything")
    return 0


@app.command(
    rich_help_panel=PANEL,
    epilog="Example: refund-ledger explain --customer 1001 --currency ILS",
)
@everywhere
def explain(
    run: Run,
    *,
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="Explain what is owed to or by a customer.")
    ] = None,
    original: Annotated[
        str | None, typer.Option(metavar="REF", help="Explain what is left of an original.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only this currency.")
    ] = None,
    at_position: PositionFlag = None,
    recorded: RecordedFlag = None,
) -> int:
    """Take a balance or a remaining amount apart into its events, each with who and why."""
    from refund_ledger.accounts import AccountKind
    from refund_ledger.errors import InvalidInputError
    from refund_ledger.originals import OriginalRef
    from refund_projections.credit_balances import POSITION

    if (customer is None) == (original is None):
        raise InvalidInputError("customer", "say either --customer or --original")
    columns = {"unit": currency} if currency else {}
    if original is not None:
        columns["subject"] = str(OriginalRef.parse(original))
    elif customer is not None:
        columns["customer"] = customer
    kinds = POSITION if original is None else frozenset({AccountKind.REFUNDABLE})
    moment = as_of(at_position, recorded, None)
    with run.questions("reading") as questions:
        steps = questions.explain(kinds=kinds, as_of=moment, **columns)
    if run.json:
        run.out.shape({"steps": [_shape(step) for step in steps]})
    _table(run, steps)
    if not steps:
        run.out.line("no event moved it")
    return 0


def _shape(step: Step) -> Shape:
    from refund_adapters.cli.shapes import amount_of, named, time

    return {
        "position": step.position,
        "at": time(step.at),
        "who": step.who,
        "what": step.what,
        "document": step.document or None,
        **named(step.account),
        "unit": step.account.unit,
        "amount": amount_of(step.account, step.amount),
        "balance": amount_of(step.account, step.balance),
        "stream": str(step.stream),
        "version": step.version,
    }


def _table(run: Run, steps: tuple[Step, ...]) -> None:
    from refund_adapters.cli.shapes import amount_of, second

    numbers = (Column("position", number=True), Column("amount", number=True))
    run.out.table(
        (Column("at"), *numbers, Column("balance", number=True), Column("account"), Column("what")),
        [
            (
                second(step.at),
                step.position,
                amount_of(step.account, step.amount),
                amount_of(step.account, step.balance),
                str(step.account),
                f"{step.who}: {step.what}",
            )
            for step in steps
        ],
    )


@app.command(
    rich_help_panel=PANEL, epilog="Example: refund-ledger totals --by reason --from 2026-01-01"
)
@everywhere
def totals(
    run: Run,
    *,
    by: Annotated[str, typer.Option(help="reason, method, 'source account' or month.")] = "reason",
    from_: FromFlag = None,
    to: ToFlag = None,
) -> int:
    """Add up what was credited and paid back, told apart by one thing."""
    from refund_adapters.cli.shapes import money
    from refund_ledger.errors import InvalidInputError
    from refund_ledger.money import format_minor
    from refund_projections.totals import By

    if by not in set(By):
        raise InvalidInputError("by", f"expected one of {', '.join(By)}, got {by!r}")
    since, until = period(from_, to)
    with run.questions("adding up") as questions:
        found = questions.totals(By(by), since=since, until=until)
    names = ("net", "vat", "credited", "paid_back")
    if run.json:
        shapes = [
            {
                by: one.group,
                "currency": one.currency,
                "refunds": one.refunds,
                **{name: money(getattr(one, name), one.currency) for name in names},
            }
            for one in found
        ]
        run.out.shape({"totals": shapes})
    run.out.table(
        (
            Column("currency"),
            Column("refunds", number=True),
            *(Column(name, number=True) for name in names),
            Column(by),
        ),
        [
            (
                one.currency,
                one.refunds,
                *(format_minor(getattr(one, name), one.currency) for name in names),
                one.group,
            )
            for one in found
        ],
    )
    if not found:
        run.out.line("nothing was booked")
    return 0


@app.command(
    rich_help_panel=PANEL, epilog="Example: refund-ledger trail --by dana --from 2026-01-01"
)
@everywhere
def trail(
    run: Run,
    *,
    original: Annotated[str | None, typer.Option(metavar="REF", help="What touched it.")] = None,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="Whose.")] = None,
    by: Annotated[str | None, typer.Option(metavar="WHO", help="What somebody did.")] = None,
    from_: FromFlag = None,
    to: ToFlag = None,
) -> int:
    """Tell who did what and when, in every detail: of an original, a customer, a person.

    Of an original or a customer, --by, --from and --to tell a part of the story.
    """
    from refund_adapters.cli import shapes
    from refund_ledger.errors import InvalidInputError
    from refund_ledger.originals import OriginalRef
    from refund_projections.audit_trail import within

    since, until = period(from_, to)
    if original is not None and customer is not None:
        raise InvalidInputError("trail", "ask for an original or for a customer, not for both")
    with run.questions("reading") as questions:
        if original is not None:
            story = questions.story_of_original(OriginalRef.parse(original))
            entries = within(story, actor=by, since=since, until=until)
        elif customer is not None:
            story = questions.story_of_customer(customer)
            entries = within(story, actor=by, since=since, until=until)
        else:
            entries = questions.trail(actor=by, since=since, until=until)
        for entry in entries:
            if run.json:
                run.out.shape(shapes.entry(entry, postings=True))
                continue
            run.out.line(f"{shapes.second(entry.at)}  {entry.who}  {entry.what}")
            for label, text in entry.details:
                run.out.line(f"    {label}: {text}")
    return 0
