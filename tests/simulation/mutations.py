"""Broken copies of the protocol: each leaves out one of its rules, which must be noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock
from uuid import UUID

from refund_adapters.dispatch.protocol import Clock
from refund_adapters.dispatch.sending import Announced, Sending
from refund_adapters.dispatch.together import Together
from refund_adapters.rivhit import evidence
from refund_adapters.rivhit.reading import named
from refund_ledger import application, calling, storing
from refund_ledger.application import Decide, RefundLedger, Result
from refund_ledger.errors import ConflictError
from refund_ledger.events import Part
from refund_ledger.originals import Document
from refund_ledger.parts import PartStatus
from refund_ledger.refund import CallDue, Refund, Waits, calls_due
from refund_ledger.storing import Append
from simulation.broken_systems import (
    BlindCancels,
    DoubtIsNotSent,
    DoubtIsRefused,
    EarlyReader,
    Hasty,
    Parking,
    SeenIsRefused,
    SendsFirst,
    Unguarded,
)
from simulation.processes import Parts
from simulation.run import Mutation

# --- at the accounting system ---------------------------------------------------------------------


def _system(cls: Callable[..., Any], **more: Any) -> Callable[[Parts], Parts]:
    def rebuild(parts: Parts) -> Parts:
        return replace(parts, accounting=cls(parts.accounting), **more)

    return rebuild


# --- at the ledger and the store ------------------------------------------------------------------


class DropsAnswers(RefundLedger):
    """An answer whose save conflicts is not decided again."""

    def fact(self, refund: UUID, decide: Decide, *, known: Refund | None = None) -> Result:
        """Try once."""
        del known
        try:
            return self._save_once(refund, decide)
        except ConflictError:
            return Result(self.refund(refund), repeated=True)


class ActsOnAnything(RefundLedger):
    """A decision to act whose save conflicts is made again on the fresh stream."""

    def act(
        self, refund: UUID, decide: Decide, *, on_version: int, known: Refund | None = None
    ) -> Result:
        """Forget on which version it was decided."""
        del on_version, known
        return self.fact(refund, decide)


def _ledger(cls: type[RefundLedger]) -> Callable[[Parts], Parts]:
    def rebuild(parts: Parts) -> Parts:
        old = parts.ledger
        return replace(parts, ledger=cls(old.store, old.company, old.terms))

    return rebuild


class _FenceLess:
    """A store that tells when a call was announced, so that the clock can stand still after it."""

    def __init__(self, below: Any, noted: list[float], now: Callable[[], float]) -> None:
        self._below, self._noted, self._now = below, noted, now

    def append(self, batch: Append) -> None:
        """Save, and note the time before it where a call is announced."""
        if any(event.TOPIC == "refund.call_submitted" for event in batch.events):
            self._noted.append(self._now())
        self._below.append(batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)


def _without_fence(parts: Parts) -> Parts:
    """The clock is not read again between the save and the call."""
    noted: list[float] = []
    store = _FenceLess(parts.store, noted, parts.clock.monotonic)
    clock = Clock(
        monotonic=lambda: noted.pop() if noted else parts.clock.monotonic(),
        sleep=parts.clock.sleep,
        jitter=parts.clock.jitter,
    )
    old = parts.ledger
    return replace(
        parts, store=store, clock=clock, ledger=RefundLedger(store, old.company, old.terms)
    )


# --- in the core and the evidence -----------------------------------------------------------------


def _patch(*changes: tuple[Any, str, Any]) -> Callable[[], AbstractContextManager[object]]:
    @contextmanager
    def patched() -> Iterator[None]:
        with ExitStack() as stack:
            for where, name, new in changes:
                stack.enter_context(mock.patch.object(where, name, new))
            yield

    return patched


def _amount_is_enough(self: Any, row: Any) -> str | None:
    """A document of the amount is taken for ours, whatever its comment says."""
    seek, gathered = self._sought, self._gathered
    document = Document(seek.half, *named(row))
    if document == seek.original or row.customer_id != seek.customer_id or not seek.near(row):
        return None
    if row.amount >= 0:
        return None
    gathered.take(evidence._identity(document), self._booked(document, row))
    return "ours"


def _any_attempt(refund: Refund, part: Part, attempt: int) -> bool:
    """A refusal of any attempt speaks for all of them."""
    del attempt
    return refund.part(part).status in {PartStatus.SUBMITTED, PartStatus.IN_DOUBT}


_submit = calling.submit


def _submit_either(refund: Refund, *args: Any, **named: Any) -> Any:
    """The receipt part does not wait for the invoice part."""
    if refund.request.receipt_way:
        invoice = replace(refund.invoice, status=PartStatus.CANCELLED)
        if refund.receipt.status is PartStatus.DUE and args[1] is Part.RECEIPT:
            refund = replace(refund, invoice=invoice)
    return _submit(refund, *args, **named)


def _both_due(refund: Refund) -> tuple[CallDue, ...]:
    """Both parts are due from the beginning."""
    due = calls_due(refund)
    waiting = refund.receipt.status is PartStatus.DUE and not refund.status.is_over
    if waiting and due and all(call.part is Part.INVOICE for call in due):
        first = due[0]
        at = refund.request.timestamp
        return (*due, CallDue(first.company, refund.id, Part.RECEIPT, Waits.SEND, at))
    return due


def _both_or_nothing(self: Together, both: Append) -> bool:
    """An answer that cannot be saved with the call after it is not saved alone."""
    self._below.append(both)
    return True


_append_together = Together.append


def _rides_always(self: Together, batch: Append) -> None:
    """A call that was to be saved with an answer is sent, whether it is saved or not."""
    _append_together(self, batch)
    self.has_ridden = True


_announce = Sending._announced


def _started_late(self: Sending, *args: Any) -> Announced:
    """The clock of a call is started when it is saved."""
    return replace(_announce(self, *args), started=self.clock.monotonic())


def _claims_nothing(_: object) -> tuple[()]:
    """No document is claimed by anybody."""
    return ()


MUTATIONS: dict[str, Mutation] = {
    mutation.name: mutation
    for mutation in (
        Mutation("send before save", _system(SendsFirst)),
        Mutation("doubt taken for a refusal", _system(DoubtIsRefused)),
        Mutation("doubt taken for not sent", _system(DoubtIsNotSent)),
        Mutation("cancel sent again blindly", _system(BlindCancels, resend_cancels=True)),
        Mutation(
            "amount alone is evidence", patched=_patch((evidence.Look, "_judge", _amount_is_enough))
        ),
        Mutation("no settle delay", _system(Hasty)),
        Mutation(
            "evidence read early, judged late",
            _system(EarlyReader, resend_cancels=True),
            patched=lambda: mock.patch.object(EarlyReader, "read", {}),
        ),
        Mutation("no fence before sending", _without_fence),
        Mutation("no claim on documents", patched=_patch((storing, "claims", _claims_nothing))),
        Mutation("answer dropped on a conflict", _ledger(DropsAnswers)),
        Mutation("decision retried on a fresh stream", _ledger(ActsOnAnything)),
        Mutation("parked while the sender waits", _system(Parking)),
        Mutation("new without guard and look", _system(Unguarded)),
        Mutation("refusal of another attempt", patched=_patch((calling, "_is_out", _any_attempt))),
        Mutation(
            "receipt part before invoice part",
            patched=_patch(
                (calling, "submit", _submit_either), (application, "calls_due", _both_due)
            ),
        ),
        Mutation("seen before taken for a refusal", _system(SeenIsRefused)),
        Mutation(
            "answer lost with the call after it",
            patched=_patch((Together, "_both_saved", _both_or_nothing)),
        ),
        Mutation(
            "call sent though it was dropped", patched=_patch((Together, "append", _rides_always))
        ),
        Mutation(
            "fence begun after the save", patched=_patch((Sending, "_announced", _started_late))
        ),
    )
}
"""By name; the unbroken protocol passes where each of these is caught."""
