"""Sight: what anybody could know of a part, from the server's books and its switches alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from refund_adapters.rivhit.comments import request_reference
from refund_adapters.sandbox.papers import Kind, Paper, amount_of
from refund_adapters.sandbox.refusals import ApiError
from refund_ledger.events import Part
from refund_ledger.originals import Document as Named
from refund_ledger.originals import Half
from simulation.ground import Ground, Made, PartKey, Promise
from simulation.stage import Stage
from simulation.worlds import World

SETTLED = 65.0
"""Seconds after which a document is in every list of a world that keeps to the assumptions."""
MOST_ATTEMPTS = 4
NEAR = 100
"""Agorot by which a document that shows no comment may differ and still be taken for ours."""


@dataclass(slots=True)
class Sight:
    """Says whether a part could have been settled without a person."""

    world: World
    stage: Stage
    ground: Ground

    def why_person(self, part: PartKey, why: str, *, attempts: int) -> tuple[str, bool]:
        """The reason in a few words, and whether it is a fair one."""
        made = self.ground.by_part.get(part, [])
        if "already taken" in why or "already serves" in why:
            return "its document is taken", not self.world.is_inside
        if len(made) > 1:
            return "two documents", True
        if made:
            if self.is_visible(part, made[0]):
                return "found, and yet", False
            return "made, but nothing says that it is ours", True
        if self._lookalikes(part):
            return "absent, but something fits", True
        if self._flagged(part):
            return "absent, but the original is flagged", True
        if self._is_over(part):
            return "closed, nothing found", True
        if self._is_cancel(part) and not self.world.resend_cancels:
            return "an absent cancel", True
        if attempts >= MOST_ATTEMPTS:
            return "enough attempts", True
        return "absent, and yet", False

    def is_visible(self, part: PartKey, made: Made) -> bool:
        """Whether a source that speaks shows the document as ours."""
        if self.stage.now - made.at < SETTLED + 30 * 6:
            return False
        if self._shows_comments(made.named.half) and self.ground.markers(made.named):
            return True
        return self._status_says(part)

    def _shows_comments(self, half: Half) -> bool:
        switches = self.world.switches
        return (
            half is Half.RECEIPT or switches.list_shows_comments or switches.details_shows_comments
        )

    def _status_says(self, part: PartKey) -> bool:
        which = Part.INVOICE if part[1] == "i" else Part.RECEIPT
        reference = request_reference(UUID(part[0]), which)
        at = self.stage.moment() - timedelta(seconds=200)
        try:
            early = self.ground.sandbox.references.answers(
                reference, at=at, switches=self.world.switches
            )
            late = self.ground.sandbox.references.answers(
                reference, at=self.stage.moment(), switches=self.world.switches
            )
        except ApiError:
            return False
        return any('"error_code": 0' in each for each in early if each in late)

    def _lookalikes(self, part: PartKey) -> bool:
        """Whether the books hold a paper of the day without marker that may be taken for it."""
        promise = self.ground.promises.get(part[0])
        if promise is None:
            return True
        half = Half.DOCUMENT if part[1] == "i" else Half.RECEIPT
        papers = self.ground.sandbox.books.papers(
            Kind.DOCUMENT if half is Half.DOCUMENT else Kind.RECEIPT
        )
        shows = self._shows_comments(half)
        first = self.world.start.date() - timedelta(days=2)
        return any(
            str(paper.customer_id) == promise.customer
            and paper.issue_date >= first
            and not (shows and "[RL:" in paper.comments)
            and self._near(paper, promise, part[1])
            for paper in papers
        )

    def _near(self, paper: Paper, promise: Promise, part: str) -> bool:
        """Whether a paper comes to about as much; lists do not say in which currency they count."""
        if promise.original.endswith(f":{paper.key.type}/{paper.key.number}"):
            return False
        away = abs(abs(amount_of(paper)) * 100 - promise.amount(part))
        return promise.currency != "ILS" or away <= NEAR

    def _flagged(self, part: PartKey) -> bool:
        """Whether the original is shown as cancelled, by a partial credit or by its other half."""
        if not self._is_cancel(part):
            return False
        promise = self.ground.promises[part[0]]
        _, _, name = promise.original.partition(":")
        half = Half.DOCUMENT if part[1] == "i" else Half.RECEIPT
        series, _, number = name.partition("/")
        paper = self.ground.paper(Named(half, int(series), int(number)))
        shown = half is Half.DOCUMENT or self.world.switches.cancelled_flag_on_receipts
        return paper is not None and paper.is_cancelled and shown

    def _is_cancel(self, part: PartKey) -> bool:
        return part[1] in self.ground.promises[part[0]].cancels

    def _is_over(self, part: PartKey) -> bool:
        promise = self.ground.promises[part[0]]
        return promise.closed or promise.uncertain
