"""The tables of a PostgreSQL store: made and brought forward by one command, checked at each start.

Each step is a numbered file of SQL, run once, in its own transaction, in order. Steps are never
changed after they were released; a correction is a further step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from refund_adapters.store.errors import (
    EraError,
    NewerStoreError,
    RightsError,
    SchemaError,
)
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_errors import translated

Cursor = psycopg.Cursor[tuple[Any, ...]]

_STEPS = "refund_adapters.store.postgres_schema"
OLDEST_SERVER = 14
MIGRATE = "`refund-ledger store migrate --store postgresql://OWNER@HOST/DATABASE`"

_CLUSTER = (
    "SELECT (SELECT system_identifier::text FROM pg_control_system()), "
    "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
)
_SERVICE_RIGHTS = (
    ("SELECT", "ALL TABLES"),
    ("INSERT", "stored_events, postings, balances, claims, calls_due, tree_leaves, tree_heads"),
    ("UPDATE", "balances, calls_due"),
    ("DELETE", "calls_due"),
)
_HISTORY = (
    "stored_events",
    "postings",
    "claims",
    "eras",
    "tree_leaves",
    "tree_heads",
    "schema_versions",
)


def steps() -> list[tuple[int, str]]:
    """The steps of this software: number and SQL, in order."""
    found = sorted(files(_STEPS).iterdir(), key=lambda file: file.name)
    return [
        (int(file.name[:4]), file.read_text("utf-8")) for file in found if file.name[-4:] == ".sql"
    ]


def newest() -> int:
    """The schema version that this software needs."""
    return steps()[-1][0]


def migrate(address: Address, *, service: str = "") -> list[int]:
    """Bring the tables forward, and let a service role use them; returns the steps that were run.

    Run as the owner of the tables. Safe at any time and by any number of processes at once: one of
    them does the work. The service role is created where it is missing, without a password.
    """
    done: list[int] = []
    with translated(address.where), _owner(address) as cursor:
        _refuse_server(cursor, address)
        schema = Identifier(address.schema)
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", (f"migrate {address.schema}",))
        cursor.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        cursor.execute(SQL("SET search_path = {}").format(schema))
        version = _version(cursor)
        if version > newest():
            raise NewerStoreError(_newer(address, version))
        for number, text in steps():
            if number > version:
                with cursor.connection.transaction():
                    cursor.execute(text.encode())
                    cursor.execute("INSERT INTO schema_versions VALUES (%s)", (number,))
                done.append(number)
        with cursor.connection.transaction():
            cursor.execute(
                "INSERT INTO eras (era, cluster, timeline, why) SELECT 1, here.*, 'the first' "  # noqa: S608
                f"FROM ({_CLUSTER}) AS here WHERE NOT EXISTS (SELECT 1 FROM eras)"
            )
            if service:
                _grant(cursor, address.schema, service)
    return done


def _refuse_server(cursor: Cursor, address: Address) -> None:
    """Refuse a server or database in which the tables would not do what they have to."""
    version, encoding = _one(
        cursor, "SELECT current_setting('server_version_num'), current_setting('server_encoding')"
    )
    if int(version) < OLDEST_SERVER * 10_000:
        raise SchemaError(
            f"the store {address.where} is on PostgreSQL {int(version) // 10_000}; it needs "
            f"{OLDEST_SERVER} or newer"
        )
    if encoding != "UTF8":
        raise SchemaError(
            f"the database of the store {address.where} keeps text as {encoding}; make one with "
            "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )


def check(cursor: Cursor, address: Address) -> None:
    """Refuse to work on tables of another version, on another cluster, or with rights to harm.

    Raises `SchemaError`, `NewerStoreError`, `RightsError`, `EraError`.
    """
    version = _version(cursor)
    if version == 0:
        raise SchemaError(
            f"the store {address.where} has no tables that this user may see; make them with "
            f"{MIGRATE}"
        )
    if version > newest():
        raise NewerStoreError(_newer(address, version))
    if version < newest():
        raise SchemaError(
            f"the store {address.where} has schema {version} and this software needs {newest()}; "
            f"bring it forward with {MIGRATE}"
        )
    if may := _too_many_rights(cursor):
        raise RightsError(
            f"the user of the store {address.where} {may}; use one that cannot: "
            "`refund-ledger store migrate --service NAME` makes it"
        )
    check_era(cursor, address)


def check_era(cursor: Cursor, address: Address) -> None:
    """Refuse to write on a cluster other than the one that wrote last; raises `EraError`."""
    if _one(cursor, "SELECT pg_is_in_recovery()")[0]:
        return  # A standby is only read, and says so itself.
    here = _one(cursor, _CLUSTER)
    kept = _one(cursor, "SELECT cluster, timeline FROM eras ORDER BY era DESC LIMIT 1")
    if here != kept:
        raise EraError(
            f"the store {address.where} was written on cluster {kept[0]}, timeline {kept[1]}, and "
            f"this is {here[0]}, timeline {here[1]}: it was restored or promoted; go "
            "on here with `refund-ledger store adopt`, then compare with `verify --head FILE`"
        )


def adopt(address: Address, *, why: str) -> int:
    """Open the next era on this cluster; returns its number, or the one it is in already.

    Run as the owner, after the sealed heads that were kept outside have been compared.
    """
    with translated(address.where), _owner(address) as cursor:
        cursor.execute(SQL("SET search_path = {}").format(Identifier(address.schema)))
        if _version(cursor) != newest():
            raise SchemaError(f"bring the store {address.where} forward first, with {MIGRATE}")
        with cursor.connection.transaction():
            cursor.execute("LOCK TABLE eras, stored_events IN ACCESS EXCLUSIVE MODE")
            here = _one(cursor, _CLUSTER)
            era, *kept = _one(
                cursor, "SELECT era, cluster, timeline FROM eras ORDER BY era DESC LIMIT 1"
            )
            if here == tuple(kept):
                return int(era)
            cursor.execute(
                "INSERT INTO eras (era, cluster, timeline, why) VALUES (%s, %s, %s, %s)",
                (era + 1, *here, why),
            )
            _step_over_given_positions(cursor)
    return int(era) + 1


def _step_over_given_positions(cursor: Cursor) -> None:
    """Let the next position come after all that are there, whatever the restore left behind."""
    cursor.execute(
        "SELECT setval(pg_get_serial_sequence('stored_events', 'notification_id'), "
        "greatest(max(notification_id), 1)) FROM stored_events"
    )


@contextmanager
def _owner(address: Address) -> Iterator[Cursor]:
    with psycopg.connect(
        address.conninfo, autocommit=True, connect_timeout=10, client_encoding="utf8"
    ) as connection:
        cursor = connection.cursor()
        cursor.execute("SET client_min_messages = warning")
        yield cursor


def _version(cursor: Cursor) -> int:
    """The newest step that was run; zero where there is none."""
    if _one(cursor, "SELECT to_regclass('schema_versions')")[0] is None:
        return 0
    return int(_one(cursor, "SELECT coalesce(max(version), 0) FROM schema_versions")[0])


def _too_many_rights(cursor: Cursor) -> str:
    """What a service must not be able to do and this user is; empty where all is well."""
    superuser, owner, schema = _one(
        cursor,
        "SELECT rolsuper, pg_has_role(session_user, relowner, 'MEMBER'), "
        "pg_has_role(session_user, nspowner, 'MEMBER') FROM pg_roles, pg_class AS c "
        "JOIN pg_namespace AS n ON n.oid = relnamespace "
        "WHERE c.oid = 'stored_events'::regclass AND rolname = session_user",
    )
    if superuser:
        return "is a superuser"
    if owner:
        return "owns the tables"
    if schema:
        return "owns the schema"
    cursor.execute(
        "SELECT name, may FROM unnest(%s::text[]) AS name, unnest(%s::text[]) AS may "
        "WHERE CASE may WHEN 'UPDATE' THEN has_any_column_privilege(name, may) "
        "ELSE has_table_privilege(name, may) END ORDER BY name, may DESC LIMIT 1",
        (list(_HISTORY), ["UPDATE", "DELETE", "TRUNCATE"]),
    )
    found = cursor.fetchone()
    return f"may {found[1]} {found[0]}" if found else ""


def _grant(cursor: Cursor, schema: str, service: str) -> None:
    role = Identifier(service)
    cursor.execute(
        SQL(
            "DO $do$ BEGIN CREATE ROLE {} LOGIN; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $do$"
        ).format(role)
    )
    cursor.execute(SQL("GRANT USAGE ON SCHEMA {} TO {}").format(Identifier(schema), role))
    for right, tables in _SERVICE_RIGHTS:
        on = SQL("ALL TABLES IN SCHEMA {}").format(Identifier(schema))
        if tables != "ALL TABLES":
            on = SQL(", ").join(Identifier(name) for name in tables.split(", "))
        cursor.execute(SQL("GRANT {} ON {} TO {}").format(SQL(right), on, role))
    # Whoever waits inside a transaction for longer would hide all that follows from the feed.
    for name, value in (("idle_in_transaction_session_timeout", "5s"), ("lock_timeout", "30s")):
        cursor.execute(
            SQL("ALTER ROLE {} SET {} = {}").format(role, Identifier(name), Literal(value))
        )


def _one(cursor: Cursor, statement: str, *values: Any) -> tuple[Any, ...]:
    cursor.execute(statement.encode(), values)
    return tuple(cursor.fetchone() or ())


def _newer(address: Address, version: int) -> str:
    return (
        f"the store {address.where} has schema {version} and this software knows {newest()}; "
        "update the software"
    )
