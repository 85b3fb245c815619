"""Commands that compare the ledger with the accounting system, and accept what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from refund_adapters.cli.everywhere import (
    ActorFlag,
    CompanyFlag,
    JsonFlag,
    Run,
    StoreFlag,
    everywhere,
)

if TYPE_CHECKING:
    from refund_adapters.reconcile.reconciling import Outcome
    from refund_adapters.rivhit import RivhitSettings
    from refund_adapters.settings import Settings
    from refund_projections.sides import Period

COULD_NOT_LOOK = 2
"""The accounting system does not answer, or the input cannot be read: nothing was compared."""

app = typer.Typer()
group = typer.Typer()
app.add_typer(
    group,
    name="reconcile",
    rich_help_panel="Proof",
    epilog="Examples: refund-ledger reconcile --from 2026-01-01 --to 2026-01-31 --html january.html"
    "\n\nrefund-ledger reconcile --from 2026-01-01 --to 2026-01-31 --file export.csv --json",
)


@group.callback(invoke_without_command=True)
def reconcile(
    context: typer.Context,
    *,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day, as documents date.")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="DATE", help="Last day.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Compare with an export, .csv or .jsonl: half, type, number, date, customer_id, "
            "amount (a refund has a minus), and where known currency, cancelled, comments.",
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep here what is read; a comparison that was interrupted goes on with it.",
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Do not open documents for their currency where nothing differs."
        ),
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page to print and to file.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the differences as CSV.")
    ] = None,
    store: StoreFlag = None,
    company: CompanyFlag = None,
    actor: ActorFlag = None,
    json: JsonFlag = False,
) -> int:
    """Compare the ledger's documents with those of the accounting system; posts nothing.

    Ends with 0 where nothing differs that nobody has accepted, 1 where something does, and 2 where
    it could not look: then nothing is reported and nothing recorded.
    """
    run: Run = context.find_root().obj
    run.take(store=store, company=company, actor=actor, json=json)
    if context.invoked_subcommand is not None:
        return 0
    asked = _Asked(since=from_, until=to, file=file, keep=keep, quick=quick, html=html, csv=csv)
    return _could_look(run, lambda: _compare(run, asked))


@group.command(
    epilog='Example: refund-ledger reconcile accept "document 3/481" "amount differs" DIGEST '
    '--why "rounded by hand, see mail of 2026-02-03"'
)
@everywhere
def accept(
    run: Run,
    *,
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help='Such as "document 3/481".')],
    kind: Annotated[str, typer.Argument(metavar="KIND", help='Such as "amount differs".')],
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="As the comparison shows it.")],
    why: Annotated[str, typer.Option(help="Stands in the audit trail.")],
) -> int:
    """Accept a difference as it is; with other values on either side it is a new one."""
    from refund_adapters.reconcile.reconciling import Reconciler, document_named
    from refund_ledger.errors import InvalidInputError
    from refund_projections.differences import Kind

    if kind not in set(Kind):
        raise InvalidInputError("kind", f"expected one of {', '.join(Kind)}, got {kind[:40]!r}")
    named = document_named(document)
    with run.desk() as desk:
        new = Reconciler(desk).accept(named, Kind(kind), digest=digest, why=why)
    outcome = "accepted" if new else "known"
    if run.json:
        run.out.shape({"document": str(named), "difference": kind, "outcome": outcome})
    known = "was accepted before; nothing was written"
    run.out.line(f"{named}, {kind}: {'accepted' if new else known}")
    return 0


@group.command(epilog="Example: refund-ledger reconcile runs")
@everywhere
def runs(run: Run) -> int:
    """List every comparison that was made: when, by whom, over what, and what it came to."""
    from refund_adapters.cli.output import Column
    from refund_adapters.reconcile.reconciling import Reconciler
    from refund_adapters.reports.reconciliation import moment, run_shape

    with run.desk() as desk:
        found = list(Reconciler(desk).runs())
    if run.json:
        run.out.shape({"runs": [run_shape(one) for one in found]})
    run.out.table(
        (
            *(Column("at"), Column("from"), Column("to"), Column("match", number=True)),
            *(Column("differ", number=True), Column("accepted", number=True)),
            *(Column("read from"), Column("by")),
        ),
        [
            (
                moment(one.timestamp),
                one.since,
                one.until,
                one.matched,
                sum(tally.count for tally in one.differences),
                sum(tally.count for tally in one.accepted),
                one.read_from,
                one.actor,
            )
            for one in found
        ],
    )
    if not found:
        run.out.line("nothing was compared yet")
    return 0


# --- one comparison -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a comparison was asked for."""

    since: str | None
    until: str | None
    file: Path | None
    keep: Path | None
    quick: bool
    html: Path | None
    csv: Path | None


def _could_look(run: Run, compare: Callable[[], int]) -> int:
    """Compare, and end with 2 where the accounting system cannot be asked."""
    from refund_adapters.accounting import UnavailableError
    from refund_adapters.cli.errors import Failure, say

    try:
        return compare()
    except UnavailableError as error:
        nothing = "nothing was compared and nothing recorded"
        failure = Failure(COULD_NOT_LOOK, "unavailable", f"{error}; {nothing}")
        return say(failure, as_json=run.json)


def _compare(run: Run, asked: _Asked) -> int:
    from refund_adapters.exports.files import save
    from refund_adapters.reports.reconciliation import write_csv
    from refund_adapters.reports.reconciliation_page import write_page
    from refund_ledger.errors import InvalidInputError

    for name, path in (("html", asked.html), ("csv", asked.csv)):
        if path is not None and not path.resolve().parent.is_dir():
            raise InvalidInputError(name, f"{path} is in a folder that is not there")
    named: dict[Path, str] = {}
    for name in ("file", "keep", "html", "csv"):
        path = getattr(asked, name)
        if path and (other := named.setdefault(path.resolve(), name)) != name:
            raise InvalidInputError(name, f"is the file of --{other}; one of them would be lost")
    outcome = _outcome(run, asked)
    writers: tuple[tuple[Path | None, Callable[[Outcome, BinaryIO], int]], ...] = (
        (asked.html, write_page),
        (asked.csv, write_csv),
    )
    for path, write in writers:
        if path is not None:
            save(path, partial(write, outcome))
            run.out.note(f"wrote {path}")
    _tell(run, outcome)
    return 0 if outcome.clean else 1


def _outcome(run: Run, asked: _Asked) -> Outcome:
    from refund_adapters.reconcile.reconciling import Reconciler
    from refund_ledger.errors import InvalidInputError

    period = _period(asked.since, asked.until)
    if asked.file is None:
        with run.desk(calls=True) as desk:
            reconciler = Reconciler(desk)
            return reconciler.with_system(period, keep=asked.keep, quick=asked.quick)
    if asked.keep is not None or asked.quick:
        raise InvalidInputError("file", "nothing is asked of the system: no --keep and no --quick")
    rivhit = _conventions(run.settings())
    with run.desk() as desk:
        return Reconciler(desk).with_file(
            asked.file, period, rivhit.conventions, home_currency=rivhit.home_currency
        )


def _period(since: str | None, until: str | None) -> Period:
    from refund_adapters.cli.originals import day
    from refund_ledger.errors import InvalidInputError
    from refund_projections.sides import Period

    first, last = day(since, "from"), day(until, "to")
    if first is None or last is None:
        raise InvalidInputError("from", "say which days to compare, with --from and --to")
    return Period(first, last)


def _conventions(settings: Settings) -> RivhitSettings:
    """How the documents of a file are dated and signed; no call is made, so no token is needed."""
    from pydantic import SecretStr

    token = settings.rivhit_token or SecretStr("no-token-needed")
    return settings.model_copy(update={"rivhit_token": token}).rivhit_settings()


def _tell(run: Run, outcome: Outcome) -> None:
    from refund_adapters.cli.output import Column
    from refund_adapters.reports.reconciliation import outcome_shape
    from refund_projections.wording_of_differences import accept_command, what, what_to_do

    if run.json:
        run.out.shape(outcome_shape(outcome))
        return
    done, out = outcome.run, run.out
    out.line(
        f"compared {done.since} to {done.until} with {done.read_from}: "
        f"{done.documents_here} documents here, {done.documents_there} there, {done.matched} match"
    )
    out.table(
        (Column("document"), Column("difference"), Column("refund"), Column("what")),
        [
            (
                one.finding.document or "-",
                f"{one.finding.kind}{' (accepted)' if one.accepted else ''}",
                one.key or "-",
                what(one.finding),
            )
            for one in outcome.findings
        ],
    )
    for one in outcome.findings:
        if one.accepted is None:
            name = one.finding.document or f"refund {one.key}"
            out.line(f"{name}: {what_to_do(one.finding)}")
            if command := accept_command(one.finding):
                out.line(f"    or accept it: {command}")
    if done.not_judged:
        out.note(f"{done.not_judged} documents are too new for the lists and were not judged")
    if outcome.no_currency:
        out.note(f"the currency of {outcome.no_currency} matching documents was not compared")
    out.line("nothing differs" if outcome.clean else "something differs")
