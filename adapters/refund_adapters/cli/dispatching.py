"""The command that sends what is due and records the answers."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from uuid import UUID

import typer

from refund_adapters.cli.answers import pending_table
from refund_adapters.cli.errors import DONE, LEFT, UNAVAILABLE
from refund_adapters.cli.everywhere import Run, everywhere

if TYPE_CHECKING:
    from datetime import datetime

    from refund_adapters.desk import Desk
    from refund_adapters.dispatch.dispatcher import Dispatcher
    from refund_adapters.dispatch.protocol import Step
    from refund_ledger.events import Part
    from refund_projections.calls_due import Pending

app = typer.Typer()
MOST_SHOWN = 1000
"""Calls that are shown of what is left."""


@app.command(
    rich_help_panel="Sending",
    epilog="Examples: refund-ledger dispatch\n\nrefund-ledger dispatch --watch",
)
@everywhere
def dispatch(
    run: Run,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until interrupted; SIGTERM is fine.")
    ] = False,
    wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, max=86_400, help="Stay for what is due within this time."
        ),
    ] = 30.0,
    concurrency: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=64, help="Calls under way at once; 1 if left out."),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            metavar="PER_SECOND", min=0.01, max=1000, help="Calls at most, reads included."
        ),
    ] = None,
) -> int:
    """Send what is due, look for what is in doubt, and record the answers.

    An interrupt finishes the call under way and ends with 0. Otherwise ends with 0 where nothing is
    left, with 1 where something waits for a person or for its time, and with 3 where calls are
    left because the accounting system cannot be reached. JSON: one line for each step, then a
    summary with what is left: `refunds_left` counts all, `left` shows those that wait longest.

    With --watch it goes on when the store's server is back, and seals while nothing is due; it ends
    with 1 where an event turned out not to be what was saved.
    """
    stop = Stop()
    flags: dict[str, Any] = {"concurrency": concurrency, "calls_per_second": rate}
    with run.desk(calls=True, **flags) as desk, interrupts(stop):
        told = _Told(run, stop)
        dispatcher = desk.dispatcher(watch=told.step, stop=stop)
        if watch:
            return _watch(run, desk, dispatcher, told)
        left = _run(desk, dispatcher, stop, patience=wait)
    _summary(run, dispatcher.taken, left, told)
    return _code(left.shown, told) if left and not stop.asked else DONE


def _run(desk: Desk, dispatcher: Dispatcher, stop: Stop, *, patience: float) -> _Left | None:
    """Dispatch what is due; says what is left, unless the store is away and nobody waits for it."""
    from refund_adapters.cli.watching import hurry
    from refund_adapters.dispatch.dispatcher import MENDED_ELSEWHERE

    desk.store.waits = lambda: hurry(desk.store, stop)
    try:
        dispatcher.run(patience=patience)
        return _left(desk)
    except MENDED_ELSEWHERE:
        if not stop.asked:
            raise
        return None


def _watch(run: Run, desk: Desk, dispatcher: Dispatcher, told: _Told) -> int:
    """Stay until somebody asks to stop; says then what is left, if the store answers."""
    from refund_adapters.cli.watching import Watching
    from refund_adapters.dispatch.dispatcher import MENDED_ELSEWHERE

    watching = Watching(run, desk.store, told.stop)
    told.heard = watching.store_answers
    steps = watching.run(dispatcher)
    left: _Left | None = None
    if not watching.left_alone:  # Whoever asked to stop does not wait for a dead store.
        with suppress(*MENDED_ELSEWHERE):
            left = _left(desk)
    _summary(run, steps, left, told)
    return LEFT if watching.broken else DONE


class _Left(NamedTuple):
    """What is left."""

    shown: tuple[Pending, ...]
    """Of the refunds that wait longest."""
    refunds: int
    """How many refunds there is something left of."""
    now: datetime
    """The time by the store's clock."""

    def __str__(self) -> str:
        if not self.shown:
            return "nothing is left"
        people = sum(_for_person(one) for one in self.shown)
        words = f"{len(self.shown)} left, {people} of them for a person"
        shown = len({one.refund for one in self.shown})
        if shown < self.refunds:
            words += f"; that is of the first {shown} refunds of {self.refunds}"
        return words


def _left(desk: Desk) -> _Left:
    from refund_adapters.questions import Questions

    questions = Questions(desk.store, desk.company)
    shown = questions.calls_left(limit=MOST_SHOWN)
    return _Left(shown, questions.refunds_left(), desk.store.now())


def _summary(run: Run, steps: int, left: _Left | None, told: _Told) -> None:
    if run.json:
        from refund_adapters.cli import shapes

        waiting = None if left is None else [shapes.pending(one, left.now) for one in left.shown]
        run.out.shape(
            {
                "type": "summary",
                "steps": steps,
                "stopped": told.stop.asked,
                "left": waiting,
                "refunds_left": None if left is None else left.refunds,
            }
        )
    if told.silenced:
        return
    if left is None:
        run.out.line(f"{steps} steps; the store does not say what is left")
        return
    run.out.line(f"{steps} steps; {left}")
    pending_table(run, left.shown, left.now)


@dataclass(slots=True)
class Stop:
    """Whether somebody asked to stop."""

    asked: bool = False

    def __call__(self) -> bool:
        """Say whether to stop."""
        return self.asked


@contextmanager
def interrupts(stop: Stop) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM ask to stop; a second one interrupts as usual."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def ask(number: int, _: Any) -> None:
        stop.asked = True
        signal.signal(number, before[signal.Signals(number)])

    for number in numbers:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


UNANSWERED = frozenset({"waits", "not sent"})
"""The steps that say that the accounting system could not be reached."""


@dataclass(slots=True)
class _Told:
    """Tells each step as it happens, from any thread, and remembers which parts went unanswered.

    Where nobody reads any more, the dispatcher stops in order.
    """

    run: Run
    stop: Stop
    silenced: bool = False
    heard: Callable[[], None] = lambda: None
    """Called for each step: it was saved, so the store answers."""
    unanswered: set[tuple[UUID, Part]] = field(default_factory=set)
    """The parts whose last step says so; a watch goes on for ever, so no others are kept."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def step(self, step: Step) -> None:
        self.heard()
        with self.lock:
            self.unanswered.discard((step.refund, step.part))
            if step.what in UNANSWERED:
                self.unanswered.add((step.refund, step.part))
            if not self.silenced:
                self._tell(step)

    def _tell(self, step: Step) -> None:
        out = self.run.out
        try:
            if self.run.json:
                out.shape(
                    {
                        "type": "step",
                        "key": step.key,
                        "refund": str(step.refund),
                        "part": step.part.value,
                        "what": step.what,
                        "detail": step.detail,
                    }
                )
            out.line(f"{step.key} {step.part}: {step.what}: {step.detail}")
            out.flush()
        except BrokenPipeError:
            # An exception here would abandon a call that was just announced.
            self.silenced = self.stop.asked = True


def _for_person(one: Pending) -> bool:
    return one.waits is None or one.waits.value == "person"


def _code(left: tuple[Pending, ...], told: _Told) -> int:
    """3 where something is left because nobody answered; 1 where it needs a person or its time."""
    if any(one.refund and one.part and (one.refund, one.part) in told.unanswered for one in left):
        return UNAVAILABLE
    return LEFT if left else DONE
