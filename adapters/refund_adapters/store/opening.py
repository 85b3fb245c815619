"""Opening a store by its address."""

from __future__ import annotations

from pathlib import Path

from refund_adapters.fields import short
from refund_adapters.store.errors import NotOurStoreError
from refund_adapters.store.sql_store import SqlStore
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.errors import InvalidInputError

FILE = "sqlite:///"
EXPECTED = "expected sqlite:///FILE, postgresql://USER@HOST/DATABASE?schema=NAME or memory:"


def open_store(address: str, *, patience: float = 60.0) -> SqlStore:
    """Open a store by its address; raises `InvalidInputError` or `StoreError`.

    A server that goes away later is waited for, `patience` seconds.
    """
    if not isinstance(address, str):
        raise InvalidInputError("store", f"{EXPECTED}, got {short(address)}")
    if address == "memory:":
        return SqliteStore(None)
    if is_postgres(address):
        from refund_adapters.store.postgres import (  # noqa: PLC0415 - its driver only where it is used
            PostgresStore,
        )

        return PostgresStore(address, patience=patience)
    scheme, slashes, path = address.partition(":///")
    if not slashes or scheme != "sqlite" or not path or "?" in path or "#" in path:
        # What follows the scheme may hold a password.
        got = short(address.partition(":")[0] + ":...") if ":" in address else short(address)
        raise InvalidInputError("store", f"{EXPECTED}, got {got}")
    return SqliteStore(path)


def check_there(address: str) -> None:
    """Refuse to ask a file that is not there, where opening it would make an empty store."""
    path = address.removeprefix(FILE)
    if path != address and path and not Path(path).exists():
        raise NotOurStoreError(
            f"there is no ledger at {address}; name another with --store, or make it with "
            "`refund-ledger originals import`"
        )


def is_postgres(address: str) -> bool:
    """Whether an address names a PostgreSQL server."""
    return address.startswith(("postgresql://", "postgres://"))
