"""The hash chain: each event carries the hash of the one before it in its stream."""

from __future__ import annotations

import hashlib

from eventsourcing.persistence import StoredEvent

NOTHING_BEFORE = b"\0" * 32
"""What stands before the first event of a stream."""
FIRST_VERSION = 1
"""Of each stream; what comes later follows an event."""


def link(previous: bytes, stored: StoredEvent) -> bytes:
    """SHA-256 over the hash before, the stream, the version, the topic and the state.

    Every field is preceded by its length, so that no two events share the same bytes. The time is
    inside the state.
    """
    digest = hashlib.sha256(previous)
    for part in (
        str(stored.originator_id).encode(),
        str(stored.originator_version).encode(),
        stored.topic.encode(),
        stored.state,
    ):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
