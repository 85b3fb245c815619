"""A server of raw sockets on loopback that answers as a test scripts it, byte for byte."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import simplejson

Behaviour = Callable[[socket.socket], None]
Answer = bytes | Behaviour
ROOT = "/online/RivhitOnlineAPI.svc"


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came over the wire."""

    head: str
    body: bytes

    @property
    def path(self) -> str:
        """What was asked for."""
        return self.head.split(" ", 2)[1]

    @property
    def method(self) -> str:
        """The method of the API: what follows its root."""
        return self.path.removeprefix(f"{ROOT}/")

    @property
    def headers(self) -> dict[str, str]:
        """The headers, by lower-case name."""
        lines = self.head.split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}

    @property
    def fields(self) -> dict[str, object]:
        """The body, read with exact numbers."""
        found = simplejson.loads(self.body, use_decimal=True)
        assert isinstance(found, dict)
        return found


@dataclass(slots=True)
class Scripted:
    """What the server was told to say, and what it heard; the last answer is repeated."""

    answers: list[Answer]
    url: str = ""
    received: list[Received] = field(default_factory=list)
    unasked: bool = False

    def bodies(self, method: str) -> list[dict[str, object]]:
        """The requests of one method, in order."""
        return [each.fields for each in self.received if each.method == method]


@contextmanager
def scripted(*answers: Answer, unasked: bool = False) -> Iterator[Scripted]:
    """Serve scripted answers, one to a connection, while the block runs; unasked, at once."""
    script = Scripted(list(answers), unasked=unasked)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        script.url = f"http://{host}:{port}{ROOT}"
        thread = threading.Thread(target=_serve, args=(listener, script), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def http(
    body: bytes, *, status: int = 200, content_type: str = "application/json", more: str = ""
) -> bytes:
    """Write a whole answer."""
    head = (
        f"HTTP/1.1 {status} Whatever\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n"
    )
    return head.encode() + body


def envelope(
    data: object = None, *, code: int = 0, client: str = "", debug: str = "", status: int = 200
) -> bytes:
    """Write a whole answer that holds an envelope."""
    members = {"error_code": code, "client_message": client, "debug_message": debug, "data": data}
    return http(simplejson.dumps(members, use_decimal=True).encode(), status=status)


def no_data() -> bytes:
    """Write the answer of an empty result."""
    return envelope([], code=-2, debug="-2 : NO_DATA_FOUND", status=500)


def closed_port() -> int:
    """Find a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _serve(listener: socket.socket, script: Scripted) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(20)
            try:
                _answer(connection, script)
            except OSError:
                continue


def _answer(connection: socket.socket, script: Scripted) -> None:
    if not script.unasked:
        received = _receive(connection)
        if received is None:
            return
        script.received.append(received)
    answer = script.answers[0] if len(script.answers) == 1 else script.answers.pop(0)
    if callable(answer):
        answer(connection)
    else:
        connection.sendall(answer)


def _receive(connection: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    ]
    while len(body) < sum(lengths):
        body += connection.recv(65536)
    return Received(head.decode("latin-1"), body)
