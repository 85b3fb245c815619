"""Commands about refunds that were made outside, and about amounts that nobody has explained."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from refund_adapters.cli.everywhere import Run, everywhere

app = typer.Typer()
outside = typer.Typer(help="Refunds that were made outside this ledger.")
discrepancy = typer.Typer(help="What was booked beyond an original, or without a place.")
app.add_typer(outside, name="outside", rich_help_panel="Originals and credits")
app.add_typer(discrepancy, name="discrepancy", rich_help_panel="Originals and credits")

GRANT = "grant"
"""What `discrepancy explain` calls a credit that was reduced by more than it held."""


@outside.command(
    epilog="Example: refund-ledger outside record invoice 3/481 --customer 1001 --amount 40.00 "
    "--currency ILS --date 2026-03-01 --original invoice:1/2345"
)
@everywhere
def record(
    run: Run,
    *,
    part: Annotated[
        str, typer.Argument(help="invoice for a credit note, receipt for money that went back.")
    ],
    document: Annotated[str, typer.Argument(metavar="TYPE/NUMBER", help="Such as 3/481.")],
    customer: Annotated[str, typer.Option(metavar="ID", help="Whose.")],
    amount: Annotated[
        str, typer.Option(metavar="DECIMAL", help="Without sign, VAT included; such as 40.00.")
    ],
    currency: Annotated[str, typer.Option(metavar="CODE", help="Such as ILS.")],
    date: Annotated[str, typer.Option(metavar="DATE", help="When it was issued.")],
    original: Annotated[
        str | None,
        typer.Option(metavar="REF", help="What it gives back; where nobody knows, leave it out."),
    ] = None,
    item: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER:AMOUNT",
            help="Of which line or payment, such as 1:30.00, or 1:30.00:x2 with a quantity.",
        ),
    ] = None,
    vat: Annotated[
        str | None, typer.Option(metavar="DECIMAL", help="The VAT inside the amount.")
    ] = None,
    source_account: Annotated[
        str | None, typer.Option(metavar="NAME", help="The account that the money left from.")
    ] = None,
    read_from: Annotated[
        str, typer.Option("--from", metavar="WHERE", help="Where it was seen.")
    ] = "the accounting system",
    comment: Annotated[str | None, typer.Option(help="At most 200 characters.")] = None,
) -> int:
    """Record a credit note or a negative receipt that this ledger did not make."""
    fields: dict[str, Any] = {
        "part": part,
        "document": document,
        "customer_id": customer,
        "amount": amount,
        "currency": currency,
        "issued_on": date,
        "original": original,
        "items": item or [],
        "vat": vat,
        "source_account": source_account,
        "read_from": read_from,
        "comment": comment,
    }
    with run.desk() as desk:
        new = desk.record_outside(**fields)
    _say(run, f"{part} {document}", "recorded" if new else "known")
    return 0


@discrepancy.command(
    epilog="Examples: refund-ledger discrepancy explain invoice 3/482 --how reversed --by 3/490 "
    '--why "the clerk cancelled it" --key noa-17\n\n'
    "refund-ledger discrepancy explain grant opening-1001 --how written_off --why agreed "
    "--key noa-18"
)
@everywhere
def explain(
    run: Run,
    *,
    part: Annotated[
        str, typer.Argument(help="invoice or receipt for a document, grant for a reduced credit.")
    ],
    name: Annotated[
        str, typer.Argument(metavar="TYPE/NUMBER", help="Such as 3/482, or the credit's reference.")
    ],
    how: Annotated[str, typer.Option(help="reversed, accepted, written_off or belongs_elsewhere.")],
    why: Annotated[str, typer.Option(help="Stands in the audit trail.")],
    key: Annotated[str, typer.Option(help="A name of your own; the same one explains once.")],
    amount: Annotated[
        str | None,
        typer.Option(
            metavar="DECIMAL", help="All that is left where none is said; not for reversed."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="TYPE/NUMBER", help="The document that reversed it, for reversed."),
    ] = None,
    original: Annotated[
        str | None,
        typer.Option(metavar="REF", help="What it gives back, for belongs_elsewhere."),
    ] = None,
) -> int:
    """Say what an amount is that was booked beyond its original, or without a place.

    Any counter-document that was reversed there is said so here, as a whole.
    """
    named = {"grant": name} if part == GRANT else {"part": part, "document": name}
    with run.desk() as desk:
        new = desk.explain(
            **named, how=how, why=why, key=key, amount=amount, reversed_by=by, original=original
        )
    _say(run, f"{part} {name}", "explained" if new else "known")
    return 0


def _say(run: Run, what: str, outcome: str) -> None:
    part, _, name = what.partition(" ")
    run.out.shape({"part": part, "name": name, "outcome": outcome}) if run.json else None
    known = "was recorded before; nothing was written"
    run.out.line(f"{what}: {known if outcome == 'known' else outcome}")
