"""What the server remembers under a request_reference: for refusing duplicates and for Status.*."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import simplejson

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.switches import (
    CancelDeduplication,
    ReferenceScope,
    StatusForCancels,
    StatusWhileRunning,
    Switches,
)

CANCELS = ("Document.Cancel", "Receipt.Cancel")
GUARDED = ("Document.New", "Receipt.New")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One request that carried a reference, and what was answered to it."""

    method: str
    digest: str
    answer: str
    at: datetime
    failed: bool
    check_only: bool
    refused_as_duplicate: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with a reference, before it is executed."""

    order: int
    method: str
    reference: str
    digest: str
    check_only: bool
    guarded: bool


@dataclass(slots=True)
class References:
    """All references seen, oldest answer first."""

    answered: dict[str, list[Answered]] = field(default_factory=dict)
    running: dict[int, Asked] = field(default_factory=dict)

    def seen(self, asked: Asked, switches: Switches) -> bool:
        """Tell whether an earlier request has used this reference up."""
        return any(
            _same(asked, one.method, one.digest, switches)
            for one in self.answered.get(asked.reference, ())
            if not one.refused_as_duplicate
            and (not one.failed or switches.reference_burned_by_failed)
            and (not one.check_only or switches.reference_burned_by_check_only)
        )

    def is_running(self, asked: Asked, switches: Switches) -> bool:
        """Tell whether another request with this reference has arrived and is not done."""
        return any(
            other.order != asked.order
            and other.reference == asked.reference
            and _same(asked, other.method, other.digest, switches)
            for other in self.running.values()
        )

    def remember(
        self, asked: Asked, answer: str, *, at: datetime, failed: bool, duplicate: bool
    ) -> None:
        """Keep an answer for ever; what Status.* shows of it is decided when it is asked."""
        self.answered.setdefault(asked.reference, []).append(
            Answered(
                method=asked.method,
                digest=asked.digest,
                answer=answer,
                at=at,
                failed=failed,
                check_only=asked.check_only,
                refused_as_duplicate=duplicate,
            )
        )

    def answers(self, reference: str, *, at: datetime, switches: Switches) -> list[str]:
        """List the answers that Status.* shows at a moment, oldest first."""
        shown = [
            one.answer
            for one in self.answered.get(reference, ())
            if _shown(one, at=at, switches=switches)
        ]
        if shown:
            return shown
        running = any(other.reference == reference for other in self.running.values())
        if running and switches.status_while_running is StatusWhileRunning.SYNTHETIC_ERROR:
            raise refusals.STILL_RUNNING.error()
        raise refusals.NO_DATA_FOUND.error()


def asked(
    order: int, method: str, fields: Mapping[str, object], switches: Switches
) -> Asked | None:
    """Read what a request says about its reference; nothing, if it has none."""
    reference = fields.get("request_reference")
    if not isinstance(reference, str) or not reference:
        return None
    check = fields.get("check_only") is True
    if method in CANCELS:
        check = check and switches.check_only_on_cancel
    return Asked(
        order, method, reference, _digest(fields), check, _guarded(method, fields, switches)
    )


def _guarded(method: str, fields: Mapping[str, object], switches: Switches) -> bool:
    """Tell whether a known reference refuses this request."""
    wants = fields.get("prevent_duplicates") is True
    if method in GUARDED:
        return wants
    if method not in CANCELS:
        return False
    match switches.cancel_deduplication:
        case CancelDeduplication.NEVER:
            return False
        case CancelDeduplication.ON_PREVENT_DUPLICATES:
            return wants
        case CancelDeduplication.ON_REFERENCE:
            return True


def _same(asked: Asked, method: str, digest: str, switches: Switches) -> bool:
    if switches.reference_scope is ReferenceScope.METHOD and method != asked.method:
        return False
    return switches.other_payload_is_duplicate or digest == asked.digest


def _shown(one: Answered, *, at: datetime, switches: Switches) -> bool:
    age = (at - one.at).total_seconds()
    kept = switches.status_retention_seconds
    if age < switches.status_lag_seconds or (kept is not None and age > kept):
        return False
    if one.refused_as_duplicate:
        return switches.status_last_answer_is_refusal
    if (one.failed and not switches.status_stores_failed) or (
        one.check_only and not switches.status_stores_check_only
    ):
        return False
    if one.method not in CANCELS:
        return True
    match switches.status_for_cancels:
        case StatusForCancels.PRESENT:
            return True
        case StatusForCancels.ABSENT:
            return False
        case StatusForCancels.DELAYED:
            return age >= switches.status_cancel_delay_seconds


def _digest(fields: Mapping[str, object]) -> str:
    payload = {name: value for name, value in fields.items() if name != "api_token"}
    text = simplejson.dumps(payload, use_decimal=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
