"""What differs between companies and machines: address, token, types, limits and times.

Type numbers are kept per company by Rivhit itself, so each is a setting with the documented
default, and none is written anywhere else.
"""

from __future__ import annotations

import ipaddress
import re
from functools import cached_property
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from refund_adapters.rivhit.wire import Letter
from refund_ledger.errors import InvalidInputError
from refund_ledger.money import exponent
from refund_ledger.originals import Half, Kind, Method
from refund_projections.sides import Conventions

LIVE_URL = "https://api.rivhit.co.il/online/RivhitOnlineAPI.svc"
"""The vendor's only address: its test company lives there too."""

TypeNumber = Annotated[int, Field(ge=0, le=999)]
PaymentType = Annotated[int, Field(ge=1, le=99)]
Seconds = Annotated[float, Field(gt=0, le=3600)]

_TOKEN = re.compile(r"[!-~]{8,200}")


class RivhitSettings(BaseModel):
    """How one company's account at Rivhit is reached and what its type numbers mean."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    company: Annotated[str, Field(min_length=1, max_length=60)]
    """Our name for the account; document numbers repeat between companies."""
    token: SecretStr
    base_url: str = LIVE_URL

    invoice_types: tuple[TypeNumber, ...] = (1,)
    invoice_receipt_types: tuple[TypeNumber, ...] = (2,)
    credit_type: TypeNumber = 3
    """The document type that credits a sale, by New and by Cancel alike."""
    receipt_types: tuple[TypeNumber, ...] = (1, 3)
    receipt_half_types: tuple[TypeNumber, ...] = (2,)
    """Receipt types that are the receipt half of an invoice-receipt."""
    refund_receipt_type: TypeNumber = 1

    payment_types: dict[Method, PaymentType] = {
        Method.CHEQUE: 1,
        Method.CASH: 2,
        Method.CARD: 5,
        Method.BANK_TRANSFER: 9,
    }
    """The payment type written for each method; a method without one cannot be paid out."""
    payment_methods: dict[PaymentType, Method] = {
        1: Method.CHEQUE,
        2: Method.CASH,
        4: Method.CARD,
        5: Method.CARD,
        6: Method.CARD,
        7: Method.CARD,
        8: Method.CARD,
        9: Method.BANK_TRANSFER,
    }
    """What a payment type means when it is read; one that is not here reads as "other"."""
    taxable_sort_code: TypeNumber = 100
    exempt_sort_code: TypeNumber = 150

    home_currency: str = "ILS"
    currency_ids: dict[str, Annotated[int, Field(ge=1, le=10)]] = {
        "ILS": 1,
        "USD": 2,
        "EUR": 3,
        "GBP": 4,
        "AUD": 5,
        "CAD": 6,
        "CHF": 7,
        "SEK": 8,
        "DKK": 9,
        "NOK": 10,
    }

    prices: Literal["gross", "as_original"] = "gross"
    """Whether a new credit document states gross prices, or prices as the original stated them.

    With gross prices the document's total is what was sent. With net prices Rivhit adds VAT at
    today's rate and rounds it by a rule of its own, so the total may differ from what was asked.
    """
    comment_language: Literal["en", "he"] = "en"
    send_mail: bool = False
    time_zone: str = "Asia/Jerusalem"
    """In which Rivhit dates its documents; the vendor does not say, this is assumed."""

    connect_limit: Seconds = 10
    call_limit: Seconds = 30
    """Seconds from the start of a call after which no byte of it is sent or read any more."""
    read_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """How often a read is tried; a write is sent once."""
    connections: Annotated[int, Field(ge=1, le=256)] = 64
    """Open at once at most; as many as there are calls under way, or waiting spends their time."""

    abandoned_life: Annotated[float, Field(ge=0)] = 120
    """Seconds that the server may still work on a request whose client is gone; undocumented."""
    lists_lag: Annotated[float, Field(ge=0)] = 60
    """Seconds until a new document is in every list and in Status; undocumented."""
    clock_error: Annotated[float, Field(ge=0)] = 5
    date_slack_days: Annotated[int, Field(ge=1, le=31)] = 1
    """Days by which a document's date may lie outside the time of its call."""
    credits_are_negative: bool = True
    """Whether lists show money given back with a minus; undocumented. Without it, a receipt with a
    plus may be either, and a comparison cannot see that one gives money back."""
    look_at_most: Annotated[int, Field(ge=1, le=1000)] = 50
    """Documents that one look opens one by one before it asks a person instead."""

    @property
    def settle_seconds(self) -> float:
        """How long after `send_by` a look begins to prove something."""
        return self.call_limit + self.abandoned_life + self.lists_lag + self.clock_error

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which Rivhit dates its documents."""
        return ZoneInfo(self.time_zone)

    @property
    def conventions(self) -> Conventions:
        """How Rivhit dates and signs its documents, for a comparison with the ledger."""
        return Conventions(
            zone=self.zone,
            slack_days=self.date_slack_days,
            credit_types=frozenset({self.credit_type}),
            credits_are_negative=self.credits_are_negative,
        )

    @field_validator("token")
    @classmethod
    def _token_can_be_a_token(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise InvalidInputError(
                "token",
                "expected the API token as Rivhit shows it (8 to 200 printable characters, no "
                "spaces); copy it from Settings > Online settings > API",
            )
        return token

    @field_validator("base_url")
    @classmethod
    def _token_travels_encrypted(cls, base_url: str) -> str:
        return checked_url(base_url)

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for currency in (self.home_currency, *self.currency_ids):
            exponent(currency)
        if self.home_currency not in self.currency_ids:
            raise InvalidInputError("home_currency", "give it an id in currency_ids")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidInputError(
                "time_zone",
                f"{self.time_zone!r} is not known here; check the name, or install tzdata",
            ) from None
        return self

    def kind_of(self, half: Half, series: int) -> Kind | None:
        """What an original of a type is; none where the type is no original's."""
        if half is Half.RECEIPT:
            alone, joint = (self.receipt_types, Kind.RECEIPT), self.receipt_half_types
        else:
            alone, joint = (self.invoice_types, Kind.INVOICE), self.invoice_receipt_types
        return (dict.fromkeys(*alone) | dict.fromkeys(joint, Kind.INVOICE_RECEIPT)).get(series)

    def series_of(self, kind: Kind) -> tuple[int, ...]:
        """The types in which originals of a kind are numbered."""
        return {
            Kind.INVOICE: self.invoice_types,
            Kind.INVOICE_RECEIPT: self.invoice_receipt_types,
            Kind.RECEIPT: self.receipt_types,
        }[kind]

    def currency(self, currency_id: int | None) -> str | None:
        """The ISO code of a currency id; a document that names none is in the home currency."""
        if not currency_id:
            return self.home_currency
        return {number: code for code, number in self.currency_ids.items()}.get(currency_id)

    def method(self, payment_type: int | None) -> Method | None:
        """How money of a payment type moves; none where the type is not known."""
        written = {number: method for method, number in self.payment_types.items()}
        return (self.payment_methods | written).get(payment_type or 0)


def checked_url(text: str) -> str:
    """Refuse an address that would carry the token unencrypted; loopback is exempt."""
    field = "base_url"
    try:
        url = urlsplit(text.strip())
        host, port = url.hostname or "", url.port
    except ValueError:
        raise InvalidInputError(field, f"expected an address such as {LIVE_URL}") from None
    if url.username is not None or url.password is not None:
        raise InvalidInputError(field, "must not hold a user name or a password; take them out")
    if not host or url.query or url.fragment or port == 0 or re.search(r"\s", text.strip()):
        raise InvalidInputError(field, f"expected an address such as {LIVE_URL}")
    if not _can_be_called(text.strip()):
        raise InvalidInputError(
            field,
            "no call can be sent there: check the server's name, whose parts between dots hold 1 "
            f"to 63 characters each; expected an address such as {LIVE_URL}",
        )
    if url.scheme == "https" or (url.scheme == "http" and is_loopback(host)):
        return text.strip().rstrip("/")
    raise InvalidInputError(
        field,
        f"{url.scheme}://{host} would carry the token unencrypted; use https, or http on "
        "127.0.0.1 or localhost for a sandbox",
    )


def _can_be_called(url: str) -> bool:
    """Whether a call can be written to an address, and its server's name be looked up."""
    try:
        Letter(url, {}, {}).url.host.decode("ascii").encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        return False
    return True


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
