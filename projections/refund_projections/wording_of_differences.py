"""Wording of differences: what each is, in a sentence for accountants, and what to do about it."""

from __future__ import annotations

from shlex import quote
from typing import assert_never

from refund_ledger.currencies import EXPONENTS
from refund_ledger.money import format_minor
from refund_ledger.originals import Document, Half
from refund_projections.differences import Finding, Kind
from refund_projections.sides import Known, Listed

COMMAND = "refund-ledger"

ACCEPTABLE = frozenset(Kind) - {Kind.IN_DOUBT, Kind.OUT_OF_SIGHT, Kind.LISTED_TWICE}
"""What a person may accept; the others end by themselves once they are settled or read again."""


def what(finding: Finding) -> str:
    """Say in one sentence in what the two sides differ."""
    match finding.kind:
        case Kind.UNKNOWN_HERE | Kind.DUPLICATED_THERE | Kind.IN_DOUBT:
            return _whose(finding)
        case Kind.MISSING_THERE:
            return f"The ledger has it ({here(finding)}), the accounting system does not"
        case Kind.OUT_OF_SIGHT:
            return (
                f"The ledger has it ({here(finding)}); it is not among what was read, and may be "
                "dated outside of that"
            )
        case Kind.LISTED_TWICE:
            return "The accounting system's list names it more than once"
        case Kind.CANCELLED_THERE:
            return "The accounting system shows it as cancelled; the ledger knows of no reason"
        case _:
            return f"The {_FIELDS[finding.kind]} differs: {here(finding)}, {there(finding)}"


_FIELDS = {
    Kind.AMOUNT_DIFFERS: "amount",
    Kind.CURRENCY_DIFFERS: "currency",
    Kind.CUSTOMER_DIFFERS: "customer",
    Kind.DATE_DIFFERS: "date",
    Kind.KIND_DIFFERS: "kind of document",
}


def _whose(finding: Finding) -> str:
    listed = there(finding)
    if finding.kind is Kind.DUPLICATED_THERE:
        how = "It carries the same marker as" if finding.sure else "It looks like a second copy of"
        if finding.here and finding.here.duplicate_of:
            how = "It was booked for the same part as"
        return f"{how} {finding.twin}: {listed}"
    part = finding.unbooked
    if part is None:
        marked = finding.there is not None and finding.there.markers
        carries = "; it carries a marker that this ledger never gave" if marked else ""
        return f"No refund of this ledger made it: {listed}{carries}"
    name = f"the {part.part} part of refund {part.key}"
    if finding.document is None:
        return f"It is not known what became of {name}, and no document there fits it"
    how = "carries the marker of" if finding.sure else "fits, without a marker,"
    return f"It {how} {name}, which has no document here: {listed}"


def what_to_do(finding: Finding) -> str:
    """Say what a person does about it, with the command to type where there is one."""
    match finding.kind:
        case Kind.UNKNOWN_HERE:
            return f"Record it: {record_command(finding)}"
        case Kind.DUPLICATED_THERE:
            return _about_a_duplicate(finding)
        case Kind.IN_DOUBT:
            key = quote(finding.unbooked.key if finding.unbooked else "")
            return f"Let `{COMMAND} dispatch` look for it, then see `{COMMAND} show {key}`"
        case Kind.OUT_OF_SIGHT:
            return "Compare again with a list that reaches some days further on both sides"
        case Kind.LISTED_TWICE:
            return "Export the list anew; the first of the rows was compared"
        case Kind.MISSING_THERE:
            return "Look for it there by its number; if it was deleted, say so and accept this"
        case Kind.CANCELLED_THERE:
            return _about_a_cancelled(finding)
        case (
            Kind.AMOUNT_DIFFERS
            | Kind.CURRENCY_DIFFERS
            | Kind.CUSTOMER_DIFFERS
            | Kind.DATE_DIFFERS
            | Kind.KIND_DIFFERS
        ):
            return "Look at the document there; mend it there, or accept this with the reason"
        case _:
            assert_never(finding.kind)


def _about_a_cancelled(finding: Finding) -> str:
    """An original is cancelled by a credit document; one of ours is reversed as a whole."""
    document = finding.document
    if document is None or finding.refund is None:
        return "See there which document cancelled it, and record that one"
    return f"See there which document reversed it, then: {_reversed_command(document)}"


def _reversed_command(document: Document) -> str:
    explain = f"{COMMAND} discrepancy explain {_part(document)} {_number(document)}"
    return f"{explain} --how reversed --by TYPE/NUMBER --why ... --key ..."


def _about_a_duplicate(finding: Finding) -> str:
    document = finding.document
    if finding.here and finding.here.duplicate_of and document:
        return f"Reverse it there, then: {_reversed_command(document)}"
    return (
        "See whether it is a second one; then reverse it there, or record it: "
        f"{record_command(finding)}"
    )


def record_command(finding: Finding) -> str:
    """The command that records a document which only the accounting system has."""
    listed = finding.there
    if listed is None:
        return ""
    currency = listed.currency or "CODE"
    amount = decimal(listed.amount, listed.currency)
    return (
        f"{COMMAND} outside record {_part(listed.document)} {_number(listed.document)} "
        f"--customer {quote(listed.customer_id)} --amount {amount} --currency {quote(currency)} "
        f"--date {listed.issued_on}"
    )


def accept_command(finding: Finding) -> str:
    """The command that accepts a difference as it is; empty where nobody may."""
    if finding.kind not in ACCEPTABLE or finding.document is None:
        return ""
    return (
        f"{COMMAND} reconcile accept {quote(str(finding.document))} {quote(finding.kind)} "
        f"{finding.digest} --why ..."
    )


def here(finding: Finding) -> str:
    """What the ledger says of the document; empty where it says nothing."""
    known = finding.here
    return "" if known is None else f"here {_told(finding.kind, known)}"


def there(finding: Finding) -> str:
    """What the accounting system says of it; empty where it says nothing."""
    listed = finding.there
    return "" if listed is None else f"there {_said(finding.kind, listed)}"


def _told(kind: Kind, known: Known) -> str:
    match kind:
        case Kind.CUSTOMER_DIFFERS:
            return f"customer {known.customer_id}"
        case Kind.DATE_DIFFERS:
            return days(known)
        case Kind.KIND_DIFFERS:
            return known.nature or "either"
        case _:
            return money(known.amount, known.currency)


def _said(kind: Kind, listed: Listed) -> str:
    match kind:
        case Kind.CUSTOMER_DIFFERS:
            return f"customer {listed.customer_id}"
        case Kind.DATE_DIFFERS:
            return str(listed.issued_on)
        case Kind.KIND_DIFFERS:
            return listed.nature or "either"
        case Kind.AMOUNT_DIFFERS | Kind.CURRENCY_DIFFERS:
            return money(listed.amount, listed.currency)
        case _:
            amount = money(listed.amount, listed.currency)
            return f"{amount} of customer {listed.customer_id} on {listed.issued_on}"


def days(known: Known) -> str:
    """On which days the ledger's document may be dated."""
    if known.first == known.last:
        return str(known.first)
    return f"{known.first} to {known.last}" if known.first else f"{known.last} at the latest"


def money(minor: int, currency: str | None) -> str:
    """An amount with its currency, where that is known."""
    return f"{decimal(minor, currency)} {currency or '(currency not said)'}"


def decimal(minor: int, currency: str | None) -> str:
    """An amount as decimal text; one without a currency is in units of a hundred."""
    return format_minor(minor, currency if currency in EXPONENTS else "ILS")


def _part(document: Document) -> str:
    return "invoice" if document.half is Half.DOCUMENT else "receipt"


def _number(document: Document) -> str:
    return f"{document.series}/{document.number}"
