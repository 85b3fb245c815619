"""A dispatcher as a process of its own, to be killed by a test."""

from __future__ import annotations

from refund_adapters.desk import Desk
from refund_adapters.dispatch.protocol import Rhythm
from refund_adapters.rivhit import Rivhit, RivhitSettings
from refund_adapters.store.opening import is_postgres
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.sqlite import SqliteStore
from support.ring import COMPANY, TOKEN


def open_desk(path: str, url: str) -> Desk:
    """A desk of one process over a file or a server, for a sandbox on the same machine."""
    settings = RivhitSettings(
        company=COMPANY,
        token=TOKEN,  # type: ignore[arg-type]
        base_url=url,
        call_limit=1.0,
        abandoned_life=0.3,
        lists_lag=0.0,
        clock_error=0.1,
    )
    return Desk(
        PostgresStore(path) if is_postgres(path) else SqliteStore(path),
        company=COMPANY,
        actor="dana",
        accounting=Rivhit(settings),
        rhythm=Rhythm(send_window=0.5, max_attempts=20),
        resend_cancels=True,
        owns_accounting=True,
    )


def dispatch_until_killed(path: str, url: str) -> None:
    """What each process does."""
    with open_desk(path, url) as desk:
        desk.dispatcher().run(forever=True, poll=0.02)
