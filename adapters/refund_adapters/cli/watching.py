"""Staying: a dispatcher outlives the outages of its store, and seals in its pauses."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from refund_adapters.cli.errors import failure_of
from refund_adapters.cli.everywhere import Run
from refund_adapters.dispatch.dispatcher import Dispatcher
from refund_adapters.store.errors import DamagedStoreError, StoreError, StoreGoneError
from refund_adapters.store.sealing import BrokenLinkError, SealedMeanwhileError, Sealer
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.trees import tree_of
from refund_ledger.errors import LedgerError

SEALS_EVERY = 60.0
"""Seconds from one sealing to the next."""
SEALS_FOR = 1.0
"""Seconds after which a sealing lets what is due go first; the next pause goes on with it."""
PATIENCE_AT_THE_END = 5.0
"""Seconds that a server which went away is waited for once somebody asked to stop."""


def hurry(store: SqlStore, stop: Callable[[], bool]) -> None:
    """Wait no longer than a moment for a server that went away, once somebody asked to stop."""
    if stop():
        store.patience = min(store.patience, PATIENCE_AT_THE_END)


@dataclass(slots=True)
class Watching:
    """One stay over one store: what was said of it, and whether what it holds is whole."""

    run_of: Run
    store: SqlStore
    stop: Callable[[], bool]
    broken: str = ""
    """What is not as it was saved; empty while everything is."""
    _is_away: str = ""
    _seals_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, dispatcher: Dispatcher) -> int:
        """Dispatch until somebody asks to stop; returns how many steps were taken."""
        dispatcher.idle, dispatcher.away = self.idle, self.is_away
        self.store.waits = self.waits
        return dispatcher.run(forever=True)

    @property
    def left_alone(self) -> bool:
        """Whether the store could not be used when this was last tried."""
        return bool(self._is_away)

    # --- outages ----------------------------------------------------------------------------------

    def waits(self) -> None:
        """The server went away and is about to be tried again."""
        hurry(self.store, self.stop)
        self.is_away(StoreGoneError(f"the store {self.store.where} does not answer"))

    def is_away(self, error: StoreError) -> None:
        """Say once in an outage that it is one, and that this goes on when it is over."""
        kind = type(error).__name__
        with self._lock:
            # A server may go, and come back as one that nobody has adopted yet: that is news.
            known, self._is_away = self._is_away == kind, kind
        if not known:
            self._say(error, "; waiting for it")

    def store_answers(self) -> None:
        """Something was saved or read: an outage is over."""
        with self._lock:
            self._is_away = ""

    # --- sealing ----------------------------------------------------------------------------------

    def idle(self) -> None:
        """Seal what was saved since the last time, if it is time."""
        self.store_answers()
        if time.monotonic() < self._seals_at:
            return
        turn = _Turn(self.stop)
        try:
            Sealer(tree_of(self.store)).seal(go_on=turn)
        except SealedMeanwhileError:
            pass  # Another one seals; it is done either way.
        except (BrokenLinkError, DamagedStoreError) as error:
            self._is_broken(error)
        if not turn.was_cut:
            self._seals_at = time.monotonic() + SEALS_EVERY

    def _is_broken(self, error: LedgerError) -> None:
        if self.broken != str(error):
            self._say(error, "")
        self.broken = str(error)

    def _say(self, error: LedgerError, then: str) -> None:
        """Put a line on stderr, also where stdout is for machines."""
        if not self.run_of.json:
            self.run_of.out.note(f"refund-ledger: {error}{then}")
            return
        found = failure_of(error)
        kind = found.kind if found else type(error).__name__
        note = {"note": {"kind": kind, "message": f"{error}{then}"}}
        sys.stderr.write(json.dumps(note, ensure_ascii=True) + "\n")
        sys.stderr.flush()


@dataclass(slots=True)
class _Turn:
    """Lets one sealing go on for a while."""

    stop: Callable[[], bool]
    until: float = field(default_factory=lambda: time.monotonic() + SEALS_FOR)
    was_cut: bool = False

    def __call__(self) -> bool:
        """Whether another batch may be sealed."""
        self.was_cut = self.stop() or time.monotonic() > self.until
        return not self.was_cut
