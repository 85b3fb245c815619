"""Each kind of error has its exit code and its word for machines."""

import json

import pytest

from refund_adapters.accounting import UnavailableError
from refund_adapters.cli.errors import Failure, failure_of, say, unexpected
from refund_adapters.store.errors import NotOurStoreError, StoreError, StoreFullError
from refund_ledger import errors


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (errors.InvalidInputError("amount", "is wrong"), 2, "invalid_input"),
        (errors.NotFoundError("nothing"), 1, "not_found"),
        (errors.RefusedError("no", "never"), 1, "refused"),
        (errors.WrongStateError("too late"), 1, "wrong_state"),
        (errors.KeyReusedError("a", first="1" * 64, second="2" * 64), 1, "key_reused"),
        (errors.ClaimedError("document 3/1", "another"), 1, "claimed"),
        (errors.ConflictError("busy"), 3, "conflict"),
        (StoreError("gone"), 3, "store"),
        (StoreFullError("full"), 3, "store_full"),
        (NotOurStoreError("a letter"), 3, "not_our_store"),
        (UnavailableError("silent"), 3, "unavailable"),
        (errors.InvariantError("contradiction"), 70, "invariant"),
        (errors.LedgerError("something else"), 1, "ledger"),
    ],
)
def test_every_error_has_its_code_and_its_word(error: Exception, code: int, kind: str) -> None:
    failure = failure_of(error)

    assert failure is not None
    assert (failure.code, failure.kind) == (code, kind)
    assert failure.message == str(error)


def test_what_is_no_error_of_ours_is_unexpected() -> None:
    assert failure_of(ValueError("secret detail")) is None
    assert "secret detail" not in unexpected(ValueError("secret detail")).message


def test_an_error_is_one_sentence_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    code = say(Failure(2, "invalid_input", "amount: is\nwrong\x1b[31m"), as_json=False)

    assert code == 2
    assert capsys.readouterr().err == "refund-ledger: amount: is wrong[31m\n"


def test_an_error_is_one_object_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    failure = failure_of(errors.RefusedError("no", "never"))
    assert failure is not None

    say(failure, as_json=True)

    assert json.loads(capsys.readouterr().err) == {
        "error": {
            "kind": "refused",
            "field": None,
            "message": "no; never",
            "reasons": ["no", "never"],
            "exit_code": 1,
        }
    }
