"""Settlement: when everything has come to rest, the ledger, the books and the promises are one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.accounts import GUARDED, Account, AccountKind
from refund_ledger.events import Event, LateSuccessFound, RefundEvent
from refund_ledger.originals import Original
from refund_ledger.postings import net_changes, postings
from refund_ledger.refund import CallDue, PartStatus, Refund, Waits, calls_due, fold
from simulation.auditor import Auditor
from simulation.ground import Ground, Made, PartKey, Promise
from simulation.originals import COMPANY
from simulation.worlds import Break, World

PAYABLE = frozenset({AccountKind.CREDIT, AccountKind.HELD_CREDIT, AccountKind.PROMISED_CREDIT})
HOLDING = frozenset({AccountKind.RESERVED, AccountKind.HELD_CREDIT})


@dataclass(slots=True)
class Settlement:
    """Everything that is compared at the end of a world."""

    world: World
    ground: Ground
    auditor: Auditor
    store: SqliteStore
    originals: tuple[Original, ...]

    def check(self) -> None:
        """Compare promises, books and ledger."""
        events = [event for _, event in self.store.events()]
        refunds = list(self._refunds(events))
        self._live_is_what_the_events_mean(events, refunds)
        for refund in refunds:
            self._promise_is_kept(refund)
        self._nothing_is_lost(refunds)
        if self.world.breaks is not Break.WRONG:
            self._customers_are_owed_what_they_are_owed()

    def _refunds(self, events: list[Event]) -> Iterator[Refund]:
        streams: dict[object, list[Event]] = defaultdict(list)
        for event in events:
            if isinstance(event, RefundEvent):
                streams[event.originator_id].append(event)
        for stream in streams.values():
            refund = fold(stream)
            if refund is not None:
                yield refund

    # --- the ledger with itself -------------------------------------------------------------------

    def _live_is_what_the_events_mean(self, events: list[Event], refunds: list[Refund]) -> None:
        violated = self.auditor.violated
        replayed = net_changes(entry for event in events for entry in postings(event))
        if dict(self.store.sums(COMPANY)) != replayed:
            violated("live sums are not what the events mean")
        guarded = {account: total for account, total in replayed.items() if account.kind in GUARDED}
        if dict(self.store.balances(COMPANY)) != guarded:
            violated("live balances are not what the events mean")
        for account, total in guarded.items():
            if account.rule.side * total < 0:
                violated(f"{account} is below zero: {total}")
        per_book: Counter[tuple[str, str]] = Counter()
        for account, total in replayed.items():
            per_book[account.rule.book, account.unit] += total
        if any(per_book.values()):
            violated(f"the books do not balance: {dict(per_book)}")
        due = {call for refund in refunds for call in calls_due(refund)}
        if set(self.store.due(COMPANY, *Waits)) != due:
            violated("what is due does not follow from the events")
        holding = {account.refund for account in replayed if account.kind in HOLDING}
        for refund in refunds:
            doubt = any(refund.part(p).status is PartStatus.IN_DOUBT for p in refund.parts)
            if refund.status.is_over and not doubt and str(refund.id) in holding:
                violated(f"{refund.request.key} is over and still holds something")

    # --- the ledger with the promises -------------------------------------------------------------

    def _promise_is_kept(self, refund: Refund) -> None:
        promise = self.ground.promises.get(str(refund.id))
        if promise is None:
            # It was saved, and the process died before it could say so.
            return
        if promise.uncertain or promise.wronged:
            return
        none = promise.rejected or promise.withdrawn or promise.approved is None
        wanted = not none and not promise.closed
        waits = {call.part.value[0] for call in self._due() if call.refund == refund.id}
        for part in promise.parts:
            made = self.auditor.has_document((str(refund.id), part))
            name = f"{promise.key}.{part}"
            if none and made:
                self.auditor.violated(f"{name} was taken back and has a document")
            elif wanted and not made and part not in waits and self._turn_of(promise, part):
                self.auditor.violated(f"{name} has no document, and nobody waits for one")
            elif wanted and waits:
                self.auditor.seen["left with a person"] += 1
        if wanted and not waits and not refund.status.is_over:
            self.auditor.violated(f"{promise.key} is {refund.status} and waits for nothing")

    def _turn_of(self, promise: Promise, part: str) -> bool:
        """Whether it is this part's turn; the receipt part waits for the invoice part."""
        first = (str(promise.id), "i")
        return part == "i" or not promise.credited or self.auditor.has_document(first)

    # --- the ledger with the books ----------------------------------------------------------------

    def _nothing_is_lost(self, refunds: list[Refund]) -> None:
        shown = {(str(call.refund), call.part.value[0]) for call in self._due()}
        for made in self.ground.ours():
            assert made.part is not None
            if made.named in self.auditor.claimed:
                continue
            name = self.auditor.name(made.part)
            if made.part in shown and self._is_fair(made.part):
                self.auditor.seen["unclaimed, before a person"] += 1
                continue
            if self._cannot_be_seen(made):
                self.auditor.seen["unclaimed, and nobody can tell that it is ours"] += 1
                continue
            self.auditor.violated(f"{made.named}, made for {name}, is neither taken nor shown")
        for refund in refunds:
            for alert in refund.alerts:
                kind = "duplicate" if alert.duplicate_of else "late"
                self.auditor.seen[f"alert: {kind}"] += 1

    def _is_fair(self, part: PartKey) -> bool:
        return not self.world.is_inside or len(self.ground.by_part[part]) == 1

    def _cannot_be_seen(self, made: Made) -> bool:
        """Outside the assumptions: a document without marker or stored answer, or never watched."""
        assert made.part is not None
        if self.world.is_inside:
            return False
        siblings = self.ground.by_part[made.part]
        once = {one.order for one in siblings} == {made.order}
        return once or not self.auditor.sight.is_visible(made.part, made)

    def _customers_are_owed_what_they_are_owed(self) -> None:
        """What may be paid out, less what is open, follows from originals and first documents."""
        expected: Counter[tuple[str, str]] = Counter()
        for original in self.originals:
            where = (original.customer_id, original.currency)
            expected[where] -= original.open_amount
            expected[where] += original.overpaid
        skip = {("", "")}
        for promise in self.ground.promises.values():
            where = (promise.customer, promise.currency)
            for part in promise.parts:
                if (str(promise.id), part) in self.auditor.taken:
                    expected[where] += (1 if part == "i" else -1) * promise.amount(part)
            if promise.uncertain or promise.wronged:
                skip.add(where)
        owed = self._owed()
        for where in expected.keys() | owed.keys():
            if where not in skip and owed[where] != expected[where] and not self._exceeds(where):
                self.auditor.violated(
                    f"customer {where[0]} is owed {owed[where]} {where[1]}, not {expected[where]}"
                )

    def _owed(self) -> Counter[tuple[str, str]]:
        owed: Counter[tuple[str, str]] = Counter()
        for account, total in self.store.sums(COMPANY):
            if account.kind in PAYABLE or account.kind is AccountKind.OPEN:
                owed[account.customer, account.unit] -= total
        return owed

    def _exceeds(self, where: tuple[str, str]) -> bool:
        """Whether a first document found no place: it came after its rights were given away."""
        return not self.world.is_inside and any(
            isinstance(event, LateSuccessFound) and event.customer_id == where[0]
            for _, event in self.store.events()
        )

    def _due(self) -> list[CallDue]:
        return self.store.due(COMPANY, *(Waits.SEND, Waits.PARK, Waits.LOOK, Waits.PERSON))


def credit_accounts(store: SqliteStore) -> list[tuple[Account, int]]:
    """Every account from which money could be paid out."""
    return [(account, total) for account, total in store.sums(COMPANY) if account.kind in PAYABLE]
