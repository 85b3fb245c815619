"""The mapper: events to stored bytes and back, under explicit topics that never change."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder

from refund_adapters.store.errors import DamagedStoreError
from refund_ledger.events import Event, event_classes


class NoTranscoder(Transcoder):
    """Stands where the library wants a transcoder; this mapper needs none."""

    def encode(self, obj: Any) -> bytes:
        """Refuse: events are encoded by the mapper."""
        raise TypeError(type(obj).__name__)

    def decode(self, data: bytes) -> Any:
        """Refuse: events are decoded by the mapper."""
        raise TypeError(len(data))


class EventMapper(Mapper[UUID]):
    """Maps our events by their `TOPIC`; the state is JSON with whole numbers and text alone."""

    def __init__(self, transcoder: Transcoder | None = None, **_: Any) -> None:
        super().__init__(transcoder or NoTranscoder())
        self._classes = event_classes()

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Encode one event; id and version are columns and not repeated in the state."""
        event = cast("Event", domain_event)
        state = event.__pydantic_serializer__.to_json(
            event, exclude={"originator_id", "originator_version"}
        )
        return StoredEvent(event.originator_id, event.originator_version, event.TOPIC, state)

    def to_domain_event(self, stored_event: StoredEvent) -> Event:
        """Decode one event; fields that a newer writer added are left out.

        Raises `DamagedStoreError` where the topic is unknown or the state cannot be read.
        """
        stored = stored_event
        cls = self._classes.get(stored.topic)
        if cls is None:
            raise DamagedStoreError(
                f"{_named(stored)} is of the unknown kind {stored.topic!r}; a newer version of "
                "this software may have written it, so update before reading on"
            )
        try:
            event = cls.__pydantic_validator__.validate_json(_whole(stored), extra="ignore")
        except (ValueError, TypeError, AttributeError) as error:
            raise DamagedStoreError(
                f"{_named(stored)} cannot be read: {type(error).__name__}"
            ) from error
        return cast("Event", event)


def _whole(stored: StoredEvent) -> bytes:
    """An event's JSON with its columns at the end, where they count whatever else it says."""
    columns = b',"originator_id":"%s","originator_version":%d}' % (
        str(stored.originator_id).encode(),
        stored.originator_version,
    )
    return stored.state.rstrip().removesuffix(b"}") + columns


def _named(stored: StoredEvent) -> str:
    return f"event {stored.originator_version} of stream {stored.originator_id}"
