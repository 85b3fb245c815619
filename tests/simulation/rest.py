"""Coming to rest: nothing goes wrong any more, people decide rightly, and days pass at once."""

from __future__ import annotations

from refund_adapters.dispatch.dispatcher import Dispatcher
from refund_ledger.refund import CallDue, Waits
from simulation.originals import COMPANY
from simulation.people import Office
from simulation.processes import Building
from simulation.stage import Actor, RestlessError

MOST_ROUNDS = 120
A_WHILE = 20.0
"""Seconds after which what could not be done is tried again."""
UNTIL_DONE = (Waits.SEND, Waits.PARK, Waits.LOOK)


def come_to_rest(building: Building, office: Office) -> None:
    """Dispatch, decide and let time pass until all that is left waits fairly for a person."""
    stage, store = building.stage, building.store
    stage.still = True
    desk = building.desk(Actor("rest"))
    dispatcher = building.dispatcher(Actor("rest"))
    work = (*UNTIL_DONE, Waits.WATCH) if building.world.watches else UNTIL_DONE
    for _ in range(MOST_ROUNDS):
        while dispatcher.round():
            pass
        building.auditor.after_a_step()
        before = store.position()
        office.agrees(desk)
        for call in store.due(COMPANY, Waits.PERSON):
            office.settle(desk, call)
        if store.position() != before:
            continue
        left = [call for call in store.due(COMPANY, *work) if not dispatcher.protocol.is_held(call)]
        if not left:
            return
        _pass_time(building, left, dispatcher)
    waits = [f"{call.part} {call.waits}" for call in store.due(COMPANY, *UNTIL_DONE)]
    raise RestlessError(f"never at rest: {', '.join(waits)}")


def _pass_time(building: Building, left: list[CallDue], dispatcher: Dispatcher) -> None:
    """Go on to the next moment at which something can be done."""
    stage = building.stage
    earliest = min(dispatcher._ripe_at(call) for call in left)
    away = (earliest - stage.moment()).total_seconds()
    stage.now += max(away if away > 0 else A_WHILE, dispatcher.circuit.waits)
    building.sandbox.execute_what_is_due()
    building.auditor.after_a_step()
