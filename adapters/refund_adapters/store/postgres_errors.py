"""What PostgreSQL says, in our words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from eventsourcing.domain import EventSourcingError
from psycopg_pool import PoolClosed

from refund_adapters.store.errors import (
    DamagedStoreError,
    EraError,
    NotOurStoreError,
    ReadOnlyStoreError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreGoneError,
)
from refund_ledger.accounts import Account, AccountKind
from refund_ledger.errors import (
    BalancesMovedError,
    ClaimedError,
    GuardError,
    InvariantError,
    LedgerError,
    StreamMovedError,
)
from refund_ledger.originals import Document, Half

_SAYINGS: tuple[tuple[type[psycopg.Error], type[StoreError], str], ...] = (
    (psycopg.errors.DiskFull, StoreFullError, "has no room left on its disk; nothing was written"),
    (psycopg.errors.ReadOnlySqlTransaction, ReadOnlyStoreError, "can only be read"),
    (
        psycopg.errors.InsufficientPrivilege,
        ReadOnlyStoreError,
        (
            "refuses this user; run it as the owner, or grant its rights with `refund-ledger store "
            "migrate`"
        ),
    ),
    (psycopg.errors.LockNotAvailable, StoreBusyError, "was held by others for too long; try again"),
    (psycopg.errors.QueryCanceled, StoreBusyError, "took too long and was stopped; try again"),
    (psycopg.errors.DeadlockDetected, StoreBusyError, "was held crosswise by others; try again"),
    (
        psycopg.errors.UndefinedTable,
        NotOurStoreError,
        "has no tables of a refund ledger; make them with `refund-ledger store migrate`",
    ),
    (psycopg.errors.DataCorrupted, DamagedStoreError, "is damaged; restore it from a backup"),
    (psycopg.errors.IndexCorrupted, DamagedStoreError, "is damaged; restore it from a backup"),
)

_GOING = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "53300"})
"""A server says that it ends, ended us, is not ready yet, or has no connection left.

What it ended since we said nothing for too long was given up whole, and can be done again.
"""
_BROKEN = "08"
"""The class of what is said of a broken connection."""


def is_lost(error: BaseException) -> bool:
    """Whether the connection or the server went away, so that another try may find it again."""
    if not isinstance(error, psycopg.Error) or isinstance(error, PoolClosed):
        return False
    state = error.sqlstate
    if state is None:
        # Nobody was left to say anything.
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return state in _GOING or state[:2] == _BROKEN


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Say the database's errors in our words; our own pass through."""
    try:
        yield
    except LedgerError:
        raise
    except psycopg.Error as error:
        raise said(where, error) from error
    except EventSourcingError as error:
        cause = error.__cause__
        raise said(where, cause if isinstance(cause, psycopg.Error) else error) from error


def said(where: str, error: Exception) -> LedgerError:
    """One error in our words. No text of the database's own: it may repeat what is stored."""
    if isinstance(error, psycopg.Error) and (ruled := _of_a_rule(error)):
        return ruled
    for kind, ours, words in _SAYINGS:
        if isinstance(error, kind):
            return ours(f"the store {where} {words}")
    if isinstance(error, PoolClosed):
        return StoreError(f"the store {where} was closed; open it again")
    if is_lost(error):
        return StoreGoneError(
            f"the store {where} does not answer, or does not let this user in; check the server "
            "and the address, and try again"
        )
    state = getattr(error, "sqlstate", None) or type(error).__name__
    return StoreError(f"the store {where} reports {state}")


def _of_a_rule(error: psycopg.Error) -> LedgerError | None:
    """What one of our own rules refused in the database; see the functions of the schema."""
    diag = error.diag
    match error.sqlstate:
        case "23505" if diag.constraint_name == "stored_events_pkey":
            return StreamMovedError("another writer added to the stream first")
        case "RL000":
            return ReadOnlyStoreError(f"{diag.message_primary}; history is never changed")
        case "RL002":
            account, expected = _entry(diag.message_detail)
            now = diag.message_hint
            return BalancesMovedError(f"{account} moved from {expected} to {now} since it was read")
        case "RL003" | "23514":
            return _guarded(diag.message_detail)
        case "RL004":
            _, half, series, number = json.loads(diag.message_detail or "[]")
            document = Document(Half(half), series, number)
            return ClaimedError(str(document), diag.message_hint or "another event")
        case "RL005":
            return InvariantError(str(diag.message_primary))
        case "RL006":
            return EraError(
                "the store was promoted to another timeline while it was open; go on here "
                "with `refund-ledger store adopt`, then compare with `verify --head FILE`"
            )
        case _:
            return None


def _entry(detail: str | None) -> tuple[Account, Any]:
    kind, subject, customer, item, unit, _, _, expected = json.loads(detail or "[]")
    named = Account("", AccountKind(kind), subject, "", customer, item, unit)
    return named, expected


def _guarded(detail: str | None) -> GuardError:
    account, _ = _entry(detail)
    return GuardError(str(account), int(json.loads(detail or "[]")[6]))
