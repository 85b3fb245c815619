"""A single event names the documents that a whole history's fold finds."""

from datetime import UTC

from hypothesis import given

from projections.histories import COMPANY, Company, histories
from refund_adapters.archive.documents import documents_of
from refund_projections.known_documents import KnownDocuments
from refund_projections.sides import Conventions, Known


@given(histories)
def test_single_events_name_what_the_fold_over_all_of_them_finds(company: Company) -> None:
    events = company.events()
    told = KnownDocuments(COMPANY, Conventions(zone=UTC, slack_days=0)).read(events)
    known = [
        (one.role, one.document, one.amount, one.anchor) for one in told if isinstance(one, Known)
    ]
    named = [
        (role, document, amount, dated or event.timestamp.date())
        for event in events
        for role, document, amount, dated in documents_of(event)
    ]
    assert sorted(named) == sorted(known)
    assert len(named) >= 4, "the first originals of each history"
