"""Calls for tests of the core: what a dispatcher records of a part, in few words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from refund_ledger import calling
from refund_ledger.application import RefundLedger
from refund_ledger.events import DocumentId, Evidence, Learned, Part
from refund_ledger.refund import Refund
from refund_ledger.stamps import Stamp

LOOKED = (Evidence(source="Document.List", said="nothing fits"),)


class Calls(ABC):
    """Announces calls over a ledger and has them answered, lost, refused or watched."""

    ledger: RefundLedger
    documents: Iterator[int]
    """Document numbers that nobody has used; threads may draw from them at once."""
    way = "Cancel"
    """The methods that are called: `Document` and `Receipt` with this ending."""

    @abstractmethod
    def stamp(self, actor: str = "dana") -> Stamp:
        """The stamp of the next command."""

    def refund(self, refund: UUID) -> Refund:
        """How a refund stands."""
        return self.ledger.refund(refund)

    def submit(self, refund: UUID, part: Part) -> None:
        """A call is announced; one in doubt with the proof that it is absent."""
        stamp = self.stamp("dispatcher")
        self.ledger.fact(
            refund,
            lambda now, _: calling.submit(
                now,
                stamp,
                part,
                method=f"{'Document' if part is Part.INVOICE else 'Receipt'}.{self.way}",
                reference=f"ref-{part}",
                marker=f"mark-{part}",
                request='{"reason":"complaint"}',
                digest="a" * 64,
                send_by=stamp.at + timedelta(seconds=10),
                looked_from=stamp.at,
                evidence=LOOKED,
            ),
        )

    def document(self, part: Part) -> DocumentId:
        """A document number that nobody has used."""
        return DocumentId(half=part.half, series=3, number=next(self.documents))

    def answer(
        self,
        refund: UUID,
        part: Part,
        *,
        booked: int | None = None,
        document: DocumentId | None = None,
    ) -> DocumentId:
        """A counter-document exists, whether it is the answer or a late one."""
        made = document or self.document(part)
        stamp = self.stamp("dispatcher")
        self.ledger.fact(
            refund,
            lambda now, look: calling.succeeded(
                now, stamp, part, made, booked=booked, learned=Learned.ANSWER, look=look
            ),
        )
        return made

    def book(self, refund: UUID, part: Part, booked: int | None = None) -> DocumentId:
        """Send a part and have it answered."""
        self.submit(refund, part)
        return self.answer(refund, part, booked=booked)

    def finish(self, refund: UUID) -> None:
        """Send every part and have it answered."""
        for part in self.refund(refund).parts:
            self.book(refund, part)

    def doubt(self, refund: UUID, part: Part, *, for_person: bool = False) -> None:
        """Nobody knows what became of the latest attempt."""
        stamp = self.stamp("dispatcher")
        self.ledger.fact(
            refund,
            lambda now, _: calling.in_doubt(
                now,
                stamp,
                part,
                now.part(part).attempts,
                why="no answer in time",
                look_after=stamp.at + timedelta(minutes=5),
                for_person=for_person,
                evidence=LOOKED,
            ),
        )

    def not_sent(self, refund: UUID, part: Part) -> None:
        """The latest attempt never left."""
        stamp = self.stamp("dispatcher")
        self.ledger.fact(
            refund,
            lambda now, look: calling.not_sent(
                now, stamp, part, now.part(part).attempts, why="connection refused", look=look
            ),
        )

    def refuse(self, refund: UUID, part: Part) -> None:
        """The accounting system refused the latest attempt."""
        stamp = self.stamp("dispatcher")
        self.ledger.fact(
            refund,
            lambda now, look: calling.refused(
                now,
                stamp,
                part,
                now.part(part).attempts,
                code="-12",
                message="no such customer",
                look=look,
            ),
        )

    def watch(self, refund: UUID, part: Part) -> None:
        """A part that is over was looked at again, and nothing else was found."""
        stamp = self.stamp("dispatcher")
        self.ledger.fact(
            refund,
            lambda now, _: calling.watched(now, stamp, part, looked_from=stamp.at, evidence=LOOKED),
        )
