"""Every error is part of one tree and says what happened to the person who meets it."""

from __future__ import annotations

import inspect

from refund_ledger import errors


def test_every_error_is_a_ledger_error_and_says_what_it_is() -> None:
    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    for each in classes:
        assert issubclass(each, errors.LedgerError)
        assert each.__name__.endswith("Error")
        assert each.__doc__
        assert each.__name__ in (errors.__doc__ or "")


def test_a_refusal_holds_every_reason() -> None:
    error = errors.RefusedError("too much", "too late")
    assert error.reasons == ("too much", "too late")
    assert str(error) == "too much; too late"


def test_a_reused_key_names_both_digests() -> None:
    error = errors.KeyReusedError("order-9", first="a" * 64, second="b" * 64)
    assert (error.first_digest, error.second_digest) == ("a" * 64, "b" * 64)
    assert "aaaaaaaaaaaaaaaa" in str(error)
    assert "bbbbbbbbbbbbbbbb" in str(error)
    assert "order-9" in str(error)


def test_a_taken_document_names_its_holder() -> None:
    error = errors.ClaimedError("document 3/481", "refund x")
    assert (error.document, error.holder) == ("document 3/481", "refund x")
    assert "document 3/481 is already taken by refund x" in str(error)


def test_a_guard_names_account_and_change() -> None:
    error = errors.GuardError("refundable/invoice:1/1", -5)
    assert (error.account, error.change) == ("refundable/invoice:1/1", -5)
    assert isinstance(error, errors.ConflictError)


def test_a_wrong_field_is_named() -> None:
    error = errors.InvalidInputError("amount", "is too large")
    assert (error.field, error.problem) == ("amount", "is too large")
    assert str(error) == "amount: is too large"
