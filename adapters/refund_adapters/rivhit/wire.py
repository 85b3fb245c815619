"""The transport under every call: ends on time, and knows whether a byte of the request left.

A timeout of the HTTP library bounds one read or write; an answer that drips for ever keeps within
it. Here each read and write of a call is bounded by what is left of the call's whole time, and
nothing is written after it. The rest is plain: no proxy, no cookie, no redirect, no second try.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import httpcore
import httpx

from refund_adapters.elapsed import elapsed

KEEP_ALIVE_SECONDS = 5
_HEAD = b"POST "
"""How the head of a request begins, and no content: that is JSON."""

CORE_ERRORS = (
    httpcore.ConnectionNotAvailable,
    httpcore.UnsupportedProtocol,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
)
"""What the lower HTTP library raises; the upper one says the same in classes of its own."""


class Fault(StrEnum):
    """Why a call has no answer; the first group is only said when not a byte was written."""

    REFUSED = "the connection was refused"
    NO_ADDRESS = "the name of the server has no address"
    CONNECT_TIMEOUT = "the connection was not made in time"
    TLS_FAILED = "the encrypted connection was not made"
    NO_SLOT = "no connection was free in time"
    TOO_LATE = "the time of the call was over before anything was sent"

    TIMEOUT = "no answer came in time"
    BROKEN = "the connection broke before the whole answer came"
    TOO_LARGE = "the answer is larger than any answer should be"
    OTHER = "the connection failed in an unforeseen way"


@dataclass(slots=True)
class Sending:
    """One call under way: when it must end, and whether a byte of it was written."""

    until: float
    may_begin: Callable[[], bool]
    written: bool = False

    def begin(self) -> None:
        """Note that the first byte leaves now; raises where it may not any more."""
        if not self.written and not self.may_begin():
            raise httpcore.WriteTimeout("the time to begin the call is over")
        self.written = True

    def left(self, asked: float | None) -> float:
        """Seconds that may still be spent, at most as many as asked for."""
        left = self.until - elapsed()
        return left if asked is None else min(left, asked)


_sending: ContextVar[Sending | None] = ContextVar("sending", default=None)


@contextmanager
def sending(limit: float, may_begin: Callable[[], bool] = lambda: True) -> Iterator[Sending]:
    """Bound everything that this thread sends and reads inside by one time limit.

    `may_begin` is asked last thing before the first byte is written.
    """
    state = Sending(elapsed() + limit, may_begin)
    before = _sending.set(state)
    try:
        yield state
    finally:
        _sending.reset(before)


class Wire:
    """HTTP over sockets that keep to the time of the call."""

    def __init__(self, *, connections: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trust(),
            max_connections=connections,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
            retries=0,
            network_backend=_TimedBackend(),
        )

    def post(self, letter: Letter, content: bytes) -> httpcore.Response:
        """Send once; the server's words for the status are dropped, since they are logged."""
        length = (b"Content-Length", b"%d" % len(content))
        answer = self._pool.handle_request(
            httpcore.Request(
                b"POST",
                letter.url,
                headers=[*letter.headers, length],
                content=content,
                extensions=letter.extensions,
            )
        )
        answer.extensions.pop("reason_phrase", None)
        return answer

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close()


class Letter:
    """All of a request but its content: where it goes, its headers, and its timeouts.

    It is made once for all calls of a method: making it takes longer than to send it.
    """

    __slots__ = ("extensions", "headers", "url")

    def __init__(self, url: str, headers: Mapping[str, str], extensions: Mapping[str, Any]) -> None:
        whole = httpx.Request("POST", url, headers=dict(headers), content=b"")
        at, length = whole.url, b"content-length"
        self.url = httpcore.URL(
            scheme=at.raw_scheme, host=at.raw_host, port=at.port, target=at.raw_path
        )
        self.headers = [pair for pair in whole.headers.raw if pair[0].lower() != length]
        self.extensions = dict(extensions)


@cache
def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _TimedBackend(httpcore.NetworkBackend):
    """Opens connections that keep to the time of the call."""

    def __init__(self) -> None:
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(
            self._plain.connect_tcp(host, port, left, local_address, socket_options)
        )


class _TimedStream(httpcore.NetworkStream):
    """A connection that keeps to the time of the call and notes the first byte written.

    The head of a request waits for its content, which always follows, and both leave as one: each
    packet costs either side as much as deciding what is in it.
    """

    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain
        self._head = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = _left(timeout, httpcore.WriteTimeout)
        if not self._head and buffer.startswith(_HEAD):
            self._head = buffer
            return
        if (state := _sending.get()) is not None:
            state.begin()
        head, self._head = self._head, b""
        self._plain.write(head + buffer, left)

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._plain.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)


def _left(asked: float | None, over: type[Exception]) -> float | None:
    """What is left of the call's time; raises where it is over."""
    state = _sending.get()
    if state is None:
        return asked
    left = state.left(asked)
    if left <= 0:
        raise over("the time of the call is over")
    return left


def fault_of(error: Exception, *, written: bool) -> Fault:
    """Name what went wrong with a call.

    The faults that prove that nothing was sent are named only where the wire saw no byte leave
    *and* the error is one of connecting: either alone is not enough.
    """
    if isinstance(error, httpx.TimeoutException | httpcore.TimeoutException) and written:
        return Fault.TIMEOUT
    if written:
        return Fault.BROKEN
    causes = list(_causes(error))
    match error:
        case httpx.PoolTimeout() | httpcore.PoolTimeout():
            return Fault.NO_SLOT
        case httpx.ConnectTimeout() | httpcore.ConnectTimeout():
            return Fault.CONNECT_TIMEOUT
        case httpx.WriteTimeout() | httpcore.WriteTimeout():
            return Fault.TOO_LATE
        case httpx.ConnectError() | httpcore.ConnectError():
            return _connect_fault(causes)
        case _:
            return Fault.OTHER


def _connect_fault(causes: list[BaseException]) -> Fault:
    for kind, fault in (
        (ConnectionRefusedError, Fault.REFUSED),
        (socket.gaierror, Fault.NO_ADDRESS),
        (ssl.SSLError, Fault.TLS_FAILED),
    ):
        if any(isinstance(cause, kind) for cause in causes):
            return fault
    return Fault.OTHER


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that it came from, at most ten deep."""
    at: BaseException | None = error
    for _ in range(10):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__
