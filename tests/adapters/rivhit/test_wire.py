"""The transport: it ends on time, and knows whether a byte of the request left."""

import socket
import threading
import time
from contextlib import closing
from typing import Any

import httpcore
import httpx
import pytest

from refund_adapters.rivhit.wire import CORE_ERRORS, Fault, Letter, Wire, fault_of, sending
from support.loopback import closed_port, envelope, http, scripted


def letter(url: str, *, limit: float = 5, connect: float = 5) -> Letter:
    """A letter with an address and timeouts."""
    timeout = httpx.Timeout(limit, connect=connect).as_dict()
    return Letter(url, {"Accept": "application/json"}, {"timeout": timeout})


def post(
    url: str, *, limit: float = 5, connect: float = 5
) -> tuple[httpcore.Response | Fault, bool]:
    """Post once; say what came back, and whether a byte left."""
    to = letter(url, limit=limit, connect=connect)
    with closing(Wire(connections=1)) as wire, sending(limit) as state:
        try:
            with closing(wire.post(to, b"{}")) as answer:
                answer.read()
                return answer, state.written
        except CORE_ERRORS as error:
            return fault_of(error, written=state.written), state.written


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(200):
        connection.sendall(b"x")
        time.sleep(0.05)


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(200):
        connection.sendall(b"x")
        time.sleep(0.05)


def say_nothing(connection: socket.socket) -> None:
    connection.settimeout(3)
    connection.recv(1)


def test_an_answer_comes_through() -> None:
    with scripted(envelope({})) as server:
        answer, written = post(server.url)
    assert isinstance(answer, httpcore.Response)
    assert answer.status == 200
    assert written


def test_a_letter_says_what_the_http_library_would_say() -> None:
    with scripted(envelope({}), envelope({})) as server:
        post(f"{server.url}/a%20b?c=d")
        with httpx.HTTPTransport() as plain:
            headers = {"Accept": "application/json"}
            url, body = f"{server.url}/a%20b?c=d", b"{}"
            plain.handle_request(httpx.Request("POST", url, headers=headers, content=body))
    ours, theirs = server.received
    assert sorted(ours.head.split("\r\n")) == sorted(theirs.head.split("\r\n"))
    assert ours.body == theirs.body == b"{}"


def test_head_and_content_leave_together() -> None:
    pieces: list[bytes] = []

    def take_one_piece_of_each(listening: socket.socket) -> None:
        for _ in range(calls):
            with listening.accept()[0] as connection:
                pieces.append(connection.recv(65_536))
                connection.sendall(envelope({}))

    calls = 5  # Two packets, one right after the other, may be read as one, but not so often.
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        thread = threading.Thread(target=take_one_piece_of_each, args=(server,))
        thread.start()
        answers = [post(url) for _ in range(calls)]
        thread.join()
    assert all(isinstance(answer, httpcore.Response) and left for answer, left in answers)
    assert [piece[-6:] for piece in pieces] == [b"\r\n\r\n{}"] * calls


def test_nobody_listening_means_that_not_a_byte_left() -> None:
    assert post(f"http://127.0.0.1:{closed_port()}/") == (Fault.REFUSED, False)


def test_a_name_without_address_means_that_not_a_byte_left() -> None:
    assert post("http://no-such-host.invalid/") == (Fault.NO_ADDRESS, False)


def test_a_server_that_does_not_speak_tls_gets_no_request() -> None:
    with scripted(http(b"plain"), unasked=True) as server:
        answer = post(server.url.replace("http://", "https://"))
    assert answer == (Fault.TLS_FAILED, False)


@pytest.mark.parametrize("behaviour", [drip, drip_headers, say_nothing])
def test_an_answer_that_drips_ends_with_the_time_of_the_call(behaviour: object) -> None:
    assert callable(behaviour)
    with scripted(behaviour) as server:
        began = time.monotonic()
        assert post(server.url, limit=0.5) == (Fault.TIMEOUT, True)
        assert time.monotonic() - began < 2


def test_a_connection_closed_without_an_answer_is_broken() -> None:
    with scripted(lambda connection: connection.close()) as server:
        assert post(server.url) == (Fault.BROKEN, True)


def test_an_answer_that_is_cut_is_broken() -> None:
    with scripted(envelope({})[:-5]) as server:
        assert post(server.url) == (Fault.BROKEN, True)


def test_past_the_time_of_the_call_nothing_is_written() -> None:
    with scripted(envelope({})) as server, closing(Wire(connections=1)) as wire:
        wire.post(letter(server.url), b"{}").close()
        with sending(-1) as state, pytest.raises(httpcore.TimeoutException) as late:
            wire.post(letter(server.url), b"{}")
        assert fault_of(late.value, written=state.written) in {
            Fault.CONNECT_TIMEOUT,
            Fault.TOO_LATE,
        }
        assert not state.written
        assert len(server.received) == 1


def test_a_call_whose_time_to_begin_passed_while_it_connected_does_not_leave() -> None:
    with scripted(envelope({}), unasked=True) as server, closing(Wire(connections=1)) as wire:
        with sending(5, lambda: False) as state, pytest.raises(httpcore.WriteTimeout) as late:
            wire.post(letter(server.url), b"{}")
        assert fault_of(late.value, written=state.written) is Fault.TOO_LATE
        assert not state.written
        assert server.received == []


def test_the_time_to_begin_is_asked_for_once_and_not_in_the_midst_of_a_call() -> None:
    asked: list[bool] = []

    def may_begin() -> bool:
        asked.append(True)
        return len(asked) == 1

    with sending(5, may_begin) as state:
        state.begin()
        state.begin()
    assert state.written
    assert len(asked) == 1


LIBRARIES: list[Any] = [httpx, httpcore]
"""Each says the same errors in classes of its own."""


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_fault_proves_nothing_once_a_byte_was_written(library: Any) -> None:
    for error in (
        library.ConnectError("x"),
        library.ConnectTimeout("x"),
        library.PoolTimeout("x"),
        library.WriteTimeout("x"),
    ):
        assert fault_of(error, written=True) in {Fault.TIMEOUT, Fault.BROKEN}


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_unforeseen_error_proves_nothing_either(library: Any) -> None:
    assert fault_of(library.ConnectError("x"), written=False) is Fault.OTHER
    assert fault_of(library.ReadTimeout("x"), written=False) is Fault.OTHER
    assert fault_of(library.RemoteProtocolError("x"), written=False) is Fault.OTHER


@pytest.mark.parametrize("library", LIBRARIES)
def test_waiting_for_a_free_connection_sends_nothing(library: Any) -> None:
    assert fault_of(library.PoolTimeout("x"), written=False) is Fault.NO_SLOT
    assert fault_of(library.ConnectTimeout("x"), written=False) is Fault.CONNECT_TIMEOUT
    assert fault_of(library.WriteTimeout("x"), written=False) is Fault.TOO_LATE


def test_the_cause_of_a_refused_connection_is_found_however_deep() -> None:
    error = httpx.ConnectError("x")
    error.__cause__ = httpcore.ConnectError("x")
    error.__cause__.__cause__ = ConnectionRefusedError()
    assert fault_of(error, written=False) is Fault.REFUSED


def test_the_words_of_the_status_line_are_dropped() -> None:
    with scripted(http(b"{}")) as server:
        answer, _ = post(server.url)
    assert isinstance(answer, httpcore.Response)
    assert "reason_phrase" not in answer.extensions
