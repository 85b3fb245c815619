"""One run: draw the world of a seed, let it happen, bring it to rest, and hold it to account."""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from refund_adapters.accounting import Wanted
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.application import RefundLedger
from refund_ledger.originals import Original, OriginalRef
from refund_ledger.stamps import Stamp
from simulation import originals as books
from simulation.auditor import Auditor
from simulation.ground import Ground, WatchedBooks
from simulation.originals import COMPANY, TOKEN
from simulation.people import Office
from simulation.processes import Building, Parts
from simulation.rest import come_to_rest
from simulation.settlement import Settlement
from simulation.sight import Sight
from simulation.stage import RestlessError, Stage
from simulation.weather import Weather
from simulation.worlds import World, draw, sale_of_the_day

THAW = 1.0
"""Seconds after the last frozen process has woken."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A broken copy of the protocol."""

    name: str
    rebuild: Callable[[Parts], Parts] = lambda parts: parts
    patched: Callable[[], AbstractContextManager[object]] = nullcontext
    world: Callable[[World], World] = lambda world: world


WELL = Mutation("none")


@dataclass(slots=True)
class Outcome:
    """What came of one seed."""

    seed: int
    world: World
    violations: list[str]
    story: list[str]
    digest: str
    steps: int
    mix: Counter[str] = field(default_factory=Counter)


def simulate(seed: int, mutation: Mutation = WELL) -> Outcome:
    """Live through the world of a seed."""
    return live(draw(seed), mutation)


def live(world: World, mutation: Mutation = WELL) -> Outcome:
    """Live through a world."""
    with mutation.patched():
        return _live(mutation.world(world), mutation)


def _live(world: World, mutation: Mutation) -> Outcome:
    return finish(build(world, mutation))


def finish(house: House) -> Outcome:
    """Let a world happen, bring it to rest, and hold it to account."""
    stage, auditor = house.stage, house.auditor
    try:
        act(house)
        come_to_rest(house.building, house.office)
        Settlement(house.world, house.ground, auditor, house.store, house.originals).check()
    except RestlessError as error:
        auditor.violated(str(error))
    finally:
        stage.end()
        house.store.close()
    for name, why in stage.failed:
        where = traceback.extract_tb(why.__traceback__)[-1]
        auditor.violated(f"{name} stopped on {type(why).__name__} in {where.name}: {why}")
    return Outcome(
        seed=house.world.seed,
        world=house.world,
        violations=auditor.violations,
        story=stage.story,
        digest=stage.digest,
        steps=stage.steps,
        mix=_mix(house),
    )


@dataclass(slots=True)
class House:
    """A world that has been built and not lived through yet."""

    world: World
    stage: Stage
    ground: Ground
    auditor: Auditor
    weather: Weather
    store: SqliteStore
    building: Building
    office: Office
    originals: tuple[Original, ...]


def build(world: World, mutation: Mutation = WELL) -> House:
    """Set up the server's books, the store and everybody who acts."""
    stage = Stage(
        chance=random.Random(f"stage {world.seed}"), nature=world.nature, start=world.start
    )
    weather = Weather(
        climate=world.climate,
        switches=world.switches,
        chance=random.Random(f"weather {world.seed}"),
        limit=books.settings().call_limit,
        calm=True,
    )
    sandbox = Sandbox(
        token=TOKEN,
        now=stage.moment,
        rng=random.Random(f"identities {world.seed}"),
        company=books.the_company(),
        switches=world.switches,
        faults=weather,
    )
    ground = Ground(sandbox, started=world.start.timestamp())
    watched = WatchedBooks(books.the_company())
    books.copied(watched, books.demo_books())
    watched.ground = ground
    sandbox.books = watched
    names, originals = _bring_in(world, sandbox)
    store = SqliteStore(None, now=stage.moment)
    ledger = RefundLedger(store, COMPANY)
    for index, original in enumerate(originals):
        stamp = Stamp(at=stage.moment(), actor="import", command_id=f"import {index}")
        ledger.record_original(original, stamp, read_from="books")
    auditor = Auditor(world, stage, ground, Sight(world, stage, ground))
    building = Building(world, stage, sandbox, store, auditor, weather, mutation.rebuild)
    chance = random.Random(f"office {world.seed}")
    office = Office(world, stage, ground, auditor, chance, names)
    weather.calm = False
    return House(world, stage, ground, auditor, weather, store, building, office, originals)


def act(house: House) -> None:
    """Let everybody act until the time is over, then until the last frozen process has woken."""
    stage, building, office = house.stage, house.building, house.office
    for number in range(house.world.dispatchers):
        stage.enter(f"disp-{number + 1}", building.works)
    stage.enter("clerk", lambda actor: office.asks(actor, building.desk(actor)))
    stage.enter("boss", lambda actor: office.decides(actor, building.desk(actor)))
    stage.run(house.world.lasts)
    stage.calm = house.weather.calm = True
    stage.tell("WORLD", "calms down")
    stage.run(max(stage.latest_wake, stage.now) + THAW)
    house.ground.sandbox.execute_what_is_due()
    house.auditor.after_a_step()
    stage.end()


def _bring_in(world: World, sandbox: Sandbox) -> tuple[dict[str, str], tuple[Original, ...]]:
    """The originals of a world; sales of the day are made at the server and read from there."""
    shelf = books.demo_originals()
    names: dict[str, str] = {}
    found = [shelf[name] for name in world.originals]
    for index, (customer, shekels) in enumerate(world.sales):
        series, number = books.sell(sandbox, customer, shekels)
        name = f"invoice_receipt:{series}/{number}"
        names[sale_of_the_day(index)] = name
        found += books.read_originals(sandbox, Wanted(refs=(OriginalRef.parse(name),)))
    return names, tuple(found)


def _mix(house: House) -> Counter[str]:
    mix = house.stage.mix + house.auditor.seen
    mix.update({f"fault on a {name}": count for name, count in house.weather.seen.items()})
    mix[f"world: {house.world.breaks}"] += 1
    mix[f"dispatchers: {house.world.dispatchers}"] += 1
    for name, value in house.world.switches.model_dump(mode="json").items():
        if name in SHOWN:
            mix[f"switch: {name} = {value}"] += 1
    return mix


SHOWN = frozenset(
    {
        "second_cancel",
        "cancel_comment",
        "status_for_cancels",
        "list_shows_comments",
        "details_shows_comments",
        "reference_check",
        "cancel_deduplication",
        "cancelled_flag_on_receipts",
        "credit_sign_list",
        "error_http_status",
    }
)
