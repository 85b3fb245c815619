"""A proxy before a PostgreSQL server that cuts a connection at the worst moment, once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from refund_adapters.store.postgres_address import Address

CHUNK = 1 << 20
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Cut:
    """Where to cut: at the first message of a client that holds the mark."""

    mark: bytes
    forwarded: bool = True
    """Whether the server is given the message."""
    answered: int | None = 0
    """How many bytes of its answer the client is given; none: it is cut without waiting for one."""
    between: Callable[[], object] = lambda: None
    """Done before the client is cut off from a message that was not forwarded."""


@dataclass(slots=True)
class Proxy:
    """Carries bytes both ways until a cut is due."""

    port: int
    _path: str
    cut: Cut | None = None
    """The next cut, none where all is carried."""
    cuts: int = 0
    """How many there were."""
    held: list[tuple[socket.socket, bytes]] = field(default_factory=list)
    """What was kept back from the server, and the way to it."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)

    def deliver(self) -> None:
        """Give the server what was kept back, as a slow network does."""
        for upstream, data in self.held:
            upstream.settimeout(PATIENCE)
            with suppress(ConnectionError):
                upstream.sendall(data)
                while upstream.recv(CHUNK):
                    pass
        self.held.clear()

    def accept(self, listening: socket.socket) -> None:
        """Take connections until the listening socket is closed."""
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            upstream = socket.socket(socket.AF_UNIX)
            self._sockets += [client, upstream]
            try:
                upstream.connect(self._path)
            except OSError:
                client.close()
                continue
            self.start(_Pair(self, client, upstream).ask)

    def start(self, work: Callable[[], None]) -> None:
        """Do something beside the rest, which `close` waits for."""
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Cut everything and wait for every thread."""
        for each in self._sockets:
            _end(each)
        for thread in list(self._threads):
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def due(self, data: bytes) -> Cut | None:
        """The cut, where this message is the one; it is due once."""
        with self._lock:
            cut = self.cut
            if cut is None or cut.mark not in data:
                return None
            self.cut = None
            self.cuts += 1
            return cut


class _Pair:
    """A client and its way to the server."""

    def __init__(self, proxy: Proxy, client: socket.socket, upstream: socket.socket) -> None:
        self.proxy, self.client, self.upstream = proxy, client, upstream
        self.left: int | None = None

    def ask(self) -> None:
        """Carry what the client asks."""
        self.proxy.start(self.answer)
        with suppress(OSError):
            while data := self.client.recv(CHUNK):
                cut = self.proxy.due(data)
                if cut is None:
                    self.upstream.sendall(data)
                    continue
                if not cut.forwarded:
                    # The server does not learn that nobody waits for an answer any more.
                    self.proxy.held.append((self.upstream, data))
                    cut.between()
                    _end(self.client)
                    return
                self.left = cut.answered
                self.upstream.sendall(data)
                if cut.answered is None:
                    break
        _end(self.client)
        _end(self.upstream)

    def answer(self) -> None:
        """Carry what the server answers, as far as it shall be heard."""
        with suppress(OSError):
            while data := self.upstream.recv(CHUNK):
                if self.left is None:
                    self.client.sendall(data)
                    continue
                self.client.sendall(data[: self.left])
                if len(data) > self.left:
                    break
                self.left -= len(data)
        _end(self.client)
        if not any(self.upstream is kept for kept, _ in self.proxy.held):
            _end(self.upstream)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def cutting(address: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy before the server of a ledger, and the ledger's address through it."""
    known = Address.parse(address)
    said = conninfo_to_dict(known.conninfo)
    path = Path(str(said["host"])) / f".s.PGSQL.{said['port']}"
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = int(listening.getsockname()[1])
        proxy = Proxy(port, str(path))
        accepting = threading.Thread(target=proxy.accept, args=(listening,), daemon=True)
        accepting.start()
        stack.callback(accepting.join, PATIENCE)
        stack.callback(proxy.close)
        stack.callback(_end, listening)
        user, database = said["user"], said["dbname"]
        yield proxy, f"postgresql://{user}@127.0.0.1:{port}/{database}?schema={known.schema}"
