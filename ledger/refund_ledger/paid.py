"""Paid: an original as its events tell it, and what a receipt or a credit pays of a sale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from refund_ledger.accounts import AccountKind
from refund_ledger.balances import Look
from refund_ledger.events import Event, OriginalPaid, OriginalRecorded, ReceiptLinked
from refund_ledger.originals import Closes
from refund_ledger.settling import account
from refund_ledger.stamps import Stamp


@dataclass(frozen=True, slots=True)
class RecordedOriginal:
    """An original as its events tell it."""

    first: OriginalRecorded
    """As it was read first."""
    recorded: OriginalRecorded
    """The same with all that a receipt is known to pay by now."""
    version: int
    closed_by: Mapping[str, int]
    """Receipts recorded for this sale and credits used on it, with what each pays of it."""

    @property
    def read_paid(self) -> int:
        """What its first reading said that others paid of it; a cash sale is paid by itself."""
        return 0 if self.first.kind.has_money else self.first.covered


def fold_original(events: Sequence[Event]) -> RecordedOriginal | None:
    """Rebuild an original from its stream; none where the stream is empty."""
    first = next((event for event in events if isinstance(event, OriginalRecorded)), None)
    if first is None:
        return None
    recorded = first
    closed_by = Counter[str]()
    for event in events:
        if isinstance(event, OriginalPaid):
            closed_by[event.receipt] += event.closes
        if isinstance(event, ReceiptLinked):
            known = Counter({part.sale: part.amount for part in recorded.closes})
            known.update({part.sale: part.amount for part in event.links})
            closes = tuple(Closes(sale=sale, amount=amount) for sale, amount in known.items())
            recorded = recorded.model_copy(update={"closes": closes})
    return RecordedOriginal(first, recorded, events[-1].originator_version, closed_by)


def paid_by(
    payer: str,
    amount: int,
    sale: RecordedOriginal,
    stamp: Stamp,
    look: Look,
    *,
    on: date | None = None,
) -> OriginalPaid:
    """What a receipt or a credit pays of a sale, beyond what the sale's reading counted as paid.

    Whichever is read first, and however often, payments known = the most that either side says.
    What no debt is left for, the customer may ask for. `on` is the receipt's day.
    """
    recorded = sale.recorded
    said = sum(sale.closed_by.values()) + amount
    news = max(min(amount, said - sale.read_paid), 0)
    debt = look(account(recorded, AccountKind.OPEN, recorded.name))
    if recorded.issued_on > (on or stamp.at.date()):
        on = recorded.issued_on  # Before the sale's own day there is no debt to take it off.
    return stamp.event(
        OriginalPaid,
        recorded.originator_id,
        sale.version + 1,
        company=recorded.company,
        currency=recorded.currency,
        customer_id=recorded.customer_id,
        sale=recorded.name,
        receipt=payer,
        issued_on=on,
        closes=amount,
        paid=news,
        credit=max(news - debt, 0),
    )
