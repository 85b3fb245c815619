"""Crediting: which lines a request takes, by quantity, by amount, or all that is left."""

from __future__ import annotations

from refund_ledger.accounts import QUANTITY
from refund_ledger.asking import LineAsked
from refund_ledger.draft import Draft
from refund_ledger.events import OriginalRecorded, TakenLine
from refund_ledger.money import allocate, format_quantity
from refund_ledger.originals import Line


def lines_to_credit(draft: Draft) -> tuple[TakenLine, ...]:
    """What the request credits, line by line; reasons why not go to the draft."""
    if draft.sale is None:
        return _goodwill_line(draft)
    if draft.ask.lines:
        return _lines_named(draft, draft.sale)
    return _lines_by_amount(draft, draft.sale, draft.ask.amount)


def _goodwill_line(draft: Draft) -> tuple[TakenLine, ...]:
    amount, vat = draft.ask.amount or 0, draft.ask.vat or 0
    if not amount:
        draft.refuse("a goodwill needs an amount")
    if vat > amount:
        draft.refuse("the VAT is more than the amount that contains it")
        return ()
    words = draft.ask.comment[:100] or "goodwill credit"
    return (TakenLine(line=1, description=words, net=amount - vat, vat=vat, exempt=not vat),)


def _lines_named(draft: Draft, sale: OriginalRecorded) -> tuple[TakenLine, ...]:
    ask = draft.ask
    known = {line.number: line for line in sale.lines}
    if len({asked.line for asked in ask.lines}) != len(ask.lines):
        draft.refuse("the same line is named twice; name it once with its whole amount")
    taken = [_line(draft, sale, known.get(asked.line), asked) for asked in ask.lines]
    lines = tuple(line for line in taken if line is not None)
    total = sum(line.gross for line in lines)
    if lines and not total:
        draft.refuse("the lines come to nothing; name one that cost something")
    if ask.amount is not None and not draft.reasons and total != ask.amount:
        draft.refuse(f"the lines come to {draft.money(total)}, not {draft.money(ask.amount)}")
    return lines


def _line(
    draft: Draft, sale: OriginalRecorded, line: Line | None, asked: LineAsked
) -> TakenLine | None:
    """What one asked line takes of what is left of it."""
    if line is None:
        numbers = ", ".join(str(known.number) for known in sale.lines)
        draft.refuse(f"line {asked.line} is not on {sale.ref}; it has {numbers}")
        return None
    if asked.quantity is not None and asked.amount is not None:
        draft.refuse(f"line {line.number}: say a quantity or an amount, not both")
        return None
    if asked.quantity is not None:
        return _line_by_quantity(draft, sale, line, asked.quantity, asked.returned)
    net, vat, quantity = _left_of(draft, sale, line)
    if asked.amount is not None:
        if asked.amount > net + vat:
            draft.refuse(
                f"line {line.number}: only {draft.money(net + vat)} is left to refund, "
                f"{draft.money(asked.amount)} was asked"
            )
            return None
        all_of_it = asked.amount == net + vat
        net, vat = allocate(asked.amount, [net, vat])
        return _taken(draft, line, (net, vat, quantity if all_of_it else 0), asked.returned)
    if not any((net, vat, quantity)):
        draft.refuse(f"line {line.number}: nothing is left to refund")
        return None
    return _taken(draft, line, (net, vat, quantity), asked.returned)


def _line_by_quantity(
    draft: Draft, sale: OriginalRecorded, line: Line, quantity: int, returned: int | None
) -> TakenLine | None:
    """A quantity takes its share of what is left, so that the last one takes exactly the rest."""
    net, vat, left = _left_of(draft, sale, line)
    if quantity > left:
        draft.refuse(
            f"line {line.number}: only a quantity of {format_quantity(left)} is left, "
            f"{format_quantity(quantity)} was asked"
        )
        return None
    gross = (2 * (net + vat) * quantity + left) // (2 * left)
    if net + vat and not gross:
        draft.refuse(f"line {line.number}: that quantity comes to nothing")
        return None
    net, vat = allocate(gross, [net, vat])
    return _taken(draft, line, (net, vat, quantity), returned)


def _lines_by_amount(
    draft: Draft, sale: OriginalRecorded, amount: int | None
) -> tuple[TakenLine, ...]:
    """Spread an amount over all that is left; everything that is left where none is said."""
    left = [(line, *_left_of(draft, sale, line)) for line in sale.lines]
    whole = sum(net + vat for _, net, vat, _ in left)
    if not whole:
        draft.refuse(f"nothing is left to refund on {sale.ref}")
        return ()
    wanted = whole if amount is None else amount
    if wanted > whole:
        draft.refuse(
            f"only {draft.money(whole)} is left to refund on {sale.ref}, "
            f"{draft.money(wanted)} was asked"
        )
        return ()
    shares = allocate(wanted, [part for _, net, vat, _ in left for part in (net, vat)])
    all_of_it = wanted == whole
    taken = (
        _taken(draft, line, (shares[2 * i], shares[2 * i + 1], quantity if all_of_it else 0), None)
        for i, (line, _, _, quantity) in enumerate(left)
    )
    return tuple(line for line in taken if line.gross or line.quantity)


def _left_of(draft: Draft, sale: OriginalRecorded, line: Line) -> tuple[int, int, int]:
    """Net, VAT and quantity that are left of a line."""
    at = f"line/{line.number}"
    return (
        draft.left(sale, f"{at}/net"),
        draft.left(sale, f"{at}/vat"),
        draft.left(sale, f"{at}/quantity", QUANTITY),
    )


def _taken(
    draft: Draft, line: Line, parts: tuple[int, int, int], returned: int | None
) -> TakenLine:
    """A line with the net, VAT and quantity that are taken of it."""
    net, vat, quantity = parts
    back = (quantity if draft.ask.items_returned else 0) if returned is None else returned
    if back > quantity:
        draft.refuse(f"line {line.number}: more was returned than is credited")
        back = quantity
    return TakenLine(
        line=line.number,
        description=line.description,
        item=line.item,
        net=net,
        vat=vat,
        quantity=quantity,
        returned=back,
        exempt=line.exempt,
    )
