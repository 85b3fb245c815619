"""Questions are read as leniently as they can be, and no further."""

import pytest

from refund_adapters.sandbox.messages import read
from refund_adapters.sandbox.questions import CustomerNew, DocumentList, OneDocument
from refund_adapters.sandbox.refusals import ApiError, MalformedRequestError
from refund_adapters.sandbox.switches import Switches

LIKELY = Switches()


def test_a_list_may_be_asked_for_without_anything() -> None:
    assert read(DocumentList, {}, LIKELY).from_date is None


def test_a_question_of_the_wrong_type_is_malformed() -> None:
    with pytest.raises(MalformedRequestError):
        read(DocumentList, {"from_date": 20260101}, LIKELY)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"document_number": 1}, "SANDBOX_FIELD_REQUIRED"),
        ({"document_type": 1, "document_number": 1_000_000}, "-77"),
        ({"document_type": 1000, "document_number": 1}, "OUT_OF_RANGE"),
    ],
)
def test_a_document_is_named_within_the_limits(fields: dict[str, object], code: str) -> None:
    with pytest.raises(ApiError, match=code):
        read(OneDocument, fields, LIKELY)


def test_a_misspelt_member_of_the_vendor_is_known() -> None:
    strict = Switches().with_(unknown_member="rejected")
    assert read(CustomerNew, {"last_name": "לוי", "exampt_vat": True}, strict).exampt_vat
