"""Commands of people about one refund: agree, refuse, take back, decide what a call came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from refund_adapters.cli.everywhere import Run, everywhere
from refund_adapters.cli.requests import told

if TYPE_CHECKING:
    from refund_ledger.events import Part

app = typer.Typer()

Key = Annotated[str, typer.Argument(help="The refund's key, or its id.")]
Why = Annotated[str, typer.Option(help="Stands in the audit trail.")]


@app.command(
    rich_help_panel="Refunds", epilog="Example: refund-ledger approve order-17 --actor noa"
)
@everywhere
def approve(
    run: Run,
    *,
    key: Key,
    digest: Annotated[
        str, typer.Option(help="Agree only if this is the request, as `show` prints it.")
    ] = "",
) -> int:
    """Agree to a request that waits for a second person."""
    with run.desk() as desk:
        told(run, desk.approve(key, digest=_whole(desk.refund(key).request.digest, digest)))
    return 0


@app.command(
    rich_help_panel="Refunds",
    epilog='Example: refund-ledger reject order-17 --why "the goods never came back"',
)
@everywhere
def reject(run: Run, *, key: Key, why: Why) -> int:
    """Refuse a request that waits for a second person; what it reserved is free again."""
    with run.desk() as desk:
        told(run, desk.reject(key, why=why))
    return 0


@app.command(
    rich_help_panel="Refunds",
    epilog='Example: refund-ledger withdraw order-17 --why "asked for by mistake"',
)
@everywhere
def withdraw(
    run: Run,
    *,
    key: Key,
    why: Annotated[str, typer.Option(help="Stands in the audit trail.")] = "",
) -> int:
    """Take a request back while nothing of it has been sent."""
    with run.desk() as desk:
        told(run, desk.withdraw(key, why=why))
    return 0


@app.command(
    rich_help_panel="Sending",
    epilog="Examples: refund-ledger resolve order-17 invoice --happened 3/481 --seen 4 "
    '--why "found it in the books"\n\n'
    'refund-ledger resolve order-17 receipt --send-again --seen 6 --why "limit was raised"\n\n'
    'refund-ledger resolve order-17 --close --seen 6 --why "settled in cash"',
)
@everywhere
def resolve(
    run: Run,
    *,
    key: Key,
    part: Annotated[
        str, typer.Argument(metavar="[PART]", help="invoice or receipt; none to close.")
    ] = "",
    happened: Annotated[
        str | None,
        typer.Option(metavar="TYPE/NUMBER", help="It happened, as this document."),
    ] = None,
    send_again: Annotated[
        bool, typer.Option("--send-again", help="It did not happen; send it again.")
    ] = False,
    close: Annotated[bool, typer.Option("--close", help="End the refund as it is.")] = False,
    why: Why,
    seen: Annotated[
        int, typer.Option(metavar="VERSION", help="The version that you decided on; see `show`.")
    ],
) -> int:
    """Decide what a part that waits for a person comes to."""
    from refund_ledger.errors import InvalidInputError

    if [happened is not None, send_again, close].count(True) != 1:
        raise InvalidInputError("decision", "say one of --happened, --send-again and --close")
    if close and part:
        raise InvalidInputError("part", "the whole refund is closed; leave the part out")
    which = None if close else part_of(part)
    with run.desk(calls=True) as desk:
        if which is None:
            result = desk.close_refund(key, why=why, seen=seen)
        elif happened is not None:
            result = desk.happened(key, which, document=happened, why=why, seen=seen)
        else:
            result = desk.send_again(key, which, why=why, seen=seen)
    told(run, result)
    return 0


@app.command(
    rich_help_panel="Sending",
    epilog='Example: refund-ledger acknowledge order-17 invoice 3/482 --why "reversed by 3/490"',
)
@everywhere
def acknowledge(
    run: Run,
    *,
    key: Key,
    part: Annotated[str, typer.Argument(help="invoice or receipt.")],
    document: Annotated[str, typer.Argument(metavar="TYPE/NUMBER", help="Such as 3/482.")],
    why: Why,
) -> int:
    """Say that an alert about a late document was seen, and what was done about it."""
    which = part_of(part)
    with run.desk() as desk:
        told(run, desk.acknowledge(key, document=document, part=which, why=why))
    return 0


def part_of(text: str) -> Part:
    """Read which part is meant; raises `InvalidInputError`."""
    from refund_ledger.errors import InvalidInputError
    from refund_ledger.events import Part

    if text not in list(Part):
        raise InvalidInputError("part", f"expected {' or '.join(Part)}, got {text!r}")
    return Part(text)


def _whole(recorded: str, seen: str) -> str:
    """The digest that is meant; people may copy its first sixteen characters."""
    shortest = 16
    return recorded if len(seen) >= shortest and recorded.startswith(seen) else seen
