"""Rivhit as the ledger sees it: prepare a call, send it, look for it, read originals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from types import TracebackType
from typing import Self

import httpx

from refund_adapters.accounting import (
    Answer,
    Call,
    Done,
    Doubtful,
    Finding,
    NotSent,
    Refused,
    Submitted,
    ThereDocument,
    Traces,
    UnavailableError,
    Unread,
    Wanted,
)
from refund_adapters.rivhit import messages
from refund_adapters.rivhit.answers import CustomerCard, read
from refund_adapters.rivhit.client import Client, SaidNoError
from refund_adapters.rivhit.comments import printable
from refund_adapters.rivhit.envelope import Failure, NoAnswer, Reply, Success, recorded
from refund_adapters.rivhit.evidence import Look
from refund_adapters.rivhit.listing import Listing
from refund_adapters.rivhit.made import made_by
from refund_adapters.rivhit.messages import LONGEST_NAME
from refund_adapters.rivhit.originals import Originals
from refund_adapters.rivhit.outcomes import Row, Shape, Verdict, classify, observed
from refund_adapters.rivhit.reading import Reading
from refund_adapters.rivhit.settings import RivhitSettings
from refund_adapters.rivhit.translation import call_of, customer_number
from refund_ledger.errors import RefusedError
from refund_ledger.events import Part, RefundRequested, Way
from refund_ledger.originals import Document, Original

NAME_LIFE = timedelta(minutes=5)
"""How long a customer's name is remembered, so that a batch does not ask for it anew."""

NO_SUCH_CUSTOMER = frozenset({-20, -22})


def now_utc() -> datetime:
    """The time on this machine's clock."""
    return datetime.now(tz=UTC)


class Rivhit:
    """The accounting system Rivhit Online, for one company."""

    name = "rivhit"

    def __init__(
        self,
        settings: RivhitSettings,
        *,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], datetime] = now_utc,
        pace: Callable[[], None] = lambda: None,
    ) -> None:
        """`pace` is called before each read and waits for its place in the process's rate limit."""
        self.settings = settings
        self.company: str = settings.company
        self.call_limit: float = settings.call_limit
        self.settle_seconds: float = settings.settle_seconds
        self._now = now
        self._client = Client(settings, transport=transport, pace=pace)
        self._reading = Reading(self._client, settings, today=self._today)
        self._originals = Originals(self._reading)
        self._names: dict[str, tuple[datetime, str]] = {}
        """Customers' names and until when they are kept, the oldest first."""
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Rivhit({self.settings.company!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def check(self, request: RefundRequested) -> None:
        """Refuse what cannot be said to Rivhit, for all parts at once; reads and sends nothing."""
        reasons: list[str] = []
        for part in Part:
            if request.way(part) is None:
                continue
            try:
                call_of(request, part, self.settings)
            except RefusedError as error:
                reasons += [reason for reason in error.reasons if reason not in reasons]
        if reasons:
            raise RefusedError(*reasons)

    def prepare(self, request: RefundRequested, part: Part) -> Call:
        """Turn one part of a refund into its call; a new document needs the customer's name."""
        call = call_of(request, part, self.settings)
        self._forget_names()
        if request.way(part) is not Way.NEW:
            return call
        return replace(call, private=(("last_name", self._last_name(request.customer_id)),))

    def send(self, call: Call, may_begin: Callable[[], bool] = lambda: True) -> Answer:
        """Send a call once and say what is known of it afterwards."""
        request = recorded(call.request)
        body = {**request, **dict(call.private)}
        reply = self._client.write(call.method, body, may_begin=may_begin)
        made = made_by(call.method, request, reply) if isinstance(reply, Success) else None
        row = classify(observed(reply, names_document=made is not None))
        if row.verdict is Verdict.DONE and made is not None:
            currency = self._currency(request.get("currency_id"))
            return Done(made.document, made.booked(currency, home=self.settings.home_currency))
        return self._not_done(call, reply, row)

    def look(self, submitted: Submitted) -> Finding:
        """Look for the counter-document of a call, from the start, in every source there is."""
        return Look(self._reading, submitted, now=self._now()).finding()

    def traces(self, submitted: Submitted) -> Traces:
        """Look for every document that the calls of a part made, however many there are."""
        return Look(self._reading, submitted, now=self._now()).traces()

    def is_reachable(self) -> bool:
        """Whether Rivhit answers a small read; one that refuses the token answers nothing."""
        try:
            self._client.ask(messages.document_types(), attempts=1)
        except SaidNoError:
            return True
        except UnavailableError:
            return False
        return True

    def read(self, document: Document) -> ThereDocument | None:
        """Read one document; None where Rivhit says that it does not exist."""
        there = self._reading.there(document)
        return None if there is None else self._reading.told_apart(there)

    def originals(self, wanted: Wanted) -> Iterator[Original | Unread]:
        """Read originals, sales before receipts; what is no original is one `Unread` among them."""
        return self._originals.wanted(wanted)

    def listing(self) -> Listing:
        """Everything that Rivhit holds of a period, to compare it with the ledger."""
        return Listing(self._reading)

    def _not_done(self, call: Call, reply: Reply, row: Row) -> Answer:
        words = self._words(reply, call)
        match row.verdict:
            case Verdict.REFUSED if isinstance(reply, Failure):
                return Refused(self._client.scrub(reply.named), f"{row.meaning}: {words}")
            case Verdict.NOT_SENT:
                return NotSent(f"{words}: {row.meaning}")
            case _:
                return Doubtful(f"{call.method}: {words} ({row.meaning})")

    def _words(self, reply: Reply, call: Call) -> str:
        """What came back, in words that hold neither the token nor a name."""
        match reply:
            case Success():
                said = Shape.NO_DOCUMENT.value
            case Failure():
                said = f"HTTP {reply.status}, {reply}"
            case NoAnswer():
                said = reply.why if reply.status is None else f"HTTP {reply.status}, {reply.why}"
        names = [value for _, value in call.private]
        return self._client.scrub(said, also=names)

    def _currency(self, number: object) -> str:
        known = self.settings.currency(number if isinstance(number, int) else None)
        return known or ""

    def _last_name(self, customer_id: str) -> str:
        """The customer's name for a new document: asked for, and remembered for a few minutes."""
        if (known := self._names.get(customer_id)) is not None:
            return known[1]
        name = self._ask_last_name(customer_id)
        self._forget_names()
        with self._lock:
            self._names.pop(customer_id, None)
            self._names[customer_id] = (self._now() + NAME_LIFE, name)
        return name

    def _forget_names(self) -> None:
        """Let go of the names whose few minutes are over."""
        now = self._now()
        with self._lock:
            for customer_id in list(
                takewhile(lambda each: self._names[each][0] <= now, self._names)
            ):
                del self._names[customer_id]

    def _ask_last_name(self, customer_id: str) -> str:
        question = messages.customer(customer_number(customer_id))
        try:
            data = self._client.ask(question)
        except SaidNoError as error:
            if error.code in NO_SUCH_CUSTOMER or error.identifier == "CUSTOMER_NOT_EXISTS":
                data = None
            else:
                raise
        if data is None:
            raise RefusedError(f"customer {customer_id} does not exist in Rivhit; check the number")
        card = read(CustomerCard, data, method=question.method)
        name = printable(card.last_name, longest=LONGEST_NAME)
        if str(card.customer_id) != customer_id or not name:
            raise RefusedError(
                f"the card of customer {customer_id} has no last name, which a new document needs; "
                "add one in Rivhit"
            )
        return name

    def _today(self) -> date:
        return self._now().astimezone(self.settings.zone).date()
