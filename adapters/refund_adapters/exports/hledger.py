"""Hledger: a journal as the text that its checker reads; its last lines prove the totals."""

from __future__ import annotations

from collections.abc import Iterator

from refund_adapters.exports.texts import moment
from refund_projections.journal import Journal, Transaction, one_line, places, written


def heading(journal: Journal) -> Iterator[str]:
    """Say whose journal it is, and how its numbers are written."""
    yield f"; Refunds of {one_line(journal.company)}\n"
    yield "decimal-mark .\n"
    yield "\n"


def transaction(of: Transaction) -> Iterator[str]:
    """Write one transaction; its position is its code."""
    yield f"{of.day} * ({of.position}) {_description(of.what)}\n"
    yield f"    ; position: {of.position}\n"
    yield f"    ; event: {of.event_id}\n"
    yield f"    ; topic: {of.topic}\n"
    yield f"    ; at: {moment(of.at)}\n"
    yield f"    ; actor: {_tag(of.actor)}\n"
    if of.refund:
        yield f"    ; refund: {of.refund}\n"
    if of.key:
        yield f"    ; key: {_tag(of.key)}\n"
    for account, amount, unit in of.lines:
        yield f"    {account}  {written(amount, unit)} {unit}\n"
    yield "\n"


def closing(journal: Journal) -> Iterator[str]:
    """Declare what was used, and state what every account comes to.

    It stands last, since only now it is known; the tool declares for the whole journal.
    """
    yield from (f"commodity 1000.{'0' * places(unit)} {unit}\n" for unit in journal.units)
    yield from (f"account {account}\n" for account, _ in journal.opened)
    if journal.units:
        yield "\n"
        yield f"{journal.day_after} * What every account comes to\n"
    for account, amount, unit in journal.balances:
        yield f"    {account}  0 {unit} = {written(amount, unit)} {unit}\n"


def _description(text: str) -> str:
    """What ends a description, or parts it, gives way to what looks like it; nothing escapes it."""
    return text.replace(";", ",").replace("|", "/")


def _tag(text: str) -> str:
    """A comma would end the value; it is written as in an address, as the per cent sign is."""
    return text.replace("%", "%25").replace(",", "%2C")
