"""Every error of an archive is part of one tree and says what it is."""

from __future__ import annotations

import inspect
import re

from refund_adapters.archive import errors
from refund_ledger.errors import LedgerError


def test_every_error_is_an_archive_error_and_stands_in_the_tree() -> None:
    classes = [
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if each.__module__ == errors.__name__ and each is not errors.ArchiveError
    ]
    drawn = set(re.findall(r"─ (\w+)", errors.__doc__ or "")) - {"ArchiveError"}
    assert drawn == {each.__name__ for each in classes}
    for each in classes:
        assert issubclass(each, errors.ArchiveError)
        assert issubclass(each, LedgerError)
        assert each.__doc__
