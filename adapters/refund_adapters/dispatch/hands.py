"""Hands: what everybody needs who acts on a part, and how a document of a part is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from refund_adapters.accounting import AccountingSystem
from refund_adapters.dispatch.pace import Pace
from refund_adapters.dispatch.rhythm import Clock, Rhythm, Step
from refund_ledger import calling
from refund_ledger.accounts import AccountKind
from refund_ledger.application import RefundLedger
from refund_ledger.errors import ClaimedError
from refund_ledger.events import DocumentId, Evidence, Learned, Part
from refund_ledger.refund import Refund
from refund_ledger.stamps import Stamp


class StoreClock(Protocol):
    """What the protocol reads of a store."""

    def now(self) -> datetime:
        """The time by the store's clock."""
        ...


@dataclass(slots=True)
class Hands:
    """The ledger, the store's clock, the accounting system, and how to say what was done."""

    ledger: RefundLedger
    store: StoreClock
    accounting: AccountingSystem
    rhythm: Rhythm = field(default_factory=Rhythm)
    clock: Clock = field(default_factory=Clock)
    pace: Pace = field(default_factory=Pace)
    tell: Callable[[Step], None] = lambda _: None
    """Hears of every step."""
    actor: str = "dispatcher"

    def settled(self, send_by: datetime) -> datetime:
        """From when on a look at a call of this fence proves something."""
        return send_by + timedelta(seconds=self.accounting.settle_seconds)

    def excess(self, refund: Refund) -> int:
        """What was booked beyond a refund's originals: its calls wait until it is explained."""
        request = refund.request
        return sum(
            self.ledger.store.total(
                request.company, AccountKind.EXCESS, subject=original, unit=request.currency
            )
            for original in self.originals(refund)
        )

    def originals(self, refund: Refund) -> frozenset[str]:
        """What a refund takes from."""
        return frozenset({refund.request.sale, refund.request.receipt} - {""})

    def stamp(self, refund: Refund) -> Stamp:
        """Who acts now, by the store's clock."""
        return Stamp(
            at=self.store.now(),
            actor=self.actor,
            command_id=str(uuid4()),
            correlation_id=refund.request.correlation_id,
            causation_id=str(refund.request.event_id),
        )

    def say(self, refund: Refund, part: Part, what: str, detail: str) -> None:
        """Tell whoever watches of a step."""
        self.tell(Step(refund.id, refund.request.key, part, what, detail))

    def succeeded(
        self,
        refund: Refund,
        part: Part,
        document: DocumentId,
        booked: int | None,
        *,
        learned: Learned,
        evidence: tuple[Evidence, ...] = (),
        ledger: RefundLedger | None = None,
    ) -> None:
        """Record a document of the part, unless it is another's: then a person has to look."""
        stamp = self.stamp(refund)
        try:
            (ledger or self.ledger).fact(
                refund.id,
                lambda now, look: calling.succeeded(
                    now,
                    stamp,
                    part,
                    document,
                    booked=booked,
                    learned=learned,
                    look=look,
                    evidence=evidence,
                ),
                known=refund,
            )
        except ClaimedError as error:
            self.for_person(refund, part, str(error), evidence)
            return
        self.say(refund, part, "cancelled", f"as {document.key} ({learned})")

    def for_person(
        self, refund: Refund, part: Part, why: str, evidence: tuple[Evidence, ...]
    ) -> None:
        """Let a person decide; dropped where the refund has moved since the evidence was sought."""
        stamp, state = self.stamp(refund), refund.part(part)
        now = self.store.now()
        proves = self.settled(state.submitted.send_by) if state.submitted else now
        self.ledger.act(
            refund.id,
            lambda current, _: calling.in_doubt(
                current,
                stamp,
                part,
                state.attempts,
                why=why,
                look_after=max(now, proves),
                for_person=True,
                evidence=evidence,
            ),
            on_version=refund.version,
        )
        self.say(refund, part, "waits for a person", why)
