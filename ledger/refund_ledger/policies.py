"""Policies: small rules that a request must pass; a clerk gets every reason at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from refund_ledger.events import OriginalRecorded, RefundKind, RefundRequested
from refund_ledger.money import Money

DEFAULT_REASONS: Mapping[str, str] = {
    "returned_goods": "the customer sent goods back",
    "overcharged": "the price or quantity was too high",
    "paid_twice": "the customer paid more than once, or too much",
    "cancelled_sale": "the sale did not take place",
    "complaint": "an agreed reduction after a complaint",
    "goodwill": "a gift of the company, without a sale behind it",
    "bounced_payment": "a payment turned out not to be good",
    "clerical_error": "the document was wrong",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a company decides about its refunds."""

    reasons: Mapping[str, str] = field(default_factory=lambda: DEFAULT_REASONS)
    """Reason code to meaning; requests name a code."""
    approval_above: Mapping[str, int] = field(default_factory=dict)
    """By currency, in minor units: refunds above it need a second person."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when a request is judged; amounts in minor units."""

    sale: OriginalRecorded | None
    receipt: OriginalRecorded | None
    excess: int
    """Unexplained facts beyond the originals named."""
    open_on_sources: int
    """What the customer still owes on the sales whose money is asked back."""
    open_of_customer: int

    @property
    def pays_for_something_unknown(self) -> bool:
        """Whether a receipt goes back of which not all is known to pay a sale, or too much."""
        if self.sale is not None or self.receipt is None:
            return False
        known = self.receipt.overpaid + sum(part.amount for part in self.receipt.closes)
        return known < sum(payment.amount for payment in self.receipt.payments)


Policy = Callable[[RefundRequested, Facts, Terms], str | None]
"""Returns the reason why not, or why a second person is needed; none where all is well."""


def name_a_reason_from_the_catalogue(
    request: RefundRequested, _: Facts, terms: Terms
) -> str | None:
    """Every refund says why, in a code that can be counted."""
    if request.reason in terms.reasons:
        return None
    return (
        f"reason {request.reason!r} is not in the catalogue; use one of {', '.join(terms.reasons)}"
    )


def explain_excess_first(_: RefundRequested, facts: Facts, __: Terms) -> str | None:
    """While more was booked on an original than it came to, nothing more is given for it."""
    if not facts.excess:
        return None
    return "more was already booked on this original than it came to; explain that first"


def refund_to_the_customer_of_the_original(
    request: RefundRequested, facts: Facts, _: Terms
) -> str | None:
    """Money goes back to whom the document was made out."""
    for original in (facts.sale, facts.receipt):
        if original and original.customer_id != request.customer_id:
            whose, asked = original.customer_id, request.customer_id
            return f"{original.ref} belongs to customer {whose}, not {asked}"
    return None


def settle_debt_before_money_goes_back(
    request: RefundRequested, facts: Facts, _: Terms
) -> str | None:
    """Money for somebody who still owes is a second person's decision."""
    if not request.paid_back:
        return None
    if request.kind is RefundKind.ORIGINAL and not facts.pays_for_something_unknown:
        left = facts.open_on_sources - request.credited
        if left > 0:
            return f"{Money(left, request.currency)} stays open on the sale while money goes back"
    elif facts.open_of_customer:
        return f"the customer still owes {Money(facts.open_of_customer, request.currency)}"
    return None


def agree_to_large_refunds(request: RefundRequested, _: Facts, terms: Terms) -> str | None:
    """Above a company's limit two people agree."""
    limit = terms.approval_above.get(request.currency)
    amount = max(request.credited, request.paid_back)
    if limit is None or amount <= limit:
        return None
    return (
        f"{Money(amount, request.currency)} is above the limit of {Money(limit, request.currency)}"
    )


REFUSALS: tuple[Policy, ...] = (
    name_a_reason_from_the_catalogue,
    refund_to_the_customer_of_the_original,
    explain_excess_first,
)
"""A request that breaks one of these is refused."""

APPROVALS: tuple[Policy, ...] = (settle_debt_before_money_goes_back, agree_to_large_refunds)
"""A request that meets one of these waits for a second person."""


def why_not(request: RefundRequested, facts: Facts, terms: Terms) -> tuple[str, ...]:
    """Every reason to refuse."""
    return _reasons(REFUSALS, request, facts, terms)


def why_approve(request: RefundRequested, facts: Facts, terms: Terms) -> tuple[str, ...]:
    """Every reason why a second person has to agree."""
    return _reasons(APPROVALS, request, facts, terms)


def _reasons(
    rules: tuple[Policy, ...], request: RefundRequested, facts: Facts, terms: Terms
) -> tuple[str, ...]:
    found = (rule(request, facts, terms) for rule in rules)
    return tuple(reason for reason in found if reason)
