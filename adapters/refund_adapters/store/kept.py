"""Kept: an event as its row holds it, whether it is still what was saved, and its leaf."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from refund_adapters.store.chain import FIRST_VERSION, NOTHING_BEFORE, link
from refund_adapters.store.findings import Kind
from refund_adapters.store.tree import leaf_hash


class Kept(NamedTuple):
    """One row of the events, read so that no damage in it stops the reading.

    Text that is no text is kept with `surrogateescape`, and equals nothing that was ever saved.
    """

    position: int
    stream: str
    """Thirty-two hexadecimal digits."""
    version: int | None
    """None where the row holds no whole number."""
    topic: str
    state: bytes
    hash: bytes
    before: bytes | None
    """The hash of the event before it in its stream; None where there is none."""
    number: int | None
    """Of its leaf, counted from zero; None where it is not sealed."""
    leaf: bytes | None
    """The hash of its leaf."""
    sound: bool = True
    """Whether every column is of the type that the store writes."""

    def __str__(self) -> str:
        stream = _stream(self.stream)
        name = shown(self.stream) if stream is None else str(stream)
        version = "?" if self.version is None else self.version
        return f"event {version} ({shown(self.topic)}) of {name} at position {self.position}"


def flaw_of(kept: Kept) -> tuple[Kind, str] | None:
    """What is wrong with an event and the link to the one before it, in words; None if nothing.

    Only the link backwards is looked at, so a stream that lost its newest events has no flaw: that
    they are gone is what the tree shows.
    """
    stored = _stored(kept)
    if stored is None or kept.version is None:
        return Kind.CHANGED, f"{kept} holds what the store never writes"
    if kept.version < FIRST_VERSION:
        return Kind.GAP, f"{kept} stands before the first event of its stream"
    if kept.version > FIRST_VERSION and kept.before is None:
        return Kind.GAP, f"event {kept.version - 1}, which stood before {kept}, is gone"
    previous = NOTHING_BEFORE if kept.version == FIRST_VERSION else kept.before or b""
    if link(previous, stored) != kept.hash:
        return Kind.CHANGED, (
            f"{kept} is not what was saved: its contents and the event before it do not come to "
            "its hash"
        )
    return None


def leaf_of(kept: Kept) -> bytes:
    """The hash of the leaf that stands for a sound event.

    The leaf holds the event's chain hash, its stream and its version. The chain hash alone would
    bind all that an event says and all that came before it in its stream. Stream and version stand
    beside it so that one can prove *which* event a leaf is to somebody who may not see what it
    says. Positions and the time of writing are left out: a store that is written anew from its
    events, or moved to another database, numbers and dates its rows otherwise and comes to the same
    root as long as nothing is missing, changed or in another order. When an event was there at the
    latest is shown by the time of a head that somebody kept.
    """
    stream = UUID(kept.stream).bytes
    version = (kept.version or 0).to_bytes(8, "big")
    return leaf_hash(kept.hash + stream + version)


def shown(text: str) -> str:
    """Text of the store as a sentence may repeat it, whatever bytes it holds."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def stored_of(kept: Kept) -> StoredEvent:
    """The event for the mapper; raises `ValueError` where the row is none that the store writes."""
    stored = _stored(kept)
    if stored is None:
        raise ValueError(f"{kept} holds what the store never writes")
    return stored


def _stored(kept: Kept) -> StoredEvent | None:
    stream = _stream(kept.stream)
    is_text = kept.topic == shown(kept.topic)
    if not kept.sound or stream is None or kept.version is None or not is_text:
        return None
    return StoredEvent(stream, kept.version, kept.topic, kept.state)


def _stream(text: str) -> UUID | None:
    """A stream's id; other spellings of it are read by nobody else and so are none."""
    try:
        stream = UUID(text)
    except ValueError:
        return None
    return stream if stream.hex == text else None
