"""The envelope in every shape in which it comes, and JSON with exact numbers."""

from decimal import Decimal

import pytest
import simplejson
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.rivhit.envelope import (
    Failure,
    NoAnswer,
    Success,
    plain,
    read_json,
    read_reply,
    shortened,
    write_json,
)
from refund_ledger.money import Money


def body(**members: object) -> bytes:
    """Write an envelope."""
    whole = {"error_code": 0, "client_message": "", "debug_message": "", "data": {}} | members
    return simplejson.dumps(whole, use_decimal=True).encode()


def failure(status: int, **members: object) -> Failure:
    """Read an envelope that is a failure."""
    reply = read_reply(status, body(**members))
    assert isinstance(reply, Failure)
    return reply


def test_zero_is_success_and_its_data_is_exact() -> None:
    reply = read_reply(200, b'{"error_code":0,"data":{"amount":-117.10,"link":"a\\/b"}}')
    assert reply == Success({"amount": Decimal("-117.10"), "link": "a/b"}, 200)


def test_the_vendors_error_with_http_500_is_read() -> None:
    reply = failure(
        500, error_code=-28, client_message="ת.ז", debug_message="-28 : INVALID_ID_NUMBER", data=[]
    )
    assert (reply.code, reply.identifier, reply.empty) == (-28, "INVALID_ID_NUMBER", True)


@pytest.mark.parametrize("data", [[], None, "", {}])
def test_an_error_is_an_error_whatever_its_empty_data_is(data: object) -> None:
    reply = failure(200, error_code=-46, debug_message="-46 : COMMENTS_SIZE_TO_BIG", data=data)
    assert (reply.code, reply.status, reply.empty) == (-46, 200, True)


def test_an_error_that_carries_data_says_so() -> None:
    assert not failure(200, error_code=-46, data={"document_number": 5}).empty


def test_behind_500_the_code_is_in_the_debug_message() -> None:
    reply = failure(200, error_code=500, debug_message="-22 : CUSTOMER_NOT_EXISTS", data=None)
    assert (reply.code, reply.identifier) == (-22, "CUSTOMER_NOT_EXISTS")


@pytest.mark.parametrize(
    "debug", ["", "boom", "Object reference not set", "12:34:56 error", "-22X"]
)
def test_without_a_code_in_the_debug_message_500_stays_500(debug: str) -> None:
    reply = failure(500, error_code=500, debug_message=debug)
    assert (reply.code, reply.identifier) == (500, "")


def test_an_identifier_alone_is_read() -> None:
    reply = failure(500, error_code=401, debug_message="UNAUTHORIZED")
    assert (reply.code, reply.identifier) == (401, "UNAUTHORIZED")


def test_two_codes_that_contradict_each_other_are_none() -> None:
    reply = failure(500, error_code=-28, debug_message="-22 : CUSTOMER_NOT_EXISTS")
    assert (reply.code, reply.identifier) == (None, "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   ",
        b"<html><body>Request Error</body></html>",
        b'{"error":"Request Error"}',
        b"[]",
        b"null",
        b"0",
        b'"text"',
        b'{"error_code":"0","data":{}}',
        b'{"error_code":0.0,"data":{}}',
        b'{"error_code":true,"data":{}}',
        b'{"error_code":null,"data":{}}',
        b'{"error_code":0,"error_code":-28,"data":{}}',
        b'{"error_code":0,"client_message":{},"data":{}}',
        b'{"error_code":0,"data":{"amount":NaN}}',
        b'{"error_code":0,"data":{"amount":Infinity}}',
        b'{"error_code":0,"data":{',
        b'{"error_code":0,"data":{}} trailing',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"error_code":' + b"9" * 5000 + b"}",
        b'{"error_code":0,"data":1e99999999999999999999}',
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_anything_that_is_no_envelope_is_no_answer(content: bytes, status: int) -> None:
    reply = read_reply(status, content)
    assert isinstance(reply, NoAnswer)
    assert reply.status == status
    assert reply.why


@given(st.binary(max_size=200))
def test_no_bytes_can_do_more_than_be_no_answer(content: bytes) -> None:
    read_reply(200, content)


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert read_reply(200, b"\xef\xbb\xbf" + body()) == Success({}, 200)


def test_messages_hold_nothing_that_cannot_be_stored_or_shown() -> None:
    reply = failure(500, error_code=-1, client_message="a\x00b\nc\ud800")
    assert reply.client_message == "a b c?"
    assert len(shortened("x" * 1000)) == 300


@given(st.integers(-(10**15), 10**15), st.sampled_from(["ILS", "JPY", "BHD", "CLF"]))
def test_an_amount_over_the_wire_is_the_same_amount(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    text = write_json({"amount": plain(amount.decimal())})
    assert "e" not in text.lower().replace("amount", "")
    found = read_json(text)
    assert isinstance(found, dict)
    exact = found["amount"] if isinstance(found["amount"], Decimal) else Decimal(found["amount"])
    assert Money.parse(exact, currency) == amount


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9
    )
)
def test_a_number_is_written_with_exactly_its_digits(number: Decimal) -> None:
    assert write_json([plain(number)]) == f"[{number:f}]"
