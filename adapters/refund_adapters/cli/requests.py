"""The command that asks for a refund, or for a whole file of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from refund_adapters.cli.everywhere import Run, everywhere
from refund_adapters.cli.output import Column
from refund_adapters.cli.request_flags import Asked, Many

if TYPE_CHECKING:
    from refund_ledger.application import Result
    from refund_ledger.refund import Refund

app = typer.Typer()


@app.command(
    rich_help_panel="Refunds",
    epilog="Examples: refund-ledger request --key order-17 --original invoice_receipt:2/6923 "
    "--reason returned_goods\n\n"
    "refund-ledger request --key order-18 --original invoice:1/17 --line 1:x2 "
    "--reason overcharged\n\n"
    "refund-ledger request --key payout-1 --kind credit --customer 1001 --currency ILS "
    "--amount 50.00 --method bank_transfer --reason paid_twice\n\n"
    "refund-ledger request --file refunds.csv --dry-run",
)
@everywhere
def request(run: Run, *, asked: Asked, many: Many) -> int:
    """Ask for a refund once; what it needs is reserved, or every reason why not is said.

    The same key and content again is nothing new. A file is rehearsed first, and asked for once
    you confirm its total; each row is judged alone, so it is safe to run again. Ends with 1 where
    something was refused. JSON: the refund; for a file one line for each row, then a summary.
    """
    from refund_ledger.errors import InvalidInputError

    given = asked.said()
    if many.file is None:
        if many.total:
            raise InvalidInputError("total", "confirms a file; leave it out here")
        return _one(run, given, dry_run=many.dry_run)
    from refund_adapters.cli.batches import request_file

    if given:
        raise InvalidInputError(next(iter(given)), "stands in the rows of the file; leave it out")
    return request_file(run, many.file, dry_run=many.dry_run, totals=many.total or [])


@app.command(rich_help_panel="Refunds", epilog="Example: refund-ledger reasons")
@everywhere
def reasons(run: Run) -> int:
    """List the reasons that a refund may give; REFUND_LEDGER_REASONS brings your own."""
    catalogue = run.settings().terms().reasons
    if run.json:
        listed = [{"code": code, "meaning": meaning} for code, meaning in catalogue.items()]
        run.out.shape({"reasons": listed})
    run.out.table((Column("code"), Column("meaning")), list(catalogue.items()))
    return 0


def _one(run: Run, fields: dict[str, Any], *, dry_run: bool) -> int:
    from refund_ledger.errors import InvalidInputError

    if "key" not in fields:
        raise InvalidInputError(
            "key", "name the request with --key; the same key never refunds twice"
        )
    if "reason" not in fields:
        raise InvalidInputError(
            "reason", "say why with --reason; `refund-ledger reasons` lists them"
        )
    # A goodwill needs nothing that was recorded before; everything else does.
    with run.desk(creates=fields.get("kind") == "goodwill" and not dry_run) as desk:
        if dry_run:
            return _rehearsed(run, desk, fields)
        result = desk.request(**fields)
    told(run, result)
    return 0


def _rehearsed(run: Run, desk: Any, fields: dict[str, Any]) -> int:
    from refund_adapters.cli import shapes
    from refund_adapters.intake import Numbered
    from refund_ledger.errors import RefusedError

    (row,) = desk.rehearse([Numbered(1, fields)])
    if row.refund is None:
        raise RefusedError(row.detail)
    if run.json:
        run.out.shape({**shapes.refund(row.refund), "outcome": row.outcome, "dry_run": True})
    run.out.line(f"would be {row.outcome}: {in_words(row.refund)}")
    run.out.line("nothing was written")
    return 0


def told(run: Run, result: Result) -> None:
    """Say what a command did to a refund, or that it had been done before."""
    from refund_adapters.cli import shapes

    refund = result.refund
    if run.json:
        run.out.shape({**shapes.refund(refund), "repeated": result.repeated})
    before = "; it was so before, nothing was written" if result.repeated else ""
    run.out.line(f"{refund.request.key} is {refund.status}: {in_words(refund)}{before}")
    if refund.status == "awaiting approval":
        run.out.line(f"a second person has to agree: {'; '.join(refund.request.needs_approval)}")


def in_words(refund: Refund) -> str:
    """What a refund gives, in one line."""
    from refund_adapters.cli.shapes import words

    request = refund.request
    given = []
    if request.credited:
        vat = f" (VAT {words(request.vat, request.currency)})" if request.vat else ""
        given.append(f"{words(request.credited, request.currency)}{vat} credited")
    if request.paid_back:
        given.append(f"{words(request.paid_back, request.currency)} paid back")
    of = " and ".join(dict.fromkeys(one for one in (request.sale, request.receipt) if one))
    return f"customer {request.customer_id}, {of or request.kind}, {' and '.join(given)}"
