"""Rivhit as the ledger sees it: what is checked, prepared and sent, and what is never told."""

import logging
import string
from dataclasses import replace

import pytest
import simplejson
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydantic import SecretStr

from refund_adapters.accounting import (
    AccountingSystem,
    Done,
    Doubtful,
    NotSent,
    Refused,
    UnavailableError,
    Unclear,
)
from refund_adapters.rivhit import LIVE_URL, Rivhit, RivhitSettings
from refund_adapters.rivhit.system import NAME_LIFE, now_utc
from refund_adapters.rivhit.translation import call_of
from refund_adapters.sandbox.faults import FAULTS, Execution
from refund_adapters.sandbox.papers import Kind, amount_of
from refund_ledger.errors import InvalidInputError, RefusedError
from refund_ledger.events import Part, RefundKind, RefundRequested, Way
from refund_ledger.originals import Method
from support.loopback import closed_port, envelope, http, no_data, scripted
from support.rivhits import AT, company, line, offline, partial, refund, settings, submitted

TOKENS = st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=8, max_size=40)


def test_it_is_an_accounting_system() -> None:
    chosen = RivhitSettings(company="acme", token=SecretStr("11111111-2222"))
    with Rivhit(chosen) as rivhit:
        system: AccountingSystem = rivhit
        assert (system.name, system.call_limit) == ("rivhit", chosen.call_limit)
        assert system.settle_seconds == chosen.settle_seconds > chosen.call_limit
        assert chosen.base_url == LIVE_URL
        assert "1111" not in repr(rivhit)
    assert now_utc().tzinfo is not None


@pytest.mark.parametrize("part", Part)
def test_a_cancel_books_the_counter_document_of_the_whole(part: Part) -> None:
    with company() as there:
        answer = there.rivhit.send(there.rivhit.prepare(refund(), part))
        (made,) = [
            paper for paper in there.api.sandbox.books.papers(Kind(part.half)) if paper.cancels
        ]
    assert isinstance(answer, Done)
    assert answer.document.key[1:] == tuple(made.key)
    assert answer.document.identity == made.identity
    assert answer.booked is None


@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_a_new_document_says_what_it_was_booked_with(sign: str) -> None:
    with company(credit_sign_new=sign) as there:
        answer = there.rivhit.send(there.rivhit.prepare(partial(), Part.INVOICE))
    assert isinstance(answer, Done)
    assert answer.booked == 11700


@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.integers(0, 10**5), st.integers(0, 300)),
        min_size=1,
        max_size=4,
    )
)
@profile(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_booked_is_what_was_asked_to_the_last_agora(
    lines: list[tuple[int, int, int]],
) -> None:
    taken = tuple(
        line(line=number, net=net, vat=vat, quantity=quantity * 100_000, returned=quantity * 50_000)
        for number, (net, vat, quantity) in enumerate(lines, start=1)
    )
    asked = sum(each.gross for each in taken)
    with company() as there:
        for part in Part:
            request = partial(asked, lines=taken)
            answer = there.rivhit.send(there.rivhit.prepare(request, part))
            assert isinstance(answer, Done), answer
            papers = list(there.api.sandbox.books.papers(Kind(part.half)))
            assert amount_of(papers[-1]) * 100 == -asked


def test_the_name_is_sent_and_not_recorded() -> None:
    with company() as there:
        call = there.rivhit.prepare(partial(), Part.INVOICE)
        there.rivhit.send(call)
        (sent,) = there.api.sandbox.log.of("Document.New")
    assert dict(call.private) == {"last_name": "כהן"}
    assert "כהן" not in call.request
    assert simplejson.loads(sent.body)["last_name"] == "כהן"


@pytest.mark.parametrize("request_", [refund(), partial(customer_id="1002")], ids=["cancel", "new"])
def test_a_name_is_remembered_for_a_few_minutes_and_then_forgotten(
    request_: RefundRequested,
) -> None:
    with offline() as there:
        for _ in range(2):
            there.rivhit.prepare(partial(), Part.INVOICE)
        assert len(there.api.sandbox.log.of("Customer.Get")) == 1
        assert "1001" in there.rivhit._names

        there.api.clock.advance(NAME_LIFE.total_seconds())
        there.rivhit.prepare(request_, Part.INVOICE)
        assert "1001" not in there.rivhit._names


def test_names_are_not_heaped_up_however_many_customers_come() -> None:
    with offline() as there:
        for number in range(1001, 1007):
            there.rivhit.prepare(partial(customer_id=str(number)), Part.INVOICE)
            there.api.clock.advance(NAME_LIFE.total_seconds() / 2)
            assert len(there.rivhit._names) <= 2


def test_a_cancel_needs_no_name_and_asks_nothing() -> None:
    with company() as there:
        assert there.rivhit.prepare(refund(), Part.INVOICE).private == ()
        assert there.api.sandbox.log.calls == ()


@pytest.mark.parametrize("no_data", [True, False])
def test_a_customer_that_does_not_exist_is_refused(*, no_data: bool) -> None:
    with (
        company(customer_not_found_is_no_data=no_data) as there,
        pytest.raises(RefusedError, match="does not exist"),
    ):
        there.rivhit.prepare(partial(customer_id="4711"), Part.INVOICE)


@pytest.mark.parametrize(
    "card", [{"customer_id": 1001, "last_name": " "}, {"customer_id": 7, "last_name": "x"}]
)
def test_a_card_without_a_name_is_refused(card: dict[str, object]) -> None:
    with (
        scripted(envelope(card)) as server,
        Rivhit(settings(server.url)) as rivhit,
        pytest.raises(RefusedError, match="last name"),
    ):
        rivhit.prepare(partial(), Part.INVOICE)


def test_a_name_longer_than_the_api_takes_is_cut() -> None:
    card = {"customer_id": 1001, "last_name": "א" * 40}
    with scripted(envelope(card)) as server, Rivhit(settings(server.url)) as rivhit:
        call = rivhit.prepare(partial(), Part.INVOICE)
    assert dict(call.private)["last_name"] == "א" * 30


@pytest.mark.parametrize("code", [401, -90001])
def test_a_customer_that_cannot_be_read_is_no_refusal(code: int) -> None:
    said = envelope([], code=code, debug=f"{code} : X", status=500)
    with (
        scripted(said) as server,
        Rivhit(settings(server.url)) as rivhit,
        pytest.raises(UnavailableError),
    ):
        rivhit.prepare(partial(), Part.INVOICE)


def test_everything_that_cannot_be_said_is_refused_at_once_and_without_a_network() -> None:
    asked = partial(comment="x" * 400, method=Method.CHEQUE)
    with Rivhit(settings(f"http://127.0.0.1:{closed_port()}")) as rivhit:
        with pytest.raises(RefusedError) as refused:
            rivhit.check(asked)
        rivhit.check(partial())
        rivhit.check(refund(receipt_way=None))
    assert len(refused.value.reasons) == 2
    assert all("characters long" in reason for reason in refused.value.reasons)
    with Rivhit(settings()) as rivhit, pytest.raises(RefusedError) as refused:
        rivhit.check(partial(currency="JPY", method=Method.CHEQUE))
    assert any("JPY" in reason for reason in refused.value.reasons)


def test_a_goodwill_and_a_payout_of_credit_are_booked() -> None:
    goodwill = partial(kind=RefundKind.GOODWILL, sale="", receipt="")
    payout = partial(
        kind=RefundKind.CREDIT, sale="", receipt="", invoice_way=None, receipt_way=Way.NEW
    )
    with company() as there:
        for request, part in ((goodwill, Part.INVOICE), (payout, Part.RECEIPT)):
            assert isinstance(there.rivhit.send(there.rivhit.prepare(request, part)), Done)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("request_", [refund(), partial()], ids=["cancel", "new"])
@pytest.mark.parametrize("part", Part)
def test_no_fault_is_taken_for_more_than_it_proves(
    fault: object, request_: object, part: Part
) -> None:
    assert isinstance(request_, type(refund()))
    way = request_.way(part)
    method = f"{part.half.value.title()}.{'Cancel' if way is Way.CANCEL else 'New'}"
    with company(fault, on=method) as there:  # type: ignore[arg-type]
        answer = there.rivhit.send(there.rivhit.prepare(request_, part))
        (call,) = there.api.sandbox.log.of(method)
    assert not isinstance(answer, NotSent)
    if isinstance(answer, Done):
        assert answer.document.key[1:] in {tuple(key) for _, key in call.made}
    if isinstance(answer, Refused):
        assert call.executed == 0
    if FAULTS[str(call.fault)].execution is Execution.NEVER:
        assert not isinstance(answer, Done)


def test_nobody_listening_is_not_sent_and_anything_later_is_in_doubt() -> None:
    call = call_of(refund(), Part.INVOICE, settings())
    with Rivhit(settings(f"http://127.0.0.1:{closed_port()}")) as rivhit:
        assert isinstance(rivhit.send(call), NotSent)
        assert not rivhit.is_reachable()
    with (
        scripted(lambda connection: connection.close()) as server,
        Rivhit(settings(server.url)) as rivhit,
    ):
        assert isinstance(rivhit.send(call), Doubtful)


def test_a_server_that_answers_is_reachable_whatever_it_says() -> None:
    with company() as there:
        assert there.rivhit.is_reachable()
    for answer in (envelope([], code=-31, debug="-31 : X", status=500), no_data()):
        with scripted(answer) as server, Rivhit(settings(server.url)) as rivhit:
            assert rivhit.is_reachable()


@pytest.mark.parametrize("status", [200, 400, 401, 500])
@pytest.mark.parametrize("code", [401, -31])
def test_a_server_that_refuses_the_token_is_not_reachable_and_lets_no_call_in(
    code: int, status: int
) -> None:
    said = envelope([], code=code, debug=f"{code} : UNAUTHORIZED", status=status)
    call = call_of(refund(), Part.INVOICE, settings())
    with scripted(said) as server, Rivhit(settings(server.url)) as rivhit:
        assert not rivhit.is_reachable()
        answer = rivhit.send(call)
    assert isinstance(answer, NotSent)
    assert answer.why.endswith("Rivhit refused the token; check the token setting")


def test_asking_whether_it_is_reachable_is_one_call() -> None:
    with (
        scripted(http(b"", status=503)) as server,
        Rivhit(settings(server.url, read_attempts=5)) as rivhit,
    ):
        assert not rivhit.is_reachable()
    assert len(server.received) == 1


def test_a_prepared_call_that_is_no_request_is_not_sent() -> None:
    call = call_of(refund(), Part.INVOICE, settings())
    with scripted(no_data()) as server, Rivhit(settings(server.url)) as rivhit:
        for text in ("[]", "not json", ""):
            with pytest.raises(InvalidInputError, match="it was changed"):
                rivhit.send(replace(call, request=text))
        assert server.received == []


@profile(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(token=TOKENS, name=st.text(alphabet="אבגדהוז", min_size=3, max_size=12))
def test_token_and_name_are_told_to_nobody_whatever_the_server_repeats(
    caplog: pytest.LogCaptureFixture, token: str, name: str
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    said = f"-22 : {token} {name} {token.upper()}"
    echo = envelope([], code=-22, client=said, debug=said, status=500)
    inside = simplejson.dumps({"error_code": -22, "client_message": said, "debug_message": said})
    card = envelope({"customer_id": 1001, "last_name": name})
    told: list[object] = []
    with scripted(card, echo, envelope([inside]), no_data()) as server:
        with Rivhit(settings(server.url, token=SecretStr(token)), now=lambda: AT) as rivhit:
            call = rivhit.prepare(partial(), Part.INVOICE)
            answer = rivhit.send(call)
            finding = rivhit.look(submitted(call))
            told += [rivhit, answer, finding, call.request, rivhit.settings]
        sent = b"".join(request.body for request in server.received)
    assert isinstance(answer, Refused)
    assert not isinstance(finding, Unclear)
    words = " ".join([*map(repr, told), caplog.text]).lower()
    assert token.lower() not in words
    assert name not in words
    assert token.encode() in sent
