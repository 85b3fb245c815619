"""The mapper: events to stored bytes and back, under explicit topics that never change."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder
from pydantic import ValidationError
from pydantic_core import from_json

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
            state = from_json(stored.state)
            state["originator_id"] = stored.originator_id
            state["originator_version"] = stored.originator_version
            event = cls.__pydantic_validator__.validate_python(state, extra="ignore")
        except (ValueError, TypeError, ValidationError) as error:
            raise DamagedStoreError(
                f"{_named(stored)} cannot be read: {type(error).__name__}"
            ) from error
        return cast("Event", event)


def _named(stored: StoredEvent) -> str:
    return f"event {stored.originator_version} of stream {stored.originator_id}"
