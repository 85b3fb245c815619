"""A comparison to report: every kind of difference, and texts that want to be more than text."""

from __future__ import annotations

from dataclasses import replace

from projections.examples import AT, EXAMPLES
from refund_adapters.reconcile.reconciling import Accepted, Judged, Outcome
from refund_ledger.events import ReconciliationDone
from refund_projections.differences import Kind
from refund_projections.reconciliation import Total
from refund_projections.sides import Role
from support.differences import KNOWN, LISTED, UNBOOKED, a_finding

HOSTILE = (
    "=cmd|' /C calc'!A0\"><script>alert(1)</script><img src=x onerror=alert(2)>&lt;'\u202eגניבה"
)
HEBREW = 'חברת הדוגמה בע"מ (2026)'


def an_outcome(*, company: str = HEBREW) -> Outcome:
    """A run with one difference of each kind, the last of them accepted."""
    run = EXAMPLES[ReconciliationDone.TOPIC]
    assert isinstance(run, ReconciliationDone)
    findings = [a_finding(kind) for kind in Kind if kind is not Kind.IN_DOUBT]
    findings += [a_finding(Kind.IN_DOUBT, document=None, there=None, unbooked=UNBOOKED)]
    hostile = [
        a_finding(Kind.CUSTOMER_DIFFERS, there=replace(LISTED, customer_id=HOSTILE)),
        a_finding(Kind.UNKNOWN_HERE, there=replace(LISTED, customer_id=HOSTILE)),
        a_finding(Kind.AMOUNT_DIFFERS, here=replace(KNOWN, customer_id=HOSTILE)),
        a_finding(
            Kind.IN_DOUBT, document=None, there=None, unbooked=replace(UNBOOKED, key=HOSTILE)
        ),
    ]
    judged = [Judged(one, "order-17", None) for one in (*findings, *hostile)]
    judged.append(Judged(hostile[0], HOSTILE, Accepted(HOSTILE, HOSTILE, AT)))
    totals = {
        (Role.ISSUED, "ILS"): Total(2, 8_000, 1, 4_000),
        (None, ""): Total(0, 0, 1, 5),
    }
    named = run.model_copy(update={"company": company})
    return Outcome(named, tuple(judged), 3, 4, totals)
