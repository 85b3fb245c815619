"""Whatever is unknown about the API: no look takes a wrong document or misses one."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from refund_adapters.accounting import Absent, Done, Found, Unclear, Wanted
from refund_adapters.sandbox.papers import Kind
from refund_adapters.sandbox.switches import Switches
from refund_ledger.events import Part
from refund_ledger.originals import Original, OriginalRef
from support.rivhits import OTHER_REFUND, Company, offline, partial, refund, submitted

UNKNOWN = (
    *("error_http_status", "error_code_in_debug", "error_data", "html_on_400"),
    *("customer_not_found_is_no_data", "escape_slashes", "time_zone", "unknown_member"),
    *("item_fields_required", "card_fields_required", "vat_rounding", "negative_half"),
    *("second_cancel", "cancel_deduplication", "cancel_comment", "cancel_closes_original"),
    *("receipt_cancel_reopens", "receipt_cancel_closes_credit", "receipt_cancel_of_type_2_gives"),
    *("document_cancel_answers_status", "is_cancelled_after_partial_credit"),
    *("half_cancel_marks_other_half", "credit_carries_is_cancelled", "cancelled_flag_on_receipts"),
    *("credit_sign_new", "credit_sign_details", "credit_sign_list", "receipt_new_answers_amount"),
    *("hebrew_type_names", "details_shows_comments", "list_shows_comments"),
    *("list_shows_reference", "list_order", "reference_check", "reference_scope"),
    *("other_payload_is_duplicate", "reference_burned_by_failed", "status_for_cancels"),
    *("status_stores_failed", "status_last_answer_is_refusal"),
)
OF_OTHER_KINDS: dict[str, st.SearchStrategy[Any]] = {
    "no_data_code": st.sampled_from([-2, 204]),
    "list_limit": st.none() | st.integers(1, 4),
    "status_retention_seconds": st.sampled_from([None, 1]),
    "status_lag_seconds": st.sampled_from([0, 0, 2]),
}


def either_way(name: str) -> st.SearchStrategy[Any]:
    """Draw any setting of one switch."""
    kind: Any = Switches.model_fields[name].annotation
    drawn: st.SearchStrategy[Any] = st.from_type(kind)
    return drawn


SWITCHES = st.fixed_dictionaries(
    {}, optional={name: either_way(name) for name in UNKNOWN} | OF_OTHER_KINDS
)
MANY = profile(max_examples=120, suppress_health_check=[HealthCheck.too_slow])


def manual(there: Company) -> None:
    """Let a clerk book a credit and a payment back of the same amounts by hand."""
    for amount in (Decimal(-117), Decimal("-292.5")):
        item = {
            "quantity": 1,
            "price_nis": amount,
            "description": "x",
            "item_id": 0,
            "price_mtc": 0,
        }
        there.api.invoice(item, document_type=3)
        there.api.receipt(amount)


@MANY
@given(
    switches=SWITCHES,
    part=st.sampled_from(Part),
    whole=st.booleans(),
    sent=st.integers(0, 2),
    by_hand=st.booleans(),
    others=st.booleans(),
)
def test_no_look_takes_a_wrong_document_or_misses_one_that_is_there(
    *, switches: dict[str, Any], part: Part, whole: bool, sent: int, by_hand: bool, others: bool
) -> None:
    request = refund() if whole else partial()
    with offline(**switches) as there:
        if by_hand:
            manual(there)
        if others:
            there.send(partial(originator_id=OTHER_REFUND), part)
        call = there.rivhit.prepare(request, part)
        before = {paper.identity for paper in there.api.sandbox.books.papers(Kind(part.half))}
        for _ in range(sent):
            there.rivhit.send(call)
        made = [
            paper
            for paper in there.api.sandbox.books.papers(Kind(part.half))
            if paper.identity not in before
        ]
        finding = there.rivhit.look(submitted(call))
    match finding:
        case Found():
            assert [tuple(paper.key) for paper in made] == [finding.document.key[1:]]
            assert finding.booked in {None, 29250 if whole else 11700}
        case Absent():
            assert not made
        case Unclear():
            assert finding.for_person


@MANY
@given(switches=SWITCHES, part=st.sampled_from(Part), whole=st.booleans())
def test_an_answer_is_read_however_the_server_writes_it(
    *, switches: dict[str, Any], part: Part, whole: bool
) -> None:
    with offline(**switches) as there:
        call = there.rivhit.prepare(refund() if whole else partial(), part)
        answer = there.rivhit.send(call)
        (made,) = there.api.sandbox.log.of(call.method)[-1].made
    assert isinstance(answer, Done), answer
    assert answer.document.key[1:] == tuple(made[1])
    assert answer.booked in {None, 11700}


@MANY
@given(switches=SWITCHES)
def test_originals_are_read_however_the_server_shows_them(*, switches: dict[str, Any]) -> None:
    refs = ("invoice:1/5003", "invoice_receipt:2/6927", "receipt:1/3006", "invoice_receipt:2/6928")
    with offline(**switches) as there:
        found = there.rivhit.originals(Wanted(refs=tuple(map(OriginalRef.parse, refs))))
        for each in found:
            assert isinstance(each, Original), each
            each.check()
