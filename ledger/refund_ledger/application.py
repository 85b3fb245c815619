"""The refund ledger: load, decide, save. It decides and never calls out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from refund_ledger import recording
from refund_ledger.asking import Request, check_shape
from refund_ledger.balances import Look
from refund_ledger.deciding import Decide, Decisions
from refund_ledger.errors import (
    MOVED,
    ConflictError,
    InvalidInputError,
    KeyReusedError,
    LedgerError,
    NotFoundError,
    RefusedError,
    StreamMovedError,
)
from refund_ledger.events import (
    Event,
    OriginalRecorded,
    ReductionReason,
    RefundRequested,
)
from refund_ledger.explaining import Explanation, explain
from refund_ledger.many import Groups
from refund_ledger.originals import Original, OriginalRef
from refund_ledger.outside import Outside, record_outside
from refund_ledger.policies import Terms
from refund_ledger.recording import Grant, RecordedOriginal, fold_original
from refund_ledger.refund import Refund, calls_due, evolve, fold, refund_id
from refund_ledger.requesting import judge
from refund_ledger.stamps import Stamp
from refund_ledger.storing import Append, Store

__all__ = ["MAX_TRIES", "Append", "Decide", "RefundLedger", "Result", "Store"]

MAX_TRIES = 50
"""How often a decision is made again because others were faster, before giving up loudly."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command came to; `repeated` where it had been done before and nothing was written."""

    refund: Refund
    repeated: bool


class RefundLedger(Groups[Result], Decisions[Result]):
    """The refunds of one company over one store."""

    def __init__(
        self,
        store: Store,
        company: str,
        terms: Terms | None = None,
        *,
        sayable: Callable[[RefundRequested], None] | None = None,
    ) -> None:
        """`sayable` raises `RefusedError` for what the accounting system cannot be told."""
        self.store = store
        self.company = company
        self.terms = terms or Terms()
        self._sayable = sayable

    def on(self, store: Store) -> RefundLedger:
        """The same ledger over another store."""
        return RefundLedger(store, self.company, self.terms, sayable=self._sayable)

    # --- reading ----------------------------------------------------------------------------------

    def refund(self, refund: UUID) -> Refund:
        """Load a refund; raises `NotFoundError`."""
        events = self.store.stream(refund)
        found = fold(events) if events and isinstance(events[0], RefundRequested) else None
        if found is None or found.request.company != self.company:
            raise NotFoundError(f"no refund {refund} is recorded; check the id or the key")
        return found

    def by_key(self, key: str) -> Refund:
        """Load the refund that an idempotency key names; raises `NotFoundError`."""
        found = fold(self.store.stream(refund_id(self.company, key)))
        if found is None:
            raise NotFoundError(f"no refund was requested under the key {key!r}")
        return found

    def original(self, ref: OriginalRef, seen: Store | None = None) -> RecordedOriginal:
        """Load an original, as `seen` has it where that is given; raises `NotFoundError`."""
        found = fold_original((seen or self.store).stream(ref.stream(self.company)))
        if found is None:
            raise NotFoundError(f"{ref} is not recorded; import it first")
        return found

    # --- recording --------------------------------------------------------------------------------

    def record_original(self, original: Original, stamp: Stamp, *, read_from: str) -> bool:
        """Record an original, and what a receipt pays; false where all of it was known before."""
        self._own_company(original.company)

        def decide(look: Look) -> tuple[Event, ...]:
            before = fold_original(self.store.stream(original.ref.stream(self.company)))
            closes = recording.newly_closed(original, before)
            found = [self._sale(part.sale) for part in closes]
            sales = recording.check_sales(original, closes, found)
            granted = self.store.stream(recording.grant_stream(self.company, str(original.ref)))
            return recording.record(
                original, before, sales, stamp, read_from=read_from, look=look, granted=granted
            )

        return self._until_saved(decide)

    def _sale(self, ref: str) -> RecordedOriginal | None:
        stream = OriginalRef.parse(ref, field="closes").stream(self.company)
        return fold_original(self.store.stream(stream))

    def grant_credit(self, grant: Grant, stamp: Stamp) -> bool:
        """Record a credit granted elsewhere; false where it was recorded before."""
        self._own_company(grant.company)
        named = OriginalRef.parse(grant.receipt, field="receipt") if grant.receipt else None
        grant = grant.model_copy(update={"receipt": str(named or "")})

        def decide(look: Look) -> tuple[Event, ...]:
            before = self.store.stream(grant.stream)
            receipt = self.original(named).recorded if named else None
            return recording.grant_credit(grant, before, stamp, receipt=receipt, look=look)

        return self._until_saved(decide)

    def reduce_credit(
        self,
        reference: str,
        stamp: Stamp,
        *,
        why: ReductionReason,
        amount: int,
        sale: OriginalRef | None = None,
        comment: str = "",
    ) -> bool:
        """Record that a granted credit was reversed, expired or used; false where done before."""
        if amount <= 0:
            raise InvalidInputError("amount", "expected more than zero")
        stream = recording.grant_stream(self.company, reference)

        def decide(look: Look) -> tuple[Event, ...]:
            return recording.reduce_credit(
                self.store.stream(stream),
                stamp,
                reference=reference,
                why=why,
                amount=amount,
                look=look,
                sale=self.original(sale) if sale else None,
                comment=comment,
            )

        return self._until_saved(decide)

    def record_outside(self, outside: Outside, stamp: Stamp) -> bool:
        """Record a refund that was made outside this ledger; false where it was recorded before."""
        self._own_company(outside.company)
        return self._until_saved(lambda look: record_outside(self.store, outside, stamp, look))

    def explain(self, told: Explanation, stamp: Stamp, *, refund: UUID | None = None) -> bool:
        """Say what was booked beyond an original, or without a place; false where said before.

        `refund` is the refund that the document belongs to; none for one made outside.
        """
        self._own_company(told.company)
        return self._until_saved(lambda look: explain(self.store, told, stamp, look, refund=refund))

    # --- people -----------------------------------------------------------------------------------

    def request(self, ask: Request, stamp: Stamp) -> Result:
        """Request a refund once; everything that it needs is reserved, or every reason is given.

        The same key and content again answers with the first result; with other content it is
        refused (`KeyReusedError`). Raises `RefusedError` with every reason at once.
        """
        self._own_company(ask.company)
        stream = refund_id(self.company, ask.key)
        for _ in range(MAX_TRIES):
            seen = self._about(ask)
            if seen.stream(stream):
                return self._repeated(ask)
            try:
                requested, look = self._draft(ask, stamp, seen)
                refund = evolve(None, requested)
                self.store.append(Append((requested,), look.seen, {refund.id: calls_due(refund)}))
            except MOVED:
                # Another was faster: look again, to see ours or to say what is left now.
                continue
            except RefusedError:
                if self.store.stream(stream):
                    continue  # What took the rest was this very request, sent twice at once.
                raise
            return Result(refund, repeated=False)
        raise self._too_busy()

    def draft(self, ask: Request, stamp: Stamp) -> RefundRequested:
        """Work out what a request comes to, without saving it; raises `RefusedError`."""
        return self._draft(ask, stamp, self._about(ask))[0]

    def _about(self, ask: Request) -> Store:
        """What a request needs to be judged, read at one moment."""
        named = [ref for ref in (ask.original_ref, ask.receipt_ref) if ref]
        streams = [refund_id(self.company, ask.key), *(ref.stream(self.company) for ref in named)]
        return self.store.about(self.company, streams, [str(ref) for ref in named])

    def _draft(self, ask: Request, stamp: Stamp, seen: Store) -> tuple[RefundRequested, Look]:
        check_shape(ask)
        requested, look = judge(
            ask,
            stamp,
            seen,
            self.terms,
            original=self._recorded(ask.original_ref, seen),
            receipt=self._recorded(ask.receipt_ref, seen),
            fresh=self.store,
        )
        if self._sayable:
            self._sayable(requested)
        return requested, look

    # --- the dispatcher's two kinds of saves ------------------------------------------------------

    def act(
        self, refund: UUID, decide: Decide, *, on_version: int, known: Refund | None = None
    ) -> Result:
        """Save a decision to act, made on one version; raises `ConflictError` where it moved.

        `known` is the refund as it was read, to save a second reading: its version is checked.
        """

        def on_that_version(now: Refund, look: Look) -> Sequence[Event]:
            if now.version != on_version:
                raise StreamMovedError(f"refund {refund} moved on from version {on_version}")
            return decide(now, look)

        return self._save_once(refund, on_that_version, known)

    def fact(self, refund: UUID, decide: Decide, *, known: Refund | None = None) -> Result:
        """Save a fact, or what a person decided on a version named: decided again until saved.

        `known` is the refund as it was read; what it makes of the fact counts only if it is saved.
        """
        for _ in range(MAX_TRIES):
            try:
                result = self._save_once(refund, decide, known)
            except MOVED:
                known = None
                continue
            if not result.repeated or known is None:
                return result
            known = None
        raise self._too_busy()

    # --- load, decide, save -----------------------------------------------------------------------

    def _save_once(self, refund: UUID, decide: Decide, known: Refund | None = None) -> Result:
        now = known or self.refund(refund)
        look = Look(self.store.balance)
        try:
            events = tuple(decide(now, look))
        except (ValueError, InvalidInputError) as error:
            if look.has_moved() or self.refund(refund).version != now.version:
                # Others saved between our reads: what they showed together never was.
                raise StreamMovedError(f"refund {refund} moved while it was decided") from error
            raise
        if not events:
            return Result(now, repeated=True)
        for event in events:
            now = evolve(now, event)
        self.store.append(Append.decided(events, look, {refund: calls_due(now)}))
        return Result(now, repeated=False)

    def _until_saved(self, decide: Callable[[Look], tuple[Event, ...]]) -> bool:
        for _ in range(MAX_TRIES):
            look = Look(self.store.balance)
            try:
                events = decide(look)
                if not events:
                    return False
                self.store.append(Append.decided(events, look))
            except MOVED:
                continue
            except RefusedError:
                if look.has_moved():
                    continue  # Others saved between our reads: what they showed never was.
                raise
            return True
        raise self._too_busy()

    # --- helpers of a request ---------------------------------------------------------------------

    def _repeated(self, ask: Request) -> Result:
        first = self.by_key(ask.key)
        if first.request.digest != ask.digest:
            raise KeyReusedError(ask.key, first=first.request.digest, second=ask.digest)
        return Result(first, repeated=True)

    def _recorded(self, ref: OriginalRef | None, seen: Store) -> OriginalRecorded | None:
        return self.original(ref, seen).recorded if ref else None

    def _own_company(self, company: str) -> None:
        if company != self.company:
            raise InvalidInputError("company", f"this ledger is {self.company!r}, not {company!r}")

    def _too_busy(self) -> LedgerError:
        return ConflictError(f"others were faster {MAX_TRIES} times in a row; try again")
