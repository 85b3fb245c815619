"""One refund's story for people: how it stands, then every event with what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from refund_adapters.cli.output import Column

if TYPE_CHECKING:
    from refund_adapters.cli.everywhere import Run
    from refund_ledger.refund import Refund
    from refund_projections.audit_trail import Entry


def tell(run: Run, refund: Refund, story: Sequence[Entry], *, postings: bool) -> None:
    """Print how a refund stands, and its story."""
    _heading(run, refund)
    _parts(run, refund)
    for one in story:
        _entry(run, one, postings=postings)


def _heading(run: Run, refund: Refund) -> None:
    from refund_adapters.cli.requests import in_words
    from refund_adapters.cli.shapes import second

    request = refund.request
    run.out.line(f"{request.key} is {refund.status} (version {refund.version}, id {refund.id})")
    run.out.line(f"  {in_words(refund)}")
    comment = f": {request.comment}" if request.comment else ""
    run.out.line(f"  reason {request.reason}{comment}")
    approved = f", approved by {refund.approved_by}" if refund.approved_by else ""
    run.out.line(f"  asked by {request.actor} at {second(request.timestamp)}{approved}")
    run.out.line(f"  digest {request.digest}")
    for why in request.needs_approval if refund.status == "awaiting approval" else ():
        run.out.line(f"  a second person has to agree: {why}")


def _parts(run: Run, refund: Refund) -> None:
    from refund_adapters.cli.shapes import words

    request = refund.request
    numbers = ("asked", "booked", "attempts")
    run.out.table(
        (
            Column("part"),
            Column("by"),
            Column("status"),
            *(Column(name, number=True) for name in numbers),
            Column("document"),
        ),
        [
            (
                part,
                request.way(part) or "",
                state.status,
                words(request.asked(part), request.currency),
                words(state.booked, request.currency) if state.documents else "",
                state.attempts,
                ", ".join(str(one.key) for one in state.documents),
            )
            for part in refund.parts
            for state in [refund.part(part)]
        ],
    )


def _entry(run: Run, entry: Entry, *, postings: bool) -> None:
    from refund_adapters.cli.shapes import amount_of, second

    run.out.line()
    run.out.line(f"{second(entry.at)}  {entry.who}  {entry.what}")
    for label, text in entry.details:
        run.out.line(f"    {label}: {text}")
    if postings and entry.postings:
        run.out.table(
            (Column("    debit +, credit -", number=True), Column("unit"), Column("account")),
            [
                (
                    amount_of(posting.account, posting.amount),
                    posting.account.unit,
                    str(posting.account).removesuffix(f" {posting.account.unit}"),
                )
                for posting in entry.postings
            ],
        )
