"""Looking: what a look for a call needs to know of it, and what it found, in words."""

from __future__ import annotations

from refund_adapters.accounting import Absent, Finding, Found, Submitted, Unclear
from refund_ledger.errors import RefusedError
from refund_ledger.events import Part
from refund_ledger.refund import Refund


def submitted(refund: Refund, part: Part) -> Submitted:
    """What a look needs to know of a part's calls; raises `RefusedError` where none was sent."""
    state = refund.part(part)
    if state.submitted is None or state.first_sent_at is None:
        raise RefusedError(f"nothing was ever sent for the {part} part")
    return Submitted(
        part=part,
        method=state.submitted.method,
        reference=state.submitted.reference,
        marker=state.submitted.marker,
        request=state.submitted.request,
        first_sent_at=state.first_sent_at,
        currency=refund.request.currency,
        customer_id=refund.request.customer_id,
    )


def finding_in_words(finding: Finding) -> str:
    """What a look came to, for a person."""
    match finding:
        case Found(document=document):
            return f"{document.key} carries our reference"
        case Absent():
            return "no document was found"
        case Unclear(why=why):
            return why
