"""Rows: what becomes of each row of an import or of a file of requests, each judged alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from refund_adapters.accounting import Unread
from refund_adapters.files import Numbered
from refund_adapters.intake import grant_of, key_of, original_of, request_of
from refund_ledger.application import RefundLedger
from refund_ledger.asking import Request
from refund_ledger.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from refund_ledger.originals import Original, OriginalRef
from refund_ledger.refund import Refund
from refund_ledger.stamps import Stamp

JUDGED = (InvalidInputError, NotFoundError, RefusedError, ConflictError)
"""What is the matter with one row; anything else is the matter with all, and ends the run."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one row or document of an import."""

    number: int
    name: str
    outcome: str
    """`recorded`, `known` or `refused`."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one requested row."""

    number: int
    key: str
    outcome: str
    """`requested`, `awaiting approval`, `known` or `refused`."""
    refund: Refund | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """Judges rows over a ledger, each as a command of its own."""

    ledger: RefundLedger
    stamp: Callable[[], Stamp]

    def imported(self, rows: Iterable[Numbered], *, read_from: str) -> Iterator[Imported]:
        """Record rows of `{"original": {...}}` and `{"credit": {...}}`."""
        for row in rows:
            yield self._imported(row, read_from)

    def _imported(self, row: Numbered, read_from: str) -> Imported:
        name, company = f"row {row.number}", self.ledger.company
        try:
            if row.row is None:
                raise InvalidInputError(name, row.problem)
            match row.row:
                case {"original": dict(fields), **rest} if not rest:
                    original = original_of(fields, company=company)
                    name = str(original.ref)
                    new = self.ledger.record_original(original, self.stamp(), read_from=read_from)
                case {"credit": dict(fields), **rest} if not rest:
                    grant = grant_of(fields, company=company)
                    name = f"credit {grant.reference}"
                    new = self.ledger.grant_credit(grant, self.stamp())
                case _:
                    expected = 'expected {"original": {...}} or {"credit": {...}}'
                    raise InvalidInputError(name, expected)
        except JUDGED as error:
            return Imported(row.number, name, "refused", str(error))
        return Imported(row.number, name, "recorded" if new else "known")

    def originals(
        self, originals: Iterable[Original | Unread], *, read_from: str
    ) -> Iterator[Imported]:
        """Record originals as an accounting system shows them."""
        for number, original in enumerate(originals, 1):
            if isinstance(original, Unread):
                yield Imported(number, original.name, "refused", original.why)
                continue
            name = str(original.ref)
            try:
                new = self.ledger.record_original(original, self.stamp(), read_from=read_from)
            except JUDGED as error:
                yield Imported(number, name, "refused", str(error))
                continue
            yield Imported(number, name, "recorded" if new else "known")

    def requested(self, rows: Iterable[Numbered]) -> Iterator[RowResult]:
        """Request every row; safe to run again, since each row has its key."""
        for row in rows:
            yield self._requested(row)

    def _requested(self, row: Numbered) -> RowResult:
        key = key_of(row.row)
        try:
            if row.row is None:
                raise InvalidInputError(f"row {row.number}", row.problem)
            result = self.ledger.request(self.read(row.row), self.stamp())
        except JUDGED as error:
            return RowResult(row.number, key, "refused", None, str(error))
        waits = "; ".join(result.refund.request.needs_approval)
        outcome = "known" if result.repeated else "awaiting approval" if waits else "requested"
        return RowResult(row.number, key, outcome, result.refund, waits)

    def read(self, fields: Any) -> Request:
        """Read a request; its currency is the original's where it says none."""

        def currency_of(original: str) -> str | None:
            if not original:
                return None
            return self.ledger.original(OriginalRef.parse(original)).recorded.currency

        return request_of(fields, company=self.ledger.company, currency_of=currency_of)
