"""A reference refuses a duplicate of New, and finds answers through Status.*."""

import pytest
import simplejson

from refund_adapters.sandbox.faults import ANSWER_LOST, EXECUTED_TWICE, REPLAYED, slow_before
from support.sandboxes import SALE, Api, api, document, read, receipt

REF = "RL-0000-A&1"
NEW = "Document.New"
GUARDED = document(request_reference=REF, prevent_duplicates=True)
DUPLICATE = "-107 : REQUEST_ALREADY_PROCESSED"


def last(books: Api, reference: str = REF) -> dict[str, object]:
    answer = books.envelope("Status.LastRequest/JSON", request_reference=reference)["data"]
    assert isinstance(answer, str)
    return read(answer.encode())


def every(books: Api, reference: str = REF) -> list[dict[str, object]]:
    envelope = books.envelope("Status.AllRequests/json", request_reference=reference)
    assert isinstance(envelope["data"], list)
    return [read(answer.encode()) for answer in envelope["data"]]


def unknown(books: Api, reference: str = REF) -> bool:
    envelope = books.envelope("Status.AllRequests/JSON", request_reference=reference)
    return envelope["error_code"] == -2


def cancelled(books: Api) -> Api:
    books.invoice()
    books.ok("Document.Cancel", document_type=1, document_number=1, request_reference=REF)
    return books


def test_a_reference_seen_before_is_refused() -> None:
    books = api()
    assert books.ok(NEW, **GUARDED)
    assert books.refused(NEW, **GUARDED) == DUPLICATE
    assert len(books.sandbox.books.documents) == 1


def test_receipts_are_guarded_in_the_same_way() -> None:
    books = api()
    guarded = receipt(request_reference=REF, prevent_duplicates=True)
    assert books.ok("Receipt.New", **guarded)
    assert books.refused("Receipt.New", **guarded) == DUPLICATE


def test_without_prevent_duplicates_a_reference_is_only_a_search_key() -> None:
    books = api()
    plain = document(request_reference=REF)
    assert [books.ok(NEW, **plain)["document_number"] for _ in range(2)] == [1, 2]
    assert books.refused(NEW, **GUARDED) == DUPLICATE


def test_prevent_duplicates_without_a_reference_prevents_nothing() -> None:
    books = api()
    for _ in range(2):
        assert books.ok(NEW, **document(prevent_duplicates=True))


def test_a_lost_answer_is_found_under_its_reference() -> None:
    books = api(ANSWER_LOST)
    books.reply(NEW, **GUARDED)
    data = last(books)["data"]
    assert isinstance(data, dict)
    assert data["document_number"] == 1


def test_the_data_of_a_status_is_the_original_answer_as_a_string() -> None:
    books = api()
    body = books.reply(NEW, **GUARDED).body
    envelope = books.envelope("Status.LastRequest/json", request_reference=REF)
    assert envelope["data"] == body.decode()


def test_the_last_of_several_answers_is_returned_and_all_of_them_are_there() -> None:
    books = api()
    for price in (1, 2, 3):
        books.ok(NEW, **document(SALE | {"price_nis": price}, request_reference=REF))
    amounts = [simplejson.dumps(answer["data"]["amount"]) for answer in every_data(books)]
    assert amounts == ["1", "2", "3"]
    assert last(books) == every(books)[-1]


def every_data(books: Api) -> list[dict[str, dict[str, object]]]:
    return [{"data": answer["data"]} for answer in every(books) if isinstance(answer["data"], dict)]


def test_an_unknown_reference_has_no_data() -> None:
    assert unknown(api())
    assert api().refused("Status.LastRequest/JSON", request_reference="x").startswith("-2 : ")
    assert "SANDBOX_FIELD_REQUIRED" in api().refused("Status.LastRequest/JSON")


def test_the_refusal_of_a_duplicate_may_become_the_last_answer() -> None:
    for switch, code in ((True, -107), (False, 0)):
        books = api(status_last_answer_is_refusal=switch)
        books.ok(NEW, **GUARDED)
        books.refused(NEW, **GUARDED)
        assert last(books)["error_code"] == code
        assert every(books)[0]["error_code"] == 0


def test_refused_requests_may_be_remembered() -> None:
    for switch in (True, False):
        books = api(status_stores_failed=switch)
        books.refused(NEW, **(GUARDED | {"customer_id": 4}))
        assert unknown(books) is not switch


def test_checks_may_be_remembered() -> None:
    for switch in (True, False):
        books = api(status_stores_check_only=switch)
        books.ok(NEW, **(GUARDED | {"check_only": True}))
        assert unknown(books) is not switch


def test_a_refused_request_may_use_up_its_reference() -> None:
    for switch in (True, False):
        books = api(reference_burned_by_failed=switch)
        books.refused(NEW, **(GUARDED | {"customer_id": 4}))
        assert (books.envelope(NEW, **GUARDED)["error_code"] == -107) is switch


def test_a_refusal_as_duplicate_never_uses_a_reference_up_by_itself() -> None:
    books = api(reference_burned_by_failed=True)
    books.ok(NEW, **GUARDED)
    books.refused(NEW, **GUARDED)
    assert books.refused(NEW, **GUARDED) == DUPLICATE


def test_a_check_may_use_up_its_reference() -> None:
    for switch in (True, False):
        books = api(reference_burned_by_check_only=switch)
        books.ok(NEW, **(GUARDED | {"check_only": True}))
        assert (books.envelope(NEW, **GUARDED)["error_code"] == -107) is switch


def test_another_payload_under_the_same_reference_may_be_a_duplicate() -> None:
    for switch in (True, False):
        books = api(other_payload_is_duplicate=switch)
        books.ok(NEW, **GUARDED)
        other = books.envelope(NEW, **(GUARDED | {"comments": "other"}))
        assert (other["error_code"] == -107) is switch
        assert books.refused(NEW, **GUARDED) == DUPLICATE


def test_a_reference_is_unique_in_the_company_or_for_a_method() -> None:
    guarded = receipt(request_reference=REF, prevent_duplicates=True)
    for scope, code in (("company", -107), ("method", 0)):
        books = api(reference_scope=scope)
        books.ok(NEW, **GUARDED)
        assert books.envelope("Receipt.New", **guarded)["error_code"] == code


@pytest.mark.parametrize(
    ("switch", "extra", "second"),
    [
        ("never", {"prevent_duplicates": True}, 0),
        ("on_prevent_duplicates", {"prevent_duplicates": True}, -107),
        ("on_prevent_duplicates", {}, 0),
        ("on_reference", {}, -107),
    ],
)
def test_cancels_may_honour_a_reference(switch: str, extra: dict[str, object], second: int) -> None:
    books = api(cancel_deduplication=switch)
    books.invoice_receipt()
    for method, name in (("Document.Cancel", "document"), ("Receipt.Cancel", "receipt")):
        asked = {f"{name}_type": 2, f"{name}_number": 1, "request_reference": method} | extra
        codes = [books.envelope(method, **asked)["error_code"] for _ in range(2)]
        assert codes == [0, second]


def test_a_member_off_the_page_of_a_cancel_is_unknown_unless_a_switch_knows_it() -> None:
    asked = {"document_type": 1, "document_number": 1, "prevent_duplicates": True}
    strict = api(unknown_member="rejected")
    strict.invoice()
    assert "SANDBOX_UNKNOWN_MEMBER" in strict.refused("Document.Cancel", **asked)
    knows = api(unknown_member="rejected", cancel_deduplication="on_prevent_duplicates")
    knows.invoice()
    assert knows.ok("Document.Cancel", **asked)
    check = {"document_type": 1, "document_number": 1, "check_only": True}
    assert "SANDBOX_UNKNOWN_MEMBER" in strict.refused("Document.Cancel", **check)


def test_status_knows_of_cancels_at_once_never_or_later() -> None:
    assert not unknown(cancelled(api(status_for_cancels="present")))
    absent = cancelled(api(status_for_cancels="absent"))
    absent.clock.advance(10_000)
    assert unknown(absent)
    delayed = cancelled(api(status_for_cancels="delayed", status_cancel_delay_seconds=30))
    assert unknown(delayed)
    delayed.clock.advance(30)
    assert not unknown(delayed)


def test_status_may_lag_behind_every_call() -> None:
    books = api(status_lag_seconds=5)
    books.ok(NEW, **GUARDED)
    assert unknown(books)
    assert books.refused(NEW, **GUARDED) == DUPLICATE
    books.clock.advance(5)
    assert not unknown(books)


def test_status_may_forget() -> None:
    books = api(status_retention_seconds=60)
    books.ok(NEW, **GUARDED)
    books.clock.advance(60)
    assert not unknown(books)
    books.clock.advance(1)
    assert unknown(books)
    assert books.refused(NEW, **GUARDED) == DUPLICATE


@pytest.mark.parametrize(("switch", "code"), [("no_data", -2), ("synthetic_error", -90006)])
def test_status_says_nothing_of_use_while_the_call_is_running(switch: str, code: int) -> None:
    books = api(slow_before(60), status_while_running=switch)
    books.reply(NEW, **GUARDED)
    envelope = books.envelope("Status.LastRequest/JSON", request_reference=REF)
    assert envelope["error_code"] == code
    books.clock.advance(60)
    assert last(books)["error_code"] == 0


@pytest.mark.parametrize(
    ("switch", "second", "documents"),
    [("at_execution", 0, 1), ("at_arrival", -107, 1), ("racing", 0, 2)],
)
def test_two_running_calls_with_one_reference(switch: str, second: int, documents: int) -> None:
    books = api(slow_before(60), reference_check=switch)
    books.reply(NEW, **GUARDED)
    assert books.envelope(NEW, **GUARDED)["error_code"] == second
    books.clock.advance(60)
    books.sandbox.execute_what_is_due()
    assert len(books.sandbox.books.documents) == documents


def test_a_call_that_is_sent_again_on_the_way_meets_its_own_reference() -> None:
    books = api(REPLAYED)
    assert books.refused(NEW, **GUARDED) == DUPLICATE
    assert len(books.sandbox.books.documents) == 1
    assert every(books)[0]["error_code"] == 0


def test_a_server_that_executes_twice_does_not_look() -> None:
    books = api(EXECUTED_TWICE)
    assert books.ok(NEW, **GUARDED)["document_number"] == 1
    assert len(books.sandbox.books.documents) == 2


def test_the_token_is_no_part_of_the_payload() -> None:
    books = api(other_payload_is_duplicate=False)
    books.ok(NEW, **GUARDED)
    assert books.refused(NEW, **dict(reversed(GUARDED.items()))) == DUPLICATE
