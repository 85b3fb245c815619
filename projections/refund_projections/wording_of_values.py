"""Wording of the values inside events: lines, payments, documents, the ways of the money."""

from __future__ import annotations

from functools import singledispatch

from refund_ledger.errors import InvariantError
from refund_ledger.events import (
    Backing,
    DocumentId,
    Draw,
    Evidence,
    Fall,
    GivenBack,
    SourceBack,
    TakenLine,
    TakenPayment,
    Tally,
    Undone,
)
from refund_ledger.money import format_quantity
from refund_ledger.originals import Closes, Immutable, Line, Payment, PaymentDetails
from refund_projections.wording import amount, named


@singledispatch
def say(value: Immutable, currency: str) -> str:
    """Say a value in one line; an empty one says nothing."""
    raise InvariantError(f"{type(value).__name__} in {currency} has no words; write them here")


@say.register
def _(value: Line, currency: str) -> str:
    quantity = f"quantity {format_quantity(value.quantity)}"
    price = f"at {value.unit_price}" if value.unit_price else ""
    less = f"discount {amount(value.discount, currency)}" if value.discount else ""
    name = _item(value.number, value.item, value.description)
    return _listed(name, quantity, price, less, _split(value.net, value.vat, currency))


@say.register
def _(value: TakenLine, currency: str) -> str:
    quantity = f"quantity {format_quantity(value.quantity)}" if value.quantity else ""
    returned = f"returned {format_quantity(value.returned)}" if value.returned else ""
    name = _item(value.line, value.item, value.description)
    return _listed(name, quantity, returned, _split(value.net, value.vat, currency))


@say.register
def _(value: Payment, currency: str) -> str:
    details = say(value.details, currency)
    return _listed(f"{value.number}: {amount(value.amount, currency)}", value.method, details)


@say.register
def _(value: TakenPayment, currency: str) -> str:
    details = say(value.details, currency)
    method = value.method or ""
    return _listed(f"{value.payment}: {amount(value.amount, currency)}", method, details)


@say.register
def _(value: PaymentDetails, _currency: str) -> str:
    told = value.model_dump(exclude_none=True)
    return _listed(*(f"{name} {told[name]}" for name in told))


@say.register
def _(value: Closes, currency: str) -> str:
    return f"{amount(value.amount, currency)} of {named(value.sale)}"


@say.register
def _(value: Backing, currency: str) -> str:
    return _moved(
        value.source,
        currency,
        (value.from_credit, "of credit"),
        (value.from_cover, "of what was paid"),
    )


@say.register
def _(value: Fall, currency: str) -> str:
    return _moved(
        value.source,
        currency,
        (value.opened, "off the debt"),
        (value.promised, "to a promised payment"),
        (value.credit, "became credit"),
        (value.granted, "granted as credit"),
        (value.exceeds, "unexplained"),
    )


@say.register
def _(value: Draw, currency: str) -> str:
    return _moved(
        value.source,
        currency,
        (value.held, "of credit set aside"),
        (value.promised, "of credit promised"),
        (value.reopens, "of what was paid, owed again"),
        (value.credit, "of free credit"),
        (value.uncovers, "of what was paid and free, owed again"),
        (value.exceeds, "unexplained"),
    )


@say.register
def _(value: SourceBack, currency: str) -> str:
    return _moved(
        value.source,
        currency,
        (value.held, "of credit set aside is credit again"),
        (value.cover, "of what was paid is free again"),
        (value.promised, "of credit promised is credit"),
    )


@say.register
def _(value: GivenBack, currency: str) -> str:
    parts = [f"{named(value.sale)} line {say(line, currency)}" for line in value.lines]
    parts += [f"{named(value.receipt)} payment {say(each, currency)}" for each in value.payments]
    parts += [say(source, currency) for source in value.sources]
    parts += [f"{amount(value.goodwill, currency)} of goodwill"] if value.goodwill else []
    return "; ".join(parts)


@say.register
def _(value: Undone, currency: str) -> str:
    booked = [
        f"{_split(value.net, value.vat, currency)} credited" if value.net or value.vat else "",
        f"{amount(value.paid, currency)} paid back" if value.paid else "",
        f"out of {value.source_account}" if value.source_account else "",
        f"{amount(value.allowed, currency)} beyond the original" if value.allowed else "",
        f"{amount(value.goodwill, currency)} of goodwill" if value.goodwill else "",
    ]
    parts = [_listed(*booked), _fall_undone(value.fall, currency) if value.fall else ""]
    parts += [f"{amount(value.owed, currency)} owed beyond the sale"] if value.owed else []
    parts += [
        _moved(
            draw.source,
            currency,
            (draw.credit, "is credit again"),
            (draw.uncovers, "is paid again"),
        )
        for draw in value.draws
    ]
    return "; ".join(part for part in parts if part)


def _fall_undone(fall: Fall, currency: str) -> str:
    return _moved(
        fall.source,
        currency,
        (fall.opened, "owed again"),
        (fall.promised, "promised out of what was paid again"),
        (fall.credit, "no longer credit but paid"),
        (fall.granted, "no longer credit"),
    )


@say.register
def _(value: DocumentId, _currency: str) -> str:
    return _listed(str(value.key), value.identity)


@say.register
def _(value: Evidence, _currency: str) -> str:
    return f"{value.source}: {value.said}"


@say.register
def _(value: Tally, _currency: str) -> str:
    return f"{value.count} {value.kind}"


def _item(number: int, item: str, description: str) -> str:
    name = " ".join(part for part in (item, description) if part)
    return f"{number}: {name}" if name else str(number)


def _split(net: int, vat: int, currency: str) -> str:
    return f"{amount(net, currency)} and {amount(vat, currency)} VAT"


def _moved(source: str, currency: str, *moved: tuple[int, str]) -> str:
    told = (f"{amount(minor, currency)} {what}" for minor, what in moved if minor)
    return f"{named(source)}: {_listed(*told)}"


def _listed(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
