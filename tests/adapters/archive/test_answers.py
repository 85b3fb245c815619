"""An archive answers what the ledger itself answers at its last event, on either engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.histories import COMPANY, Company, histories, play
from refund_adapters.archive.answers import Archive, whole
from refund_adapters.archive.engines import Bounds, EngineName
from refund_adapters.archive.errors import EngineError
from refund_adapters.archive.writing import write
from refund_adapters.questions import AsOf, Questions
from refund_ledger.errors import InvalidInputError, NotFoundError
from refund_projections.statement import Statement
from support.archives import ENGINES, needs_spark
from support.books import Books
from support.histories import histories as other_histories

SMALL = Bounds("700MB", threads=2)
CUSTOMERS = ("7", "8", "nobody")


def opened(folder: Path, engine: EngineName = EngineName.DUCKDB) -> Archive:
    """An archive to ask."""
    return Archive.open(folder, company=COMPANY, engine=engine, bounds=SMALL)


def statement(
    of: Archive | Questions,
    customer: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Statement:
    """A customer's statement, from the archive or from the ledger."""
    return of.statement(customer_id=customer, currency="ILS", since=since, until=until)


def same(archive: Archive, company: Company) -> None:
    """The archive and the ledger agree on everything that both can be asked."""
    questions = Questions(company.store, COMPANY)
    assert archive.balances() == questions.balances()
    assert archive.sums() == company.store.sums(COMPANY)
    for customer in CUSTOMERS:
        assert archive.balances(customer_id=customer) == questions.balances(customer_id=customer)
        assert statement(archive, customer) == statement(questions, customer)


@given(histories, st.integers(1, 40))
@settings(max_examples=40)
def test_an_archive_says_what_the_ledger_says(
    tmp_path_factory: pytest.TempPathFactory, company: Company, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    write(company.store, folder, slice_events=cut)
    with opened(folder) as archive:
        same(archive, company)


@given(other_histories)
@settings(max_examples=30)
def test_other_histories_agree_too(tmp_path_factory: pytest.TempPathFactory, books: Books) -> None:
    folder = tmp_path_factory.mktemp("archive")
    write(books.store, folder)
    with opened(folder) as archive:
        assert archive.balances() == Questions(books.store, COMPANY).balances()
        assert archive.sums() == books.store.sums(COMPANY)
    books.store.close()


@given(histories, st.data())
@settings(max_examples=30)
def test_an_earlier_moment_is_that_of_the_ledger(
    tmp_path_factory: pytest.TempPathFactory, company: Company, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    write(company.store, folder)
    questions = Questions(company.store, COMPANY)
    position = data.draw(st.sampled_from([at for at, _ in company.store.events()]))
    day = data.draw(st.sampled_from([date(2025, 12, 31), date(2026, 2, 28), date(2026, 3, 1)]))
    since = datetime(2026, 3, 1, 8, tzinfo=UTC) + timedelta(minutes=data.draw(st.integers(0, 60)))
    until = since + timedelta(minutes=data.draw(st.integers(0, 60)))
    with opened(folder) as archive:
        assert archive.balances(position=position) == questions.balances_at(AsOf(position))
        assert archive.balances(effective=day) == questions.balances_at(AsOf(effective=day))
        for customer in CUSTOMERS:
            ours = statement(archive, customer, since, until)
            assert ours == statement(questions, customer, since, until)


@needs_spark
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spark_says_the_same(tmp_path: Path, seed: int) -> None:
    company = play(seed, 40)
    write(company.store, tmp_path, slice_events=17)
    with opened(tmp_path, EngineName.SPARK) as archive:
        same(archive, company)
        places = [at for at, _ in company.store.events()]
        middle, day = places[len(places) // 2], date(2026, 2, 28)
        questions = Questions(company.store, COMPANY)
        assert archive.balances(position=middle) == questions.balances_at(AsOf(middle))
        assert archive.balances(effective=day) == questions.balances_at(AsOf(effective=day))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive of one sale and one grant."""
    company = Company()
    company.invoice(1, 1_000)
    company.grant("old", 700, customer_id="a'; DROP TABLE postings --")
    write(company.store, tmp_path)
    return tmp_path


@pytest.fixture(params=ENGINES)
def archive(folder: Path, request: pytest.FixtureRequest) -> Iterator[Archive]:
    """That archive, on each engine that is there."""
    with opened(folder, request.param) as opened_:
        yield opened_


def test_what_is_asked_is_a_value_and_never_code(archive: Archive) -> None:
    (one,) = archive.balances(customer_id="a'; DROP TABLE postings --")
    assert (one.credit, one.open) == (700, 0)
    assert len(archive.balances()) == 2
    assert archive.balances(customer_id="") == ()


def test_an_event_that_is_not_there_is_said(archive: Archive) -> None:
    with pytest.raises(NotFoundError, match="holds no event of company 'acme' at position 99"):
        archive.balances(position=99)


def test_a_period_has_zones_and_a_direction(folder: Path) -> None:
    with opened(folder) as archive:
        at = datetime(2026, 3, 1, tzinfo=UTC)
        with pytest.raises(InvalidInputError, match="since: expected a time with its zone"):
            statement(archive, "7", at.replace(tzinfo=None))
        with pytest.raises(InvalidInputError, match="until: is before the period begins"):
            statement(archive, "7", at, at - timedelta(days=1))


def test_a_company_that_is_not_there_is_no_company_without_debts(folder: Path) -> None:
    with pytest.raises(NotFoundError, match="holds nothing of company 'acne'"):
        Archive.open(folder, company="acne")


def test_a_file_that_is_no_table_is_said_and_the_engine_is_closed(folder: Path) -> None:
    for path in folder.rglob("*.parquet"):
        path.write_bytes(b"!" * path.stat().st_size)
    with pytest.raises(EngineError, match="DuckDB could not answer: "):
        opened(folder)


def test_an_amount_never_comes_through_a_float() -> None:
    assert whole(2**70) == 2**70
    for answer in (1.0, 0.5, float(2**62)):
        with pytest.raises(EngineError, match="where a whole number was due"):
            whole(answer)
