"""A dispatcher as a process of its own, which ends when nothing is left to do."""

from __future__ import annotations

from support.killed import open_desk


def dispatch_until_done(path: str, url: str, name: str, concurrency: int) -> None:
    """What each process does, under a name of its own."""
    with open_desk(path, url) as desk:
        dispatcher = desk.dispatcher()
        dispatcher.concurrency = concurrency
        dispatcher.protocol.actor = name
        dispatcher.run(patience=6.0, poll=0.05)
