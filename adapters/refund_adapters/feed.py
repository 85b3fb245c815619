"""The feed: every event of a store in one order, from anywhere on, and on as events are saved.

for fed in feed(store, after=last_cursor, follow=True):
    work_with(fed.event)
    keep(fed.cursor)

Who keeps the cursor of the last event that it has worked with gets each event after it, in order:
at least once, never one left out. Cursors are text without meaning to anybody but the store.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from refund_adapters.store.cursors import Cursor
from refund_adapters.store.errors import (
    DamagedStoreError,
    StoreBusyError,
    StoreError,
    StoreGoneError,
)
from refund_adapters.store.feeds import FedRow, FeedSource, feed_source
from refund_adapters.store.mapper import EventMapper
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.events import Event

T = TypeVar("T")
PAGE = 1000
PATIENCE = 60.0
"""Seconds that a reader who does not follow waits for a server that went away."""
SLICE = 0.1
"""Seconds after which a waiting reader notices that it was asked to stop."""
FIRST_LOOK, LAST_LOOK = 0.02, 1.0
"""Seconds between looks without being woken; doubled from one to the other while nothing comes."""
FIRST_PAUSE, LAST_PAUSE = 0.05, 1.0
"""Seconds between tries to reach a server that went away."""


class Fed(NamedTuple):
    """One event of the feed."""

    position: int
    """Its number in the store; the order of the feed is not always that of the numbers."""
    cursor: str
    """What to go on after, once this event is worked with."""
    event: Event
    state: bytes
    """The event as it is stored: JSON with whole numbers and text alone."""
    hash: bytes
    """Its link in the chain of its stream."""


def feed(
    store: SqlStore,
    *,
    after: str | None = None,
    follow: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Fed]:
    """Every event after a cursor, in the order of the feed; the arguments are those of `pages`."""
    for page in pages(store, after=after, follow=follow, stop=stop):
        yield from page


def pages(
    store: SqlStore,
    *,
    after: str | None = None,
    follow: bool = False,
    stop: Callable[[], bool] = lambda: False,
    waits: Callable[[StoreError], None] = lambda _: None,
) -> Iterator[list[Fed]]:
    """The feed a page at a time; an empty page says that nothing is new at the moment.

    With `follow` it goes on until `stop`, over restarts of the server; without, until the newest
    event that is settled. `waits` hears each time the store does not answer. Raises
    `InvalidInputError` for what is no cursor and `RewoundError` where its event is gone.
    """
    reader = _Reader(feed_source(store), Cursor.parse(after) if after else None, stop, waits)
    try:
        yield from reader.follow() if follow else reader.read()
    finally:
        reader.source.close()


@dataclass(slots=True)
class _Reader:
    """Where one reader stands, over as many connections as it takes."""

    source: FeedSource
    cursor: Cursor | None
    stop: Callable[[], bool]
    waits: Callable[[StoreError], None]
    is_open: bool = False
    mapper: EventMapper = field(default_factory=EventMapper)

    def read(self) -> Iterator[list[Fed]]:
        """Go on until nothing more is settled."""
        while not self.stop():
            rows = self._patiently(self._page, PATIENCE)
            if not rows:
                return
            yield (page := self._fed(rows))
            if len(page) == len(rows) < PAGE:
                return

    def follow(self) -> Iterator[list[Fed]]:
        """Go on until somebody asks to stop."""
        pause = FIRST_LOOK
        while not self.stop():
            rows = self._patiently(self._page, math.inf)
            if rows is None:
                return
            yield (page := self._fed(rows))
            if len(page) == len(rows) < PAGE:
                # What was saved may become visible only when an older transaction ends, and nobody
                # says when: so after each sign of life the first looks follow closely.
                woken = self._patiently(partial(self._wait, pause), math.inf)
                pause = FIRST_LOOK if woken or rows else min(2 * pause, LAST_LOOK)

    def _fed(self, rows: list[FedRow]) -> list[Fed]:
        """Decode a page, and let the next one come after it.

        Where one event cannot be read those before it are handed out; the next page raises.
        """
        page: list[Fed] = []
        for row in rows:
            cursor = Cursor.of(row.position, row.hash)
            try:
                event = self.mapper.to_domain_event(row.stored)
            except DamagedStoreError:
                if page:
                    break
                raise
            page.append(Fed(row.position, str(cursor), event, bytes(row.stored.state), row.hash))
            self.cursor = cursor
        return page

    def _page(self) -> list[FedRow]:
        return self.source.page(self.cursor, PAGE)

    def _wait(self, seconds: float) -> bool:
        """Wait to be woken, in short turns, so that a wish to stop is noticed."""
        until = time.monotonic() + seconds
        while not self.stop() and (left := until - time.monotonic()) > 0:
            if self.source.wait(min(left, SLICE)):
                return True
        return False

    def _patiently(self, work: Callable[[], T], patience: float) -> T | None:
        """Do something, again where the store went away and comes back; None if asked to stop."""
        until, pause = time.monotonic() + patience, FIRST_PAUSE
        while not self.stop():
            try:
                if not self.is_open:
                    self.source.open()
                    self.is_open = True
                return work()
            except (StoreGoneError, StoreBusyError) as error:
                self.is_open = False
                if time.monotonic() + pause > until:
                    raise
                self.waits(error)
            self._pause(pause)
            pause = min(2 * pause, LAST_PAUSE)
        return None

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stop() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, SLICE))
