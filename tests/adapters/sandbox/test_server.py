"""The sandbox over real sockets: answers, and every way in which one does not come."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from refund_adapters.sandbox.faults import (
    ANSWER_LOST,
    CUT,
    DROPPED_BEFORE,
    HTML_500_AFTER,
    TOO_MANY_REQUESTS,
    Fault,
    slow_after,
    slow_before,
)
from refund_adapters.sandbox.refusals import SandboxError
from refund_adapters.sandbox.server import LARGEST_BODY, ROOT, real_time, seeded, serving
from support.sandboxes import TOKEN, Api, api, document

NEW = "Document.New"
WAIT = 5.0


class Served:
    """A sandbox on loopback with a client that asks it."""

    def __init__(self, books: Api, client: httpx.Client) -> None:
        self.books = books
        self.client = client

    def post(self, method: str, **fields: object) -> httpx.Response:
        return self.client.post(ROOT + method, json={"api_token": TOKEN} | fields)

    def new(self) -> httpx.Response:
        return self.post(NEW, **document({"quantity": 1, "price_nis": 118}))

    def script(self, fault: Fault) -> None:
        self.books.sandbox.faults.script(NEW, fault)

    def made(self) -> int:
        return len(self.books.sandbox.books.documents)


@pytest.fixture
def served() -> Iterator[Served]:
    books = api()
    with (
        serving(books.sandbox) as sandbox,
        httpx.Client(base_url=sandbox.base_url, timeout=WAIT, trust_env=False) as client,
    ):
        yield Served(books, client)


def wait_until_made(served: Served, count: int) -> None:
    until = time.monotonic() + WAIT
    while served.made() < count:
        assert time.monotonic() < until, "the document was never made"
        time.sleep(0.005)


def test_a_call_is_answered(served: Served) -> None:
    response = served.new()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json()["data"]["document_number"] == 1


def test_links_are_on_the_sandboxs_own_host(served: Served) -> None:
    link = served.new().json()["data"]["document_link"]
    assert link.startswith(f"{served.books.sandbox.base_url}/pdf/FileService.svc/GetDocument/")


def test_hebrew_goes_over_the_wire_as_it_is(served: Served) -> None:
    served.post("Customer.New", last_name="לוי")
    assert "לוי".encode() in served.post("Customer.Get", customer_id=1002).content


def test_status_is_asked_under_a_path_with_a_format(served: Served) -> None:
    response = served.post("Status.LastRequest/JSON", request_reference="none")
    assert response.json()["error_code"] == -2


@pytest.mark.parametrize("path", ["/", "/online/Other.svc/Document.New", ROOT + "Nope"])
def test_any_other_path_is_a_page_that_says_not_found(served: Served, path: str) -> None:
    response = served.client.post(path, json={"api_token": TOKEN})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


def test_only_post_is_allowed(served: Served) -> None:
    assert served.client.get(ROOT + NEW).status_code == 405
    assert served.made() == 0


def test_a_body_that_is_not_json_is_a_bad_request(served: Served) -> None:
    response = served.client.post(ROOT + NEW, content=b"<xml/>")
    assert response.status_code == 400
    assert b"Request Error" in response.content


def test_a_body_that_is_too_large_is_refused(served: Served) -> None:
    content = b" " * (LARGEST_BODY + 1)
    headers = {"content-type": "application/json"}
    response = served.client.post(ROOT + NEW, content=content, headers=headers)
    assert response.status_code == 413
    assert served.new().status_code == 200


@pytest.mark.parametrize(("fault", "made"), [(DROPPED_BEFORE, 0), (ANSWER_LOST, 1)])
def test_a_dropped_connection_gives_no_answer(served: Served, fault: Fault, made: int) -> None:
    served.script(fault)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        served.new()
    assert served.made() == made
    assert served.new().status_code == 200


def test_a_cut_answer_breaks_off_in_the_middle(served: Served) -> None:
    served.script(CUT)
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        served.new()
    assert served.made() == 1


def test_pages_of_a_proxy_come_with_their_status(served: Served) -> None:
    served.script(HTML_500_AFTER)
    served.script(TOO_MANY_REQUESTS)
    assert (served.new().status_code, served.made()) == (500, 1)
    response = served.new()
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")


def test_a_slow_answer_times_out_after_the_document_was_made(served: Served) -> None:
    served.script(slow_after(0.5))
    with pytest.raises(httpx.ReadTimeout):
        served.client.post(
            ROOT + NEW,
            json={"api_token": TOKEN} | document({"quantity": 1, "price_nis": 1}),
            timeout=0.1,
        )
    assert served.made() == 1


def test_an_abandoned_request_is_still_executed(served: Served) -> None:
    served.script(slow_before(0.3))
    with pytest.raises(httpx.ReadTimeout):
        served.client.post(
            ROOT + NEW,
            json={"api_token": TOKEN} | document({"quantity": 1, "price_nis": 1}),
            timeout=0.05,
        )
    assert served.made() == 0
    wait_until_made(served, 1)


def test_a_slow_request_does_not_hold_up_the_others(served: Served) -> None:
    served.script(slow_before(0.3))
    slow = threading.Thread(target=served.new)
    slow.start()
    while not served.books.sandbox.late:
        time.sleep(0.001)
    assert served.new().json()["data"]["document_number"] == 1
    slow.join(WAIT)
    assert served.made() == 2


def test_a_client_that_hangs_up_does_no_harm(served: Served) -> None:
    host, _, port = served.books.sandbox.base_url.removeprefix("http://").partition(":")
    for part in (b"", b"POST ", b"POST %s HTTP/1.1\r\ncontent-length: 9\r\n\r\n{" % ROOT.encode()):
        with socket.create_connection((host, int(port)), WAIT) as client:
            client.sendall(part)
    assert served.new().status_code == 200


def test_the_books_outlive_the_server() -> None:
    books = api()
    with serving(books.sandbox) as sandbox:
        url = sandbox.base_url
        assert sandbox.api_url == url + ROOT.rstrip("/")
        httpx.post(url + ROOT + NEW, json={"api_token": TOKEN} | document({"quantity": 1}))
    with pytest.raises(httpx.ConnectError):
        httpx.post(url + ROOT + NEW, json={})
    with serving(books.sandbox, port=int(url.rpartition(":")[2])) as sandbox:
        assert sandbox.base_url == url
        asked = {"api_token": TOKEN, "document_type": 1, "document_number": 1}
        assert httpx.post(url + ROOT + "Document.Details", json=asked).status_code == 200


def test_a_port_that_is_taken_is_an_error_in_words(served: Served) -> None:
    port = int(served.books.sandbox.base_url.rpartition(":")[2])
    with pytest.raises(SandboxError, match="choose another"), serving(api().sandbox, port=port):
        pass


def test_the_token_is_in_no_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        served.new()
        served.script(ANSWER_LOST)
        with pytest.raises(httpx.HTTPError):
            served.new()
        served.client.post(ROOT + NEW, content=TOKEN)
    assert TOKEN not in caplog.text


def test_real_time_is_aware_and_seeds_repeat() -> None:
    assert real_time().tzinfo is not None
    assert seeded(3).random() == seeded(3).random()


PROGRAM = """
from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.server import real_time, run, seeded
run(
    Sandbox(token="t", now=real_time, rng=seeded()),
    ready=lambda address: print(address, flush=True),
)
"""


def test_run_serves_until_it_is_interrupted() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        try:
            asked = {"api_token": "t"}
            response = httpx.post(address + ROOT + "Accounting.VatRate", json=asked, timeout=WAIT)
            assert response.json()["data"] == {"vat_rate": 18}
        finally:
            os.kill(process.pid, signal.SIGINT)
        process.wait(WAIT)
