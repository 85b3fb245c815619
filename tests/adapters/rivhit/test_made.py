"""Which document a call made: only what was asked for counts, and only a whole name."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refund_adapters.rivhit.envelope import Success, recorded, write_json
from refund_adapters.rivhit.made import Made, half_of, made_by
from refund_ledger.events import DocumentId
from refund_ledger.originals import Half

GUID = "cd613e30-d8f1-4adf-91b7-584a2265b1f5"
CANCEL = write_json({"document_type": 2, "document_number": 6923})
BACK = write_json({"receipt_type": 2, "receipt_number": 6923})
NEW = write_json({"document_type": 3, "customer_id": 1001})
NEW_RECEIPT = write_json({"receipt_type": 1, "customer_id": 1001})


def made(method: str, request: str, data: object) -> Made | None:
    """Read an answer."""
    return made_by(method, recorded(request), Success(data, 200))


def test_each_write_names_its_document_in_its_own_way() -> None:
    cases = {
        ("Document.Cancel", CANCEL, "cancel_document"): (Half.DOCUMENT, 3),
        ("Receipt.Cancel", BACK, "cancel_receipt"): (Half.RECEIPT, 1),
        ("Document.New", NEW, "document"): (Half.DOCUMENT, 3),
        ("Receipt.New", NEW_RECEIPT, "document"): (Half.RECEIPT, 1),
    }
    for (method, request, prefix), (half, series) in cases.items():
        data = {
            f"{prefix}_type": series,
            f"{prefix}_number": 801,
            f"{prefix}_identity": GUID,
            "status": 0,
        }
        found = made(method, request, data)
        assert found is not None
        assert half_of(method) is half
        assert found.document == DocumentId(half=half, series=series, number=801, identity=GUID)


@pytest.mark.parametrize("status", [0, -1, 7, None, "done"])
def test_a_document_exists_whatever_became_of_its_print(status: object) -> None:
    data = {"document_type": 3, "document_number": 801, "print_status": status, "status": status}
    assert made("Document.New", NEW, data) is not None


@pytest.mark.parametrize("amount", [117, -117, Decimal("-117.00"), Decimal("117.0")])
def test_the_amount_is_positive_whatever_its_sign(amount: object) -> None:
    data = {"document_type": 3, "document_number": 801, "amount": amount}
    found = made("Document.New", NEW, data)
    assert found is not None
    assert found.booked("ILS", home="ILS") == 11700


@pytest.mark.parametrize("amount", [None, "much", True, Decimal("1.005"), Decimal("1E+300"), []])
def test_an_amount_that_cannot_be_read_leaves_the_document(amount: object) -> None:
    data = {"document_type": 3, "document_number": 801, "amount": amount}
    found = made("Document.New", NEW, data)
    assert found is not None
    assert found.booked("ILS", home="ILS") is None


def test_in_a_foreign_currency_nobody_says_what_the_amount_is_in() -> None:
    data = {"document_type": 3, "document_number": 801, "amount": -100}
    found = made("Document.New", NEW, data)
    assert found is not None
    assert found.booked("USD", home="ILS") is None


@pytest.mark.parametrize(("method", "request_"), [("Document", CANCEL), ("Receipt", BACK)])
def test_an_amount_that_a_cancel_names_is_in_no_known_currency(method: str, request_: str) -> None:
    prefix = f"cancel_{method.lower()}"
    data = {f"{prefix}_type": 3, f"{prefix}_number": 801, "amount": -370}
    found = made(f"{method}.Cancel", request_, data)
    assert found is not None
    assert found.booked("ILS", home="ILS") is None


def test_the_original_itself_is_not_what_a_cancel_made() -> None:
    data = {"cancel_document_type": 2, "cancel_document_number": 6923}
    assert made("Document.Cancel", CANCEL, data) is None


def test_an_odd_identity_is_left_out() -> None:
    for identity in (5, None, "ש", "x" * 61, "\ud800"):
        data = {"document_type": 3, "document_number": 801, "document_identity": identity}
        found = made("Document.New", NEW, data)
        assert found is not None
        assert found.document.identity == ""


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    ["document_type", "document_number", "document_identity", "amount", "customer_id", "status"]
)


@given(JUNK | st.dictionaries(NAMES, JUNK))
def test_no_answer_can_do_more_than_name_no_document(data: object) -> None:
    found = made("Document.New", NEW, data)
    assert found is None or (found.document.series == 3 and found.document.number > 0)
