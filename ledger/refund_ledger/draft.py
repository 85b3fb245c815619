"""The draft: what a request is worked out from, and every reason why it cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.asking import Request
from refund_ledger.balances import Look
from refund_ledger.events import OriginalRecorded
from refund_ledger.money import Money


@dataclass(slots=True)
class Draft:
    """One request being worked out: its originals, the balances, and the reasons against it."""

    ask: Request
    look: Look
    sale: OriginalRecorded | None
    """The original whose lines may be credited."""
    receipt: OriginalRecorded | None
    """The original whose payments may be paid back."""
    customer_id: str
    credits: tuple[tuple[str, int], ...]
    """The customer's credits in the request's currency, oldest first."""
    own_source: str
    """What a goodwill of this refund is kept under."""
    reasons: list[str] = field(default_factory=list)

    def left(self, original: OriginalRecorded, item: str, unit: str = "") -> int:
        """What is left of one item of an original."""
        kind, unit = AccountKind.REFUNDABLE, unit or original.currency
        return self.look(Account(original.company, kind, original.name, "", "", item, unit))

    def at_source(self, kind: AccountKind, source: str) -> int:
        """The balance of one kind under a source."""
        account = Account(
            self.ask.company, kind, source, customer=self.customer_id, unit=self.ask.currency
        )
        return self.look(account)

    def refuse(self, reason: str) -> None:
        """Note a reason why this cannot be."""
        self.reasons.append(reason)

    def money(self, minor: int) -> str:
        """An amount as the clerk reads it."""
        return str(Money(minor, self.ask.currency))
