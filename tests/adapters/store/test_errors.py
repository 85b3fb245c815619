"""Every error of a store is part of one tree and says what it is."""

from __future__ import annotations

import inspect
import re

from refund_adapters.store import errors
from refund_ledger.errors import LedgerError


def test_every_error_is_a_store_error_and_stands_in_the_tree() -> None:
    classes = [
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if each.__module__ == errors.__name__
    ]
    drawn = re.findall(r"─ (\w+)", errors.__doc__ or "")
    assert sorted(drawn) == sorted(each.__name__ for each in classes)
    for each in classes:
        assert issubclass(each, errors.StoreError)
        assert issubclass(each, LedgerError)
        assert each.__doc__
