"""The whole server without a network: a request comes in as bytes, a reply goes out.

Nothing here waits. A late execution is kept until it is collected, or until a later request finds
it due; so a simulator with a clock of its own and the HTTP server get the same behaviour.
"""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from refund_adapters.sandbox import references, refusals, wire
from refund_adapters.sandbox.books import Books
from refund_adapters.sandbox.call_log import CallLog
from refund_adapters.sandbox.company import Company
from refund_adapters.sandbox.faults import Answer, Execution, Fault, FaultPlan
from refund_adapters.sandbox.methods import ALL_REQUESTS, METHODS, STATUS
from refund_adapters.sandbox.office import Office
from refund_adapters.sandbox.refusals import (
    ApiError,
    MalformedRequestError,
    Refusal,
    UnknownMethodError,
)
from refund_adapters.sandbox.switches import ReferenceCheck, Switches
from refund_adapters.sandbox.wire import HTML, JSON, Drop, Reply

ROOT = "/online/RivhitOnlineAPI.svc/"
WELL = Fault("none")
TOO_MANY = 429
PAGES = {
    Answer.HTML_500: (500, "Internal Server Error"),
    Answer.TOO_MANY_REQUESTS: (TOO_MANY, "Too Many Requests"),
    Answer.UNAVAILABLE: (503, "Service Unavailable"),
}
DUPLICATE = refusals.REQUEST_ALREADY_PROCESSED


@dataclass(slots=True)
class _Held:
    """A request on its way through the server."""

    order: int
    method: str
    body: bytes
    content_type: str
    fault: Fault
    due: datetime
    asked: references.Asked | None
    duplicate_at_arrival: bool = False


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the server itself would answer, before anything goes wrong with the answer."""

    status: int
    content_type: str
    body: bytes
    error_code: int | None


class Sandbox:
    """A company's accounting server; deterministic, given its clock and its random numbers."""

    def __init__(
        self,
        *,
        token: str,
        now: Callable[[], datetime],
        rng: random.Random,
        company: Company | None = None,
        switches: Switches | None = None,
        faults: FaultPlan | None = None,
        base_url: str = "http://sandbox.invalid",
    ) -> None:
        self.company = company or Company.with_the_vendors_defaults()
        self.switches = switches or Switches()
        self.faults = faults or FaultPlan()
        self.base_url = base_url
        self.books = Books(self.company)
        self.log = CallLog()
        self.references = references.References()
        self._token = token
        self._now = now
        self._rng = rng
        self._late: dict[int, _Held] = {}
        self._ready: dict[int, Reply] = {}
        self._lock = threading.RLock()

    def handle(self, method: str, body: bytes, *, content_type: str = JSON) -> Reply:
        """Take one request; where the reply is late, collect it when its delay is over."""
        with self._lock:
            self.execute_what_is_due()
            at = self._now()
            order = self.log.arrived(method, body, at, [self._token])
            fault = self.faults.draw(method) or WELL
            if fault is not WELL:
                self.log.note(order, fault=fault.name)
            held = self._held(
                order=order, method=method, body=body, content_type=content_type, fault=fault, at=at
            )
            if fault.execution is Execution.NEVER:
                return self._answer(held, None)
            if not fault.before:
                return self._execute(held, at)
            self._late[order] = held
            if held.asked is not None:
                self.references.running[order] = held.asked
            return Reply(order=order, delay=fault.before, late=True)

    def collect(self, order: int) -> Reply:
        """Execute a late request now, unless that is done already, and return its reply."""
        with self._lock:
            held = self._late.pop(order, None)
            if held is not None:
                return self._execute(held, min(self._now(), held.due))
            return self._ready.pop(order)

    def execute_what_is_due(self) -> None:
        """Execute late requests whose time has come, in the order of their times."""
        with self._lock:
            now = self._now()
            due = [held for held in self._late.values() if held.due <= now]
            for held in sorted(due, key=lambda one: (one.due, one.order)):
                del self._late[held.order]
                self._ready[held.order] = self._execute(held, held.due)

    @property
    def api_url(self) -> str:
        """Where the methods are: what a client takes as the address of the API."""
        return self.base_url + ROOT.removesuffix("/")

    @property
    def late(self) -> Mapping[int, datetime]:
        """The requests that are not executed yet, and when they will be."""
        return {order: held.due for order, held in self._late.items()}

    def _held(
        self,
        *,
        order: int,
        method: str,
        body: bytes,
        content_type: str,
        fault: Fault,
        at: datetime,
    ) -> _Held:
        try:
            fields = wire.read_json(body)
        except MalformedRequestError:
            fields = {}
        asked = references.asked(order, method, fields, self.switches)
        early = self.switches.reference_check is not ReferenceCheck.AT_EXECUTION
        return _Held(
            order=order,
            method=method,
            body=body,
            content_type=content_type,
            fault=fault,
            due=at + timedelta(seconds=fault.before),
            asked=asked,
            duplicate_at_arrival=early and asked is not None and self._is_duplicate(asked),
        )

    def _is_duplicate(self, asked: references.Asked) -> bool:
        if not asked.guarded:
            return False
        waits = self.switches.reference_check is ReferenceCheck.AT_ARRIVAL
        return self.references.seen(asked, self.switches) or (
            waits and self.references.is_running(asked, self.switches)
        )

    def _execute(self, held: _Held, at: datetime) -> Reply:
        """Carry the call out as often as its fault says, and make the reply."""
        outcome = self._carried_out(held, at)
        if held.fault.execution is Execution.REPLAYED:
            outcome = self._carried_out(held, at)
        elif held.fault.execution is Execution.TWICE:
            self._carried_out(held, at, unguarded=True)
        self.references.running.pop(held.order, None)
        made = tuple((kind, paper.key) for kind, paper in self.books.made_by(held.order))
        self.log.note(held.order, made=made, error_code=outcome.error_code)
        return self._answer(held, outcome)

    def _carried_out(self, held: _Held, at: datetime, *, unguarded: bool = False) -> _Outcome:
        duplicate = False
        try:
            fields = self._admitted(held)
            duplicate = not unguarded and self._refused_as_duplicate(held)
            if duplicate:
                raise DUPLICATE.error()
            data = self._data(held.method, fields, self._office(held.order, at))
            status, code, text = 200, 0, wire.success(data, self.switches)
            executed = self.log.call(held.order).executed + 1
            self.log.note(held.order, executed=executed, executed_at=at)
        except UnknownMethodError:
            return _Outcome(404, HTML, wire.html_page("Endpoint not found."), None)
        except MalformedRequestError:
            return self._bad_request()
        except ApiError as error:
            status, code, text = wire.failure(error, self.company, self.switches)
            if error.refusal.identifier == "UNAUTHORIZED":
                status = self.switches.unauthorized_http_status
                return _Outcome(status, JSON, _bytes(text), code)
        if held.asked is not None and held.method in METHODS:
            self.references.remember(held.asked, text, at=at, failed=code != 0, duplicate=duplicate)
        return _Outcome(status, JSON, _bytes(text), code)

    def _refused_as_duplicate(self, held: _Held) -> bool:
        if held.asked is None:
            return False
        if self.switches.reference_check is ReferenceCheck.RACING:
            return held.duplicate_at_arrival
        return held.duplicate_at_arrival or self._is_duplicate(held.asked)

    def _admitted(self, held: _Held) -> dict[str, object]:
        """Let a request in that is for a method, readable, and from one who knows the token."""
        if held.method not in METHODS and held.method not in STATUS:
            raise UnknownMethodError(held.method)
        if held.content_type.partition(";")[0].strip().lower() != "application/json":
            raise MalformedRequestError("the content type is not JSON")
        fields = wire.read_json(held.body)
        if fields.get("api_token") != self._token:
            raise Refusal(self.switches.unauthorized_code, "UNAUTHORIZED").error()
        return fields

    def _data(self, method: str, fields: Mapping[str, object], office: Office) -> object:
        if method in METHODS:
            return METHODS[method].carry_out(fields, office)
        reference = fields.get("request_reference")
        if not isinstance(reference, str) or not reference:
            raise refusals.FIELD_REQUIRED.error("request_reference")
        answers = self.references.answers(reference, at=office.at, switches=self.switches)
        return answers if method.startswith(ALL_REQUESTS) else answers[-1]

    def _office(self, order: int, at: datetime) -> Office:
        return Office(
            books=self.books,
            company=self.company,
            switches=self.switches,
            at=at,
            order=order,
            rng=self._rng,
            base_url=self.base_url,
        )

    def _bad_request(self) -> _Outcome:
        if self.switches.html_on_400:
            return _Outcome(400, HTML, wire.html_page("Request Error"), None)
        return _Outcome(400, JSON, b'{"error":"Request Error"}', None)

    def _answer(self, held: _Held, outcome: _Outcome | None) -> Reply:
        """Make the reply, with what the fault does to the answer."""
        reply = Reply(order=held.order, delay=held.fault.after)
        if outcome is not None:
            reply = replace(
                reply,
                status=outcome.status,
                content_type=outcome.content_type,
                body=outcome.body,
            )
        reply = _spoilt(reply, held, self._refusal(held.fault))
        self.log.note(held.order, status=reply.status, drop=reply.drop)
        return reply

    def _refusal(self, fault: Fault) -> tuple[int, bytes]:
        status, _, text = wire.failure(fault.refusal.error(), self.company, self.switches)
        return status, _bytes(text)


def _spoilt(reply: Reply, held: _Held, refusal: tuple[int, bytes]) -> Reply:
    answer, half = held.fault.answer, len(reply.body) // 2
    if answer in PAGES:
        status, title = PAGES[answer]
        page = replace(reply, status=status, content_type=HTML, body=wire.html_page(title))
        return replace(page, headers=(("retry-after", "1"),) if status == TOO_MANY else ())
    if answer is Answer.LOST:
        before = held.fault.execution is Execution.NEVER
        return replace(reply, body=b"", drop=Drop.BEFORE if before else Drop.AFTER)
    if answer is Answer.REFUSAL:
        return replace(reply, status=refusal[0], content_type=JSON, body=refusal[1])
    if answer is Answer.TRUNCATED:
        return replace(reply, body=reply.body[:half])
    if answer is Answer.CUT:
        return replace(reply, body=reply.body[:half], announced_length=len(reply.body))
    if answer is Answer.WRONG_CONTENT_TYPE:
        return replace(reply, content_type=HTML)
    return replace(reply, body=b"") if answer is Answer.EMPTY else reply


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")
