"""What histories do about refunds that were made outside, and about what nobody has explained."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from refund_ledger import discrepancies
from refund_ledger.errors import RefusedError
from refund_ledger.events import How, Part, RefundEvent
from refund_ledger.explaining import Explanation
from refund_ledger.outside import Outside

if TYPE_CHECKING:
    from projections.histories import Company


def record_outside(company: Company, random: Random, step: int) -> None:
    """A document turns up that this ledger did not make."""
    part = random.choice(list(Part))
    original = random.choice(["", "invoice_receipt:2/2", "invoice_receipt:2/3"])
    found = Outside(
        company=company.ledger.company,
        part=part,
        series=9,
        number=step,
        customer_id="8" if original.endswith("3") else "7",
        currency=company.currency,
        amount=random.choice([300, 4_000, 70_000]),
        issued_on=company.now.date(),
        original=original,
        read_from="a list",
    )
    company.ledger.record_outside(found, company.stamp("import"))


def explain(company: Company, random: Random, step: int) -> None:
    """Somebody says what an amount is, a minor unit of it or all."""
    found = [one for one in discrepancies.fold(company.events()).values() if one.document]
    if not found:
        raise RefusedError("there is nothing to explain")
    one, how = random.choice(found), random.choice([How.ACCEPTED, How.WRITTEN_OFF])
    told = Explanation(
        company=company.ledger.company,
        reference=f"e{step}",
        document=one.document,
        how=how,
        amount=random.choice([None, 1]),
        why="agreed",
    )
    refund = one.cause.originator_id if isinstance(one.cause, RefundEvent) else None
    company.ledger.explain(told, company.stamp("avi"), refund=refund)
