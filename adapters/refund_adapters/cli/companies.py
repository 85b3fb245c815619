"""Commands over all companies of the table of stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from refund_adapters.cli.errors import UNAVAILABLE
from refund_adapters.cli.everywhere import Run, everywhere

if TYPE_CHECKING:
    from refund_adapters.companies import Merged, Totals

app = typer.Typer()
companies = typer.Typer(help="All companies of REFUND_LEDGER_STORES, each in a store of its own.")
app.add_typer(companies, name="companies", rich_help_panel="The store")

SHOWN = (
    *("open", "credit", "promised_credit", "held_credit"),
    *("unexplained", "returns", "vat", "paid"),
)


@companies.command(epilog="Example: refund-ledger companies totals --json")
@everywhere
def totals(run: Run) -> int:
    """Add up every company by currency; one that cannot be reached is named, and ends with 3."""
    from refund_adapters.companies import Companies
    from refund_ledger.errors import InvalidInputError

    table = run.settings().stores
    if not table:
        raise InvalidInputError(
            "REFUND_LEDGER_STORES", 'set it to a JSON object, {"company": "address of its store"}'
        )
    merged = Companies(table).totals()
    if run.json:
        run.out.shape(_shape(merged))
    else:
        _tell(run, merged)
    return 0 if merged.complete else UNAVAILABLE


def _shape(merged: Merged) -> dict[str, object]:
    return {
        "totals": _by_currency(merged.totals),
        "companies": {name: _by_currency(found) for name, found in merged.of_company.items()},
        "unreachable": dict(merged.unreachable),
    }


def _by_currency(totals: Totals) -> dict[str, dict[str, str]]:
    """Currency to kind of account to amount on its normal side, as decimal text."""
    from refund_ledger.accounts import RULES
    from refund_ledger.money import format_minor

    shown: dict[str, dict[str, str]] = {}
    for (kind, currency), amount in totals.items():
        if kind in SHOWN:
            shown.setdefault(currency, {})[kind] = format_minor(RULES[kind].side * amount, currency)
    return shown


def _tell(run: Run, merged: Merged) -> None:
    from refund_adapters.cli.output import Column

    numbers = [Column(kind, number=True) for kind in SHOWN]
    columns = [Column("currency"), *numbers, Column("company")]
    everyone = [*merged.of_company.items(), ("all together", merged.totals)]
    run.out.table(
        columns,
        [
            [currency, *(amounts.get(kind, "-") for kind in SHOWN), name]
            for name, found in everyone
            for currency, amounts in _by_currency(found).items()
        ],
    )
    for name, why in merged.unreachable.items():
        run.out.note(f"{name} is missing in these totals: {why}")
