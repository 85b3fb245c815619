"""The methods that the ledger and its tests call are all there."""

from refund_adapters.sandbox.methods import METHODS, STATUS

EXPECTED = """
Document.New Document.Cancel Document.Details Document.List Document.TypeList Document.Last
Receipt.New Receipt.Cancel Receipt.Details Receipt.List Receipt.TypeList Receipt.Last
Customer.Get Customer.New Customer.Balance Customer.OpenDocuments Customer.ClosedDocuments
Payment.TypeList Payment.BankList Currency.List Accounting.VatRate
"""


def test_every_method_is_there() -> None:
    assert set(METHODS) == set(EXPECTED.split())


def test_status_is_asked_with_a_format_in_either_case() -> None:
    assert {
        "Status.LastRequest/JSON",
        "Status.LastRequest/json",
        "Status.AllRequests/JSON",
        "Status.AllRequests/json",
    } == STATUS


def test_every_method_takes_a_token_and_a_reference() -> None:
    for method in METHODS.values():
        assert {"api_token", "request_reference"} <= set(method.accepts.model_fields)
