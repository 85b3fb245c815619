"""The server without a network: who is let in, how errors look, what each fault does, and when."""

import string
from decimal import Decimal

import pytest
import simplejson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from refund_adapters.sandbox.faults import (
    ANSWER_LOST,
    CUT,
    DATABASE_FAILED,
    DATABASE_FAILED_AFTER,
    DROPPED_BEFORE,
    EMPTY_ANSWER,
    EXECUTED_TWICE,
    HTML_500_AFTER,
    HTML_500_BEFORE,
    REFUSED,
    REPLAYED,
    TOO_MANY_REQUESTS,
    TRUNCATED,
    UNAVAILABLE,
    UNAVAILABLE_AFTER,
    WRONG_CONTENT_TYPE,
    Answer,
    Fault,
    slow_after,
    slow_before,
)
from refund_adapters.sandbox.messages import ItemRow, PaymentRow
from refund_adapters.sandbox.methods import METHODS
from refund_adapters.sandbox.wire import HTML, JSON, Drop
from support.sandboxes import CUSTOMER, TOKEN, Api, api, document, read, receipt

NEW = "Document.New"


def made(books: Api) -> int:
    return len(books.sandbox.books.documents)


def test_a_success_has_the_vendors_envelope() -> None:
    reply = api().reply("Accounting.VatRate")
    assert (reply.status, reply.content_type) == (200, JSON)
    assert read(reply.body) == {
        "error_code": 0,
        "client_message": "",
        "debug_message": "",
        "data": {"vat_rate": 18},
    }


def test_a_refusal_has_the_vendors_envelope() -> None:
    reply = api().reply(NEW, **document(id_number=123456789))
    envelope = read(reply.body)
    assert reply.status == 500
    assert envelope["error_code"] == -28
    assert envelope["debug_message"] == "-28 : INVALID_ID_NUMBER"
    assert envelope["client_message"]
    assert envelope["data"] == []


def test_the_data_of_a_refusal_may_be_null() -> None:
    assert api(error_data="null").envelope("Customer.Get")["data"] is None


@pytest.mark.parametrize("status", [200, 500])
def test_a_refusal_comes_with_http_200_or_500(status: int) -> None:
    assert api(error_http_status=status).reply("Customer.Get").status == status


def test_the_real_code_may_stand_in_debug_message_alone() -> None:
    envelope = api(error_code_in_debug=True).envelope("Customer.Get", customer_id=9)
    assert envelope["error_code"] == 500
    assert envelope["debug_message"] == "-22 : CUSTOMER_NOT_EXISTS"


@pytest.mark.parametrize("token", ["", "wrong", None, 5, TOKEN.upper()])
def test_a_wrong_token_is_unauthorized_and_changes_nothing(token: object) -> None:
    books = api()
    refusal = books.refused(NEW, **(document() | {"api_token": token}))
    assert refusal == "401 : UNAUTHORIZED"
    assert made(books) == 0


def test_a_missing_token_is_unauthorized() -> None:
    reply = api().sandbox.handle(NEW, b"{}")
    assert read(reply.body)["error_code"] == 401


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_unauthorized_comes_with_the_http_status_and_code_of_the_switches(status: int) -> None:
    books = api(unauthorized_http_status=status, unauthorized_code=-7)
    reply = books.reply(NEW, api_token="wrong")
    assert (reply.status, read(reply.body)["error_code"]) == (status, -7)


def test_an_error_never_repeats_the_token() -> None:
    books = api(unknown_member="rejected")
    for method, fields in ((NEW, {TOKEN: 1}), (NEW, {"api_token": TOKEN + "x"}), ("Nope", {})):
        assert TOKEN.encode() not in books.reply(method, **fields).body


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"a":NaN}', b"<xml/>", b"[" * 9999])
@pytest.mark.parametrize(("html", "kind"), [(True, HTML), (False, JSON)])
def test_a_malformed_body_gets_http_400(body: bytes, *, html: bool, kind: str) -> None:
    reply = api(html_on_400=html).sandbox.handle(NEW, body)
    assert (reply.status, reply.content_type) == (400, kind)
    assert b"Request Error" in reply.body


def test_a_value_of_the_wrong_type_gets_http_400() -> None:
    assert api().reply(NEW, **document(customer_id="1001")).status == 400


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "application/jsonx"])
def test_another_content_type_gets_http_400(kind: str) -> None:
    books = api()
    body = simplejson.dumps(document() | {"api_token": TOKEN}).encode()
    assert books.sandbox.handle(NEW, body, content_type=kind).status == 400
    assert books.sandbox.handle(NEW, body, content_type="Application/JSON").status == 200


@pytest.mark.parametrize("method", ["", "Nope", "document.new", "Status.LastRequest", "../x"])
def test_an_unknown_method_is_not_found(method: str) -> None:
    reply = api().reply(method)
    assert (reply.status, reply.content_type) == (404, HTML)


@pytest.mark.parametrize("switch", ["ignored", "rejected"])
@pytest.mark.parametrize("extra", [{"nonsense": 1}, {"items": [{"quantity": 1, "colour": 2}]}])
def test_an_unknown_member_is_ignored_or_refused(switch: str, extra: dict[str, object]) -> None:
    envelope = api(unknown_member=switch).envelope(NEW, **(document() | extra))
    refused = "SANDBOX_UNKNOWN_MEMBER" in str(envelope["debug_message"])
    assert refused is (switch == "rejected")


@pytest.mark.parametrize(
    ("fault", "status", "executed"),
    [
        (HTML_500_BEFORE, 500, 0),
        (HTML_500_AFTER, 500, 1),
        (TOO_MANY_REQUESTS, 429, 0),
        (UNAVAILABLE, 503, 0),
        (UNAVAILABLE_AFTER, 503, 1),
        (REFUSED, 500, 0),
        (DATABASE_FAILED, 500, 0),
        (DATABASE_FAILED_AFTER, 500, 1),
        (TRUNCATED, 200, 1),
        (CUT, 200, 1),
        (WRONG_CONTENT_TYPE, 200, 1),
        (EMPTY_ANSWER, 200, 1),
        (EXECUTED_TWICE, 200, 2),
        (REPLAYED, 200, 2),
        (DROPPED_BEFORE, 200, 0),
        (ANSWER_LOST, 200, 1),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else str(value),
)
def test_a_fault_executes_as_often_as_it_says(fault: Fault, status: int, executed: int) -> None:
    books = api(fault)
    reply = books.reply(NEW, **document())
    assert reply.status == status
    assert made(books) == executed
    call = books.sandbox.log.call(reply.order)
    assert (call.executed, len(call.made), call.fault) == (executed, executed, fault.name)
    assert books.ok(NEW, **document())["document_number"] == executed + 1


def test_a_lost_answer_is_a_connection_dropped_before_or_after() -> None:
    assert api(DROPPED_BEFORE).reply(NEW, **document()).drop is Drop.BEFORE
    lost = api(ANSWER_LOST).reply(NEW, **document())
    assert (lost.drop, lost.body) == (Drop.AFTER, b"")


def test_a_truncated_answer_is_half_of_it_and_a_cut_one_promises_the_rest() -> None:
    whole = api().reply(NEW, **document()).body
    for fault in (TRUNCATED, CUT):
        reply = api(fault).reply(NEW, **document())
        assert whole.startswith(reply.body)
        assert len(reply.body) == len(whole) // 2
        assert reply.announced_length == (len(whole) if fault is CUT else None)


def test_the_answers_that_are_no_envelope() -> None:
    assert api(WRONG_CONTENT_TYPE).reply(NEW, **document()).content_type == HTML
    assert api(EMPTY_ANSWER).reply(NEW, **document()).body == b""
    assert b"<html>" in api(HTML_500_AFTER).reply(NEW, **document()).body
    assert api(TOO_MANY_REQUESTS).reply(NEW).headers == (("retry-after", "1"),)


def test_an_injected_refusal_is_visibly_synthetic() -> None:
    refusal = api(REFUSED).refused(NEW, **document())
    assert refusal == "-90099 : SANDBOX_INJECTED_REFUSAL"
    assert api(DATABASE_FAILED).envelope(NEW, **document())["error_code"] == -1


def test_a_slow_answer_is_executed_at_once() -> None:
    books = api(slow_after(20))
    reply = books.reply(NEW, **document())
    assert (reply.delay, reply.late, made(books)) == (20, False, 1)


def test_a_late_call_is_executed_when_its_reply_is_collected() -> None:
    books = api(slow_before(20))
    reply = books.reply(NEW, **document())
    assert (reply.delay, reply.late, reply.body, made(books)) == (20, True, b"", 0)
    assert list(books.sandbox.late) == [reply.order]
    books.clock.advance(20)
    late = books.sandbox.collect(reply.order)
    assert read(late.body)["error_code"] == 0
    assert (late.late, late.delay, made(books)) == (False, 0, 1)


def test_an_abandoned_call_is_still_executed_at_its_time() -> None:
    books = api(slow_before(20))
    order = books.reply(NEW, **document()).order
    due = books.sandbox.late[order]
    books.clock.advance(19)
    books.reply("Accounting.VatRate")
    assert made(books) == 0
    books.clock.advance(100)
    books.reply("Accounting.VatRate")
    assert made(books) == 1
    assert books.sandbox.log.call(order).executed_at == due


def test_abandoned_calls_are_executed_in_the_order_of_their_times() -> None:
    books = api(slow_before(30), slow_before(10))
    slow, quick = (books.reply(NEW, **document()).order for _ in range(2))
    books.clock.advance(60)
    books.sandbox.execute_what_is_due()
    first, second = (books.sandbox.log.call(order).made[0][1] for order in (quick, slow))
    assert (first.number, second.number) == (1, 2)


def test_a_reply_that_became_due_can_still_be_collected_once() -> None:
    books = api(slow_before(10, Answer.LOST))
    order = books.reply(NEW, **document()).order
    books.clock.advance(10)
    books.sandbox.execute_what_is_due()
    assert books.sandbox.collect(order).drop is Drop.AFTER
    with pytest.raises(KeyError):
        books.sandbox.collect(order)


def test_the_same_seed_and_clock_give_the_same_bytes() -> None:
    first, second = api(), api()
    assert first.reply(NEW, **document()) == second.reply(NEW, **document())


def test_what_comes_is_counted_in_the_plan() -> None:
    books = api(ANSWER_LOST)
    books.reply(NEW, **document())
    books.reply(NEW, **document())
    assert books.sandbox.faults.mix == {"answer_lost": 1, "none": 1}


numbers = st.integers(-2, 12) | st.sampled_from([CUSTOMER, 100, 150, 999, 10**6, 10**10])
amounts = st.decimals(-200, 200, places=2) | st.sampled_from([10**12, Decimal("1e-30"), 0])
texts = st.text(max_size=8) | st.sampled_from(
    ["2/1", "he", "01/01/2026", "31/12/9999", "1-1-01", "29/02/2025", "12:00", "x" * 401]
)
anything = st.none() | st.booleans() | numbers | amounts | texts | st.just([]) | st.just({})


TEMPLATES: dict[str, dict[str, object]] = {
    NEW: document(),
    "Receipt.New": receipt(),
    "Document.Cancel": {"document_type": 2, "document_number": 1},
    "Receipt.Cancel": {"receipt_type": 2, "receipt_number": 1},
    "Document.Details": {"document_type": 2, "document_number": 1},
    "Receipt.Details": {"receipt_type": 1, "receipt_number": 1},
    "Customer.New": {"last_name": "x"},
}


def values(kind: str) -> st.SearchStrategy[object]:
    """Draw a value that fits a field's type, though perhaps not its limits."""
    for row, base in ((ItemRow, {"quantity": 1}), (PaymentRow, {"payment_type": 2})):
        if row.__name__ in kind:
            return st.lists(some_of(row).map(base.__or__), max_size=3)
    fitting: list[st.SearchStrategy[object]] = [
        drawn
        for name, drawn in (
            ("int", numbers),
            ("Decimal", amounts),
            ("bool", st.booleans()),
            ("str", texts),
        )
        if name in kind
    ]
    return st.one_of(fitting) if fitting else anything


def some_of(model: type[BaseModel]) -> st.SearchStrategy[dict[str, object]]:
    """Draw a few fields of a model."""
    pairs = [
        st.tuples(st.just(name), values(str(field.annotation)))
        for name, field in model.model_fields.items()
        if name != "api_token"
    ]
    return st.lists(st.one_of(pairs), max_size=4).map(dict)


calls = st.sampled_from(sorted(METHODS)).flatmap(
    lambda method: st.tuples(
        st.just(method), some_of(METHODS[method].accepts).map(TEMPLATES.get(method, {}).__or__)
    )
)
wild = st.sampled_from(sorted(METHODS)).flatmap(
    lambda method: st.tuples(
        st.just(method),
        st.dictionaries(st.sampled_from(sorted(METHODS[method].accepts.model_fields)), anything),
    )
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(calls=st.lists(calls | calls | wild, min_size=1, max_size=5), strict=st.booleans())
def test_no_request_makes_the_server_fail(
    calls: list[tuple[str, dict[str, object]]], *, strict: bool
) -> None:
    books = api(
        last_name_required=False,
        ceiling_check=strict,
        is_cancelled_after_partial_credit="when_full" if strict else "never",
    )
    books.invoice_receipt()
    books.receipt()
    for method, fields in calls:
        reply = books.reply(method, **(fields | {"api_token": TOKEN}))
        assert reply.status in {200, 400, 500}
        if reply.content_type == JSON:
            assert isinstance(read(reply.body)["error_code"], int)
        done = reply.status == 200
        assert bool(books.sandbox.log.call(reply.order).executed) is done


@given(st.binary(max_size=60), st.text(string.printable, max_size=20))
def test_no_bytes_make_the_server_fail(body: bytes, kind: str) -> None:
    books = api()
    assert books.sandbox.handle(NEW, body, content_type=kind).status == 400
    assert books.sandbox.handle(NEW, body).status in {400, 500}
    assert books.sandbox.books.balance(CUSTOMER) == 0
