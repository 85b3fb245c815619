"""Rows: what becomes of each row of an import or of a file of requests, each judged alone.

They are taken in groups, so that many share one save; each row's answer is what it would be if they
were taken one after another, and a run that breaks off may be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID, uuid4

from refund_adapters.accounting import Unread
from refund_adapters.files import Numbered
from refund_adapters.intake import grant_of, key_of, original_of, request_of
from refund_ledger.application import RefundLedger, Result
from refund_ledger.asking import Request
from refund_ledger.errors import JUDGED, InvalidInputError, LedgerError
from refund_ledger.originals import Original, OriginalRef
from refund_ledger.recording import Grant
from refund_ledger.refund import Refund
from refund_ledger.stamps import Stamp
from refund_ledger.storing import GroupStore, Wanted

GROUP = 500
"""How many rows share one save; as many may have to be judged again where another was faster."""

T = TypeVar("T")


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
class _Found:
    """What a row of an import says, or why it is none."""

    number: int
    name: str
    what: Original | Grant | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """Judges rows over a ledger, each as a command of its own."""

    ledger: RefundLedger
    stamp: Callable[[], Stamp]

    # --- imports ----------------------------------------------------------------------------------

    def imported(self, rows: Iterable[Numbered], *, read_from: str) -> Iterator[Imported]:
        """Record rows of `{"original": {...}}` and `{"credit": {...}}`."""
        return self._recorded(map(self._found, rows), read_from)

    def originals(
        self, originals: Iterable[Original | Unread], *, read_from: str
    ) -> Iterator[Imported]:
        """Record originals as an accounting system shows them."""
        found = (_shown(number, one) for number, one in enumerate(originals, 1))
        return self._recorded(found, read_from)

    def _recorded(self, found: Iterable[_Found], read_from: str) -> Iterator[Imported]:
        for group in grouped(found, GROUP):
            good = [one.what for one in group if one.what is not None]
            answers = iter(
                self.ledger.record_many(good, self._stamps(len(good)), read_from=read_from)
            )
            for one in group:
                if one.what is None:
                    yield Imported(one.number, one.name, "refused", one.problem)
                    continue
                answer = next(answers)
                if isinstance(answer, LedgerError):
                    yield Imported(one.number, one.name, "refused", str(answer))
                else:
                    yield Imported(one.number, one.name, "recorded" if answer else "known")

    def _found(self, row: Numbered) -> _Found:
        """Read a row of an import."""
        name, company = f"row {row.number}", self.ledger.company
        try:
            if row.row is None:
                raise InvalidInputError(name, row.problem)
            match row.row:
                case {"original": dict(fields), **rest} if not rest:
                    original = original_of(fields, company=company)
                    return _Found(row.number, str(original.ref), original)
                case {"credit": dict(fields), **rest} if not rest:
                    grant = grant_of(fields, company=company)
                    return _Found(row.number, f"credit {grant.reference}", grant)
                case _:
                    expected = 'expected {"original": {...}} or {"credit": {...}}'
                    raise InvalidInputError(name, expected)
        except JUDGED as error:
            return _Found(row.number, name, None, str(error))

    # --- requests ---------------------------------------------------------------------------------

    def requested(self, rows: Iterable[Numbered]) -> Iterator[RowResult]:
        """Request every row; safe to run again, since each row has its key."""
        for group in grouped(rows, GROUP):
            ledger = self._ahead(group)
            asks = [self._asked(row, ledger) for row in group]
            good = [ask for ask in asks if isinstance(ask, Request)]
            answers = iter(self.ledger.request_many(good, self._stamps(len(good))))
            for row, ask in zip(group, asks, strict=True):
                answer = next(answers) if isinstance(ask, Request) else ask
                yield _result(row, answer)

    def read(self, fields: Any) -> Request:
        """Read a request; its currency is the original's where it says none."""
        return _request(fields, self.ledger)

    def _asked(self, row: Numbered, ledger: RefundLedger) -> Request | LedgerError:
        try:
            if row.row is None:
                raise InvalidInputError(f"row {row.number}", row.problem)
            return _request(row.row, ledger)
        except JUDGED as error:
            return error

    def _ahead(self, group: Sequence[Numbered]) -> RefundLedger:
        """The ledger with the originals in memory that say in which currency a row is."""
        named = [row.row.get("original") for row in group if row.row and "currency" not in row.row]
        streams: list[UUID] = []
        for name in named:
            try:
                streams.append(OriginalRef.parse(str(name)).stream(self.ledger.company))
            except InvalidInputError:
                continue  # Its row says so itself.
        store = self.ledger.store
        if not streams or not isinstance(store, GroupStore):
            return self.ledger
        return self.ledger.on(store.ahead(self.ledger.company, streams, lambda _: Wanted()))

    def _stamps(self, count: int) -> list[Stamp]:
        """A stamp for each of a group: all of one time, each a command of its own."""
        if not count:
            return []
        first = self.stamp()
        return [first, *(replace(first, command_id=str(uuid4())) for _ in range(1, count))]


def grouped(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Take so many at a time; those before an error come before the error."""
    group: list[T] = []
    try:
        for item in items:
            group.append(item)
            if len(group) == size:
                full, group = group, []
                yield full
    except Exception:
        if group:
            yield group
        raise
    if group:
        yield group


def _shown(number: int, original: Original | Unread) -> _Found:
    """An original as an accounting system shows it."""
    if isinstance(original, Unread):
        return _Found(number, original.name, None, original.why)
    return _Found(number, str(original.ref), original)


def _request(fields: Any, ledger: RefundLedger) -> Request:
    def currency_of(original: str) -> str | None:
        if not original:
            return None
        return ledger.original(OriginalRef.parse(original)).recorded.currency

    return request_of(fields, company=ledger.company, currency_of=currency_of)


def _result(row: Numbered, answer: Result | LedgerError) -> RowResult:
    key = key_of(row.row)
    if isinstance(answer, LedgerError):
        return RowResult(row.number, key, "refused", None, str(answer))
    waits = "; ".join(answer.refund.request.needs_approval)
    outcome = "known" if answer.repeated else "awaiting approval" if waits else "requested"
    return RowResult(row.number, key, outcome, answer.refund, waits)
