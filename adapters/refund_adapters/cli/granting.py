"""Commands about credit that was granted elsewhere: an overpayment, a credit note, a balance."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from refund_adapters.cli.everywhere import Run, everywhere

app = typer.Typer()
credit = typer.Typer(help="Credit that a customer holds without a refund of this ledger.")
app.add_typer(credit, name="credit", rich_help_panel="Originals and credits")


@credit.command(
    epilog="Example: refund-ledger credit grant opening-1001 --customer 1001 --amount 120.00 "
    "--currency ILS --why opening_balance --date 2026-01-01"
)
@everywhere
def grant(
    run: Run,
    *,
    reference: Annotated[
        str, typer.Argument(help="Names the credit; the same one never grants twice.")
    ],
    customer: Annotated[str, typer.Option(metavar="ID", help="Who holds it.")],
    amount: Annotated[str, typer.Option(metavar="DECIMAL", help="Such as 120.00.")],
    currency: Annotated[str, typer.Option(metavar="CODE", help="Such as ILS.")],
    why: Annotated[str, typer.Option(help="overpayment, credit_note or opening_balance.")],
    date: Annotated[str, typer.Option(metavar="DATE", help="When it was granted.")],
    document: Annotated[
        str | None,
        typer.Option(metavar="TYPE/NUMBER", help="The document that grants it, such as 3/481."),
    ] = None,
    receipt: Annotated[
        str | None,
        typer.Option(
            metavar="REF", help="For an overpayment, the recorded receipt that was too high."
        ),
    ] = None,
    comment: Annotated[str | None, typer.Option(help="At most 200 characters.")] = None,
) -> int:
    """Record a credit that was granted elsewhere, so that it can be paid out."""
    fields: dict[str, Any] = {
        "reference": reference,
        "customer_id": customer,
        "amount": amount,
        "currency": currency,
        "why": why,
        "granted_on": date,
        **_document(document),
    }
    fields |= {"receipt": receipt} if receipt is not None else {}
    fields |= {"comment": comment} if comment is not None else {}
    with run.desk(creates=True) as desk:
        new = desk.grant(**fields)
    _say(run, reference, "granted" if new else "known", f"{amount} {currency}")
    return 0


@credit.command(
    epilog="Example: refund-ledger credit reduce opening-1001 --amount 20.00 --why expired "
    "--key expiry-2026-1001"
)
@everywhere
def reduce(
    run: Run,
    *,
    reference: Annotated[str, typer.Argument(help="The credit's reference.")],
    amount: Annotated[str, typer.Option(metavar="DECIMAL", help="By how much, such as 20.00.")],
    why: Annotated[str, typer.Option(help="reversed, expired or used_on_sale.")],
    key: Annotated[
        str, typer.Option(help="A name of your own; the same one reduces this credit once.")
    ],
    sale: Annotated[
        str | None, typer.Option(metavar="REF", help="The sale that it paid, for used_on_sale.")
    ] = None,
) -> int:
    """Record that a granted credit became less elsewhere."""
    from refund_adapters.questions import Questions
    from refund_ledger.errors import InvalidInputError
    from refund_ledger.events import ReductionReason
    from refund_ledger.money import to_minor

    if why not in list(ReductionReason):
        known = ", ".join(ReductionReason)
        raise InvalidInputError("why", f"expected one of {known}, got {why!r}")
    with run.desk() as desk:
        granted = Questions(desk.store, desk.company).grant(reference)
        minor = to_minor(amount, granted.currency)
        new = desk.reduce_credit(
            reference, why=ReductionReason(why), amount=minor, sale=sale or "", key=key
        )
    _say(run, reference, "reduced" if new else "known", f"{amount} {granted.currency}")
    return 0


def _say(run: Run, reference: str, outcome: str, amount: str) -> None:
    run.out.shape({"reference": reference, "outcome": outcome}) if run.json else None
    known = "was recorded before; nothing was written"
    run.out.line(f"{reference}: {known if outcome == 'known' else f'{outcome}, {amount}'}")


def _document(document: str | None) -> dict[str, Any]:
    """The columns of the document that grants a credit."""
    from refund_adapters.desk import document_of
    from refund_ledger.events import Part

    if not document:
        return {}
    found = document_of(Part.INVOICE, document)
    return {
        "document_half": found.half,
        "document_series": found.series,
        "document_number": found.number,
    }
