"""The client: one HTTP request for a write, a few for a read, and the token only in the body."""

import gzip
import logging
import socket
import string

import pytest
import simplejson
import stamina
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydantic import SecretStr

from refund_adapters.accounting import UnavailableError
from refund_adapters.rivhit.client import Client, Question, SaidNoError, TokenRefusedError
from refund_adapters.rivhit.envelope import Failure, NoAnswer, Success
from refund_adapters.rivhit.wire import Fault
from refund_ledger.errors import InvalidInputError
from support.loopback import closed_port, envelope, http, no_data, scripted
from support.rivhits import settings
from support.sandboxes import TOKEN

ANY = Question("Customer.Get", {"customer_id": 5})
TOKENS = st.text(alphabet=string.ascii_letters + string.digits + "-_.+", min_size=8, max_size=40)


def test_a_write_is_one_post_with_the_token_in_its_body_alone() -> None:
    with scripted(envelope({"x": 1})) as server:
        reply = Client(settings(server.url)).write("Document.Cancel", {"document_type": 2})
    assert reply == Success({"x": 1}, 200)
    (request,) = server.received
    assert request.head.startswith("POST /online/RivhitOnlineAPI.svc/Document.Cancel HTTP/1.1")
    assert request.headers["content-type"] == "application/json"
    assert TOKEN not in request.head
    assert list(request.fields) == ["api_token", "document_type"]
    assert request.fields["api_token"] == TOKEN


def test_a_write_is_never_sent_again() -> None:
    with scripted(http(b"", status=503)) as server:
        assert isinstance(Client(settings(server.url)).write("Document.New", {}), NoAnswer)
    assert len(server.received) == 1


def test_a_write_whose_connection_closes_is_not_sent_again() -> None:
    with scripted(lambda connection: connection.close()) as server:
        reply = Client(settings(server.url)).write("Document.New", {})
    assert isinstance(reply, NoAnswer)
    assert reply.fault is Fault.BROKEN
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with scripted(envelope({})) as elsewhere:
        moved = http(b"", status=status, more=f"Location: {elsewhere.url}\r\n")
        with scripted(moved) as server:
            reply = Client(settings(server.url)).write("Document.New", {})
    assert isinstance(reply, NoAnswer)
    assert elsewhere.received == []


def test_a_cookie_is_not_sent_back() -> None:
    with scripted(http(b"{}", more="Set-Cookie: session=1; Path=/\r\n")) as server:
        client = Client(settings(server.url))
        client.write("Document.New", {})
        client.write("Document.New", {})
        client.close()
    assert all("cookie" not in request.headers for request in server.received)


def test_a_proxy_of_the_environment_does_not_see_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(envelope({})) as proxy, scripted(envelope({})) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        Client(settings(server.url)).write("Document.New", {})
    assert proxy.received == []
    assert len(server.received) == 1


def test_nobody_listening_is_said_as_such() -> None:
    reply = Client(settings(f"http://127.0.0.1:{closed_port()}")).write("Document.New", {})
    assert isinstance(reply, NoAnswer)
    assert reply.fault is Fault.REFUSED


def test_an_address_that_is_not_safe_is_refused_even_past_the_settings() -> None:
    unsafe = settings().model_copy(update={"base_url": "http://example.com"})
    with pytest.raises(InvalidInputError):
        Client(unsafe)


def test_an_answer_larger_than_any_is_not_read_to_its_end() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n")
        connection.sendall(b" " * 9_000_000)

    with scripted(flood) as server:
        reply = Client(settings(server.url)).write("Document.New", {})
    assert isinstance(reply, NoAnswer)
    assert reply.fault is Fault.TOO_LARGE


def test_an_encoded_answer_was_not_asked_for() -> None:
    packed = gzip.compress(b'{"error_code":0,"data":{}}')
    with scripted(http(packed, more="Content-Encoding: gzip\r\n")) as server:
        reply = Client(settings(server.url)).write("Document.New", {})
    assert isinstance(reply, NoAnswer)
    assert server.received[0].headers["accept-encoding"] == "identity"


def test_a_read_gets_its_data() -> None:
    with scripted(envelope({"customer_id": 5})) as server:
        assert Client(settings(server.url)).ask(ANY) == {"customer_id": 5}


def test_an_empty_result_is_none() -> None:
    with scripted(no_data()) as server:
        assert Client(settings(server.url)).ask(ANY) is None


def test_a_read_that_is_refused_says_with_what() -> None:
    refused = envelope([], code=-22, debug="-22 : CUSTOMER_NOT_EXISTS", status=500)
    with scripted(refused) as server, pytest.raises(SaidNoError) as said:
        Client(settings(server.url, read_attempts=3)).ask(ANY)
    assert (said.value.code, said.value.identifier) == (-22, "CUSTOMER_NOT_EXISTS")
    assert len(server.received) == 1


def test_a_wrong_token_says_what_to_look_at() -> None:
    refused = envelope([], code=401, debug="401 : UNAUTHORIZED", status=500)
    with (
        scripted(refused) as server,
        pytest.raises(TokenRefusedError, match="check the token setting"),
    ):
        Client(settings(server.url)).ask(ANY)


def test_a_read_is_asked_again_a_few_times() -> None:
    lost, busy = http(b"", status=503), envelope([], code=-1, debug="-1 : X", status=500)
    with scripted(lost, busy, envelope({"a": 1})) as server, stamina.set_testing(True, attempts=5):
        assert Client(settings(server.url, read_attempts=5)).ask(ANY) == {"a": 1}
    assert len(server.received) == 3


def test_a_read_gives_up_after_its_last_attempt() -> None:
    with scripted(http(b"", status=503)) as server, pytest.raises(UnavailableError):
        Client(settings(server.url, read_attempts=2)).ask(ANY)
    assert len(server.received) == 2


@profile(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(token=TOKENS, status=st.sampled_from([200, 400, 500]), code=st.sampled_from([0, -22, 500]))
def test_a_server_that_repeats_the_token_spreads_it_nowhere(
    caplog: pytest.LogCaptureFixture, token: str, status: int, code: int
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    said = f"-22 : {token} is {token.upper()}"
    for answer in (
        envelope([], code=code, client=said, debug=said, status=status),
        envelope([], code=code, client=token, debug=token, status=status),
        http(f"<html>{token}</html>".encode(), status=status, content_type="text/html"),
        http(simplejson.dumps({"error": token}).encode(), status=status),
    ):
        with scripted(answer) as server:
            client = Client(settings(server.url, token=SecretStr(token)))
            words = [repr(client), repr(client.write("Document.New", {}))]
            try:
                client.ask(ANY)
            except UnavailableError as error:
                words += [str(error), repr(error), repr(error.__cause__), repr(error.__context__)]
        shown = " ".join([*words, caplog.text]).lower()
        assert token.lower() not in shown.replace("reply", "")


def test_an_envelope_inside_an_answer_is_scrubbed_too() -> None:
    client = Client(settings())
    text = simplejson.dumps({"error_code": -22, "debug_message": f"-22 : {TOKEN}", "data": []})
    reply = client.envelope_in(text)
    assert isinstance(reply, Failure)
    assert TOKEN not in repr(reply)


def test_names_that_must_not_be_kept_are_scrubbed_on_request() -> None:
    client = Client(settings())
    scrubbed = client.scrub(f"{TOKEN} {TOKEN.replace('-', '')} כהן", also=["כהן", ""])
    assert scrubbed == "*** *** ***"
