"""Every request as it was received, without its token, and what became of it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from refund_adapters.sandbox.papers import Key, Kind
from refund_adapters.sandbox.wire import Drop

SHORTEST_SECRET = 8
"""A shorter one would take ordinary words out of the body; its own member is redacted anyway."""
REDACTED = b'"[token]"'
WITHHELD = b"[withheld: the names may be escaped, and one of them may be the token's]"
_TOKEN = re.compile(rb'("api_token"\s*:\s*)("(?:[^"\\]|\\.)*(?:"|$)|[^\s,}]+)', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCall:
    """One request: `executed` counts how often it was carried out with success."""

    order: int
    method: str
    body: bytes
    at: datetime
    fault: str | None = None
    executed: int = 0
    executed_at: datetime | None = None
    made: tuple[tuple[Kind, Key], ...] = ()
    error_code: int | None = None
    status: int | None = None
    drop: Drop = Drop.NONE


@dataclass(slots=True)
class CallLog:
    """All requests in the order of their arrival."""

    _calls: dict[int, LoggedCall] = field(default_factory=dict)

    @property
    def calls(self) -> tuple[LoggedCall, ...]:
        """List all requests."""
        return tuple(self._calls.values())

    def of(self, method: str) -> tuple[LoggedCall, ...]:
        """List the requests of one method."""
        return tuple(call for call in self.calls if call.method == method)

    def call(self, order: int) -> LoggedCall:
        """Find one request by its order number."""
        return self._calls[order]

    def arrived(self, method: str, body: bytes, at: datetime, secrets: Iterable[str]) -> int:
        """Write a request down and give it its order number, from 1."""
        order = len(self._calls) + 1
        redacted = without_token(body, secrets)
        self._calls[order] = LoggedCall(order=order, method=method, body=redacted, at=at)
        return order

    def note(self, order: int, **facts: object) -> None:
        """Add what became of a request."""
        self._calls[order] = replace(self._calls[order], **facts)  # type: ignore[arg-type]


def without_token(body: bytes, secrets: Iterable[str]) -> bytes:
    """Take the token out of a body, even one that is not JSON."""
    redacted, found = _TOKEN.subn(rb"\1" + REDACTED, body)
    if not found and b"\\u" in body:
        return WITHHELD
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            redacted = redacted.replace(secret.encode(), b"[token]")
    return redacted
