"""What one call finds around it: the books, the company, the switches, the moment, fresh ids."""

import random
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from refund_adapters.sandbox import refusals
from refund_adapters.sandbox.books import Books
from refund_adapters.sandbox.company import ILS, Company, PaymentKind
from refund_adapters.sandbox.papers import Key, Kind, Mail
from refund_adapters.sandbox.switches import Sign, Switches
from refund_adapters.sandbox.wire import local, read_date, read_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The place where one request is carried out."""

    books: Books
    company: Company
    switches: Switches
    at: datetime
    order: int
    rng: random.Random
    base_url: str

    def identity(self) -> str:
        """Draw the GUID of a new paper."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def link(self, identity: str) -> str:
        """Write the address of a paper's file."""
        return self.company.link(self.base_url, identity)

    def issued(self, day: str | None, moment: str | None) -> tuple[date, time]:
        """Say when a paper is issued: now, unless the request says otherwise."""
        wall = local(self.at, self.switches.time_zone)
        issue_date = read_date(day) if day is not None else wall.date()
        issue_time = read_time(moment) if moment is not None else wall.time().replace(microsecond=0)
        closed = self.switches.closed_until
        if closed is not None and issue_date <= closed:
            raise refusals.MONTH_IS_CLOSED.error(f"closed until {closed}")
        return issue_date, issue_time

    def currency(self, number: int | None, rate: Decimal | None) -> tuple[int, Decimal]:
        """Settle currency and rate of a paper."""
        found = self.company.currency(number or ILS)
        if found is None:
            raise refusals.CURRENCY_NOT_EXISTS.error(str(number))
        return found.number, Decimal(1) if found.number == ILS else rate or found.rate

    def kind_of_payment(self, payment_type: int) -> PaymentKind:
        """Look a payment type up."""
        found = self.company.payment_type(payment_type)
        if found is None:
            raise refusals.PAYMENT_TYPE_NOT_EXISTS.error(str(payment_type))
        return found.kind

    def mail(self, to: str | None, customer_id: int, kind: Kind, key: Key) -> None:
        """Send a mail, if there is an address to send it to."""
        card = self.books.customers.get(customer_id)
        address = to or (card.email if card else "")
        if address:
            self.books.mails.append(Mail(address, kind, key, self.order))


def signed(amount: Decimal, sign: Sign, *, credit: bool) -> Decimal:
    """Show an amount of a credit with the sign that the company's answers give it."""
    return -amount if credit and sign is Sign.POSITIVE else amount
