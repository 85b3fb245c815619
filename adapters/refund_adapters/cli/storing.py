"""Commands about the store itself: its tables, and the cluster that it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from refund_adapters.cli.everywhere import Run, everywhere

if TYPE_CHECKING:
    from refund_adapters.store.postgres_address import Address

app = typer.Typer()
store = typer.Typer(help="The tables of a PostgreSQL store; a file needs none of this.")
app.add_typer(store, name="store", rich_help_panel="The store")


@store.command(
    epilog="Example: refund-ledger store migrate --service refund_service "
    "--store postgresql://owner@db/refunds?schema=acme"
)
@everywhere
def migrate(
    run: Run,
    *,
    service: Annotated[
        str,
        typer.Option(
            metavar="ROLE",
            help="Who may use the tables; made where it is missing, without a password.",
        ),
    ] = "",
) -> int:
    """Make the tables, or bring them forward; run as their owner, at any time."""
    from refund_adapters.store.postgres_migrations import migrate, newest

    address = _address(run)
    done = migrate(address, service=service)
    if run.json:
        run.out.shape({"store": address.where, "schema_version": newest(), "steps": done})
    told = f"{len(done)} steps forward" if done else "nothing to do"
    run.out.line(f"{address.where}: schema {newest()}, {told}")
    return 0


@store.command(
    epilog='Example: refund-ledger store adopt --why "restored from the backup of Sunday" '
    "--store postgresql://owner@db/refunds?schema=acme"
)
@everywhere
def adopt(
    run: Run,
    *,
    why: Annotated[str, typer.Option(help="Stands in the store for ever.")],
) -> int:
    """Go on after a restore or a promotion, while nobody writes; then `verify --head FILE`."""
    from refund_adapters.store.postgres_migrations import adopt
    from refund_ledger.errors import InvalidInputError
    from refund_ledger.inputs import said

    reason = said(why, "why", longest=200)
    if not reason:
        raise InvalidInputError("why", "say what happened to the server")
    address = _address(run)
    era = adopt(address, why=reason)
    if run.json:
        run.out.shape({"store": address.where, "era": era})
    run.out.line(f"{address.where}: era {era}")
    return 0


def _address(run: Run) -> Address:
    from refund_adapters.store.opening import is_postgres
    from refund_adapters.store.postgres_address import Address
    from refund_ledger.errors import InvalidInputError

    given = run.settings().address
    if not is_postgres(given):
        raise InvalidInputError("store", "this is for postgresql:// stores; a file needs none")
    return Address.parse(given)
