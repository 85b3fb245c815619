"""Credit balances: who owes whom, by customer and currency; positive is owed to the customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.events import Event
from refund_projections.sums import Sums


class Customer(NamedTuple):
    """One customer of one company in one currency; customer numbers repeat between companies."""

    company: str
    customer_id: str
    currency: str


class SourceCredit(NamedTuple):
    """What of a customer's credit is kept under one source."""

    source: str
    amount: int


@dataclass(frozen=True, slots=True)
class CreditBalance:
    """Where one customer stands in one currency, in whole minor units."""

    company: str
    customer_id: str
    currency: str
    open: int = 0
    """What the customer still owes on sales."""
    credit: int = 0
    """What the customer may ask for now."""
    held: int = 0
    """Credit that refunds in progress took at their request."""
    promised: int = 0
    """Credit that fell upon the promise of a refund in progress."""
    unexplained: int = 0
    """Facts that found no place: never payable. Negative where money left without a reason."""
    sources: tuple[SourceCredit, ...] = ()
    """What `credit` is made of, the oldest first."""

    @property
    def net(self) -> int:
        """What the company owes when everything is set off; negative where the customer does."""
        return self.credit + self.held + self.promised + self.unexplained - self.open


POSITION = frozenset(
    {
        AccountKind.OPEN,
        AccountKind.CREDIT,
        AccountKind.HELD_CREDIT,
        AccountKind.PROMISED_CREDIT,
        AccountKind.UNEXPLAINED,
    }
)
"""The accounts that a customer's position is made of."""


def fold(events: Iterable[Event]) -> dict[Customer, CreditBalance]:
    """Work out every customer's position from events alone; who comes to nothing is left out."""
    sums = Sums()
    for command, event in _by_command(events):
        sums.add(command, event)
    # Credits of one command are equally old; the store orders those by name as well.
    aged = sorted((sums.first_position(account) or 0, account, amount) for account, amount in sums)
    return from_sums((account, amount) for _, account, amount in aged)


def from_sums(sums: Iterable[tuple[Account, int]]) -> dict[Customer, CreditBalance]:
    """Work out the same from sums that are ready, such as the live ones; give them oldest first.

    Accounts of other kinds are passed over, so all of a store's sums may come in.
    """
    totals: dict[Customer, dict[AccountKind, int]] = defaultdict(lambda: defaultdict(int))
    sources: dict[Customer, list[SourceCredit]] = defaultdict(list)
    for account, amount in sums:
        if account.kind not in POSITION or not amount:
            continue
        whose = Customer(account.company, account.customer, account.unit)
        totals[whose][account.kind] += account.rule.side * amount
        if account.kind is AccountKind.CREDIT:
            sources[whose].append(SourceCredit(account.subject, -amount))
    return {
        whose: CreditBalance(
            *whose,
            open=totals[whose][AccountKind.OPEN],
            credit=totals[whose][AccountKind.CREDIT],
            held=totals[whose][AccountKind.HELD_CREDIT],
            promised=totals[whose][AccountKind.PROMISED_CREDIT],
            unexplained=totals[whose][AccountKind.UNEXPLAINED],
            sources=tuple(sources[whose]),
        )
        for whose in sorted(totals)
    }


def _by_command(events: Iterable[Event]) -> Iterator[tuple[int, Event]]:
    """Number the commands: events in a row with one command id were saved together."""
    number, last = 0, None
    for event in events:
        number += event.command_id != last
        last = event.command_id
        yield number, event
