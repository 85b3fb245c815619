"""Meanings: whether postings, claims and guarded balances are what the events mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from refund_adapters.store.findings import Findings, Kind
from refund_adapters.store.kept import Kept, shown, stored_of
from refund_adapters.store.mapper import EventMapper
from refund_adapters.store.sealed_tables import (
    ACCOUNT,
    KEY,
    Balance,
    Claimed,
    Key,
    Posted,
    SealedTables,
)
from refund_ledger.accounts import GUARDED, QUANTITY
from refund_ledger.errors import InvalidInputError, LedgerError
from refund_ledger.events import Event, claims
from refund_ledger.money import format_minor, format_quantity
from refund_ledger.postings import postings

Line = tuple[Key, int]
"""All columns of an account, and a signed amount."""

_KIND = ACCOUNT.index("kind")
_IN_KEY = [ACCOUNT.index(name) for name in KEY]


class Meanings:
    """Compares what is stored beside the events with what they mean, a page at a time.

    What it remembers grows with what differs and not with the store.
    """

    def __init__(self, tables: SealedTables, findings: Findings) -> None:
        self._tables = tables
        self._findings = findings
        self._mapper = EventMapper()
        self._corrections: dict[Key, int] = defaultdict(int)
        """What has to be added to the stored postings of a guarded account to be right."""
        self._strays: dict[Key, int] = defaultdict(int)
        """What postings without an event hold of a guarded account."""

    def compare(self, page: Sequence[Kept]) -> None:
        """Compare the postings and claims of some sound events with what they mean."""
        if not page:
            return
        positions = [kept.position for kept in page]
        posted: dict[int | None, list[Posted]] = defaultdict(list)
        for line in self._tables.postings_of(positions):
            posted[line.position].append(line)
        claimed: dict[int | None, list[Claimed]] = defaultdict(list)
        for claim in self._tables.claims_of(positions):
            claimed[claim.position].append(claim)
        for kept in page:
            try:
                event = self._mapper.to_domain_event(stored_of(kept))
                meant = [(tuple(map(str, p.account)), p.amount) for p in postings(event)]
            except LedgerError as error:
                self._findings.add(Kind.UNREADABLE, f"{kept}: {error}", kept.position)
                continue
            self._postings(kept, meant, posted[kept.position])
            self._claims(kept, event, claimed[kept.position])

    def _postings(self, kept: Kept, meant: list[Line], stored: list[Posted]) -> None:
        there = [(line.account, line.amount) for line in stored]
        in_order = [line.seq for line in stored] == list(range(len(meant)))
        if there == meant and in_order and all(line.sound for line in stored):
            return
        self._findings.add(Kind.POSTINGS, _first_difference(kept, meant, stored), kept.position)
        for account, amount in meant:
            self._correct(account, amount)
        for line in stored:
            self._correct(line.account, -(line.amount or 0))

    def _correct(self, account: Key, amount: int) -> None:
        if account[_KIND] in GUARDED:
            self._corrections[_key(account)] += amount

    def _claims(self, kept: Kept, event: Event, stored: list[Claimed]) -> None:
        meant = {(event.company, str(one.half), one.series, one.number) for one in claims(event)}
        there = {one.claim for one in stored if one.sound}
        for company, half, series, number in sorted(meant - there):
            said = f"{kept} claims {half} {series}/{number} of {company}, and the claim is gone"
            self._findings.add(Kind.CLAIMS, said, kept.position)
        for one in stored:
            if one.claim not in meant or not one.sound:
                said = f"{kept} does not claim {_document(one)}, and a claim says so"
                self._findings.add(Kind.CLAIMS, said, kept.position)

    def strays(self) -> None:
        """Find postings and claims that belong to no event.

        Where a leaf stands for the event, that it is gone is said there and not here again.
        """
        for line in self._tables.postings_without_event():
            if line.account[_KIND] in GUARDED:
                self._strays[_key(line.account)] += line.amount or 0
            if not line.sealed:
                said = f"a posting of {_line(line.account, line.amount)} belongs to no event"
                self._findings.add(Kind.POSTINGS, said, line.position)
        for one in self._tables.claims_without_event():
            if not one.sealed:
                said = f"a claim on {_document(one)} belongs to no event"
                self._findings.add(Kind.CLAIMS, said, one.position)

    def balances(self) -> None:
        """Find guarded balances that are not the sum of what the events post.

        Postings that differ are counted as their events mean them, so that one altered posting is
        not told twice; those without an event may be in the balance or not.
        """
        for row in _by_key(self._tables.balances_that_differ()):
            right = row.posted + self._corrections.pop(row.key, 0)
            fits = row.balance in {right, right - self._strays[row.key]}
            if not (fits and row.is_sound):
                self._findings.add(Kind.BALANCES, _balance(row, right))
        for key, missing in sorted(self._corrections.items()):
            if missing not in {0, self._strays[key]}:
                said = f"the balance of {_account(key)} was altered together with its postings"
                off = _amount(-missing, key[KEY.index("unit")])
                self._findings.add(Kind.BALANCES, f"{said}: it is off by {off}")


def _first_difference(kept: Kept, meant: list[Line], stored: list[Posted]) -> str:
    """The first posting that is gone, altered or too much, in words."""
    there = {line.seq: line for line in stored}
    for seq, (account, amount) in enumerate(meant):
        line = there.get(seq)
        if line is None:
            return f"{kept} posts {_line(account, amount)}, and posting {seq + 1} of it is gone"
        if (line.account, line.amount) != (account, amount) or not line.sound:
            return (
                f"{kept} posts {_line(account, amount)}, and posting {seq + 1} of it says "
                f"{_line(line.account, line.amount)}"
            )
    extra = next(line for line in stored if line.seq not in range(len(meant)))
    return f"{kept} does not post {_line(extra.account, extra.amount)}, and a posting says so"


def _by_key(rows: Iterable[Balance]) -> list[Balance]:
    """One row for each account; a column of the wrong type can stand in two that look alike."""
    found: dict[Key, Balance] = {}
    for row in rows:
        if one := found.get(row.key):
            found[row.key] = Balance(
                row.key,
                one.posted + row.posted,
                one.balance + row.balance,
                is_sound=False,
            )
        else:
            found[row.key] = row
    return list(found.values())


def _balance(row: Balance, right: int) -> str:
    unit = row.key[KEY.index("unit")]
    if row.balance == right:
        return f"the balance of {_account(row.key)} is no row that the store writes"
    return (
        f"the balance of {_account(row.key)} is {_amount(row.balance, unit)}, and its postings "
        f"come to {_amount(right, unit)}"
    )


def _key(account: Key) -> Key:
    return tuple(account[place] for place in _IN_KEY)


def _account(key: Key) -> str:
    company, *rest, unit = map(shown, key)
    return f"{'/'.join(part for part in rest if part)} {unit} of {company}"


def _line(account: Key, amount: int | None) -> str:
    return f"{_amount(amount, account[-1])} to {_account(account)}"


def _amount(amount: int | None, unit: str) -> str:
    if amount is None:
        return "no whole number"
    try:
        return format_quantity(amount) if unit == QUANTITY else format_minor(amount, unit)
    except InvalidInputError:
        return f"{amount} minor units"


def _document(claimed: Claimed) -> str:
    company, half, series, number = claimed.claim
    return f"{shown(half)} {_or_none(series)}/{_or_none(number)} of {shown(company)}"


def _or_none(number: int | None) -> str:
    return "?" if number is None else str(number)
