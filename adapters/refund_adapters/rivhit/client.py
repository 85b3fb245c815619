"""The one place that speaks HTTP to Rivhit: a write is sent once, a read may be asked again.

The token stands in the body and nowhere else: not in an address, an error, a log line or a
`repr`, even where the server repeats it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import httpx
import stamina

from refund_adapters.accounting import AnsweredError, UnavailableError
from refund_adapters.rivhit.envelope import (
    Failure,
    NoAnswer,
    Reply,
    Success,
    read_envelope,
    read_reply,
    shortened,
    write_json,
)
from refund_adapters.rivhit.settings import RivhitSettings, checked_url
from refund_adapters.rivhit.wire import CORE_ERRORS, Fault, Letter, Sending, Wire, fault_of, sending
from refund_adapters.stopping import heed_stop

logger = logging.getLogger(__name__)

LARGEST_ANSWER_TO_A_WRITE = 1_000_000
LARGEST_ANSWER_TO_A_READ = 32_000_000

NO_DATA = frozenset({-2, 204})
"""Codes of an empty result: today's, and the one of 2015."""
NO_DATA_FOUND = "NO_DATA_FOUND"
TRANSIENT = frozenset({-1, -69, -70, -74, -83, -119, -120, -124, -125, -999, -1000, -9998})
"""Codes that a public client treats as passing; a read is asked again."""

UNAUTHORIZED_CODE = 401
UNAUTHORIZED = "UNAUTHORIZED"
TOKEN_REFUSED = "Rivhit refused the token; check the token setting"  # noqa: S105 -- what is said of it

HIDDEN = "***"

HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "refund-ledger",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One read: the method and the body without the token."""

    method: str
    body: Mapping[str, object]


class SaidNoError(AnsweredError):
    """The accounting system answered a read with an error."""

    def __init__(self, method: str, failure: Failure) -> None:
        self.code = failure.code
        self.identifier = failure.identifier
        super().__init__(f"Rivhit answered {method} with {failure.named}")


class TokenRefusedError(UnavailableError):
    """The accounting system is as good as away: it lets nobody in who says this token."""

    def __init__(self) -> None:
        super().__init__(TOKEN_REFUSED)


class _PassingError(UnavailableError):
    """A read failed in a way that may pass."""


class Client:
    """Sends calls to Rivhit and reads what comes back, each within its time."""

    def __init__(
        self,
        settings: RivhitSettings,
        *,
        transport: httpx.BaseTransport | None = None,
        pace: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._pace = pace
        self._base = checked_url(settings.base_url)
        # A pool of connections is all that is needed of the HTTP library: what its client adds,
        # redirects, cookies and proxies of the environment, is what must not happen here.
        self._transport = transport or Wire(connections=settings.connections)
        limit = httpx.Timeout(settings.call_limit, connect=settings.connect_limit)
        self._extensions = {"timeout": limit.as_dict()}
        self._letters: dict[str, Letter] = {}

    def __repr__(self) -> str:
        return f"Client({self._settings.company!r} at {self._base})"

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def write(
        self,
        method: str,
        body: Mapping[str, object],
        *,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> Reply:
        """Send a call once and say what came back; never raises for what the network does."""
        return self._post(method, body, LARGEST_ANSWER_TO_A_WRITE, may_begin)

    def ask(self, question: Question, *, attempts: int | None = None) -> object | None:
        """Read something; None where the system has no such data.

        Raises `SaidNoError` for an error of the system, `TokenRefusedError` where it lets us in to
        nothing, and `UnavailableError` where no answer came.
        """
        tries = stamina.retry_context(
            on=_PassingError,
            attempts=attempts or self._settings.read_attempts,
            timeout=3 * self._settings.call_limit,
            wait_initial=0.2,
            wait_max=5,
            wait_jitter=1,
        )
        for attempt in tries:
            with attempt:
                return self._ask_once(question)
        raise UnavailableError(f"{question.method} was not answered")  # pragma: no cover

    def envelope_in(self, text: str) -> Reply:
        """Read an envelope that an answer holds as text, without the token."""
        return self._scrubbed_reply(read_envelope(httpx.codes.OK, text))

    def scrub(self, text: str, *, also: Sequence[str] = ()) -> str:
        """Take the token, and whatever else must not be kept, out of a text."""
        token = self._settings.token.get_secret_value()
        for secret in sorted({token, token.replace("-", ""), *also} - {""}, key=len, reverse=True):
            text = re.sub(re.escape(secret), HIDDEN, text, flags=re.IGNORECASE)
        return text

    def _ask_once(self, question: Question) -> object | None:
        # A write waits for its place before it is announced, so that its time is not spent waiting.
        self._pace()
        heed_stop()
        reply = self._post(question.method, question.body, LARGEST_ANSWER_TO_A_READ)
        match reply:
            case Success():
                return reply.data
            case NoAnswer():
                raise _PassingError(f"Rivhit did not answer {question.method}: {reply.why}")
            case Failure() if reply.code in NO_DATA or reply.identifier == NO_DATA_FOUND:
                return None
            case Failure() if reply.code == UNAUTHORIZED_CODE or reply.identifier == UNAUTHORIZED:
                raise TokenRefusedError
            case Failure() if reply.code in TRANSIENT:
                raise _PassingError(f"Rivhit answered {question.method} with {reply.named}")
            case Failure():
                raise SaidNoError(question.method, reply)

    def _post(
        self,
        method: str,
        body: Mapping[str, object],
        largest: int,
        may_begin: Callable[[], bool] = lambda: True,
    ) -> Reply:
        content = write_json({"api_token": self._settings.token.get_secret_value(), **body})
        with sending(self._settings.call_limit, may_begin) as state:
            try:
                reply = self._exchange(method, content.encode(), largest, state)
            except (httpx.HTTPError, *CORE_ERRORS) as error:
                fault = fault_of(error, written=state.written)
                reply = NoAnswer(str(fault), fault=fault)
        reply = self._scrubbed_reply(reply)
        logger.debug("%s: %s", method, _in_words(reply))
        return reply

    def _exchange(self, method: str, content: bytes, largest: int, state: Sending) -> Reply:
        if isinstance(self._transport, Wire):
            with closing(self._transport.post(self._letter(method), content)) as answer:
                names = {name.lower(): value for name, value in answer.headers}
                encoding = names.get(b"content-encoding", b"identity").decode("latin-1")
                return _received(answer.status, encoding, answer.iter_stream(), largest)
        request = httpx.Request(
            "POST",
            f"{self._base}/{method}",
            content=content,
            headers=HEADERS,
            extensions=self._extensions,
        )
        if not state.may_begin():
            raise httpx.WriteTimeout("the time to begin the call is over")
        with closing(self._transport.handle_request(request)) as response:
            chunks = [response.content] if response.is_stream_consumed else response.iter_raw()
            encoding = response.headers.get("Content-Encoding", "identity")
            return _received(response.status_code, encoding, chunks, largest)

    def _letter(self, method: str) -> Letter:
        """The address and headers of a method's calls, made once."""
        letter = self._letters.get(method)
        if letter is None:
            letter = Letter(f"{self._base}/{method}", HEADERS, self._extensions)
            self._letters[method] = letter
        return letter

    def _scrubbed_reply(self, reply: Reply) -> Reply:
        if not isinstance(reply, Failure):
            return reply
        return Failure(
            code=reply.code,
            identifier=self.scrub(reply.identifier),
            client_message=shortened(self.scrub(reply.client_message)),
            debug_message=shortened(self.scrub(reply.debug_message)),
            status=reply.status,
            empty=reply.empty,
        )


def _received(status: int, encoding: str, chunks: Iterable[bytes], largest: int) -> Reply:
    """Read what came back, no more of it than an answer may be long."""
    if encoding.lower() != "identity":
        return NoAnswer("the answer is encoded, unasked", status=status)
    received = bytearray()
    for chunk in chunks:
        received += chunk
        if len(received) > largest:
            return NoAnswer(str(Fault.TOO_LARGE), fault=Fault.TOO_LARGE, status=status)
    return read_reply(status, bytes(received))


def _in_words(reply: Reply) -> str:
    match reply:
        case Success():
            return f"HTTP {reply.status}, carried out"
        case Failure():
            return f"HTTP {reply.status}, {reply.named}"
        case NoAnswer():
            return reply.why
