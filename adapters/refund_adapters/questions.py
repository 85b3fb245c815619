"""Questions: what people and pipelines ask of a ledger; nothing here writes.

desk.questions.balances()
desk.questions.statement(customer_id="1001", currency="ILS")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from refund_adapters.store.sql_store import SqlStore
from refund_ledger.accounts import AccountKind
from refund_ledger.errors import NotFoundError
from refund_ledger.events import CreditGranted, Event, OriginalRecorded, RefundRequested
from refund_ledger.originals import OriginalRef
from refund_ledger.recording import fold_original, grant_stream
from refund_ledger.refund import CallDue, Refund, Waits, fold
from refund_projections import audit_trail, calls_due, credit_balances, remaining, statement
from refund_projections.audit_trail import Entry
from refund_projections.calls_due import Pending
from refund_projections.credit_balances import POSITION, CreditBalance
from refund_projections.rebuild import Rebuilt, rebuild
from refund_projections.remaining import Remaining
from refund_projections.statement import Statement

Heard = Callable[[int, int], None]
"""Hears how many events have been read, out of how many."""


@dataclass(frozen=True, slots=True)
class OriginalStanding:
    """An original, what is left of it, and the refunds that took from it, the oldest first."""

    recorded: OriginalRecorded
    remaining: Remaining
    refunds: tuple[Refund, ...]


class Questions:
    """Everything that a company's ledger can be asked."""

    def __init__(self, store: SqlStore, company: str, *, heard: Heard = lambda _, __: None) -> None:
        self._store = store
        self._company = company
        self._heard = heard

    def now(self) -> datetime:
        """The time by the store's clock."""
        return self._store.now()

    # --- money ------------------------------------------------------------------------------------

    def balances(self, *, customer_id: str | None = None) -> tuple[CreditBalance, ...]:
        """Who owes whom now, for each customer and currency; who comes to nothing is left out."""
        only = {} if customer_id is None else {"customer": customer_id}

        with self._store.snapshot():
            live = [
                entry
                for kind in POSITION
                for entry in self._store.sums(self._company, kind=kind, **only)
            ]
            guarded = self._store.balances(self._company, kind=AccountKind.CREDIT, **only)
        age = {account: number for number, (account, _) in enumerate(guarded)}
        live.sort(key=lambda entry: age.get(entry[0], len(age)))
        return tuple(credit_balances.from_sums(live).values())

    def statement(
        self,
        *,
        customer_id: str,
        currency: str,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Statement:
        """What happened to one customer in one currency, from `since` to before `until`."""
        return statement.statement(
            self._events(),
            company=self._company,
            customer_id=customer_id,
            currency=currency,
            since=since,
            until=until,
        )

    # --- stories ----------------------------------------------------------------------------------

    def story(self, refund: UUID) -> tuple[Entry, ...]:
        """The whole story of one refund; raises `NotFoundError`."""
        found = tuple(audit_trail.of_refund(self._store.stream(refund), refund))
        if not found:
            raise NotFoundError(f"no refund {refund} is recorded; check the id or the key")
        return found

    def story_of_original(self, ref: OriginalRef) -> tuple[Entry, ...]:
        """Everything that touched an original: its reading, its payments, its refunds."""
        return tuple(audit_trail.of_original(self._events(), self._company, ref))

    def story_of_customer(self, customer_id: str) -> tuple[Entry, ...]:
        """Everything that happened to one customer."""
        return tuple(audit_trail.of_customer(self._events(), self._company, customer_id))

    # --- originals and credits --------------------------------------------------------------------

    def original(self, ref: OriginalRef) -> OriginalStanding:
        """What is left of an original, in flight and done; raises `NotFoundError`."""
        found = fold_original(self._store.stream(ref.stream(self._company)))
        if found is None:
            raise NotFoundError(f"{ref} is not recorded; import it first")

        sums = self._store.sums(self._company, subject=str(ref))
        left = remaining.from_sums(sums)[self._company, str(ref)]
        return OriginalStanding(found.recorded, left, tuple(self._refunds_of(ref)))

    def grant(self, reference: str) -> CreditGranted:
        """A credit that was granted; raises `NotFoundError`."""
        for event in self._store.stream(grant_stream(self._company, reference)):
            if isinstance(event, CreditGranted):
                return event
        raise NotFoundError(f"no credit was granted under {reference!r}; check the reference")

    def _refunds_of(self, ref: OriginalRef) -> Iterator[Refund]:
        """The refunds that took from an original; each took at the position of its request."""
        kind = AccountKind.REFUNDABLE
        taken = self._store.postings(self._company, kind=kind, subject=str(ref))
        for position in dict.fromkeys(at for at, posting in taken if posting.amount < 0):
            event = self._store.event_at(position)
            if isinstance(event, RefundRequested):
                refund = fold(self._store.stream(event.originator_id))
                if refund:
                    yield refund

    # --- what waits -------------------------------------------------------------------------------

    def pending(self) -> tuple[Pending, ...]:
        """Everything that is not settled and why, the longest waiting first; reads all events."""
        return calls_due.fold(self._events()).pending(self._company)

    def calls_left(self) -> tuple[Pending, ...]:
        """What a dispatcher has left of refunds in progress, from the live calls due."""
        due = self._store.due(self._company, *(set(Waits) - {Waits.WATCH}))
        refunds = (fold(self._store.stream(call.refund)) for call in _one_each(due))
        left = (entry for refund in refunds if refund for entry in calls_due.pending(refund))
        return tuple(left)

    # --- proof ------------------------------------------------------------------------------------

    def rebuild(self) -> Rebuilt:
        """Replay every event into fresh sums, balances and calls due, and compare with the live."""
        with self._store.snapshot():
            return rebuild(
                self._with_positions(),
                company=self._company,
                sums=self._store.sums(self._company),
                balances=self._store.balances(self._company),
                due=self._store.due(self._company, *Waits, limit=self._store.position()),
            )

    # --- reading ----------------------------------------------------------------------------------

    def _events(self) -> Iterator[Event]:
        with self._store.snapshot():
            for _, event in self._with_positions():
                if event.company == self._company:
                    yield event

    def _with_positions(self) -> Iterator[tuple[int, Event]]:
        total = self._store.position()
        for number, (position, event) in enumerate(self._store.events(), 1):
            self._heard(number, total)
            yield position, event


def _one_each(due: Iterable[CallDue]) -> list[CallDue]:
    return list({call.refund: call for call in due}.values())
