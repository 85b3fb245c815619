"""Beancount: a journal as the text that its checker reads; its last lines prove the totals."""

from __future__ import annotations

from collections.abc import Iterator

from refund_adapters.exports.texts import moment
from refund_projections.journal import Journal, Transaction, one_line, written


def heading(journal: Journal) -> Iterator[str]:
    """Say whose journal it is."""
    yield f'option "title" {_quoted(f"Refunds of {journal.company}")}\n'
    yield "\n"


def transaction(of: Transaction) -> Iterator[str]:
    """Write one transaction; all of a refund share a link."""
    link = f" ^refund-{of.refund}" if of.refund else ""
    yield f"{of.day} * {_quoted(of.what)}{link}\n"
    yield f"  position: {of.position}\n"
    yield f'  event: "{of.event_id}"\n'
    yield f'  topic: "{of.topic}"\n'
    yield f'  at: "{moment(of.at)}"\n'
    yield f"  actor: {_quoted(of.actor)}\n"
    if of.key:
        yield f"  key: {_quoted(of.key)}\n"
    for account, amount, unit in of.lines:
        yield f"  {account}  {written(amount, unit)} {unit}\n"
    yield "\n"


def closing(journal: Journal) -> Iterator[str]:
    """Declare what was used, and state what every account comes to, with no tolerance.

    It stands last, since only now it is known; the tool goes by the dates and not by the order.
    """
    opened = journal.opened
    if opened:
        first = min(day for _, day in opened)
        yield from (f"{first} commodity {unit}\n" for unit in journal.units)
        yield "\n"
        yield from (f"{day} open {account}\n" for account, day in opened)
        yield "\n"
        for account, amount, unit in journal.balances:
            total = written(amount, unit)
            yield f"{journal.day_after} balance {account}  {total} ~ 0 {unit}\n"


def _quoted(text: str) -> str:
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
