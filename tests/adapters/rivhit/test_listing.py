"""Everything that Rivhit holds of a period is listed page by page, whole and exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from refund_adapters.accounting import UnavailableError
from refund_adapters.rivhit.listing import Listing
from refund_adapters.sandbox.faults import HTML_500_BEFORE
from refund_adapters.sandbox.papers import Key
from refund_ledger.errors import InvalidInputError
from refund_ledger.originals import Document, Half
from refund_projections.sides import Listed, Nature, Period
from support.rivhits import Company, offline

EVER = Period(date(2024, 1, 1), date(2026, 12, 31))


def everything(listing: Listing, period: Period = EVER) -> dict[Document, Listed]:
    return {row.document: row for page in listing.pages(period) for row in listing.read(page)}


def accounting(company: Company) -> set[Document]:
    """The documents and receipts of the sandbox's books that count in the accounts."""
    books = company.api.sandbox.books
    kept = {Document(Half.DOCUMENT, *key) for key in books.documents if books.is_accounting(key)}
    return kept | {Document(Half.RECEIPT, *key) for key in books.receipts}


@pytest.mark.parametrize("limit", [None, 1, 3])
def test_a_period_is_listed_whole_however_short_an_answer_is(limit: int | None) -> None:
    with offline(list_limit=limit) as company:
        listed = everything(company.rivhit.listing())
        assert listed.keys() == accounting(company)


def test_pages_are_the_same_each_time_and_cover_each_day_once() -> None:
    with offline() as company:
        listing = company.rivhit.listing()
        pages = list(listing.pages(EVER))
        assert [str(page) for page in pages] == [str(page) for page in listing.pages(EVER)]
        assert len({str(page) for page in pages}) == len(pages)
        one = [page.days for page in pages if (page.half, page.series) == (Half.DOCUMENT, 3)]
        assert (one[0].since, one[-1].until) == (EVER.since, EVER.until)
        for before, after in pairwise(one):
            assert after.since == before.until + timedelta(days=1)
        halves = {(page.half, page.series) for page in pages}
        assert {(Half.DOCUMENT, 1), (Half.DOCUMENT, 2), (Half.DOCUMENT, 3)} <= halves
        assert {(Half.RECEIPT, 1), (Half.RECEIPT, 2), (Half.RECEIPT, 3)} <= halves


def test_a_row_says_what_it_is_and_not_in_which_currency() -> None:
    with offline() as company:
        row = everything(company.rivhit.listing())[Document(Half.DOCUMENT, 3, 801)]
        paper = company.api.sandbox.books.documents[Key(3, 801)]
        assert (row.amount, row.nature, row.currency) == (
            int(-paper.amount * 100),
            Nature.REFUND,
            None,
        )
        assert (row.customer_id, row.issued_on) == (str(paper.customer_id), paper.issue_date)
        assert row.cancelled is False


def test_a_document_that_is_opened_says_its_currency_and_its_own_amount() -> None:
    with offline() as company:
        listing, books = company.rivhit.listing(), company.api.sandbox.books
        document = Document(Half.RECEIPT, 1, 3001)
        row = everything(listing)[document]
        paper = books.receipts[Key(1, 3001)]
        (payment, *rest) = paper.payments
        payments = (replace(payment, amount=-payment.amount), *rest)
        books.receipts[Key(1, 3001)] = replace(paper, currency_id=2, payments=payments)
        opened = listing.open(row)
        assert opened is not None
        assert (opened.currency, opened.nature) == ("USD", Nature.REFUND)
        del books.receipts[Key(1, 3001)]
        assert listing.open(row) is None
        assert listing.find(document) is None


def test_a_currency_that_the_settings_do_not_name_is_said() -> None:
    with offline(given={"currency_ids": {"ILS": 1}}) as company:
        listing, books = company.rivhit.listing(), company.api.sandbox.books
        books.documents[Key(3, 801)] = replace(books.documents[Key(3, 801)], currency_id=3)
        row = everything(listing)[Document(Half.DOCUMENT, 3, 801)]
        with pytest.raises(
            InvalidInputError, match="currency_ids: document 3/801 is in currency 3"
        ):
            listing.open(row)


def test_an_amount_that_the_own_currency_cannot_say_is_never_taken_for_equal() -> None:
    with offline() as company:
        listing, books = company.rivhit.listing(), company.api.sandbox.books
        paper = books.documents[Key(3, 801)]
        totals = replace(paper.totals, total=Decimal("-1.234"))
        books.documents[Key(3, 801)] = replace(paper, totals=totals)
        row = everything(listing)[Document(Half.DOCUMENT, 3, 801)]
        assert row.amount == 10**15
        assert row.nature is Nature.REFUND


def test_a_document_is_found_by_its_number_whatever_its_date() -> None:
    with offline() as company:
        listing, books = company.rivhit.listing(), company.api.sandbox.books
        paper = books.documents[Key(3, 801)]
        books.documents[Key(3, 801)] = replace(paper, issue_date=date(2001, 1, 1))
        found = listing.find(Document(Half.DOCUMENT, 3, 801))
        assert found is not None
        assert (found.issued_on, found.amount) == (date(2001, 1, 1), int(-paper.amount * 100))
        assert found.document not in everything(listing)


def test_a_page_that_cannot_be_read_is_none() -> None:
    with offline(HTML_500_BEFORE, on="Document.List") as company:
        listing = company.rivhit.listing()
        page = next(listing.pages(EVER))
        with pytest.raises(UnavailableError):
            list(listing.read(page))
