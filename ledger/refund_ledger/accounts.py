"""The chart of accounts: what each kind means, its side, and which may not go below zero."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

QUANTITY = "QTY"
"""The unit of quantity accounts, in millionths; every other unit is a currency."""


class Book(StrEnum):
    """Two books: what may still be given, and who owes whom."""

    RIGHTS = "rights"
    MONEY = "money"


class AccountKind(StrEnum):
    """What an account says."""

    REFUNDABLE = "refundable"
    RESERVED = "reserved"
    COVERED = "covered"
    PROMISED_COVER = "promised_cover"
    EXCESS = "excess"
    RECORDED = "recorded"
    ISSUED = "issued"
    UNCOVERED = "uncovered"
    ALLOWED = "allowed"
    OPEN = "open"
    CREDIT = "credit"
    HELD_CREDIT = "held_credit"
    PROMISED_CREDIT = "promised_credit"
    UNEXPLAINED = "unexplained"
    RETURNS = "returns"
    VAT = "vat"
    PAID = "paid"
    GRANTED = "granted"
    BOOKS = "books"
    EXPLAINED = "explained"


class Rule(NamedTuple):
    """How one kind of account behaves."""

    book: Book
    side: int
    """1 where a debit (positive) balance is normal, -1 where a credit (negative) one is."""
    guarded: bool
    """Whether the store keeps a balance of it that never leaves its normal side."""
    meaning: str


_R, _M = Book.RIGHTS, Book.MONEY

RULES: dict[AccountKind, Rule] = {
    AccountKind.REFUNDABLE: Rule(
        _R, 1, guarded=True, meaning="what may still be credited or paid back"
    ),
    AccountKind.RESERVED: Rule(
        _R, 1, guarded=False, meaning="what a refund in progress holds; zero when it is over"
    ),
    AccountKind.COVERED: Rule(
        _R, 1, guarded=True, meaning="the paid part of a sale that still stands and is free"
    ),
    AccountKind.PROMISED_COVER: Rule(
        _R, 1, guarded=True, meaning="the paid part promised to money on its way"
    ),
    AccountKind.EXCESS: Rule(
        _R, -1, guarded=False, meaning="facts beyond the original: an alert until explained"
    ),
    AccountKind.RECORDED: Rule(_R, -1, guarded=False, meaning="what the originals came to"),
    AccountKind.ISSUED: Rule(_R, 1, guarded=False, meaning="what has been credited and paid back"),
    AccountKind.UNCOVERED: Rule(_R, -1, guarded=False, meaning="the other side of cover"),
    AccountKind.ALLOWED: Rule(
        _R, -1, guarded=False, meaning="rights beyond originals: goodwill, and explained excess"
    ),
    AccountKind.OPEN: Rule(_M, 1, guarded=True, meaning="what the customer still owes on a sale"),
    AccountKind.CREDIT: Rule(_M, -1, guarded=True, meaning="what the customer may ask for"),
    AccountKind.HELD_CREDIT: Rule(
        _M, -1, guarded=False, meaning="credit that one refund took at its request"
    ),
    AccountKind.PROMISED_CREDIT: Rule(
        _M, -1, guarded=True, meaning="credit that fell upon a promise"
    ),
    AccountKind.UNEXPLAINED: Rule(
        _M, -1, guarded=False, meaning="facts that found no place; never payable"
    ),
    AccountKind.RETURNS: Rule(_M, 1, guarded=False, meaning="sales taken back, without VAT"),
    AccountKind.VAT: Rule(_M, 1, guarded=False, meaning="VAT taken back"),
    AccountKind.PAID: Rule(_M, -1, guarded=False, meaning="money paid back, by source account"),
    AccountKind.GRANTED: Rule(_M, 1, guarded=False, meaning="the other side of granted credit"),
    AccountKind.BOOKS: Rule(
        _M, -1, guarded=False, meaning="the other side of what the originals brought in"
    ),
    AccountKind.EXPLAINED: Rule(
        _M, -1, guarded=False, meaning="the other side of what was unexplained, by explanation"
    ),
}

GUARDED = frozenset(kind for kind, rule in RULES.items() if rule.guarded)
"""The kinds that several refunds compete for; the store keeps their balances and guards them.

A refund's own accounts are guarded by its stream; the other sides hold no limit.
"""


class Account(NamedTuple):
    """One account, in typed columns; unused ones are empty."""

    company: str
    kind: AccountKind
    subject: str = ""
    """The original or source it is kept under."""
    refund: str = ""
    customer: str = ""
    item: str = ""
    """A line's amount ("line/1/net"), a payment ("payment/2"), or a side ("sale", "money")."""
    unit: str = ""
    """The currency, or QTY."""

    @property
    def rule(self) -> Rule:
        """How this account behaves."""
        return RULES[self.kind]

    def __str__(self) -> str:
        named = (self.kind, self.subject, self.refund, self.customer, self.item)
        return "/".join(part for part in named if part) + f" {self.unit}"


class Posting(NamedTuple):
    """One line of double entry: debit positive, credit negative, in whole minor units."""

    account: Account
    amount: int
