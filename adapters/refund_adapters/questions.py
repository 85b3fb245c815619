"""Questions: what people and pipelines ask of a ledger; nothing here writes.

desk.questions.balances()
desk.questions.statement(customer_id="1001", currency="ILS")
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from uuid import UUID

from refund_adapters.fields import short
from refund_adapters.store import sql_store
from refund_adapters.store.replaying import Heard
from refund_adapters.store.sharing import rebuild_store
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.accounts import AccountKind
from refund_ledger.errors import InvalidInputError, NotFoundError
from refund_ledger.events import CreditGranted, Event, OriginalRecorded, RefundRequested
from refund_ledger.originals import OriginalRef
from refund_ledger.recording import fold_original, grant_stream
from refund_ledger.refund import Refund, Waits, fold
from refund_projections import audit_trail, calls_due, credit_balances, remaining, statement
from refund_projections import totals as totalling
from refund_projections.audit_trail import Entry
from refund_projections.calls_due import Pending
from refund_projections.credit_balances import POSITION, CreditBalance
from refund_projections.derivation import Step, explain
from refund_projections.moments import check_time, effective_on, effective_until
from refund_projections.rebuild import Rebuilt
from refund_projections.remaining import Remaining
from refund_projections.statement import Statement

LAST_POSITION = 2**63 - 1
"""The highest that a store can number."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment that a question is about; what is not said does not limit it."""

    position: int | None = None
    """Up to this event, in the order of the feed."""
    recorded: datetime | None = None
    """Up to the last event that the store had recorded by then: what was known."""
    effective: date | None = None
    """Only what counts on this day or before it: what was so, whenever it became known."""

    def __post_init__(self) -> None:
        position, effective = self.position, self.effective
        if position is not None and not (type(position) is int and 0 <= position <= LAST_POSITION):
            raise InvalidInputError("position", f"expected an event's, got {short(position)}")
        if self.recorded is not None:
            check_time(self.recorded, "recorded")
        if effective is not None and type(effective) is not date:
            raise InvalidInputError("effective", f"expected a day, got {short(effective)}")


NOW = AsOf()
LEFT = tuple(waits for waits in Waits if waits is not Waits.WATCH)
"""What a dispatcher has left; a call that is over is only watched."""
AT_ONCE = 100
"""Refunds that one question reads."""


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

    def balances_at(
        self, as_of: AsOf, *, customer_id: str | None = None
    ) -> tuple[CreditBalance, ...]:
        """Who owed whom at a moment, by replaying what had happened by then."""
        found = credit_balances.fold(self._until(as_of)).values()
        return tuple(one for one in found if customer_id in {None, one.customer_id})

    def totals(
        self,
        by: totalling.By,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[totalling.Total, ...]:
        """What was credited and paid back in a period, told apart by one thing."""
        if by not in list(totalling.By):
            raise InvalidInputError(
                "by", f"expected one of {', '.join(totalling.By)}, got {short(by)}"
            )
        return totalling.totals(
            self._events(), company=self._company, by=totalling.By(by), since=since, until=until
        )

    def explain(
        self, *, kinds: frozenset[AccountKind] = POSITION, as_of: AsOf = NOW, **columns: str
    ) -> tuple[Step, ...]:
        """Take a number apart into its events; columns are those of `Account`, such as customer."""
        with self._store.snapshot():
            events = self._with_positions(self._stop(as_of))
            if as_of.effective is not None:
                last = as_of.effective
                events = ((at, event) for at, event in events if effective_on(event) <= last)
            steps = explain(events, company=self._company, kinds=kinds, **columns)
            return tuple(steps)

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
        own = [event for event in self._store.stream(refund) if event.company == self._company]
        found = tuple(audit_trail.of_refund(own, refund))
        if not found:
            raise NotFoundError(f"no refund {refund} is recorded; check the id or the key")
        return found

    def story_of_original(self, ref: OriginalRef) -> tuple[Entry, ...]:
        """Everything that touched an original; raises `NotFoundError` where nothing ever did."""
        found = tuple(audit_trail.of_original(self._events(), self._company, ref))
        if not found:
            raise NotFoundError(f"{ref} is not recorded; import it first")
        return found

    def story_of_customer(self, customer_id: str) -> tuple[Entry, ...]:
        """Everything that happened to one customer."""
        return tuple(audit_trail.of_customer(self._events(), self._company, customer_id))

    def trail(
        self,
        *,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Entry]:
        """Everything that somebody did, or that was done in a period, one entry at a time.

        Whoever reads it may save meanwhile, and may stop anywhere; it ends where it began to.
        """
        return audit_trail.of_period(
            self._in_pages(), self._company, actor=actor, since=since, until=until
        )

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

    def calls_left(self, *, limit: int = sql_store.PAGE) -> tuple[Pending, ...]:
        """What a dispatcher has left of refunds in progress, from the live calls due.

        Of more calls than `limit`, those that wait longest; `refunds_left` counts all.
        """
        due = self._store.due(self._company, *LEFT, limit=limit)
        names = iter(dict.fromkeys(call.refund for call in due))
        left: list[Pending] = []
        while some := list(islice(names, AT_ONCE)):
            found = self._store.about(self._company, some, ())
            refunds = (fold(found.stream(name)) for name in some)
            left += (entry for refund in refunds if refund for entry in calls_due.pending(refund))
        return tuple(left)

    def refunds_left(self) -> int:
        """How many refunds a dispatcher has left something of."""
        ((count,),) = self._store.ask(
            "SELECT count(DISTINCT refund) FROM calls_due "  # noqa: S608 - of marks
            f"WHERE company = ? AND waits IN ({','.join('?' * len(LEFT))})",
            (self._company, *LEFT),
        )
        return int(count)

    # --- proof ------------------------------------------------------------------------------------

    def rebuild(self, *, workers: int = 1) -> Rebuilt:
        """Replay every event into fresh postings, balances and calls due; compare with the live.

        More workers are processes of their own; see `store.sharing`.
        """
        return rebuild_store(self._store, self._company, self._heard, workers)

    # --- reading ----------------------------------------------------------------------------------

    def _until(self, as_of: AsOf) -> Iterator[Event]:
        """What had happened at a moment."""
        with self._store.snapshot():
            own = (
                event
                for _, event in self._with_positions(self._stop(as_of))
                if event.company == self._company
            )
            yield from own if as_of.effective is None else effective_until(own, as_of.effective)

    def _stop(self, as_of: AsOf) -> int | None:
        """The position up to which a moment reads; none for all."""
        if as_of.position is not None and as_of.recorded is not None:
            raise InvalidInputError("as_of", "say a position or a recorded time, not both")
        if as_of.recorded is not None:
            return self._store.position_at(as_of.recorded)
        if as_of.position:
            self._store.event_at(as_of.position)  # It says so where there is none.
        return as_of.position

    def _events(self) -> Iterator[Event]:
        return self._until(NOW)

    def _in_pages(self) -> Iterator[Event]:
        """All events up to the newest; while a page is given out, its thread reads what is new."""
        after, stop = 0, self._store.position_at(None)
        total, number = self._store.position(), 0
        while page := self._page(after, stop):
            for number, (after, event) in enumerate(page, number + 1):  # noqa: B007, B020 - kept
                self._heard(number, total)
                if event.company == self._company:
                    yield event

    def _page(self, after: int, stop: int) -> list[tuple[int, Event]]:
        with self._store.snapshot():
            return list(islice(self._store.events(after=after, stop=stop), sql_store.PAGE))

    def _with_positions(self, stop: int | None = None) -> Iterator[tuple[int, Event]]:
        total = self._store.position() if stop is None else stop
        for number, (position, event) in enumerate(self._store.events(stop=stop), 1):
            self._heard(number, total)
            yield position, event
