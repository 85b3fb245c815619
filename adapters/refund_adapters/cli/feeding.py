"""Commands about the stream of events: the feed, and how far it is."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from refund_adapters.cli.dispatching import Stop, interrupts
from refund_adapters.cli.everywhere import Run, everywhere

if TYPE_CHECKING:
    from refund_adapters.feed import Fed
    from refund_adapters.store.errors import StoreError
    from refund_adapters.store.health import Health, Holder

app = typer.Typer()


@app.command(
    rich_help_panel="Files",
    epilog="Examples: refund-ledger feed > events.jsonl\n\n"
    "refund-ledger feed --follow --after 1-4711-9f3a51c27b08d6e4",
)
@everywhere
def feed(
    run: Run,
    *,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="CURSOR",
            help="Go on after the event with this cursor; from the start if left out.",
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on as events are saved, until SIGTERM or Ctrl-C.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="End after so many events.")
    ] = None,
    all_companies: Annotated[
        bool, typer.Option("--all-companies", help="Every company of the store, not only one.")
    ] = False,
) -> int:
    """Print every event as one line of JSON, in an order that later readings repeat.

    Keep the cursor of the last line that you have worked with: the feed goes on after it, at least
    once and nothing left out. Ends with 1 where the cursor's event is gone (history was rewound: a
    store restored from an older copy). Amounts are whole minor units.
    """
    from refund_adapters.feed import pages

    told = _Told(run, limit=limit)
    with run.desk() as desk, ExitStack() as stack:
        told.company = None if all_companies else desk.company
        if follow:
            stack.enter_context(interrupts(told.stop))
        for page in pages(
            desk.store, after=after, follow=follow, stop=told.stop, waits=told.is_waiting
        ):
            told.tell(page)
    return 0


@app.command(
    rich_help_panel="The store",
    epilog="Example: refund-ledger health --json",
)
@everywhere
def health(run: Run) -> int:
    """Say how the store stands: how far the feed is, who holds it up, what waits to be done.

    An event is fed once every older transaction of the server has ended; `lag` counts those that
    are saved and still wait for that, and `holder` is whose transaction it is. Ends with 3 where
    the store does not answer.
    """
    from refund_adapters.store.health import health

    with run.desk() as desk:
        found = health(desk.store, desk.company)
    if run.json:
        run.out.shape(_health_shape(found))
    for line in _in_words(found):
        run.out.line(line)
    return 0


@dataclass(slots=True)
class _Told:
    """What was printed so far, and whether that is enough."""

    run: Run
    limit: int | None
    company: str | None = None
    """Whose events; None for everybody's."""
    stop: Stop = field(default_factory=Stop)
    lines: int = 0
    waited: bool = False

    def tell(self, page: list[Fed]) -> None:
        """Print a page, and hand it over."""
        self.waited = False
        for fed in page:
            if self.company in {None, fed.event.company}:
                self.run.out.shape(_shape(fed))
                self.lines += 1
            if self.lines == self.limit:
                self.stop.asked = True
                break
        self.run.out.flush()
        if not page and _is_unread():
            raise BrokenPipeError

    def is_waiting(self, error: StoreError) -> None:
        """Tell once that the store does not answer, and that this goes on when it does."""
        if not self.waited:
            self.run.out.note(f"{error}; waiting for it")
        self.waited = True


def _is_unread() -> bool:
    """Whether nobody reads the output any more, which only the next line would show."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (AttributeError, OSError, ValueError):
        return False  # No pipe, or a system that cannot tell.
    return any(found & (select.POLLERR | select.POLLHUP) for _, found in poll.poll(0))


def _shape(fed: Fed) -> dict[str, Any]:
    from pydantic_core import from_json

    data = from_json(fed.state)
    return {
        "position": fed.position,
        "cursor": fed.cursor,
        "time": data["timestamp"],
        "topic": fed.event.TOPIC,
        "stream": str(fed.event.originator_id),
        "version": fed.event.originator_version,
        "company": fed.event.company,
        "data": data,
    }


def _health_shape(found: Health) -> dict[str, Any]:
    holder = found.holder
    return {
        "store": found.store,
        "newest": found.newest,
        "settled": found.settled,
        "lag": found.lag,
        "holder": holder and {**asdict(holder), "since": holder.since and holder.since.isoformat()},
        "era": found.era,
        "schema_version": found.schema_version,
        "due": {str(waits): count for waits, count in found.due.items()},
        "unsealed": found.unsealed,
    }


def _in_words(found: Health) -> Iterator[str]:
    era = "" if found.era is None else f", era {found.era}"
    yield f"{found.store}: schema {found.schema_version}{era}"
    yield f"newest event at {found.newest}, fed up to {found.settled}, {found.lag} wait"
    if found.lag:
        yield f"held up by {_holder_in_words(found.holder)}"
    due = (f"{waits} {count}" for waits, count in found.due.items() if count)
    yield f"due now: {', '.join(due) or 'nothing'}"
    if found.unsealed is None:
        yield "nothing is sealed"
    else:
        yield f"not sealed yet: {found.unsealed}"


def _holder_in_words(holder: Holder | None) -> str:
    if holder is None:
        return "a transaction that has ended meanwhile"
    who = f"process {holder.pid}" if holder.pid else "the prepared transaction"
    told = [f"{who} {holder.name!r} of user {holder.user} in database {holder.database}"]
    if holder.state:
        told.append(holder.state)
    if holder.since:
        told.append(f"since {holder.since.isoformat(timespec='seconds')}")
    return ", ".join(told)
