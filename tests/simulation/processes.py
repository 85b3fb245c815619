"""Processes: a dispatcher with its own memory, store connection and way to the server."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from refund_adapters.accounting import AccountingSystem
from refund_adapters.desk import Desk
from refund_adapters.dispatch.dispatcher import MACHINES_WORK, Dispatcher
from refund_adapters.dispatch.protocol import Clock, Step
from refund_adapters.rivhit import Rivhit
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.application import RefundLedger
from refund_ledger.policies import Terms
from refund_ledger.storing import Append, Store
from simulation.auditor import Auditor
from simulation.network import Ears, Network
from simulation.originals import COMPANY, settings
from simulation.stage import Actor, DiedError, Stage
from simulation.worlds import World

LONGEST_DOZE = 400.0
READS = frozenset({"about", "stream", "balance", "credits", "total", "due", "take"})


class SteppedStore:
    """A store each of whose calls is an effect of its actor."""

    def __init__(self, below: SqliteStore, stage: Stage, actor: Actor, auditor: Auditor) -> None:
        self._below = below
        self._stage = stage
        self._actor = actor
        self._auditor = auditor

    def append(self, batch: Append) -> None:
        """Save, with a point before and a point after at which the actor may stop."""
        topics = [event.TOPIC.removeprefix("refund.") for event in batch.events]
        refund = self._auditor.ground.name(str(batch.events[0].originator_id))
        what = f"{', '.join(topics)} of {refund[:-1]}"
        self._stage.effect(self._actor, f"saves: {what}", hot=True)
        self._below.append(batch)
        self._auditor.saved(self._actor, batch.events)
        self._auditor.after_a_step()
        self._stage.rouse()
        self._stage.effect(self._actor, f"saved: {what}", hot=True)
        if "call_submitted" in topics:
            self._stage.daze(self._actor, "a call to send")

    def __getattr__(self, name: str) -> Any:
        """Everything else is passed on; a read is a point before it."""
        found = getattr(self._below, name)
        if name not in READS:
            return found

        def stepped(*args: Any, **named: Any) -> Any:
            self._stage.effect(self._actor, f"reads {name}", quiet=True)
            return found(*args, **named)

        return stepped


@dataclass(frozen=True, slots=True)
class Parts:
    """What a dispatcher is built of; a broken copy of the protocol changes one of them."""

    actor: Actor
    ledger: RefundLedger
    store: Any
    accounting: AccountingSystem
    clock: Clock
    resend_cancels: bool


Rebuild = Callable[[Parts], Parts]


@dataclass(slots=True)
class Building:
    """Where processes are made: everything that they share."""

    world: World
    stage: Stage
    sandbox: Sandbox
    store: SqliteStore
    auditor: Auditor
    weather: Any
    rebuild: Rebuild = lambda parts: parts
    _chances: dict[str, random.Random] = field(default_factory=dict)

    def terms(self) -> Terms:
        """What the company decided."""
        limit = self.world.approval_above
        return Terms(approval_above={} if limit is None else {"ILS": limit})

    def stepped(self, actor: Actor) -> Any:
        """The store as one actor sees it."""
        return SteppedStore(self.store, self.stage, actor, self.auditor)

    def rivhit(self, actor: Actor) -> Rivhit:
        """The accounting system as one actor reaches it."""
        chance = self._chance(f"way {actor.name}")
        way = Network(
            stage=self.stage,
            actor=actor,
            sandbox=self.sandbox,
            weather=self.weather,
            chance=chance,
            limit=settings().call_limit,
            ears=Ears(
                self.auditor.leaves, self.auditor.sent, self.auditor.gone, self.auditor.answered
            ),
            knows=self.auditor.ground.name,
        )
        return Rivhit(settings(), transport=way, now=self.stage.moment)

    def desk(self, actor: Actor) -> Desk:
        """A desk at which one person sits."""
        return Desk(
            cast("SqliteStore", self.stepped(actor)),
            company=COMPANY,
            actor=actor.name,
            accounting=self.rivhit(actor),
            terms=self.terms(),
        )

    def dispatcher(self, actor: Actor) -> Dispatcher:
        """A dispatcher with an empty memory."""
        rivhit = self.rivhit(actor)
        store = self.stepped(actor)
        hands = Clock(
            monotonic=self.stage.monotonic,
            sleep=lambda seconds: self._sleep(actor, seconds),
            jitter=self._chance(f"jitter {actor.name}").random,
        )
        ledger = RefundLedger(cast("Store", store), COMPANY, self.terms(), sayable=rivhit.check)
        parts = self.rebuild(Parts(actor, ledger, store, rivhit, hands, self.world.resend_cancels))
        return Dispatcher(
            ledger=parts.ledger,
            store=parts.store,
            accounting=parts.accounting,
            clock=parts.clock,
            watch=lambda step: self._told(actor, step),
            resend_cancels=parts.resend_cancels,
            worker=actor.name,
        )

    def works(self, actor: Actor) -> None:
        """Dispatch for ever; where the process dies, another begins with an empty memory."""
        chance = self._chance(f"life {actor.name}")
        while True:
            dispatcher = self.dispatcher(actor)
            actor.mortal = True
            try:
                while True:
                    while dispatcher.round():
                        pass
                    self._doze(actor, dispatcher, chance)
            except DiedError:
                actor.mortal = False
                self.auditor.died(actor)
                self.stage.died(actor, seconds=chance.choice((1.0, 20.0, 200.0)))

    def _doze(self, actor: Actor, dispatcher: Dispatcher, chance: random.Random) -> None:
        """Stand for the polls of a process that runs for ever: none that finds nothing is made."""
        now = self.stage.moment()
        due = self.store.due(COMPANY, *MACHINES_WORK)
        left = [(dispatcher._ripe_at(call) - now).total_seconds() for call in due]
        late = any(seconds <= 0 for seconds in left)
        wait = max(min(left, default=LONGEST_DOZE), 0.0) + chance.uniform(2, 30 if late else 15)
        self.auditor.leaves(actor)
        self.stage.doze(actor, min(wait, LONGEST_DOZE))

    def _sleep(self, actor: Actor, seconds: float) -> None:
        self.auditor.leaves(actor)
        self.stage.sleep(actor, seconds)

    def _told(self, actor: Actor, step: Step) -> None:
        self.stage.mix[f"step: {step.what}"] += 1
        part = step.part.value[0]
        self.stage.tell(actor.name, f"{step.what}: {step.key}.{part} {step.detail}")

    def _chance(self, name: str) -> random.Random:
        """A stream of chance of its own, so that one actor's draws move no other's."""
        if name not in self._chances:
            self._chances[name] = random.Random(f"{name} {self.world.seed}")
        return self._chances[name]
