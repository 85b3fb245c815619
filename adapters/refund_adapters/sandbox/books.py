"""The books themselves: what is booked, what closes what, and what a customer owes."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from refund_adapters.sandbox.company import Company
from refund_adapters.sandbox.papers import (
    Closing,
    Customer,
    Document,
    Key,
    Kind,
    Mail,
    Paper,
    Receipt,
    amount_of,
    in_shekels,
)
from refund_adapters.sandbox.refusals import SandboxError


@dataclass(slots=True)
class Books:
    """Everything that the company has booked."""

    company: Company
    customers: dict[int, Customer] = field(default_factory=dict)
    documents: dict[Key, Document] = field(default_factory=dict)
    receipts: dict[Key, Receipt] = field(default_factory=dict)
    closings: list[Closing] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    _last: dict[tuple[Kind, int], int] = field(default_factory=dict)
    _closings_of: dict[Key, list[Closing]] = field(default_factory=dict)
    _closed_by: dict[tuple[Kind, Key], list[Closing]] = field(default_factory=dict)
    _credits_of: dict[tuple[Kind, Key], list[Key]] = field(default_factory=dict)
    _made_by: dict[int, list[tuple[Kind, Paper]]] = field(default_factory=dict)

    def next_number(self, kind: Kind, number_of_type: int, first: int | None = None) -> int:
        """Say which number the next paper of a type gets; `first` counts for the first only.

        An invoice-receipt and its receipt share one number, so both series are looked at.
        """
        shared = self._shares_its_number(kind, number_of_type)
        kinds = tuple(Kind) if shared else (kind,)
        last = max((self._last.get((one, number_of_type), 0) for one in kinds), default=0)
        if last:
            return last + 1
        starts = self.company.first_document_numbers
        if kind is Kind.RECEIPT and not shared:
            starts = self.company.first_receipt_numbers
        return first or starts.get(number_of_type, 1)

    def add_document(self, document: Document) -> None:
        """Book a document."""
        self._enter(Kind.DOCUMENT, document, taken=document.key in self.documents)
        self.documents[document.key] = document

    def add_receipt(self, receipt: Receipt) -> None:
        """Book a receipt."""
        self._enter(Kind.RECEIPT, receipt, taken=receipt.key in self.receipts)
        self.receipts[receipt.key] = receipt

    def mark_cancelled(self, kind: Kind, key: Key) -> None:
        """Set the flag of a paper, if it is there."""
        if kind is Kind.DOCUMENT and key in self.documents:
            self.documents[key] = replace(self.documents[key], is_cancelled=True)
        elif kind is Kind.RECEIPT and key in self.receipts:
            self.receipts[key] = replace(self.receipts[key], is_cancelled=True)

    def close(self, closing: Closing) -> None:
        """Book that one paper closes another, if it closes anything."""
        if closing.amount:
            self.closings.append(closing)
            self._closings_of.setdefault(closing.closed, []).append(closing)
            self._closed_by.setdefault((closing.kind, closing.closer), []).append(closing)

    def closings_of(self, closed: Key) -> tuple[Closing, ...]:
        """List what closed a document."""
        return tuple(self._closings_of.get(closed, ()))

    def closed_by(self, kind: Kind, closer: Key) -> tuple[Closing, ...]:
        """List what a paper closed."""
        return tuple(self._closed_by.get((kind, closer), ()))

    def open_amount(self, key: Key) -> Decimal:
        """Say how much of a document is not closed, signed like the document.

        A credit that closes a sale is closed by it to the same extent; an invoice that closes an
        order stays open.
        """
        amount = self.documents[key].amount
        closed = sum((one.amount for one in self.closings_of(key)), Decimal(0))
        used = sum(
            (
                one.amount
                for one in self.closed_by(Kind.DOCUMENT, key)
                if (self.documents[one.closed].amount < 0) != (amount < 0)
            ),
            Decimal(0),
        )
        return amount - closed + used

    def is_closed(self, key: Key) -> bool:
        """Tell whether nothing of a document is open; one without an amount never closes."""
        return self.open_amount(key) == 0 and bool(self.documents[key].amount)

    def credits_of(self, kind: Kind, key: Key) -> tuple[Paper, ...]:
        """List what credits an original: its cancellations, and credits by New that name it."""
        there: dict[Key, Document] | dict[Key, Receipt] = (
            self.documents if kind is Kind.DOCUMENT else self.receipts
        )
        return tuple(there[credit] for credit in self._credits_of.get((kind, key), ()))

    def credited(self, kind: Kind, key: Key) -> Decimal:
        """Say how much of an original is credited, as a positive number."""
        return -sum((amount_of(paper) for paper in self.credits_of(kind, key)), Decimal(0))

    def papers(self, kind: Kind) -> Iterator[Document] | Iterator[Receipt]:
        """Go through all papers of a kind, oldest first."""
        if kind is Kind.DOCUMENT:
            return iter(self.documents.values())
        return iter(self.receipts.values())

    def made_by(self, order: int) -> tuple[tuple[Kind, Paper], ...]:
        """List what one request made."""
        return tuple(self._made_by.get(order, ()))

    def balance(self, customer_id: int) -> Decimal:
        """Say what a customer owes, in shekels; below zero the company owes it to the customer."""
        owed = in_shekels(
            document
            for document in self.documents.values()
            if document.customer_id == customer_id and self.is_accounting(document.key)
        )
        paid = in_shekels(
            receipt for receipt in self.receipts.values() if receipt.customer_id == customer_id
        )
        return owed - paid

    def is_accounting(self, key: Key) -> bool:
        """Tell whether a document counts in the accounts."""
        found = self.company.document_type(key.type)
        return found is not None and found.accounting

    def _shares_its_number(self, kind: Kind, number_of_type: int) -> bool:
        found = (
            self.company.document_type(number_of_type)
            if kind is Kind.DOCUMENT
            else self.company.receipt_type(number_of_type)
        )
        return found is not None and found.invoice_receipt

    def _enter(self, kind: Kind, paper: Paper, *, taken: bool) -> None:
        key = paper.key
        if taken:
            raise SandboxError(f"{kind} {key.type}/{key.number} is already in the books")
        self._last[kind, key.type] = max(self._last.get((kind, key.type), 0), key.number)
        if paper.made_by is not None:
            self._made_by.setdefault(paper.made_by, []).append((kind, paper))
        original = paper.cancels or paper.credits
        if original is not None:
            self._credits_of.setdefault((kind, original), []).append(key)
