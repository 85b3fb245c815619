"""Together: a save in which a second one rides along, to spare the disk one of two commits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from refund_adapters.store.errors import StoreError
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.errors import BalancesMovedError, LedgerError
from refund_ledger.events import Event
from refund_ledger.storing import Append, Store


class Together:
    """A store that saves a rider with what is saved next, or else only that.

    What it rides on is never lost for its sake: where both cannot be saved as one, the rider is
    dropped and the other is judged alone. Nothing is saved of a rider that was dropped.
    """

    def __init__(self, below: Store, rider: Append, *, originals: Collection[str] = ()) -> None:
        """`originals` are those of the rider: where the other exceeds one, the rider waits."""
        self._below = below
        self._rider: Append | None = rider
        self._originals = originals
        self.has_ridden = False
        """Whether the rider is saved."""

    def append(self, batch: Append) -> None:
        """Save what is given with the rider; see `refund_ledger.storing.Store`."""
        rider = self._rider
        if rider is not None:
            both = batch.joined(rider)
            if not self._exceeds(both) and self._both_saved(both):
                self._rider, self.has_ridden = None, True
                return
            self._rider = None
        self._below.append(batch)

    def _both_saved(self, both: Append) -> bool:
        try:
            self._below.append(both)
        except (BalancesMovedError, StoreError):
            # It is decided again on other balances, and the rider with it; and a store that could
            # not be written to says so once, after all its patience.
            raise
        except LedgerError:
            # Whatever it was, it may have been the rider's doing.
            return False
        return True

    def _exceeds(self, both: Append) -> bool:
        """Whether more is booked than an original of the rider holds: that is explained first."""
        return any(
            account.kind is AccountKind.EXCESS and account.subject in self._originals
            for entries in both.postings
            for account, _ in entries
        )

    def about(self, company: str, streams: Sequence[UUID], subjects: Sequence[str]) -> Store:
        """The store below, as it is at one moment."""
        return self._below.about(company, streams, subjects)

    def stream(self, stream: UUID) -> list[Event]:
        """The events of one stream, in order."""
        return self._below.stream(stream)

    def balance(self, account: Account) -> int:
        """The signed balance of one guarded account."""
        return self._below.balance(account)

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        """A customer's credits that are not zero, by source, oldest first."""
        return self._below.credits(company, customer, unit)

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        """The signed sum of all postings of one kind that fit the columns given."""
        return self._below.total(company, kind, **columns)
