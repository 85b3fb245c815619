"""People: who ask, agree, take back, look at what waits, and decide rightly or wrongly."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import Any
from uuid import UUID

from refund_adapters.accounting import UnavailableError
from refund_adapters.desk import Desk
from refund_ledger.application import Result
from refund_ledger.errors import ConflictError, LedgerError, RefusedError
from refund_ledger.events import Part, Way
from refund_ledger.refund import CallDue, PartStatus, Refund, Waits, refund_id
from simulation.auditor import Auditor
from simulation.ground import Ground, Made, Promise
from simulation.originals import COMPANY, tell
from simulation.stage import Actor, DiedError, Stage
from simulation.worlds import Ask, Lookalike, World

MOST_SENT_AGAIN = 3
"""How often a person lets one part go out again before closing the refund."""


@dataclass(slots=True)
class Office:
    """Everybody at the company; what they are told is what the auditor expects."""

    world: World
    stage: Stage
    ground: Ground
    auditor: Auditor
    chance: random.Random
    names: dict[str, str]
    """What the sales of the day are called in the books."""
    left: int = 0
    _sent_again: dict[tuple[UUID, Part], int] = field(default_factory=dict)

    # --- those who ask ----------------------------------------------------------------------------

    def asks(self, actor: Actor, desk: Desk) -> None:
        """Ask for every refund in its time, again where the answer was lost with the process."""
        agenda = [
            *((ask.at, partial(self._ask, actor, desk, ask)) for ask in self.world.asks),
            *((like.at, partial(self._writes_by_hand, like)) for like in self.world.lookalikes),
            *((at, partial(self._cancels_by_hand, name)) for at, name in self.world.hand_cancels),
        ]
        for at, act in sorted(agenda, key=itemgetter(0)):
            if at > self.stage.now:
                self.stage.sleep(actor, at - self.stage.now)
            act()

    def _ask(self, actor: Actor, desk: Desk, ask: Ask) -> None:
        fields = dict(ask.fields)
        if fields.get("original") in self.names:
            fields["original"] = self.names[fields["original"]]
        while True:
            actor.mortal = not self.stage.calm
            try:
                result = desk.request(key=ask.key, **fields)
            except DiedError:
                actor.mortal = False
                self.stage.died(actor, seconds=5)
                continue
            except RefusedError as error:
                actor.mortal = False
                self._was_refused(desk, ask, error)
                return
            except ConflictError:
                continue
            finally:
                actor.mortal = False
            self._acknowledged(ask, result)
            return

    def _was_refused(self, desk: Desk, ask: Ask, error: RefusedError) -> None:
        self.stage.tell("PERSON", f"{ask.key} is refused: {error}")
        self.stage.mix["request: refused"] += 1
        if desk.store.stream(refund_id(COMPANY, ask.key)):
            self.auditor.violated(f"{ask.key} was refused and is recorded")

    def _acknowledged(self, ask: Ask, result: Result) -> None:
        request = result.refund.request
        self.stage.mix[f"request: {request.kind} {request.invoice_way}/{request.receipt_way}"] += 1
        for said, given in ((ask.credited, request.credited), (ask.paid_back, request.paid_back)):
            if said is not None and said != given:
                self.auditor.violated(f"{ask.key} asked for {said} and was promised {given}")
        self.ground.promises[str(result.refund.id)] = Promise(
            key=ask.key,
            id=result.refund.id,
            credited=request.credited,
            paid_back=request.paid_back,
            original=request.sale or request.receipt,
            customer=request.customer_id,
            currency=request.currency,
            cancels=frozenset(part.value[0] for part in Part if request.way(part) is Way.CANCEL),
            approved=None if request.needs_approval else True,
        )
        self.stage.tell(
            "PERSON", f"{ask.key} promised: credit {request.credited}, money {request.paid_back}"
        )

    # --- a clerk who knows nothing of us ----------------------------------------------------------

    def _writes_by_hand(self, like: Lookalike) -> None:
        self.stage.mix["by hand: a document of the same amount"] += 1
        self.stage.tell("CLERK", f"writes a {like.half} of {like.agorot} for {like.customer}")
        write_by_hand(self.ground, like)

    def _cancels_by_hand(self, name: str) -> None:
        _, _, key = name.partition(":")
        series, number = (int(word) for word in key.split("/"))
        self.stage.mix["by hand: a cancel"] += 1
        self.stage.tell("CLERK", f"cancels {name} by hand")
        sandbox = self.ground.sandbox
        tell(sandbox, "Document.Cancel", document_type=series, document_number=number)

    # --- those who decide -------------------------------------------------------------------------

    def decides(self, actor: Actor, desk: Desk) -> None:
        """Come by now and then: agree, take back, close, and settle what waits."""
        manners = self.world.manners
        while True:
            self.stage.sleep(actor, self.chance.uniform(0.2, 1.0) * manners.looks_every)
            self.agrees(desk)
            for promise in list(self.ground.promises.values()):
                if self.chance.random() < manners.withdraws:
                    self._withdraw(desk, promise)
                if self.chance.random() < manners.closes:
                    self._close(desk, promise)
            for call in desk.store.due(COMPANY, Waits.PERSON, Waits.LOOK):
                if call.waits is Waits.PERSON or self.chance.random() < manners.early:
                    self.settle(desk, call)

    def _withdraw(self, desk: Desk, promise: Promise) -> None:
        self._try(promise, "withdraw", lambda: desk.withdraw(promise.key, why="no"))

    def agrees(self, desk: Desk) -> None:
        """Agree or not to whatever waits for a second person."""
        for promise in list(self.ground.promises.values()):
            self._may_agree(desk, promise)

    def _may_agree(self, desk: Desk, promise: Promise) -> None:
        if promise.approved is not None or promise.withdrawn or promise.closed:
            return
        if self.chance.random() < 0.8:
            self._try(promise, "approve", lambda: desk.approve(promise.key, actor="noa"))
        else:
            self._try(promise, "reject", lambda: desk.reject(promise.key, why="no", actor="noa"))

    def settle(self, desk: Desk, call: CallDue) -> None:
        """Decide about a part: rightly, as somebody who has looked into the books, or not."""
        refund = desk.refund(call.refund)
        promise = self.ground.promises.get(str(call.refund))
        status = refund.part(call.part).status
        if promise is None or status not in {PartStatus.IN_DOUBT, PartStatus.REFUSED}:
            return
        if self.chance.random() < self.world.manners.wrong and not self.stage.calm:
            self._decide_wrongly(desk, refund, call.part, promise)
        else:
            self._decide_rightly(desk, refund, call.part, promise)

    def _decide_rightly(self, desk: Desk, refund: Refund, part: Part, promise: Promise) -> None:
        self.ground.sandbox.execute_what_is_due()
        self.auditor.after_a_step()
        made = [
            one
            for one in self.ground.by_part.get((str(refund.id), part.value[0]), [])
            if one.named not in self.auditor.claimed
        ]
        if made:
            self._happened(desk, refund, part, promise, made[0])
            return
        known = (refund.id, part)
        again = self._sent_again.get(known, 0)
        if refund.status.is_over or again >= MOST_SENT_AGAIN:
            self._close(desk, promise)
            return
        if self._try(
            promise,
            f"send {part} again",
            lambda: desk.send_again(promise.key, part, why="not there", seen=refund.version),
        ):
            self._sent_again[known] = again + 1

    def _happened(
        self, desk: Desk, refund: Refund, part: Part, promise: Promise, made: Made
    ) -> None:
        named = f"{made.named.series}/{made.named.number}"
        self._try(
            promise,
            f"{part} happened as {named}",
            lambda: desk.happened(
                promise.key, part, document=named, why="it is there", seen=refund.version
            ),
        )

    def _decide_wrongly(self, desk: Desk, refund: Refund, part: Part, promise: Promise) -> None:
        """Name a document that is not ours, or close without looking."""
        half = part.half
        others = [
            made
            for made in self.ground.made.values()
            if made.named.half is half
            and made.at > 0
            and made.part != (str(refund.id), part.value[0])
        ]
        if not others:
            return
        self.stage.mix["person: wrongly"] += 1
        was, promise.wronged = promise.wronged, True
        taken = [made for made in others if made.named in self.auditor.claimed]
        other = self.chance.choice(taken if taken and self.chance.random() < 0.9 else others)
        named = f"{other.named.series}/{other.named.number}"
        done = self._try(
            promise,
            f"WRONGLY {part} happened as {named}",
            lambda: desk.happened(
                promise.key, part, document=named, why="surely", seen=refund.version
            ),
        )
        promise.wronged = was or done

    def _close(self, desk: Desk, promise: Promise) -> None:
        self._try(promise, "close", lambda: desk.close_refund(promise.key, why="enough"))

    def _try(self, promise: Promise, what: str, act: Callable[[], Any]) -> bool:
        """Give a command and note what came of it; what cannot be told leaves it uncertain."""
        verb = what.split(" ", maxsplit=1)[0]
        promise.uncertain = True
        try:
            act()
        except UnavailableError:
            self.stage.mix[f"person: {verb}, not reachable"] += 1
            said = False
        except LedgerError as error:
            self.stage.tell("PERSON", f"{promise.key}: {what}: refused: {error}")
            self.stage.mix[f"person: {verb}, refused"] += 1
            said = False
        else:
            self.stage.tell("PERSON", f"{promise.key}: {what}: done")
            self.stage.mix[f"person: {verb}"] += 1
            said = True
        promise.uncertain = False
        if said:
            _note(promise, verb)
        return said


def _note(promise: Promise, verb: str) -> None:
    match verb:
        case "approve":
            promise.approved = True
        case "reject":
            promise.rejected = True
            promise.approved = False
        case "withdraw":
            promise.withdrawn = True
        case "close":
            promise.closed = True


def write_by_hand(ground: Ground, like: Lookalike) -> None:
    """Book a document or receipt as a person does in the accounting system's own screens."""
    amount = Decimal(like.agorot) / 100 * (-1 if like.negative else 1)
    common: dict[str, Any] = {"customer_id": like.customer, "last_name": "x"}
    if like.half == "document":
        tell(
            ground.sandbox,
            "Document.New",
            document_type=3 if like.negative else 1,
            price_include_vat=True,
            items=[{"description": "by hand", "price_nis": amount, "quantity": 1}],
            **common,
        )
        return
    payment = {"payment_type": 2, "amount_nis": amount}
    tell(ground.sandbox, "Receipt.New", receipt_type=1, payments=[payment], **common)
