"""Commands that seal the events, print the head to keep elsewhere, and verify what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from refund_adapters.cli.everywhere import Run, everywhere

if TYPE_CHECKING:
    from refund_adapters.store.heads import KeptHead
    from refund_adapters.store.sealed_tables import SealedTables
    from refund_adapters.store.verifying import Verified

app = typer.Typer()
PANEL = "Proof"


@app.command(rich_help_panel=PANEL, epilog="Example: refund-ledger seal")
@everywhere
def seal(run: Run) -> int:
    """Seal what is not sealed yet, so that nobody can change, remove or reorder it unseen."""
    from refund_adapters.cli.shapes import time
    from refund_adapters.store.sealing import Sealer

    with _tree(run) as (tree, _):
        sealed = Sealer(tree).seal()
    head = sealed.head
    if run.json:
        run.out.shape(
            {
                "sealed": sealed.added,
                "size": head.size if head else 0,
                "root": head.root.hex() if head else None,
                "sealed_at": time(head.sealed_at) if head else None,
            }
        )
    run.out.line(f"sealed {sealed.added} events")
    if head:
        run.out.line(f"the tree of {head.size} events has the root {head.root.hex()}")
        run.out.line("keep its head elsewhere: refund-ledger head > FILE")
    return 0


@app.command(rich_help_panel=PANEL, epilog="Example: refund-ledger head > head-2026-01-31.json")
@everywhere
def head(run: Run) -> int:
    """Print the newest head as JSON, to be kept where nobody who writes to the store can write."""
    from refund_ledger.errors import NotFoundError

    with _tree(run) as (tree, company):
        newest = tree.head()
    if newest is None:
        raise NotFoundError("nothing is sealed yet; run `refund-ledger seal` first")
    run.out.shape(newest.kept(company).shape())
    return 0


@app.command(rich_help_panel=PANEL, epilog="Example: refund-ledger verify --head head.json")
@everywhere
def verify(
    run: Run,
    *,
    head: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A head that was kept elsewhere; may be given often."),
    ] = None,
) -> int:
    """Verify that every event, posting, claim and balance is what was saved; 1 where one is not."""
    from refund_adapters.store.verifying import verify as verified_by

    with _tree(run) as (tree, company):
        kept = [_kept(path, company) for path in head or ()]
        with run.out.progress("verifying") as tick:
            verified = verified_by(tree, kept, heard=tick)
    if run.json:
        run.out.shape(_shape(verified))
    _tell(run, verified, kept)
    return 0 if verified.intact else 1


def _tell(run: Run, verified: Verified, kept: Sequence[KeptHead]) -> None:
    """Say for people what was found, and how far it goes."""
    found = "nothing differs" if verified.intact else f"{len(verified.findings)} kinds differ"
    run.out.line(f"verified {verified.events} events: {found}")
    for finding in verified.findings:
        run.out.line(f"  {finding.kind.replace('_', ' ')}: {finding}")
    if verified.unsealed:
        run.out.line(
            f"{verified.unsealed} of them are not sealed yet; until `refund-ledger seal` seals "
            "them, they could be written anew or taken away unnoticed"
        )
    if not kept:
        run.out.line(
            "no head from elsewhere was compared, so nobody would notice a store that was written "
            "anew as a whole; give one with --head"
        )
    elif verified.intact:
        largest = max(kept, key=lambda one: one.size)
        run.out.line(f"the first {largest.size} events are those whose head was kept elsewhere")


def _shape(verified: Verified) -> dict[str, object]:
    return {
        "intact": verified.intact,
        "events": verified.events,
        "sealed": verified.sealed,
        "unsealed": verified.unsealed,
        "heads": verified.heads,
        "kept_heads": verified.kept_heads,
        "root": verified.root.hex(),
        "differences": [
            {
                "kind": finding.kind.value,
                "message": finding.message,
                "position": finding.position,
                "places": finding.places,
            }
            for finding in verified.findings
        ],
    }


def _kept(path: Path, company: str) -> KeptHead:
    """Read a head from a file; raises `InvalidInputError` where it is none of this company."""
    from refund_adapters.store.heads import LONGEST, read_head
    from refund_ledger.errors import InvalidInputError

    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(LONGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise InvalidInputError("head", f"{path} cannot be read: {why}") from None
    try:
        found = read_head(text)
    except InvalidInputError as wrong:
        raise InvalidInputError(wrong.field, f"{wrong.problem} (in {path})") from None
    if found.company != company:
        raise InvalidInputError(
            "company", f"{path} is a head of {found.company!r}, and this is {company!r}"
        )
    return found


@contextmanager
def _tree(run: Run) -> Iterator[tuple[SealedTables, str]]:
    """Open the tree of the store, and say for which company."""
    from refund_adapters.store.trees import tree_of

    with run.desk() as desk:
        yield tree_of(desk.store), desk.company
