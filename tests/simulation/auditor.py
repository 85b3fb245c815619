"""The auditor after every step: what must hold at each moment, whatever goes wrong around it.

What ought to be follows from the acknowledged commands and the server's books; what the ledger
saves is held against that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import simplejson

from refund_adapters.sandbox.wire import Reply
from refund_ledger.events import (
    CallInDoubt,
    CallNotSent,
    CallRefused,
    CallSubmitted,
    Event,
    InvoicePartCancelled,
    LateSuccessFound,
    Learned,
    ReceiptPartCancelled,
    RefundEvent,
)
from refund_ledger.originals import Document as Named
from simulation.ground import Ground, Made, PartKey
from simulation.network import Sent
from simulation.sight import Sight
from simulation.stage import Actor, Stage
from simulation.weather import WRITES
from simulation.worlds import World

Taking = InvoicePartCancelled | ReceiptPartCancelled | LateSuccessFound
PLAIN_REFUSALS = frozenset({-20, -22, -23, -24, -28, -43, -44, -46, -52, -68, -76, -77})
PLAIN_NAMES = (
    "INVALID_AMOUNT",
    "NOT_SUPPORTED_RECEIPT_TYPE",
    "PAY_CODE_NOT_EXISTS",
    "INVALID_BANK_CODE",
)
"""What the auditor holds for a refusal that one may rely on."""


class ViolationError(Exception):
    """Something happened that must never happen."""


@dataclass(slots=True)
class Auditor:
    """Watches the saves, the calls and the books of one world."""

    world: World
    stage: Stage
    ground: Ground
    sight: Sight
    violations: list[str] = field(default_factory=list)
    claimed: dict[Named, str] = field(default_factory=dict)
    """By which refund's id each document was taken."""
    taken: dict[PartKey, Named] = field(default_factory=dict)
    """The first document that each part took."""
    seen: Counter[str] = field(default_factory=Counter)
    waiting: dict[PartKey, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    """Calls whose sender still waits for the answer."""
    submitted: set[PartKey] = field(default_factory=set)
    said: dict[str, tuple[PartKey, Named]] = field(default_factory=dict)
    """What an actor was told by an answer and has not saved yet."""
    latest: dict[PartKey, Sent] = field(default_factory=dict)
    """The last call that left for each part."""
    refusals: dict[PartKey, Sent] = field(default_factory=dict)
    """The last call that was plainly refused, and whose sender heard of it."""
    attempts: Counter[PartKey] = field(default_factory=Counter)
    """Calls that were announced, less those that are known never to have left."""

    def violated(self, what: str) -> None:
        """Note something that must not be."""
        self.stage.tell("AUDITOR", f"VIOLATION: {what}")
        self.violations.append(what)

    # --- the server's side ------------------------------------------------------------------------

    def after_a_step(self) -> None:
        """Look at the papers made since the last step."""
        fresh, self.ground.fresh = self.ground.fresh, []
        for made in fresh:
            self._made(made)

    def _made(self, made: Made) -> None:
        if made.part is None:
            return
        name = self.name(made.part)
        self.stage.tell("SERVER", f"made {made.named} of {made.agorot} for {name}")
        siblings = self.ground.by_part[made.part]
        promise = self.ground.promises.get(made.part[0])
        if len(siblings) > 1:
            self.seen["second document"] += 1
            if self.world.is_inside:
                self.violated(f"{name} has {len(siblings)} counter-documents: {_named(siblings)}")
        if promise and made.agorot != promise.amount(made.part[1]):
            self.violated(f"{name} is {made.agorot}, promised {promise.amount(made.part[1])}")

    def sent(self, sent: Sent) -> None:
        """A write leaves: it was saved before, and the receipt part waits for the invoice part."""
        part = (sent.refund, sent.part)
        self.waiting[part].append(sent)
        self.latest[part] = sent
        if part not in self.submitted:
            self.violated(f"{self.name(part)} was sent before it was saved")
        if self.world.is_inside and self.ground.by_part.get(part):
            self.violated(f"{self.name(part)} was sent although its document is there")
        if self.world.is_inside and self._is_alive(part):
            self.violated(f"{self.name(part)} was sent while an earlier call may still succeed")
        promise = self.ground.promises.get(sent.refund)
        first = (sent.refund, "i")
        ordered = promise and promise.credited and not promise.wronged
        if sent.part == "r" and ordered and not self.has_document(first):
            self.violated(f"{self.name(part)} was sent before the invoice part was booked")

    def _is_alive(self, part: PartKey) -> bool:
        """Whether the server still holds a call of a part that it has not carried out."""
        sandbox = self.ground.sandbox
        sandbox.execute_what_is_due()
        name = f"rl-{part[0]}-{part[1]}".encode()
        late = (sandbox.log.call(order) for order in sandbox.late)
        return any(call.method in WRITES and name in call.body for call in late)

    def has_document(self, part: PartKey) -> bool:
        """Whether a call made a document for a part, or outside the assumptions, anybody did."""
        taken = not self.world.is_inside and part in self.taken
        return taken or bool(self.ground.by_part.get(part))

    def gone(self, sent: Sent) -> None:
        """The sender does not wait any more."""
        self.waiting[sent.refund, sent.part].remove(sent)

    def answered(self, actor: Actor, sent: Sent, reply: Reply) -> None:
        """An answer was read by its sender: it may not be lost while that one lives."""
        part = (sent.refund, sent.part)
        if reply.status not in {200, 500}:
            return
        try:
            envelope = simplejson.loads(reply.body)
        except ValueError:
            return
        if envelope.get("error_code") == 0 and reply.status == 200:
            named = _document_in(sent.method, envelope["data"])
            if named is not None:
                self.said[actor.name] = (part, named)
        elif _is_plain(envelope):
            self.refusals[part] = sent

    def leaves(self, actor: Actor) -> None:
        """An actor turns away: what it was told is in the ledger by now."""
        told = self.said.pop(actor.name, None)
        if told is None:
            return
        part, named = told
        if named not in self.claimed:
            self.violated(f"the answer for {self.name(part)}, {named}, was not recorded")

    def died(self, actor: Actor) -> None:
        """What a process knew is gone with it."""
        self.said.pop(actor.name, None)

    # --- the ledger's side ------------------------------------------------------------------------

    def saved(self, actor: Actor, events: Sequence[Event]) -> None:
        """Hold what was saved against what is known."""
        for event in events:
            if isinstance(event, Taking):
                self._taken(event)
            elif isinstance(event, CallSubmitted):
                self.submitted.add(_part_of(event))
                self.attempts[_part_of(event)] += 1
                self.seen["attempt " + str(min(event.attempt, 3))] += 1
            elif isinstance(event, CallNotSent):
                self.attempts[_part_of(event)] -= 1
                self.seen["not sent"] += 1
            elif isinstance(event, CallInDoubt):
                self._doubted(actor, event)
            elif isinstance(event, CallRefused):
                self._refused(event)

    def _taken(self, event: Taking) -> None:
        part, named = _part_of(event), event.document.key
        self.seen[
            f"{'late' if isinstance(event, LateSuccessFound) else 'learned'}: {event.learned}"
        ] += 1
        if named in self.claimed:
            self.violated(f"{named} serves {self.name(part)} and another part")
            return
        self.claimed[named] = part[0]
        self.taken.setdefault(part, named)
        made = self.ground.made.get(named)
        promise = self.ground.promises.get(part[0])
        if made is None:
            self.violated(f"{named}, taken for {self.name(part)}, is not in the books")
            return
        if event.booked != made.agorot:
            self.violated(f"{named} is {made.agorot} in the books and {event.booked} in the ledger")
        if made.part != part:
            by_word = event.learned is Learned.PERSON and promise and promise.wronged
            if not (by_word or self._is_anothers_cancel(made)):
                self.violated(f"{named} was not made by a call of {self.name(part)}")

    def _is_anothers_cancel(self, made: Made) -> bool:
        """A second cancel that is answered with the first one's document, made by hand."""
        return made.part is None and not self.world.is_inside

    def _doubted(self, actor: Actor, event: CallInDoubt) -> None:
        part = _part_of(event)
        waits = [one for one in self.waiting[part] if one.actor != actor.name]
        if any(one.until > self.stage.now for one in waits):
            self.violated(f"{self.name(part)} was put in doubt while its sender still waits")
        if event.for_person:
            reason, fair = self.sight.why_person(part, event.why, attempts=self.attempts[part])
            self.seen[f"person: {reason}"] += 1
            if not fair and self.world.is_inside:
                self.violated(f"{self.name(part)} waits for a person without need: {event.why}")
        else:
            self.seen["doubt"] += 1

    def _refused(self, event: CallRefused) -> None:
        part = _part_of(event)
        self.seen["refused"] += 1
        if event.code == "not sent":
            return
        if part not in self.refusals:
            self.violated(f"{self.name(part)} was never plainly refused: {event.code}")
        elif self.refusals[part] is not self.latest[part]:
            self.violated(f"{self.name(part)} is refused on the word of an earlier call")
        elif self.world.is_inside and self.ground.by_part.get(part):
            self.violated(f"{self.name(part)} is refused and has a counter-document")

    def name(self, part: PartKey) -> str:
        """A part as a story calls it."""
        return self.ground.name(part[0]) + part[1]


def _part_of(event: RefundEvent) -> PartKey:
    if isinstance(event, InvoicePartCancelled):
        return str(event.originator_id), "i"
    if isinstance(event, ReceiptPartCancelled):
        return str(event.originator_id), "r"
    part: str = event.part  # type: ignore[attr-defined]
    return str(event.originator_id), part[0]


def _named(made: Sequence[Made]) -> str:
    return ", ".join(str(one.named) for one in made)


def _is_plain(envelope: dict[str, object]) -> bool:
    debug = str(envelope.get("debug_message", ""))
    code, _, name = (word.strip() for word in debug.partition(":"))
    number = envelope.get("error_code")
    codes = {number, int(code)} if code.lstrip("-").isdecimal() else {number}
    return bool(codes & PLAIN_REFUSALS) or name.split(" ")[0] in PLAIN_NAMES


def _document_in(method: str, data: object) -> Named | None:
    """The document that a success names, as the vendor's page says where it stands."""
    from refund_ledger.originals import Half  # noqa: PLC0415

    if not isinstance(data, dict):
        return None
    what, _, verb = method.partition(".")
    half = Half(what.lower())
    prefix = f"cancel_{half}" if verb == "Cancel" else "document"
    series, number = data.get(f"{prefix}_type"), data.get(f"{prefix}_number")
    return (
        Named(half, series, number) if isinstance(series, int) and isinstance(number, int) else None
    )
