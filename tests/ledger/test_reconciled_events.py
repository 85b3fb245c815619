"""What a comparison leaves behind: a run that anybody can ask for, and nothing that moves."""

from projections.examples import EXAMPLES
from refund_ledger.events import DifferenceAccepted, ReconciliationDone, claims
from refund_ledger.postings import postings


def test_a_run_is_clean_where_nothing_differs_that_nobody_accepted() -> None:
    run = EXAMPLES[ReconciliationDone.TOPIC]
    assert isinstance(run, ReconciliationDone)
    assert not run.clean
    assert run.model_copy(update={"differences": ()}).clean


def test_a_comparison_posts_nothing_and_claims_nothing() -> None:
    for topic in (ReconciliationDone.TOPIC, DifferenceAccepted.TOPIC):
        assert postings(EXAMPLES[topic]) == ()
        assert claims(EXAMPLES[topic]) == ()
