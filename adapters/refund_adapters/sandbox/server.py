"""The sandbox on loopback: HTTP around the core, in a thread for tests or blocking for a person."""

import asyncio
import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import cast

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from refund_adapters.sandbox.core import ROOT, Sandbox
from refund_adapters.sandbox.refusals import SandboxError
from refund_adapters.sandbox.wire import HTML, Drop, Reply, html_page

__all__ = ["ROOT", "SandboxApp", "real_time", "run", "seeded", "serving"]

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 1 << 20
START_LIMIT = 10.0
STOP_LIMIT = 10
CLOSE = "sandbox.close"


class ClosableProtocol(H11Protocol):
    """HTTP/1.1 whose application may close the connection without an answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the application a way to close this connection."""
        super().connection_made(cast("asyncio.Transport", transport))
        app = self.app

        async def with_close(scope: Scope, receive: Receive, send: Send) -> None:
            await cast("ASGIApp", app)({**scope, CLOSE: transport.close}, receive, send)

        self.app = with_close


class SandboxApp:
    """The ASGI application: a thin shell that waits, sends and drops as the core's reply says."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if not request.url.path.startswith(ROOT):
            await _page(404, "Endpoint not found.")(scope, receive, send)
        elif request.method != "POST":
            await _page(405, "Method not allowed.")(scope, receive, send)
        else:
            await self._call(request, scope, receive, send)

    async def _call(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        with contextlib.suppress(ClientDisconnect):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    await _page(413, "Request Entity Too Large")(scope, receive, send)
                    return
        reply = self.sandbox.handle(
            request.url.path.removeprefix(ROOT),
            bytes(body),
            content_type=request.headers.get("content-type", ""),
        )
        while reply.late:
            await asyncio.sleep(reply.delay)
            reply = self.sandbox.collect(reply.order)
        await asyncio.sleep(reply.delay)
        await _answer(reply, scope, receive, send)


async def _answer(reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    if reply.drop is not Drop.NONE:
        await _close(scope, receive)
    elif reply.announced_length is None:
        response = Response(reply.body, reply.status, dict(reply.headers))
        response.headers["content-type"] = reply.content_type
        await response(scope, receive, send)
    else:
        start: Message = {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [
                (b"content-type", reply.content_type.encode()),
                (b"content-length", str(reply.announced_length).encode()),
            ],
        }
        await send(start)
        await send({"type": "http.response.body", "body": reply.body, "more_body": True})
        await _close(scope, receive)


async def _close(scope: Scope, receive: Receive) -> None:
    """Close the connection, and wait until the server below knows."""
    scope[CLOSE]()
    while (await receive())["type"] != "http.disconnect":
        pass


def _page(status: int, title: str) -> Response:
    return Response(html_page(title), status, {"content-type": HTML})


def real_time() -> datetime:
    """Say what time it is."""
    return datetime.now(tz=UTC)


def seeded(seed: int = 0) -> random.Random:
    """Make random numbers that a seed brings back."""
    return random.Random(seed)  # noqa: S311 -- identities of a sandbox are no secrets


@contextlib.contextmanager
def serving(sandbox: Sandbox, *, port: int = 0) -> Iterator[Sandbox]:
    """Serve a sandbox from a thread while the block runs; its base_url says where.

    The books outlive the block, so that a server can go away and come back on the same port.
    """
    listener = _listener(LOOPBACK, port)
    sandbox.base_url = _url(listener)
    server = uvicorn.Server(_config(sandbox))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        _wait_for(server, thread)
        yield sandbox
    finally:
        server.should_exit = True
        thread.join(STOP_LIMIT)
        listener.close()


def run(sandbox: Sandbox, *, port: int = 0, ready: Callable[[str], None] | None = None) -> None:
    """Serve a sandbox until the process is interrupted; `ready` hears the address."""
    with contextlib.closing(_listener(LOOPBACK, port)) as listener:
        sandbox.base_url = _url(listener)
        server = uvicorn.Server(_config(sandbox))
        if ready is not None:
            ready(sandbox.base_url)
        server.run([listener])


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        SandboxApp(sandbox),
        http=ClosableProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )


def _listener(host: str, port: int) -> socket.socket:
    # With the protocol named, asyncio turns Nagle's algorithm off: 1 ms an answer instead of 40.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise SandboxError(f"port {port} cannot be used ({error}); choose another") from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


def _wait_for(server: uvicorn.Server, thread: threading.Thread) -> None:
    until = time.monotonic() + START_LIMIT
    while not server.started:
        if not thread.is_alive() or time.monotonic() > until:
            raise SandboxError("the server did not start")
        time.sleep(0.002)
