"""The desk: the one import for embedding. It builds the house and offers its verbs.

from refund_adapters.desk import Desk

with Desk.open("sqlite:///refunds.db", company="acme", actor="dana", accounting=rivhit) as desk:
    desk.request(key="order-17", original="invoice_receipt:2/6923", reason="returned_goods")
    desk.dispatch()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from refund_adapters.accounting import AccountingSystem, Wanted
from refund_adapters.dispatch.dispatcher import Dispatcher
from refund_adapters.dispatch.pace import Pace
from refund_adapters.dispatch.resolving import Resolver
from refund_adapters.dispatch.rhythm import Clock, Rhythm, Step
from refund_adapters.fields import short, text
from refund_adapters.files import Numbered, rows_of
from refund_adapters.intake import grant_of
from refund_adapters.outside import document_of, explain, outside_of, part_of
from refund_adapters.questions import Questions
from refund_adapters.rows import Imported, RowResult, Rows
from refund_adapters.settings import Settings
from refund_adapters.store.claims import claimant
from refund_adapters.store.opening import open_store
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.application import RefundLedger, Result
from refund_ledger.errors import InvalidInputError, NotFoundError, RefusedError
from refund_ledger.events import Event, Part, ReductionReason
from refund_ledger.inputs import said
from refund_ledger.originals import Document, OriginalRef
from refund_ledger.policies import Terms
from refund_ledger.recording import Grant
from refund_ledger.refund import Refund
from refund_ledger.rehearsing import RehearsalStore
from refund_ledger.stamps import Stamp

LONGEST_KEY = 120


class Desk:
    """A company's refunds: everything that people and pipelines do with them."""

    def __init__(
        self,
        store: SqlStore,
        *,
        company: str,
        actor: str,
        accounting: AccountingSystem | None = None,
        terms: Terms | None = None,
        rhythm: Rhythm | None = None,
        clock: Clock | None = None,
        pace: Pace | None = None,
        concurrency: int = 1,
        resend_cancels: bool = False,
        owns_accounting: bool = False,
    ) -> None:
        """With `owns_accounting`, closing the desk closes the accounting system too."""
        _same_company(company, accounting)
        self.store = store
        self.company = company
        self.actor = actor
        sayable = accounting.check if accounting else None
        self.ledger = RefundLedger(store, company, terms, sayable=sayable)
        self._accounting = accounting
        self._rhythm = rhythm or Rhythm()
        self._clock = clock or Clock()
        self._pace = pace or Pace()
        self._concurrency = concurrency
        self._resend_cancels = resend_cancels
        self._owns_accounting = owns_accounting

    # --- opening and closing ----------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        store: str = "sqlite:///refunds.db",
        *,
        company: str,
        actor: str,
        accounting: AccountingSystem | None = None,
        terms: Terms | None = None,
        rhythm: Rhythm | None = None,
    ) -> Self:
        """Open a store by its address; see `Settings.store`. A file is made if it is missing."""
        _same_company(company, accounting)
        return cls(
            open_store(store),
            company=company,
            actor=actor,
            accounting=accounting,
            terms=terms,
            rhythm=rhythm,
        )

    @classmethod
    def from_settings(cls, settings: Settings, *, calls: bool = False) -> Self:
        """Build the house as the settings say; with `calls`, an accounting system belongs to it."""
        actor, terms, pace = settings.who, settings.terms(), Pace(settings.calls_per_second)
        accounting: AccountingSystem | None = None
        if calls:
            from refund_adapters.rivhit import Rivhit  # noqa: PLC0415 - HTTP only where it is used

            accounting = Rivhit(settings.rivhit_settings(), pace=pace.wait)
        return cls(
            settings.open_store(),
            company=settings.company,
            actor=actor,
            accounting=accounting,
            terms=terms,
            rhythm=settings.rhythm(),
            pace=pace,
            concurrency=settings.concurrency,
            resend_cancels=settings.resend_cancels == "after-proof",
            owns_accounting=True,
        )

    def __enter__(self) -> Self:
        """Use the desk; leaving closes the store."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the store, whatever happened."""
        self.close()

    def close(self) -> None:
        """Give back what the desk holds open."""
        if self._owns_accounting and self._accounting is not None:
            self._accounting.close()
        self.store.close()

    @property
    def accounting(self) -> AccountingSystem:
        """The accounting system; raises `InvalidInputError` where the desk has none."""
        if self._accounting is None:
            raise InvalidInputError(
                "accounting", "this desk was opened without an accounting system"
            )
        return self._accounting

    @property
    def questions(self) -> Questions:
        """Everything that the ledger can be asked: balances, statements, stories, a rebuild."""
        return Questions(self.store, self.company)

    def stamp(self, *, actor: str | None = None, command_id: str | None = None) -> Stamp:
        """Who acts now, by the store's clock."""
        return Stamp(
            at=self.store.now(),
            actor=actor or self.actor,
            command_id=command_id or str(uuid4()),
        )

    # --- originals and credits --------------------------------------------------------------------

    def import_file(self, path: Path | str) -> Iterator[Imported]:
        """Record the originals and credits of a JSON Lines file, each row judged alone.

        A row is `{"original": {...}}` or `{"credit": {...}}`; sales come before the receipts that
        pay them. Safe to run again: what is known is said to be known.
        """
        file = Path(path)
        return self._rows(self.ledger).imported(rows_of(file), read_from=file.name)

    def import_wanted(self, wanted: Wanted) -> Iterator[Imported]:
        """Read originals from the accounting system and record them, each judged alone."""
        system = self.accounting
        return self._rows(self.ledger).originals(system.originals(wanted), read_from=system.name)

    def grant(self, **fields: Any) -> bool:
        """Record a credit granted elsewhere.

        Fields: reference, customer_id, currency, amount, why, granted_on; and where they apply
        document_half, document_series, document_number, receipt, comment.
        """
        return self.ledger.grant_credit(grant_of(fields, company=self.company), self.stamp())

    def reduce_credit(
        self, reference: str, *, why: ReductionReason, amount: int, sale: str = "", key: str
    ) -> bool:
        """Record that a granted credit was reversed, expired or used on a sale.

        `amount` is in minor units of the credit's currency; the same `key` reduces it once.
        """
        if why not in list(ReductionReason):
            known = ", ".join(ReductionReason)
            raise InvalidInputError("why", f"expected one of {known}, got {short(why)}")
        if type(amount) is not int:
            raise InvalidInputError("amount", f"expected whole minor units, got {short(amount)}")
        if not said(key, "key", longest=LONGEST_KEY):
            raise InvalidInputError("key", "name the reduction; the same key reduces it once")
        return self.ledger.reduce_credit(
            reference,
            self.stamp(command_id=key),
            why=ReductionReason(why),
            amount=amount,
            sale=OriginalRef.parse(text(sale, "sale"), field="sale") if sale else None,
        )

    def record_outside(self, *, actor: str | None = None, **fields: Any) -> bool:
        """Record a refund that was made outside this ledger; amounts are decimals, as text.

        Fields: part, document ("3/481"), customer_id, currency, amount, issued_on, read_from; and
        where they apply vat, original, items, source_account, comment, identity.
        """
        found = outside_of(fields, company=self.company)
        return self.ledger.record_outside(found, self.stamp(actor=actor))

    def explain(self, *, actor: str | None = None, **fields: Any) -> bool:
        """Say what an amount is that was booked beyond an original, or without a place.

        Fields: part and document ("3/482"), or grant; how, why, key; and where they apply amount,
        reversed_by, original. The same key explains once. A document that was reversed there may
        have had its place; it is reversed as a whole.
        """
        return explain(self.ledger, self._claimant, fields, self.stamp(actor=actor))

    # --- requests ---------------------------------------------------------------------------------

    def request(self, *, actor: str | None = None, **fields: Any) -> Result:
        """Request a refund; amounts are decimals in major units, as text.

        Fields: key, original, reason; and where they apply kind, receipt, parts, amount, lines,
        payments, pay_back, credits, method, details, source_account, comment, customer_id,
        currency, vat, items_returned. The same key and content again answers with the first result.
        """
        ask = self._rows(self.ledger).read(fields)
        return self.ledger.request(ask, self.stamp(actor=actor))

    def rehearse(self, rows: Iterable[Numbered]) -> list[RowResult]:
        """Judge rows one after another exactly as `request_rows` would; nothing is written."""
        sayable = self._accounting.check if self._accounting else None
        ledger = RefundLedger(
            RehearsalStore(self.store), self.company, self.ledger.terms, sayable=sayable
        )
        return list(self._rows(ledger).requested(rows))

    def request_rows(self, rows: Iterable[Numbered]) -> Iterator[RowResult]:
        """Request every row, each judged alone; safe to run again, since each row has its key."""
        return self._rows(self.ledger).requested(rows)

    def _rows(self, ledger: RefundLedger) -> Rows:
        return Rows(ledger, self.stamp)

    # --- people -----------------------------------------------------------------------------------

    def refund(self, name: str | UUID) -> Refund:
        """A refund by its key or its id; raises `NotFoundError`."""
        if isinstance(name, UUID):
            return self.ledger.refund(name)
        name = said(name, "key")
        try:
            return self.ledger.by_key(name)
        except NotFoundError:
            try:
                return self.ledger.refund(UUID(name))
            except ValueError:
                raise NotFoundError(f"no refund has the key or the id {name!r}") from None

    def approve(self, name: str, *, digest: str = "", actor: str | None = None) -> Result:
        """Agree to a request; with a digest, only if it is exactly the request that was seen."""
        refund = self.refund(name)
        seen = digest or refund.request.digest
        return self.ledger.approve(refund.id, self.stamp(actor=actor), digest=seen)

    def reject(self, name: str, *, why: str, actor: str | None = None) -> Result:
        """Refuse a request that waits for approval."""
        return self.ledger.reject(self.refund(name).id, self.stamp(actor=actor), why=_said(why))

    def withdraw(self, name: str, *, why: str = "", actor: str | None = None) -> Result:
        """Take a request back while nothing was sent."""
        return self.ledger.withdraw(self.refund(name).id, self.stamp(actor=actor), why=why)

    def happened(
        self,
        name: str,
        part: Part,
        *,
        document: str,
        why: str,
        seen: int | None = None,
        actor: str | None = None,
    ) -> Result:
        """Decide that a call did happen, as the document named ("3/481")."""
        refund = self.refund(name)
        return self._resolver().happened(
            refund.id,
            self.stamp(actor=actor),
            part,
            document_of(part, document),
            why=_said(why),
            seen=refund.version if seen is None else seen,
        )

    def send_again(
        self, name: str, part: Part, *, why: str, seen: int | None = None, actor: str | None = None
    ) -> Result:
        """Decide that a call did not happen and is sent again."""
        refund = self.refund(name)
        version = refund.version if seen is None else seen
        stamp = self.stamp(actor=actor)
        part = part_of(part)
        return self._resolver().send_again(refund.id, stamp, part, why=_said(why), seen=version)

    def close_refund(
        self, name: str, *, why: str, seen: int | None = None, actor: str | None = None
    ) -> Result:
        """Decide that a refund will not be finished."""
        refund = self.refund(name)
        version = refund.version if seen is None else seen
        stamp = self.stamp(actor=actor)
        return self._resolver().close(refund.id, stamp, why=_said(why), seen=version)

    def acknowledge(
        self, name: str, *, document: str, part: Part, why: str, actor: str | None = None
    ) -> Result:
        """Say that an alert about a late document was seen, and what was done about it."""
        refund = self.refund(name)
        wanted = document_of(part, document)
        for alert in refund.alerts:
            if alert.document.key == wanted:
                return self.ledger.acknowledge(
                    refund.id, self.stamp(actor=actor), alert.document, why=_said(why)
                )
        raise NotFoundError(f"there is no alert about {wanted} on this refund")

    def _resolver(self) -> Resolver:
        return Resolver(self.ledger, self.accounting, self.store.now, self._claimant)

    def _claimant(self, document: Document) -> Event | None:
        return claimant(self.store, self.company, document)

    # --- dispatching ------------------------------------------------------------------------------

    def dispatcher(
        self,
        *,
        watch: Callable[[Step], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Dispatcher:
        """A dispatcher over this desk's store and accounting system."""
        return Dispatcher(
            ledger=self.ledger,
            store=self.store,
            accounting=self.accounting,
            rhythm=self._rhythm,
            clock=self._clock,
            pace=self._pace,
            concurrency=self._concurrency,
            watch=watch,
            stop=stop,
            resend_cancels=self._resend_cancels,
        )

    def dispatch(
        self, *, watch: Callable[[Step], None] = lambda _: None, patience: float = 30.0
    ) -> int:
        """Send what is due and record the answers until nothing more can be done.

        Returns how many steps were taken.
        """
        return self.dispatcher(watch=watch).run(patience=patience)


def _same_company(company: str, accounting: AccountingSystem | None) -> None:
    """Refuse another company's books: what is dispatched would be booked there."""
    if accounting is not None and accounting.company != company:
        raise InvalidInputError(
            "company",
            f"the accounting system is that of {short(accounting.company)}, "
            f"and this desk that of {short(company)}",
        )


def _said(why: str) -> str:
    if not (checked := said(why, "why")):
        raise RefusedError("say why; the decision stands in the audit trail")
    return checked


__all__ = ["Desk", "Grant", "Imported", "RowResult", "document_of"]
