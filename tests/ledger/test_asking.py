"""A request is read field by field, and its digest stands for exactly what was asked."""

from __future__ import annotations

from typing import Any

import pytest

from refund_ledger.asking import Request, check_shape, digest_of, read_request
from refund_ledger.errors import InvalidInputError
from refund_ledger.originals import Kind, OriginalRef
from support.books import a_request

FULL: dict[str, Any] = {
    "original": "invoice:1/2345",
    "receipt": "receipt:1/77",
    "amount": 11_800,
    "lines": [{"line": 1, "quantity": 2_000_000, "returned": 0}],
    "payments": [{"payment": 1}],
    "method": "cheque",
    "details": {"bank": 12, "number": 1003},
    "comment": "נזק במשלוח",
}


def test_the_digest_of_a_request_is_the_same_for_ever() -> None:
    assert a_request("order-9", **FULL).digest == (
        "77bc19dd9b10ed081f8cc02801c3c88977111793332f4d6c71f33b26baa137ad"
    )


def test_fields_that_say_nothing_change_no_digest() -> None:
    said = a_request("a", original="invoice:1/1")
    silent = a_request("a", original="invoice:1/1", parts="auto", amount=None, lines=[], comment="")
    assert said.digest == silent.digest


@pytest.mark.parametrize(
    "change",
    [{"key": "b"}, {"amount": 1}, {"comment": "x"}, {"items_returned": False}, {"lines": []}],
)
def test_whatever_is_asked_differently_has_another_digest(change: dict[str, Any]) -> None:
    fields = {"key": "a", **FULL}
    assert a_request(**{**fields, **change}).digest != a_request(**fields).digest


def test_the_originals_named_are_read() -> None:
    request = a_request("a", **FULL)
    assert request.original_ref == OriginalRef(Kind.INVOICE, 1, 2345)
    assert request.receipt_ref == OriginalRef(Kind.RECEIPT, 1, 77)
    assert a_request("a").original_ref is None
    assert a_request("a").receipt_ref is None


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("amount", 0, "amount: input should be greater than 0"),
        ("amount", -5, "amount: input should be greater than 0"),
        ("amount", 1.5, "amount: input should be a valid integer"),
        ("amount", float("nan"), "amount"),
        ("amount", 10**15 + 1, "amount: input should be less than or equal to"),
        ("currency", "ils", "currency: string should match pattern"),
        ("kind", "gift", "kind: input should be"),
        ("comment", "x" * 201, "comment: is longer than 200 characters"),
        ("comment", "a\u202eb", "comment: holds the invisible character U\\+202E"),
        ("key", " ", "key: expected some text"),
        ("reason", "", "reason: expected some text"),
        ("lines", [{"line": 1, "quantity": 0}], "lines.0.quantity"),
        ("lines", [{"line": 0}], "lines.0.line"),
        ("surprise", 1, "surprise: extra inputs"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object, problem: str) -> None:
    fields = {"company": "acme", "key": "a", "currency": "ILS", "reason": "complaint"}
    with pytest.raises(InvalidInputError, match=problem):
        read_request({**fields, field: value})


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"original": "invoice:1/1", "currency": "ABC"}, "not an ISO 4217 code"),
        ({}, "original: name the original"),
        ({"original": "invoice:1/1", "vat": 3}, "vat: follows from the original"),
        ({"original": "invoice:1/1", "credits": ["grant:x"]}, "credits: belong to"),
        ({"kind": "credit", "original": "invoice:1/1"}, "has no original"),
        ({"kind": "goodwill", "receipt": "receipt:1/1"}, "has no original"),
        ({"kind": "credit"}, "customer_id: say whose credit"),
        ({"kind": "credit", "customer_id": "7", "parts": "both"}, "has a receipt part only"),
        ({"kind": "goodwill", "customer_id": "7", "parts": "receipt"}, "is credited first"),
        ({"kind": "credit", "customer_id": "7", "lines": [{"line": 1}]}, "has no lines"),
        ({"kind": "goodwill", "customer_id": "7", "payments": [{"payment": 1}]}, "has no lines"),
    ],
)
def test_fields_that_do_not_belong_together_are_refused(
    fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        check_shape(a_request("a", **fields))


def test_requests_that_fit_pass() -> None:
    for fields in (
        {"original": "invoice:1/1"},
        {"kind": "credit", "customer_id": "7"},
        {"kind": "goodwill", "customer_id": "7", "amount": 5},
    ):
        check_shape(a_request("a", **fields))


def test_a_digest_is_over_canonical_json() -> None:
    assert digest_of({"b": 1, "a": "ש"}) == digest_of({"a": "ש", "b": 1})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})


def test_a_request_never_changes() -> None:
    assert Request.model_config["frozen"] is True
