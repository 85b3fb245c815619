"""The closed table of outcomes, row by row, and that everything else is in doubt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.accounting import Answer, Done, Doubtful, NotSent, Refused
from refund_adapters.rivhit import Rivhit
from refund_adapters.rivhit.client import UNAUTHORIZED_CODE
from refund_adapters.rivhit.envelope import Failure, NoAnswer, Success
from refund_adapters.rivhit.outcomes import (
    ELSE,
    NOT_SENT,
    REFUSAL_CODES,
    REFUSAL_IDENTIFIERS,
    TABLE,
    Observed,
    Row,
    Shape,
    Source,
    Verdict,
    classify,
    observed,
)
from refund_adapters.rivhit.translation import call_of
from refund_adapters.rivhit.wire import Fault
from refund_ledger.events import Part
from support.loopback import closed_port, envelope, http, scripted
from support.rivhits import partial, settings

EXPECTED = {
    Verdict.DONE: Done,
    Verdict.REFUSED: Refused,
    Verdict.IN_DOUBT: Doubtful,
    Verdict.NOT_SENT: NotSent,
}
MADE = {"document_type": 3, "document_number": 801, "customer_id": 1001, "amount": -117}
ON_THE_WIRE = [row for row in TABLE if row.shape is not Shape.NOTHING]


def send(answer: bytes) -> Answer:
    """Send a real call over a real socket to a server that gives one answer."""
    with scripted(answer) as server:
        chosen = settings(server.url)
        with Rivhit(chosen) as rivhit:
            return rivhit.send(call_of(partial(), Part.INVOICE, chosen))


def on_the_wire(row: Row, status: int) -> bytes:
    """Write the answer that a row is about."""
    if row.shape is Shape.DOCUMENT:
        return envelope(MADE, status=status)
    code = -31 if row.code is None else row.code
    identifier = "SOMETHING_ELSE" if row.identifier is None else row.identifier
    return envelope([], code=code, debug=f"{code} : {identifier}", status=status)


@pytest.mark.parametrize("row", ON_THE_WIRE, ids=lambda row: f"{row.code} {row.identifier}")
def test_every_row_holds_over_the_wire(row: Row) -> None:
    for status in sorted(row.statuses or {200, 500}):
        answer = send(on_the_wire(row, status))
        assert isinstance(answer, EXPECTED[row.verdict]), answer


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.code} {row.identifier} {row.fault}")
def test_every_row_is_reached_and_names_its_source(row: Row) -> None:
    seen = Observed(
        row.shape,
        status=min(row.statuses) if row.statuses else 200,
        code=row.code,
        identifier=row.identifier or "",
        fault=row.fault,
    )
    assert classify(seen).verdict is row.verdict
    assert row.source is not Source.NOBODY
    assert row.meaning


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 404, 429, 500, 502, 503])
def test_a_success_with_any_other_status_is_in_doubt(status: int) -> None:
    assert isinstance(send(envelope(MADE, status=status)), Doubtful)


@pytest.mark.parametrize("status", [201, 400, 401, 403, 404, 429, 502, 503])
def test_a_refusal_with_an_undocumented_status_is_in_doubt(status: int) -> None:
    refusal = envelope([], code=-46, debug="-46 : COMMENTS_SIZE_TO_BIG", status=status)
    assert isinstance(send(refusal), Doubtful)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"document_type": 3},
        {"document_type": 3, "document_number": 0},
        {"document_type": 3, "document_number": "801"},
        {"document_type": 3, "document_number": True},
        {"document_type": 1, "document_number": 801},
        {"document_type": 3, "document_number": 801, "customer_id": 7},
    ],
)
def test_a_success_that_does_not_name_our_document_is_in_doubt(data: object) -> None:
    assert isinstance(send(envelope(data)), Doubtful)


@pytest.mark.parametrize(
    ("code", "debug"),
    [
        (-107, "-107 : REQUEST_ALREADY_PROCESSED"),
        (500, "-107 : REQUEST_ALREADY_PROCESSED"),
        (-2, "-2 : NO_DATA_FOUND"),
        (204, "NO_DATA_FOUND"),
        (-1, "-1 : SOMETHING"),
        (-999, "-999 : CUSTOMER_NOT_EXISTS"),
        (-28, "-28 : REQUEST_ALREADY_PROCESSED"),
        (-28, "-22 : CUSTOMER_NOT_EXISTS"),
        (-30, ""),
        (-90001, "-90001 : SANDBOX_ALREADY_CANCELLED"),
        (500, ""),
        (500, "Object reference not set"),
        (-31, "-31 : DOCUMENT_CREATE_RECEIPT_ERROR"),
        (-31, "-31 : MONTH_IS_CLOSED"),
    ],
)
def test_what_proves_nothing_is_in_doubt(code: int, debug: str) -> None:
    assert isinstance(send(envelope([], code=code, debug=debug, status=500)), Doubtful)


def test_an_unknown_number_with_a_known_name_is_refused() -> None:
    answer = send(envelope([], code=-30, debug="-30 : AGENT_NOT_EXISTS", status=500))
    assert isinstance(answer, Refused)
    assert answer.code == "-30 AGENT_NOT_EXISTS"


def test_a_code_hidden_behind_500_is_refused_just_the_same() -> None:
    answer = send(envelope(None, code=500, debug="-22 : CUSTOMER_NOT_EXISTS"))
    assert isinstance(answer, Refused)


def test_a_token_that_is_refused_is_no_refusal_of_the_call() -> None:
    for code, status in ((401, 500), (401, 401), (-31, 200), (-31, 400)):
        answer = send(envelope([], code=code, debug=f"{code} : UNAUTHORIZED", status=status))
        assert isinstance(answer, NotSent)
    assert isinstance(send(envelope([], code=401, status=503)), Doubtful)
    assert isinstance(send(envelope(MADE, code=401, debug="UNAUTHORIZED")), Doubtful)
    contradicting = send(envelope([], code=-46, debug="-46 : UNAUTHORIZED", status=500))
    assert isinstance(contradicting, Refused)


def test_a_refusal_that_carries_data_is_in_doubt() -> None:
    refusal = envelope(MADE, code=-46, debug="-46 : COMMENTS_SIZE_TO_BIG", status=500)
    assert isinstance(send(refusal), Doubtful)


@pytest.mark.parametrize(
    "answer",
    [
        http(b"", status=200),
        http(b"<html>Request Error</html>", status=400, content_type="text/html"),
        http(b'{"error":"Request Error"}', status=400),
        http(b"[]"),
        http(b"", status=302),
        http(b"<html>busy</html>", status=503, content_type="text/html"),
        envelope(MADE)[:-3],
    ],
)
def test_what_is_no_envelope_is_in_doubt(answer: bytes) -> None:
    assert isinstance(send(answer), Doubtful)


def test_a_connection_that_nobody_takes_is_not_sent() -> None:
    chosen = settings(f"http://127.0.0.1:{closed_port()}")
    with Rivhit(chosen) as rivhit:
        answer = rivhit.send(call_of(partial(), Part.INVOICE, chosen))
    assert isinstance(answer, NotSent)


def test_only_faults_before_the_first_byte_are_not_sent() -> None:
    proven = {fault for fault, _ in NOT_SENT}
    assert proven == set(Fault) - {Fault.TIMEOUT, Fault.BROKEN, Fault.TOO_LARGE, Fault.OTHER}
    for fault in Fault:
        verdict = classify(observed(NoAnswer("", fault=fault), names_document=False)).verdict
        assert verdict is (Verdict.NOT_SENT if fault in proven else Verdict.IN_DOUBT)


def test_no_refusal_stands_twice_or_contradicts_a_doubt() -> None:
    assert len({code for code, _, _ in REFUSAL_CODES}) == len(REFUSAL_CODES)
    assert len(set(REFUSAL_IDENTIFIERS)) == len(REFUSAL_IDENTIFIERS)
    doubts = {row.code for row in TABLE if row.verdict is Verdict.IN_DOUBT}
    assert not doubts & {code for code, _, _ in REFUSAL_CODES}


KNOWN = {code for code, _, _ in REFUSAL_CODES} | {UNAUTHORIZED_CODE}


@given(
    code=st.integers(-10000, 10000).filter(lambda code: code not in KNOWN),
    status=st.sampled_from([200, 500]),
    empty=st.booleans(),
)
def test_a_number_that_is_not_in_the_table_never_refuses(
    code: int, status: int, *, empty: bool
) -> None:
    failure = Failure(code, "", "", "", status, empty)
    assert classify(observed(failure, names_document=False)).verdict is Verdict.IN_DOUBT


@given(shape=st.sampled_from(Shape), status=st.none() | st.integers(100, 599))
def test_without_document_code_or_fault_nothing_is_known(shape: Shape, status: int | None) -> None:
    seen = Observed(shape, status=status)
    if shape is not Shape.DOCUMENT:
        assert classify(seen) is ELSE


def test_a_success_is_done_only_if_it_names_its_document() -> None:
    assert classify(observed(Success({}, 200), names_document=True)).verdict is Verdict.DONE
    assert classify(observed(Success({}, 200), names_document=False)) is ELSE
