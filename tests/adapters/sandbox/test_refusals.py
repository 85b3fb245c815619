"""What the sandbox made up is visibly made up."""

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.refusals import ApiError, Refusal, SandboxError

ALL = [value for value in vars(refusals).values() if isinstance(value, Refusal)]
SEEN = {-1, -2, -20, -22, -23, -28, -44, -45, -46, -52, -68, -76, -77, -107}


def test_a_number_is_one_that_clients_have_seen_or_synthetic() -> None:
    assert {one.code for one in ALL if one.code > -90000} == SEEN


def test_no_two_refusals_share_a_number() -> None:
    assert len({one.code for one in ALL}) == len(ALL)


def test_a_refusal_without_any_source_starts_with_sandbox() -> None:
    for one in ALL:
        if -90020 < one.code <= -90000 or one is refusals.INJECTED:
            assert one.identifier.startswith("SANDBOX_")


def test_an_error_says_number_and_identifier() -> None:
    error = refusals.INVALID_ID_NUMBER.error("five digits")
    assert isinstance(error, ApiError)
    assert isinstance(error, SandboxError)
    assert str(error) == "-28 : INVALID_ID_NUMBER"
    assert error.detail == "five digits"
