"""An address opens the store that it names, and is never repeated where it may hold a password."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from refund_adapters.store.errors import NotOurStoreError, StoreGoneError
from refund_adapters.store.opening import EXPECTED, check_there, is_postgres, open_store
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.errors import InvalidInputError, LedgerError

SECRET = "s3cr3t"


def test_memory_is_a_store_of_its_own() -> None:
    one, other = open_store("memory:"), open_store("memory:")
    assert isinstance(one, SqliteStore)
    assert one.where == "memory"
    one.close()
    assert other.position() == 0
    other.close()


@pytest.mark.parametrize(
    "address",
    [
        f"mysql:///{SECRET}",
        f"sqlite:///refunds.db?key={SECRET}",
        f"sqlite:///refunds.db#{SECRET}",
        "sqlite:///",
        "sqlite://refunds.db",
        "refunds.db",
        "memory",
        "",
    ],
)
def test_an_address_of_no_store_is_refused_without_what_may_be_a_password(address: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(f"store: {EXPECTED}")) as no:
        open_store(address)

    assert SECRET not in str(no.value)


def test_only_a_file_can_be_known_not_to_be_there(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/refunds.db"
    with pytest.raises(NotOurStoreError, match="there is no ledger at"):
        check_there(address)

    open_store(address).close()
    for there in (address, "memory:", "postgresql://dana@db/refunds"):
        check_there(there)


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://dana:{SECRET}@db/refunds?schema=Upper",
        f"postgresql://dana:{SECRET}@db:no/refunds",
        f"postgresql://dana:{SECRET}@db/refunds?nonsense={SECRET}",
        f"postgresql://dana:{SECRET}@db/refunds#x",
        f"postgresql://dana:{SECRET}@127.0.0.1:1/refunds?connect_timeout=2",
    ],
)
def test_a_server_s_address_is_never_repeated_with_its_password(address: str) -> None:
    assert is_postgres(address)
    with pytest.raises(LedgerError) as no:
        open_store(address)
    assert SECRET not in str(no.value)
    assert SECRET not in repr(no.value.__cause__)
    assert isinstance(no.value, InvalidInputError | StoreGoneError)
