"""Settling: where credit falls, where paid-out money comes from, what goes back at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.balances import Look
from refund_ledger.events import (
    Draw,
    Event,
    Fall,
    GivenBack,
    Part,
    RefundKind,
    RefundRequested,
    SourceBack,
    TakenLine,
    TakenPayment,
)
from refund_ledger.money import allocate
from refund_ledger.refund import Refund


def account(event: Event, kind: AccountKind, source: str) -> Account:
    """The account of one kind that a source's position is kept in, of the event's customer."""
    return Account(event.company, kind, source, customer=event.customer_id, unit=event.currency)


def fall_of(request: RefundRequested, booked: int, within: int, look: Look) -> Fall:
    """Let a credited amount fall: on debt first, then on promises, then it becomes credit.

    `within` is what the original had of it; what was booked beyond finds no place.
    """
    fall, rest = fall_on(request, request.source, within, look)
    if request.kind is RefundKind.GOODWILL:
        # A goodwill has no sale that was paid: its credit stands without cover.
        return fall.model_copy(update={"granted": rest, "exceeds": booked - within})
    return fall.model_copy(update={"exceeds": rest + booked - within})


def fall_on(event: Event, source: str, amount: int, look: Look) -> tuple[Fall, int]:
    """Let an amount fall on a source's debt, promises and cover; also what found no place there."""
    rest = amount

    def take(kind: AccountKind) -> int:
        nonlocal rest
        taken = look.up_to(account(event, kind, source), rest)
        rest -= taken
        return taken

    opened = take(AccountKind.OPEN)
    promised = take(AccountKind.PROMISED_COVER)
    credit = take(AccountKind.COVERED)
    return Fall(source=source, opened=opened, promised=promised, credit=credit), rest


def draws_on(
    event: Event, sources: Sequence[tuple[str, int]], amount: int, look: Look
) -> tuple[list[Draw], int]:
    """Take money of sources, each with the most that it gives: free credit, then cover.

    Also what they do not have. A source that is named again gives more.
    """
    draws, rest = dict[str, Draw](), amount
    for source, most in sources:
        had = draws.get(source, Draw(source=source))
        wanted = min(rest, most) + had.credit + had.uncovers
        credit = look.up_to(account(event, AccountKind.CREDIT, source), wanted)
        uncovers = look.up_to(account(event, AccountKind.COVERED, source), wanted - credit)
        rest -= credit + uncovers - had.credit - had.uncovers
        draws[source] = Draw(source=source, credit=credit, uncovers=uncovers)
    return list(draws.values()), rest


def draws_of(refund: Refund, booked: int, look: Look) -> tuple[Draw, ...]:
    """Take paid-out money from what the refund was promised; the rest finds no place."""
    draws, rest = _promised_draws(refund, booked, look)
    return _with_excess(refund.request, draws, rest)


def free_draws_of(refund: Refund, booked: int, look: Look) -> tuple[Draw, ...]:
    """Take money that no promise foresaw: what is left of the promise, free credit, then cover."""
    draws, rest = _promised_draws(refund, booked, look)
    for index, draw in enumerate(draws):
        free = account(refund.request, AccountKind.CREDIT, draw.source)
        covered = account(refund.request, AccountKind.COVERED, draw.source)
        credit = look.up_to(free, rest)
        uncovers = look.up_to(covered, rest - credit)
        rest -= credit + uncovers
        draws[index] = draw.model_copy(update={"credit": credit, "uncovers": uncovers})
    return _with_excess(refund.request, draws, rest)


def unexplained_draws(request: RefundRequested, booked: int) -> tuple[Draw, ...]:
    """Paid-out money of which nothing is explained: a duplicate."""
    return _with_excess(request, [], booked)


def _promised_draws(refund: Refund, booked: int, look: Look) -> tuple[list[Draw], int]:
    """What the promises of a refund give of an amount, and what they do not."""
    draws, rest = list[Draw](), booked
    for backing in refund.request.backing:
        left = refund.left_sources[backing.source]
        held = min(rest, left.held)
        cover = min(rest - held, left.cover)
        pool = account(refund.request, AccountKind.PROMISED_CREDIT, backing.source)
        promised = look.up_to(pool, cover)
        rest -= held + cover
        draws.append(
            Draw(source=backing.source, held=held, promised=promised, reopens=cover - promised)
        )
    return draws, rest


def _with_excess(request: RefundRequested, draws: list[Draw], rest: int) -> tuple[Draw, ...]:
    """Add what found no place to the first source, and leave out what comes to nothing."""
    draws = draws or [Draw(source=request.backing[0].source)]
    draws[0] = draws[0].model_copy(update={"exceeds": rest})
    return tuple(draw for draw in draws if any(draw.model_dump(exclude={"source"}).values()))


def sale_split(request: RefundRequested, booked: int) -> tuple[int, int]:
    """Split a booked amount into net and VAT, so that with what goes back it makes the request."""
    if booked > request.credited:
        net, vat = allocate(booked, [request.net, request.vat])
        return net, vat
    back = _split_back(request, request.credited - booked)
    return request.net - sum(net for net, _ in back), request.vat - sum(vat for _, vat in back)


def _split_back(request: RefundRequested, amount: int) -> list[tuple[int, int]]:
    """Split what goes back over the net and VAT of the request's lines."""
    shares = allocate(amount, [part for line in request.lines for part in (line.net, line.vat)])
    return list(zip(shares[::2], shares[1::2], strict=True))


def given_back(refund: Refund, look: Look, *, keep: Iterable[Part] = ()) -> GivenBack:
    """What a refund that is over returns; parts in doubt keep what they reserve."""
    request, kept = refund.request, set(keep)
    sale = 0 if Part.INVOICE in kept else refund.left_sale
    goodwill = request.kind is RefundKind.GOODWILL
    lines = () if goodwill or Part.INVOICE in kept else _lines_back(refund)
    money = 0 if Part.RECEIPT in kept else refund.left_money
    return GivenBack(
        kind=request.kind,
        sale=request.sale,
        lines=lines,
        receipt=request.receipt,
        payments=_payments_back(refund, money),
        sources=() if Part.RECEIPT in kept else _sources_back(refund, look),
        goodwill=sale if goodwill else 0,
    )


def _lines_back(refund: Refund) -> tuple[TakenLine, ...]:
    """Return lines: amounts in proportion, quantities only where no document took them."""
    request, whole = refund.request, bool(refund.left_quantity)
    back = (
        line.model_copy(
            update={
                "net": net,
                "vat": vat,
                "quantity": line.quantity if whole else 0,
                "returned": 0,
            }
        )
        for line, (net, vat) in zip(
            request.lines, _split_back(request, refund.left_sale), strict=True
        )
    )
    return tuple(line for line in back if line.gross or line.quantity)


def _payments_back(refund: Refund, amount: int) -> tuple[TakenPayment, ...]:
    shares = allocate(amount, [payment.amount for payment in refund.request.payments])
    taken = zip(refund.request.payments, shares, strict=True)
    return tuple(payment.model_copy(update={"amount": share}) for payment, share in taken if share)


def _sources_back(refund: Refund, look: Look) -> tuple[SourceBack, ...]:
    """Return what is left per source: cover that still stands, then credit that fell on it."""
    back: list[SourceBack] = []
    for source, left in refund.left_sources.items():
        pool = account(refund.request, AccountKind.PROMISED_COVER, source)
        cover = look.up_to(pool, left.cover)
        back.append(
            SourceBack(source=source, held=left.held, cover=cover, promised=left.cover - cover)
        )
    return tuple(item for item in back if item.held or item.cover or item.promised)
