"""The stage: one baton for all who act, virtual time, and what may befall them between two effects.

Everybody acts in a thread of their own, and only the one who holds the baton runs. Each effect is a
point where the seed may pass the baton on, freeze the actor for minutes, or end its process.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

FREEZES = (0.4, 3.0, 11.0, 14.0, 45.0, 75.0, 130.0, 290.0, 460.0)
"""Seconds for which a process may stand still: within the fence, past it, past the settle time."""
HEARS_AFTER = (0.0, 0.2, 1.0, 7.0, 30.0)
"""Seconds after which one who dozes hears of news."""
DAZES = (240.0, 290.0, 330.0, 460.0)
"""Seconds for which an answer may stay in the hands of a process that stands still."""
MOST_STEPS = 60_000
"""Effects after which a world is said never to come to rest."""
HANGS_AFTER = 60.0
"""Real seconds after which a run is given up."""
HOT = 8.0
"""How much likelier something befalls an actor where it hurts most."""


class DiedError(BaseException):
    """The process is gone, with everything that it knew; no code of ours may catch it."""


class OverError(BaseException):
    """The world has ended, and everybody leaves the stage."""


class RestlessError(Exception):
    """The world does not come to rest."""


@dataclass(frozen=True, slots=True)
class Nature:
    """How often what befalls an actor at an effect."""

    dies: float = 0.002
    freezes: float = 0.002
    dazes: float = 0.0
    """How often a process freezes for long with an answer, or a call to send, in hand."""
    stays: float = 0.7
    """How likely the one who holds the baton keeps it."""


@dataclass(slots=True, eq=False)
class Actor:
    """Somebody who acts: a dispatcher's process, or a person at a desk."""

    name: str
    mortal: bool = False
    wake: float = 0.0
    dozes: bool = False
    """Whether news may wake the actor before its time."""
    alive: bool = True
    gate: threading.Lock = field(default_factory=threading.Lock)
    thread: threading.Thread | None = None


Body = Callable[[Actor], None]


class Stage:
    """Who acts next, what time it is, and the story of all that happened."""

    def __init__(self, *, chance: random.Random, nature: Nature, start: datetime) -> None:
        self.now = 0.0
        self.calm = False
        """Whether nothing befalls anybody any more."""
        self.still = False
        """Whether one acts alone, after everybody else has left: waiting is then no turn."""
        self.doom = ""
        """For a matrix: the one effect at which the first mortal actor to come to it dies."""
        self.story: list[str] = []
        self.mix: Counter[str] = Counter()
        self.failed: list[tuple[str, BaseException]] = []
        self.steps = 0
        self._chance = chance
        self._nature = nature
        self._start = start
        self._actors: list[Actor] = []
        self._home = threading.Lock()
        self._home.acquire()
        self._until = 0.0
        self._is_over = False

    # --- time and story ---------------------------------------------------------------------------

    def moment(self) -> datetime:
        """The time by every clock of this world."""
        return self._start + timedelta(seconds=self.now)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return self.now

    def tell(self, who: str, what: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self.now:10.2f} {who:<7} {what}")

    @property
    def digest(self) -> str:
        """What identifies the whole story."""
        return hashlib.sha256("\n".join(self.story).encode()).hexdigest()

    # --- the run ----------------------------------------------------------------------------------

    def enter(self, name: str, body: Body, *, mortal: bool = False) -> Actor:
        """Let somebody act; their code begins when the baton first comes to them."""
        actor = Actor(name, mortal)
        actor.gate.acquire()
        actor.thread = threading.Thread(
            target=self._act, args=(actor, body), name=name, daemon=True
        )
        self._actors.append(actor)
        return actor

    def run(self, until: float) -> None:
        """Let everybody act until a time; raises `RestlessError` where that time never comes."""
        self._until = until
        chosen = self._choose(None)
        if chosen is None:
            return
        self._hand_to(chosen)
        if not self._home.acquire(timeout=HANGS_AFTER):
            raise RestlessError(f"the world hangs after {self.steps} effects")
        if self.steps > MOST_STEPS:
            raise RestlessError(f"more than {MOST_STEPS} effects and no rest")

    def end(self) -> None:
        """Send everybody off the stage; frozen processes never wake."""
        self._is_over = True
        for actor in self._actors:
            if actor.alive and actor.thread and actor.thread.ident:
                actor.gate.release()
                actor.thread.join(HANGS_AFTER)

    @property
    def latest_wake(self) -> float:
        """When the last of those who sleep or are frozen will be awake."""
        return max((actor.wake for actor in self._actors if actor.alive), default=self.now)

    # --- what actors call -------------------------------------------------------------------------

    def effect(self, actor: Actor, what: str, *, hot: bool = False, quiet: bool = False) -> None:
        """Come to a point between two effects: others may act, and the actor may freeze or die."""
        self.steps += 1
        if not quiet:
            self.tell(actor.name, what)
        if self.still:
            return
        if self.steps > MOST_STEPS:
            self._until = self.now
        elif not self.calm:
            self._befall(actor, what, hot=hot)
        self._pass_on(actor)

    def daze(self, actor: Actor, what: str, *, hot: bool = False) -> None:
        """Hold what nobody else has, such as an answer, perhaps for a long time."""
        likely = self._nature.dazes * (HOT if hot else 1.0)
        if self.calm or self.still or self._chance.random() >= likely:
            return
        seconds = self._chance.choice(DAZES)
        self.mix[f"freeze: with {what}"] += 1
        self.tell(actor.name, f"FREEZES with {what} for {seconds:g} s")
        self.sleep(actor, seconds)

    def sleep(self, actor: Actor, seconds: float) -> None:
        """Stand still on purpose."""
        self.steps += 1
        if self.still:
            self.now += seconds
            return
        actor.wake = self.now + max(seconds, 0.0)
        self._pass_on(actor)

    def doze(self, actor: Actor, seconds: float) -> None:
        """Sleep until there is news, and at most for a time."""
        actor.dozes = True
        self.sleep(actor, seconds)
        actor.dozes = False

    def rouse(self) -> None:
        """Something new is there: whoever dozes hears of it sooner or later."""
        for actor in self._actors:
            if actor.dozes:
                actor.wake = min(actor.wake, self.now + self._chance.choice(HEARS_AFTER))

    def died(self, actor: Actor, *, seconds: float) -> None:
        """Leave a process dead for a while before another takes its place."""
        self.tell(actor.name, f"is gone for {seconds:.0f} s")
        self.sleep(actor, seconds)

    # --- inside -----------------------------------------------------------------------------------

    def _befall(self, actor: Actor, what: str, *, hot: bool) -> None:
        if self.doom and actor.mortal and what.startswith(self.doom):
            self.doom = ""
            self.tell(actor.name, "DIES")
            raise DiedError(what)
        nature, more = self._nature, HOT if hot else 1.0
        point = self._chance.random()
        dies = nature.dies * more if actor.mortal else 0.0
        where = what.partition(" ")[0] if not hot else what.partition(":")[0]
        if point < dies:
            self.mix[f"death: {where}"] += 1
            self.tell(actor.name, "DIES")
            raise DiedError(what)
        if point < dies + nature.freezes * more:
            seconds = self._chance.choice(FREEZES)
            self.mix[f"freeze: {where}"] += 1
            self.tell(actor.name, f"FREEZES for {seconds:g} s")
            actor.wake = self.now + seconds

    def _pass_on(self, actor: Actor) -> None:
        chosen = self._choose(actor)
        if chosen is actor:
            return
        if chosen is None:
            self._home.release()
        else:
            self._hand_to(chosen)
        if not actor.alive:
            return
        actor.gate.acquire()
        if self._is_over:
            raise OverError

    def _hand_to(self, actor: Actor) -> None:
        if actor.thread and actor.thread.ident is None:
            actor.thread.start()
        else:
            actor.gate.release()

    def _choose(self, holder: Actor | None) -> Actor | None:
        """Who acts next; none when the time has come, or nobody is left."""
        if self.steps > MOST_STEPS:
            return None
        goes_on = holder and holder.alive and holder.wake <= self.now and not self.calm
        if goes_on and self._chance.random() < self._nature.stays:
            return holder
        living = [actor for actor in self._actors if actor.alive]
        if not living:
            return None
        ready = [actor for actor in living if actor.wake <= self.now]
        if not ready:
            earliest = min(actor.wake for actor in living)
            if earliest >= self._until:
                self.now = max(self.now, self._until)
                return None
            self.now = earliest
            ready = [actor for actor in living if actor.wake <= earliest]
        return ready[0] if len(ready) == 1 else self._chance.choice(ready)

    def _act(self, actor: Actor, body: Body) -> None:
        try:
            body(actor)
        except OverError:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever it was is the run's failure
            self.failed.append((actor.name, error))
            self.tell(actor.name, f"STOPPED on {type(error).__name__}: {error}")
        actor.alive = False
        if not self._is_over:
            self._pass_on(actor)
