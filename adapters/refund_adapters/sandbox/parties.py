"""Whom a new paper is for: the customer's card, found or made, and what the paper says instead."""

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.messages import DocumentNew, NewPaper
from refund_adapters.sandbox.office import Office
from refund_adapters.sandbox.papers import Customer

ID_DIGITS = 9
TWO_DIGITS = 9


def customer_of(request: NewPaper, office: Office) -> Customer:
    """Find the card that a request names or describes; make it where the request asks for that."""
    if office.switches.last_name_required and request.last_name is None:
        raise refusals.FIELD_REQUIRED.error("last_name")
    found = office.books.customers.get(request.customer_id)
    if found is None and request.customer_id == 0:
        found = _found(request, office)
    if found is None and request.customer_id == 0 and request.create_customer:
        return _described(request, office)
    if found is None:
        raise refusals.CUSTOMER_NOT_EXISTS.error(str(request.customer_id))
    return found


def name_of(request: NewPaper, card: Customer) -> str:
    """Say which name is printed: the request overrides the card on this paper only."""
    if request.last_name is None:
        return card.full_name
    return f"{request.first_name or ''} {request.last_name}".strip()


def id_number_is_valid(number: int) -> bool:
    """Check the check digit of an Israeli identity number."""
    digits = [int(digit) for digit in str(number).zfill(ID_DIGITS)]
    doubled = (digit * (1 + place % 2) for place, digit in enumerate(digits))
    return sum(d - TWO_DIGITS if d > TWO_DIGITS else d for d in doubled) % 10 == 0


def valid_id_number(request: NewPaper) -> int:
    """Take the identity number of a request; a bad one fails unless it may be dropped."""
    number = request.id_number or 0
    if id_number_is_valid(number):
        return number
    if isinstance(request, DocumentNew) and request.validate_id is False:
        return 0
    raise refusals.INVALID_ID_NUMBER.error()


def _found(request: NewPaper, office: Office) -> Customer | None:
    """Search by what the request allows; with identity number and mail, the number comes first."""
    tried: list[tuple[str, int | str | None]] = [
        ("id_number", request.id_number if request.find_by_id else None),
        ("email", request.email_to if request.find_by_mail else None),
    ]
    if isinstance(request, DocumentNew):
        tried += [
            ("acc_ref", request.acc_ref if request.find_by_acc_ref else None),
            ("phone", request.phone if request.find_by_phone else None),
        ]
    for name, wanted in tried:
        for card in office.books.customers.values():
            if wanted is not None and getattr(card, name) == wanted:
                return card
    return None


def _described(request: NewPaper, office: Office) -> Customer:
    return Customer(
        customer_id=max(office.books.customers, default=0) + 1,
        last_name=request.last_name or "",
        first_name=request.first_name or "",
        street=request.address or "",
        city=request.city or "",
        zipcode=request.zipcode or 0,
        phone=request.phone or "",
        email=request.email_to or "",
        id_number=valid_id_number(request),
        acc_ref=request.acc_ref or "",
    )
