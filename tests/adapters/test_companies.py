"""Companies on three real servers: each in its own store, and one server's death is its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from refund_adapters.companies import Companies
from refund_adapters.store.errors import StoreError, StoreGoneError
from refund_adapters.store.opening import open_store
from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_migrations import migrate
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.accounts import AccountKind
from refund_ledger.errors import InvalidInputError
from support.books import Books, a_cash_sale, a_line
from support.ledger_servers import OWNER, SERVICE, address_of
from support.postgres import Server

NAMES = ("acme", "bolt", "cord")
CREDIT = (AccountKind.CREDIT, "ILS")


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Server]]:
    """Three servers, each with a data folder and a socket of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(Server(durable=True)) for _ in NAMES]


@pytest.fixture
def companies(servers: list[Server]) -> Companies:
    """Three companies and a fourth that shares the first server, in a schema of its own."""
    table = {}
    for name, server in zip((*NAMES, "dawn"), [*servers, servers[0]], strict=True):
        dsn = server.dsn()
        migrate(Address.parse(address_of(dsn, user=OWNER, schema=name)), service=SERVICE)
        table[name] = address_of(dsn, schema=name)
    return Companies(table)


def test_each_company_is_apart_and_their_totals_are_added_up_above(
    companies: Companies, servers: list[Server]
) -> None:
    for number, name in enumerate(companies, 1):
        with Books(companies.address(name), company=name) as books:
            # The same document number in each company: they never meet.
            books.record(a_cash_sale(1, a_line(1, 100), company=name))
            books.grant("g", 5 * number, company=name)
            books.check()
    merged = companies.totals()
    assert merged.complete
    assert {name: told[CREDIT] for name, told in merged.of_company.items()} == {
        "acme": -5,
        "bolt": -10,
        "cord": -15,
        "dawn": -20,
    }
    assert merged.totals[CREDIT] == -50

    # One server dies: its company is named as missing, and the others go on.
    servers[1].kill()
    with Books(companies.address("dawn"), company="dawn") as books:
        books.grant("after", 7, company="dawn")
    merged = companies.totals()
    assert list(merged.unreachable) == ["bolt"]
    assert "does not answer" in merged.unreachable["bolt"]
    assert merged.totals[CREDIT] == -(50 - 10 + 7)
    with pytest.raises(StoreGoneError), companies.store("bolt"):
        pass

    servers[1].start()
    merged = companies.totals()
    assert merged.complete
    assert merged.totals[CREDIT] == -57


def test_every_company_is_asked_and_who_cannot_answer_says_why(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/a.db").close()
    both = Companies(
        {"acme": f"sqlite:///{tmp_path}/a.db", "bolt": f"sqlite:///{tmp_path}/no/b.db"}
    )

    def position(_: str, store: SqlStore) -> int:
        return store.position()

    told = both.each(position)
    assert told["acme"] == 0
    assert isinstance(told["bolt"], StoreError)


def test_a_store_that_is_not_there_is_missing_by_name_and_not_made(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/acme.db").close()
    table = {name: f"sqlite:///{tmp_path}/{name}.db" for name in ("acme", "bolt")}

    merged = Companies(table).totals()

    assert not merged.complete
    assert list(merged.of_company) == ["acme"]
    assert "there is no ledger at" in merged.unreachable["bolt"]
    assert not (tmp_path / "bolt.db").exists()


def test_a_company_that_the_table_does_not_have_is_named() -> None:
    with pytest.raises(InvalidInputError, match="company: the table of stores has no 'zeta'; it"):
        Companies({"acme": "memory:"}).address("zeta")
