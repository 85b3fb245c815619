"""The flags of `request`: what a refund may be asked for, named as the fields of a request."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

WHAT = "What is refunded"
HOW = "How the money goes back"
FILE = "Many at once"


def _flag(panel: str | None, help_: str, *names: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=help_, metavar=metavar, rich_help_panel=panel)


Text = str | None
Texts = list[str] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the command line says it; what is not said is None."""

    key: Annotated[Text, _flag(None, "Your own name for it; the same one never refunds twice.")] = (
        None
    )
    reason: Annotated[Text, _flag(None, "One of those that `reasons` lists.", metavar="CODE")] = (
        None
    )
    comment: Annotated[Text, _flag(None, "At most 200 characters.")] = None

    original: Annotated[Text, _flag(WHAT, "Such as invoice:1/17.", metavar="REF")] = None
    receipt: Annotated[Text, _flag(WHAT, "The receipt that paid the invoice.", metavar="REF")] = (
        None
    )
    kind: Annotated[Text, _flag(WHAT, "original (if left out), credit or goodwill.")] = None
    parts: Annotated[Text, _flag(WHAT, "auto (if left out), both, invoice or receipt.")] = None
    amount: Annotated[
        Text,
        _flag(
            WHAT,
            "To credit, VAT included; all that is left where nothing is said.",
            metavar="DECIMAL",
        ),
    ] = None
    lines: Annotated[
        Texts,
        _flag(
            WHAT,
            "A line to credit: 1, 1:x2 or 1:30.00; may be repeated.",
            "--line",
            metavar="N[:xQUANTITY|:AMOUNT]",
        ),
    ] = None
    items_returned: Annotated[
        bool | None,
        _flag(
            WHAT,
            "Whether the goods came back; they did where nothing is said.",
            "--items-returned/--not-returned",
        ),
    ] = None
    customer_id: Annotated[
        Text, _flag(WHAT, "For a credit or a goodwill.", "--customer", metavar="ID")
    ] = None
    currency: Annotated[Text, _flag(WHAT, "The original's where left out.", metavar="CODE")] = None
    vat: Annotated[Text, _flag(WHAT, "Inside the amount; for a goodwill.", metavar="DECIMAL")] = (
        None
    )
    credits: Annotated[
        Texts,
        _flag(
            WHAT,
            "A credit to pay out, as `balance --customer` names it; may be repeated.",
            "--credit",
            metavar="SOURCE",
        ),
    ] = None

    pay_back: Annotated[Text, _flag(HOW, "To pay back, where it differs.", metavar="DECIMAL")] = (
        None
    )
    payments: Annotated[
        Texts,
        _flag(HOW, "A payment to give back; repeated.", "--payment", metavar="N[:AMOUNT]"),
    ] = None
    method: Annotated[
        Text, _flag(HOW, "cash, cheque, card, bank_transfer or other; as it was paid if left out.")
    ] = None
    bank: Annotated[Text, _flag(HOW, "Of a cheque or transfer.", metavar="N")] = None
    branch: Annotated[Text, _flag(HOW, "Of a cheque or transfer.", metavar="N")] = None
    account: Annotated[Text, _flag(HOW, "Of a cheque or transfer.", metavar="DIGITS")] = None
    number: Annotated[Text, _flag(HOW, "The cheque's or transfer's own.", metavar="N")] = None
    source_account: Annotated[Text, _flag(HOW, "Where the money leaves from.", metavar="NAME")] = (
        None
    )

    def said(self) -> dict[str, Any]:
        """What was said, as the fields of a request row."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        if self.items_returned is not None:
            said["items_returned"] = "yes" if self.items_returned else "no"
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Many:
    """A file of requests, and how far to go with it."""

    file: Annotated[Path | None, _flag(FILE, "Rows in .csv or .jsonl.", metavar="FILE")] = None
    dry_run: Annotated[bool, _flag(FILE, "Judge, and write nothing.", "--dry-run")] = False
    total: Annotated[
        Texts,
        _flag(
            FILE,
            "What the file has to come to, such as ILS=1234.50; one for each currency.",
            metavar="CODE=DECIMAL",
        ),
    ] = None
