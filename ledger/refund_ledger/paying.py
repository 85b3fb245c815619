"""Paying: how much money goes back, of which payments, and out of which credit or paid sale."""

from __future__ import annotations

from refund_ledger.accounts import AccountKind
from refund_ledger.draft import Draft
from refund_ledger.events import Backing, OriginalRecorded, RefundKind, TakenPayment
from refund_ledger.originals import Payment
from refund_ledger.taking import sources_of


def payments_to_return(draft: Draft, credited: int) -> tuple[tuple[TakenPayment, ...], int]:
    """What is taken of which payment, and what is paid back in all."""
    ask = draft.ask
    if draft.receipt is None:
        wanted = _money_wanted(draft, credited, None)
        if ask.method is None:
            draft.refuse("say by which method the money goes back")
        if ask.payments:
            draft.refuse("payments belong to a receipt; name the receipt")
        return (), wanted
    known = {payment.number: payment for payment in draft.receipt.payments}
    left = {number: draft.left(draft.receipt, f"payment/{number}") for number in known}
    if ask.payments:
        taken, wanted = _payments_named(draft, draft.receipt, left)
    else:
        wanted = _money_wanted(draft, credited, sum(left.values()))
        taken = _payments_by_amount(draft, draft.receipt, left, wanted)
    if draft.sale is not None:
        _refuse_more_than_it_pays(draft, draft.sale, draft.receipt, wanted)
    return taken, wanted


def _refuse_more_than_it_pays(
    draft: Draft, sale: OriginalRecorded, receipt: OriginalRecorded, wanted: int
) -> None:
    """A receipt gives back for a sale what it paid of it; one that names no sale, anything."""
    pays = {part.sale: part.amount for part in receipt.closes}
    of_it = pays.get(sale.name, 0)
    if pays and wanted > of_it:
        draft.refuse(
            f"{receipt.ref} paid {draft.money(of_it)} of {sale.ref}, "
            f"{draft.money(wanted)} was asked"
        )


def _payments_by_amount(
    draft: Draft, receipt: OriginalRecorded, left: dict[int, int], wanted: int
) -> tuple[TakenPayment, ...]:
    """Take an amount of the payments in their order, those made by the method asked for first."""
    whole = sum(left.values())
    if wanted > whole:
        draft.refuse(
            f"only {draft.money(whole)} is left to pay back on {receipt.ref}, "
            f"{draft.money(wanted)} was asked"
        )
        return ()
    method = draft.ask.method
    order = sorted(receipt.payments, key=lambda p: (p.method is not (method or p.method), p.number))
    taken, rest = list[TakenPayment](), wanted
    for payment in order:
        share = min(rest, left[payment.number])
        rest -= share
        if share:
            taken.append(_payment(payment, share))
    return tuple(sorted(taken, key=lambda payment: payment.payment))


def _money_wanted(draft: Draft, credited: int, left: int | None) -> int:
    """How much is paid back where no payment is named: debt is lowered before money goes back."""
    ask = draft.ask
    if ask.pay_back is not None:
        return ask.pay_back
    if credited and draft.sale is not None:
        owed = draft.at_source(AccountKind.OPEN, draft.sale.name)
        wanted = max(credited - owed, 0)
        if not wanted:
            draft.refuse(
                f"{draft.money(owed)} is still open on {draft.sale.ref}, so the credit only "
                "lowers the debt; ask for the invoice part alone"
            )
        return wanted
    if credited:
        return credited
    if ask.amount is not None:
        return ask.amount
    if left is None:
        return sum(amount for _, amount in _credits_named(draft))
    if not left and draft.receipt is not None:
        draft.refuse(f"nothing is left to pay back on {draft.receipt.ref}")
    return left


def _payments_named(
    draft: Draft, receipt: OriginalRecorded, left: dict[int, int]
) -> tuple[tuple[TakenPayment, ...], int]:
    known = {payment.number: payment for payment in receipt.payments}
    taken: list[TakenPayment] = []
    for asked in draft.ask.payments:
        if asked.payment not in known:
            draft.refuse(f"payment {asked.payment} is not on {receipt.ref}")
            continue
        have = left[asked.payment]
        amount = have if asked.amount is None else asked.amount
        if amount > have or not amount:
            draft.refuse(f"payment {asked.payment}: only {draft.money(have)} is left to pay back")
            continue
        taken.append(_payment(known[asked.payment], amount))
    if len({payment.payment for payment in taken}) != len(taken):
        draft.refuse("the same payment is named twice; name it once with its whole amount")
    total = sum(payment.amount for payment in taken)
    if draft.ask.pay_back is not None and not draft.reasons and total != draft.ask.pay_back:
        draft.refuse(
            f"the payments come to {draft.money(total)}, not {draft.money(draft.ask.pay_back)}"
        )
    return tuple(taken), total


def _payment(payment: Payment, amount: int) -> TakenPayment:
    return TakenPayment(
        payment=payment.number, amount=amount, method=payment.method, details=payment.details
    )


def backing_for(draft: Draft, amount: int) -> tuple[Backing, ...]:
    """Find the money: a source's own credit, its paid part, then other credit, oldest first."""
    if draft.ask.kind is RefundKind.GOODWILL:
        if draft.ask.amount is not None and amount > draft.ask.amount:
            draft.refuse("more would be paid back than the goodwill grants")
        return (Backing(source=draft.own_source, from_cover=amount),)
    found: dict[str, Backing] = {}
    rest, held = amount, dict(draft.credits)
    for source, most in _sources(draft, amount):
        had = found.get(source, Backing(source=source))
        covered = draft.at_source(AccountKind.COVERED, source) - had.from_cover
        from_credit = min(rest, most, held.get(source, 0) - had.from_credit)
        from_cover = min(rest - from_credit, most - from_credit, covered)
        rest -= from_credit + from_cover
        found[source] = _more(had, from_credit, from_cover)
    for source, credit in _credits_named(draft):
        had = found.get(source, Backing(source=source))
        from_credit = min(rest, credit - had.from_credit)
        rest -= from_credit
        found[source] = _more(had, from_credit, 0)
    if rest:
        draft.refuse(
            f"only {draft.money(amount - rest)} of {draft.money(amount)} is there to pay back: "
            "the rest was never paid, or is already owed or promised elsewhere"
        )
    return tuple(one for one in found.values() if one.from_credit or one.from_cover)


def _more(had: Backing, from_credit: int, from_cover: int) -> Backing:
    return Backing(
        source=had.source,
        from_credit=had.from_credit + from_credit,
        from_cover=had.from_cover + from_cover,
    )


def _sources(draft: Draft, amount: int) -> tuple[tuple[str, int], ...]:
    """The sources of the money that is asked back, each with the most that it is asked for.

    What a receipt's sales no longer have in turn, any of them gives.
    """
    if draft.sale is not None:
        return ((draft.sale.name, amount),)
    if draft.receipt is None:
        return ()  # A credit or a goodwill has no original.
    any_of_them = ((part.sale, amount) for part in draft.receipt.closes)
    return (*sources_of(draft.receipt, amount, draft.look), *any_of_them)


def open_on_sources(draft: Draft) -> int:
    """What the customer owes on the sales whose money is asked back."""
    sources = {source for source, _ in _sources(draft, 0)}
    return sum(draft.at_source(AccountKind.OPEN, source) for source in sorted(sources))


def _credits_named(draft: Draft) -> tuple[tuple[str, int], ...]:
    """The credits to pay from: those named, in that order, or all, oldest first."""
    if not draft.ask.credits:
        return draft.credits
    held, named = dict(draft.credits), dict.fromkeys(draft.ask.credits)
    for source in named:
        if source not in held:
            draft.refuse(f"customer {draft.customer_id} has no credit under {source!r}")
    return tuple((source, held[source]) for source in named if source in held)
