"""Feeds for tests: readers in threads of their own, and processes that write meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from eventsourcing.persistence import StoredEvent

from refund_adapters.feed import Fed, pages
from refund_adapters.store.opening import is_postgres
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.sql_store import SqlStore
from support.books import Books
from support.tree import ROOT

PATIENCE = 30.0


def template() -> StoredEvent:
    """An event as it is stored, to be saved again under other streams."""
    with Books() as books:
        books.grant("template", 5)
        return books.store._mapper.to_stored_event(books.saved[0])


def written(store: Any, count: int) -> None:
    """Add bare events, one a save."""
    like = template()
    for _ in range(count):
        store.recorder.insert_events([StoredEvent(uuid4(), 1, like.topic, like.state)])


def wait_until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


@dataclass(slots=True)
class Follower:
    """Follows a feed in a thread of its own."""

    store: SqlStore
    after: str | None = None
    got: list[Fed] = field(default_factory=list)
    full_pages: int = 0
    looks: int = 0
    outages: int = 0
    error: BaseException | None = None
    asked: bool = False
    thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow."""
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        self.asked = True
        assert self.thread is not None
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    @property
    def positions(self) -> list[int]:
        """What came, in order."""
        return [fed.position for fed in self.got]

    def has(self, count: int, patience: float = PATIENCE) -> None:
        """Wait until so many events came."""
        wait_until(lambda: len(self.got) >= count or self.error is not None, patience)
        assert self.error is None, self.error

    def idles(self) -> None:
        """Wait until it has looked twice more."""
        seen = self.looks
        wait_until(lambda: self.looks >= seen + 2 or self.error is not None)

    def _run(self) -> None:
        def outage(_: object) -> None:
            self.outages += 1

        try:
            for page in pages(
                self.store, after=self.after, follow=True, stop=lambda: self.asked, waits=outage
            ):
                self.got += page
                self.full_pages += bool(page)
                self.looks += 1
        except BaseException as error:  # noqa: BLE001 - the test's own thread looks at it
            self.error = error


@contextmanager
def following(store: SqlStore, after: str | None = None) -> Iterator[Follower]:
    """Follow a feed as long as this lasts."""
    follower = Follower(store, after)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()


@contextmanager
def writers(address: str, count: int, events: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Start processes that write so many events each; they go with this at the latest."""
    like = template()
    asked: dict[str, Any] = {"events": events, "topic": like.topic, "state": like.state.decode()}
    if is_postgres(address):
        parsed = Address.parse(address)
        asked |= {"conninfo": parsed.conninfo, "schema": parsed.schema}
    else:
        asked["path"] = address
    paths = os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "support.feed_writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
        for _ in range(count)
    ]
    try:
        for seed, each in enumerate(started):
            assert each.stdin
            each.stdin.write(json.dumps({**asked, "seed": seed}) + "\n")
            each.stdin.flush()
        yield started
    finally:
        for each in started:
            each.kill()
            with each:
                pass


def ended(started: Sequence[subprocess.Popen[str]], patience: float) -> list[dict[str, int]]:
    """Wait until all writers have ended well; returns what each says of itself."""
    told = [each.communicate(timeout=patience)[0] for each in started]
    assert [each.returncode for each in started] == [0] * len(started)
    return [json.loads(text) for text in told]
