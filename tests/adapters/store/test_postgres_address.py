"""An address says where a ledger is and how to get there, and never shows what is secret in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from refund_adapters.store.postgres_address import DEFAULT_SCHEMA, Address
from refund_ledger.errors import InvalidInputError

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        (
            "postgresql://dana@db.example/refunds",
            {"host": "db.example", "user": "dana", "dbname": "refunds"},
            "postgresql://db.example/refunds",
        ),
        (
            f"postgres://dana:{SECRET}@db:6543/refunds?sslmode=require",
            {
                "host": "db",
                "port": "6543",
                "user": "dana",
                "password": SECRET,
                "dbname": "refunds",
                "sslmode": "require",
            },
            "postgresql://db:6543/refunds",
        ),
        (
            "postgresql://dana@[::1]:6543/refunds",
            {"host": "::1", "port": "6543", "user": "dana", "dbname": "refunds"},
            "postgresql://%3A%3A1:6543/refunds",
        ),
        (
            "postgresql://d%40na@%2Frun%2FPostgreSQL/re%20funds",
            {"host": "/run/PostgreSQL", "user": "d@na", "dbname": "re funds"},
            "postgresql://%2Frun%2FPostgreSQL/re%20funds",
        ),
        (
            "postgresql:///refunds?host=/run/PostgreSQL&user=dana&password=a+b%20c",
            {
                "host": "/run/PostgreSQL",
                "user": "dana",
                "password": "a+b c",
                "dbname": "refunds",
            },
            "postgresql://%2Frun%2FPostgreSQL/refunds",
        ),
    ],
)
def test_an_address_says_how_to_connect(text: str, said: dict[str, str], where: str) -> None:
    address = Address.parse(text)
    assert conninfo_to_dict(address.conninfo) == said
    assert address.schema == DEFAULT_SCHEMA
    assert address.where == f"{where}?schema={DEFAULT_SCHEMA}"


@pytest.mark.parametrize("schema", ["acme", "_2026", "a" * 63])
def test_a_company_has_a_schema_of_its_own(schema: str) -> None:
    address = Address.parse(f"postgresql://db/refunds?schema={schema}")
    assert address.schema == schema
    assert address.where.endswith(f"?schema={schema}")
    assert "schema" not in conninfo_to_dict(address.conninfo)


@pytest.mark.parametrize("schema", ["", "Acme", "2026", "a-b", "a" * 64, 'a"b', "a;b", "ä"])
def test_a_schema_of_other_letters_is_refused(schema: str) -> None:
    with pytest.raises(InvalidInputError, match="store: the schema is named in lower-case letters"):
        Address.parse(f"postgresql://dana:{SECRET}@db/refunds?schema={schema}")


@pytest.mark.parametrize(
    "text",
    [
        f"mysql://dana:{SECRET}@db/refunds",
        f"postgresql://dana:{SECRET}@db:port/refunds",
        f"postgresql://dana:{SECRET}@db:99999/refunds",
        f"postgresql://dana:{SECRET}@[::1/refunds",
        f"postgresql://dana:{SECRET}@db/refunds#acme",
        f"postgresql://dana:{SECRET}@db/refunds?acme",
        f"postgresql://dana:{SECRET}@db/refunds?pass={SECRET}",
        f"postgresql://dana@db/refunds?password={SECRET}&password=other",
        f"{SECRET}",
        "",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^store: ") as no:
        Address.parse(text)
    assert SECRET not in str(no.value)
    assert no.value.__cause__ is None
    assert no.value.__suppress_context__ or no.value.__context__ is None


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20))
def test_no_user_and_no_password_is_ever_shown(secret: str) -> None:
    password = "".join(f"%{byte:02X}" for byte in secret.encode())
    address = Address.parse(f"postgresql://dana:{password}@db/refunds")
    assert conninfo_to_dict(address.conninfo)["password"] == secret
    assert address.where == f"postgresql://db/refunds?schema={DEFAULT_SCHEMA}"
    assert repr(address) == f"Address(schema='{DEFAULT_SCHEMA}', where='{address.where}')"
