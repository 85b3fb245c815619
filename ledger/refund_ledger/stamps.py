"""Stamps: who acts, when, and because of what; the core has no clock and makes up no ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid5

from pydantic import ValidationError

from refund_ledger.errors import InvalidInputError
from refund_ledger.events import Event
from refund_ledger.inputs import invalid, said
from refund_ledger.originals import NAMESPACE

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What every event of one command carries; the time is aware and given by the caller."""

    at: datetime
    actor: str
    command_id: str
    correlation_id: str = ""
    causation_id: str | None = None

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise InvalidInputError(
                "at", "expected a time with its zone, such as 2026-01-31T12:00:00Z"
            )
        if not said(self.actor, "actor", longest=120):
            raise InvalidInputError("actor", "say who does this; an audit trail names somebody")

    def event(self, cls: type[E], stream: UUID, version: int, **fields: Any) -> E:
        """Make an event; its id follows from command and place, so a retry makes the same.

        Raises `InvalidInputError` where a field is too long or out of range.
        """
        try:
            return cls(
                originator_id=stream,
                originator_version=version,
                timestamp=self.at,
                event_id=uuid5(NAMESPACE, f"event/{self.command_id}/{stream}/{version}"),
                command_id=self.command_id,
                correlation_id=self.correlation_id or self.command_id,
                causation_id=self.causation_id,
                actor=self.actor,
                **fields,
            )
        except ValidationError as error:
            raise invalid(error) from None
