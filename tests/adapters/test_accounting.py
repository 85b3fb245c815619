"""The port is what the dispatcher asks of an accounting system, and Rivhit has its shape."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

from refund_adapters.accounting import (
    AccountingSystem,
    AnsweredError,
    Call,
    Doubtful,
    NotSent,
    Submitted,
    ThereDocument,
    UnavailableError,
    Wanted,
)
from refund_adapters.rivhit import Rivhit
from refund_ledger.errors import LedgerError
from refund_ledger.events import Part
from support.ring import ring


def test_rivhit_has_the_shape_of_an_accounting_system() -> None:
    with ring() as house:
        system: AccountingSystem = house.rivhit

        asked = {name for name in vars(AccountingSystem) if not name.startswith("_")}
        for name in asked | {"name", "company", "call_limit", "settle_seconds"}:
            assert hasattr(system, name), name
        for name in asked:
            wanted = inspect.signature(getattr(AccountingSystem, name)).parameters
            assert list(inspect.signature(getattr(Rivhit, name)).parameters) == list(wanted)


def test_a_look_proves_something_only_after_everything_that_may_still_happen() -> None:
    with ring() as house:
        assert house.rivhit.settle_seconds > house.rivhit.call_limit


def test_what_is_never_kept_is_apart_from_what_is_recorded() -> None:
    with ring() as house:
        house.import_all()
        refund = house.desk.request(
            key="k", original="invoice_receipt:2/6923", amount="10.00", reason="complaint"
        ).refund

        call = house.rivhit.prepare(refund.request, Part.INVOICE)

        assert dict(call.private) == {"last_name": "כהן"}
        assert "כהן" not in call.request
        assert "token" not in call.request


@pytest.mark.parametrize("shape", [Call, Doubtful, NotSent, Submitted, ThereDocument, Wanted])
def test_what_goes_over_the_port_does_not_change(shape: type) -> None:
    assert dataclasses.is_dataclass(shape)
    assert shape.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_a_system_that_does_not_answer_is_one_of_our_errors() -> None:
    assert issubclass(UnavailableError, LedgerError)
    assert issubclass(AnsweredError, UnavailableError)
