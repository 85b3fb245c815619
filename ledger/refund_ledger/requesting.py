"""Requesting: a request judged as a whole, with every reason against it at once."""

from __future__ import annotations

from functools import partial
from typing import Any

from refund_ledger.accounts import AccountKind
from refund_ledger.asking import Request
from refund_ledger.balances import Look
from refund_ledger.draft import Draft
from refund_ledger.drafting import halves, work_out
from refund_ledger.errors import BalancesMovedError, RefusedError
from refund_ledger.events import OriginalRecorded, RefundRequested
from refund_ledger.paying import open_on_sources
from refund_ledger.policies import Facts, Terms, why_approve, why_not
from refund_ledger.refund import refund_id
from refund_ledger.stamps import Stamp
from refund_ledger.storing import Store


def judge(
    ask: Request,
    stamp: Stamp,
    store: Store,
    terms: Terms,
    *,
    original: OriginalRecorded | None,
    receipt: OriginalRecorded | None,
    fresh: Store | None = None,
) -> tuple[RefundRequested, Look]:
    """Work out what a request comes to, and the balances that this rests on.

    `fresh` is the store as it is when a reason is about to be said, where `store` is of one moment.
    Raises `RefusedError` with every reason at once, `BalancesMovedError` where others saved while
    the reasons were found.
    """
    stream = refund_id(ask.company, ask.key)
    sale, paid = halves(original, receipt)
    for one in (sale, paid):
        if one and one.currency != ask.currency:
            # Amounts of another currency say nothing, so no other reason is looked for.
            raise RefusedError(f"{one.ref} is in {one.currency}; refund it in that currency")
    customer = original.customer_id if original else ask.customer_id
    draft = Draft(
        ask=ask,
        look=Look(store.balance),
        sale=sale,
        receipt=paid,
        customer_id=customer,
        credits=tuple(store.credits(ask.company, customer, ask.currency)),
        own_source=f"refund:{stream}",
    )
    if original and ask.customer_id not in {"", customer}:
        draft.refuse(f"{original.ref} belongs to customer {customer}, not {ask.customer_id}")
    fields = work_out(draft)
    facts = _facts(draft, fields, store)
    requested = stamp.event(
        RefundRequested,
        stream,
        1,
        company=ask.company,
        currency=ask.currency,
        customer_id=customer,
        key=ask.key,
        digest=ask.digest,
        kind=ask.kind,
        reason=ask.reason,
        comment=ask.comment,
        **fields,
    )
    reasons = (*draft.reasons, *why_not(requested, facts, terms))
    if reasons and _has_moved(draft, fresh or store):
        raise BalancesMovedError("others saved between our reads of what is left; ask again")
    if reasons:
        raise RefusedError(*dict.fromkeys(reasons))
    if approvals := why_approve(requested, facts, terms):
        requested = requested.model_copy(update={"needs_approval": approvals})
    return requested, draft.look


def _has_moved(draft: Draft, now: Store) -> bool:
    """Whether others saved since the reasons were found."""
    ask = draft.ask
    credits_now = tuple(now.credits(ask.company, draft.customer_id, ask.currency))
    return credits_now != draft.credits or draft.look.has_moved(now.balance)


def _facts(draft: Draft, fields: dict[str, Any], store: Store) -> Facts:
    """What the policies need to know."""
    total = partial(store.total, draft.ask.company)
    unit = draft.ask.currency
    originals = {fields["sale"], fields["receipt"]} - {""}
    excess = sum(total(AccountKind.EXCESS, subject=ref, unit=unit) for ref in originals)
    return Facts(
        sale=draft.sale,
        receipt=draft.receipt,
        excess=-excess,
        open_on_sources=open_on_sources(draft),
        open_of_customer=total(AccountKind.OPEN, customer=draft.customer_id, unit=unit),
    )
