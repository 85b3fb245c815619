"""The log keeps what was received, byte for byte, except for the token."""

import pytest
import simplejson
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.sandbox.call_log import WITHHELD, without_token
from support.sandboxes import TOKEN, api, document


def test_the_body_is_kept_as_it_was_received() -> None:
    books = api()
    body = b'{ "document_type" : 2,"document_number":6923, "api_token":"%s" }' % TOKEN.encode()
    books.sandbox.handle("Document.Cancel", body)
    assert books.sandbox.log.calls[0].body == body.replace(TOKEN.encode(), b"[token]")


@pytest.mark.parametrize(
    "body",
    [
        b'{"api_token":"%s"}',
        b'{"api_token" : "%s","x":1}',
        b'{"api_token":"%s',
        b'{"x":{"api_token":"%s"}}',
        b'{"comments":"%s"}',
        b"%s",
        b'{"api\\u005ftoken":"%s"}',
    ],
)
@pytest.mark.parametrize("sent", [TOKEN, TOKEN[:-1]])
def test_no_token_is_kept_whatever_the_body_is(body: bytes, sent: str) -> None:
    kept = without_token(body % sent.encode(), [TOKEN])
    assert TOKEN.encode() not in kept
    if b"token" in body:
        assert sent.encode() not in kept


def test_another_clients_token_is_not_kept_either() -> None:
    assert b"other" not in without_token(b'{"api_token": "the other one"}', [TOKEN])
    assert b"12" not in without_token(b'{"api_token": 12}', [TOKEN])
    assert without_token(b'{"api\\u005ftoken": "other"}', [TOKEN]) == WITHHELD


def test_hebrew_written_as_escapes_is_kept_where_the_token_is_plain() -> None:
    body = b'{"api_token":"x","comments":"\\u05d0"}'
    assert without_token(body, [TOKEN]) == b'{"api_token":"[token]","comments":"\\u05d0"}'


@given(st.text())
def test_a_token_of_any_text_is_redacted(token: str) -> None:
    body = simplejson.dumps({"api_token": token, "z": 1}).encode()
    assert without_token(body, []) == b'{"api_token": "[token]", "z": 1}'


def test_calls_are_numbered_as_they_arrive_and_found_by_method() -> None:
    books = api()
    books.reply("Document.New", **document())
    books.clock.advance(5)
    books.reply("Nope")
    books.reply("Document.New", **document(customer_id=4))
    log = books.sandbox.log
    assert [call.order for call in log.calls] == [1, 2, 3]
    assert [call.order for call in log.of("Document.New")] == [1, 3]
    assert (log.call(2).at - log.call(1).at).total_seconds() == 5


def test_a_call_says_what_became_of_it() -> None:
    books = api()
    books.reply("Document.New", **document())
    books.reply("Document.New", **document(customer_id=4))
    done, refused = books.sandbox.log.calls
    assert (done.executed, done.error_code, done.status) == (1, 0, 200)
    assert (refused.executed, refused.error_code, refused.status) == (0, -20, 500)
    assert (refused.made, refused.executed_at) == ((), None)
