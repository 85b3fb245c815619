"""What was given back outside the ledger, and what people say of it, read as they write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from refund_adapters.fields import amount, day, items, known, quantity, short, text, whole
from refund_ledger.application import RefundLedger
from refund_ledger.errors import InvalidInputError, NotFoundError
from refund_ledger.events import DocumentId, Event, How, Part, RefundEvent
from refund_ledger.explaining import Explanation
from refund_ledger.granting import grant_stream
from refund_ledger.inputs import validated
from refund_ledger.originals import Document
from refund_ledger.outside import ItemThere, Outside
from refund_ledger.stamps import Stamp

_OUTSIDE = (frozenset(Outside.model_fields) - {"company", "series", "number"}) | {"document"}
_EXPLANATION = frozenset(
    {"part", "document", "grant", "how", "amount", "why", "key", "reversed_by", "original"}
)
_POSITIVE = 1
_TEXTS = ("customer_id", "currency", "original", "source_account", "read_from", "comment")


def document_of(part: Part, written: str, *, field: str = "document") -> Document:
    """Read a counter-document's name, "3/481"; its half follows from the part."""
    half = part_of(part).half
    series, _, number = text(written, field).strip().partition("/")
    try:
        return Document(half, whole(series, field), whole(number, field))
    except InvalidInputError:
        raise InvalidInputError(
            field, f"expected type/number such as 3/481, got {short(written)}"
        ) from None


def outside_of(row: Mapping[str, Any], *, company: str) -> Outside:
    """Read a refund that was made outside; amounts are decimals in major units, as text."""
    fields = known(row, _OUTSIDE, "a refund made outside")
    part, currency = part_of(fields.get("part")), text(fields.get("currency", ""), "currency")
    document = document_of(part, text(fields.get("document", ""), "document"))
    out: dict[str, Any] = {
        "company": company,
        "part": part,
        "series": document.series,
        "number": document.number,
        "amount": amount(fields.get("amount"), currency, "amount", least=_POSITIVE),
        "issued_on": day(fields.get("issued_on"), "issued_on"),
        "items": [_item(each, currency) for each in items(fields.get("items", ()), "items")],
    }
    if "vat" in fields:
        out["vat"] = amount(fields["vat"], currency, "vat")
    names = (*_TEXTS, "identity")
    out |= {name: text(fields[name], name) for name in names if name in fields}
    return validated(Outside, out)


def part_of(value: Any) -> Part:
    """Read a part by its name."""
    if value not in list(Part):
        raise InvalidInputError("part", f"expected {' or '.join(Part)}, got {short(value)}")
    return Part(value)


def _item(given: Any, currency: str) -> dict[str, Any]:
    """A line or payment: {"number": 1, "amount": "30.00"}, or "1:30.00", "1:30.00:x2"."""
    row: Any = given
    if not isinstance(given, Mapping):
        name, _, rest = text(given, "items").partition(":")
        written, _, pieces = rest.partition(":x")
        row = {"number": name.strip(), "amount": written, "quantity": pieces or None}
    fields = known(row, ItemThere.model_fields, "a line or payment given back")
    number = whole(fields.get("number"), "items")
    at = f"item {number}"
    out: dict[str, Any] = {
        "number": number,
        "amount": amount(fields.get("amount"), currency, f"{at} amount", least=_POSITIVE),
    }
    if "quantity" in fields:
        out["quantity"] = quantity(fields["quantity"], f"{at} quantity")
    return out


def explain(
    ledger: RefundLedger,
    claimant: Callable[[Document], Event | None],
    row: Mapping[str, Any],
    stamp: Stamp,
) -> bool:
    """Explain a discrepancy as a person names it: by its part and document, or by its credit.

    `claimant` finds the event that took a document.
    """
    fields = known(row, _EXPLANATION, "an explanation")
    out: dict[str, Any] = {
        "company": ledger.company,
        "reference": text(fields.get("key", ""), "key"),
        "how": _how(fields.get("how")),
        "why": text(fields.get("why", ""), "why"),
        "original": text(fields.get("original", ""), "original"),
    }
    part, cause = Part.INVOICE, None
    if "grant" in fields:
        subject = out["grant"] = text(fields["grant"], "grant")
        cause = next(iter(ledger.store.stream(grant_stream(ledger.company, subject))), None)
    else:
        part = part_of(fields.get("part"))
        document = document_of(part, text(fields.get("document", ""), "document"))
        subject, out["document"] = str(document), _id_of(document)
        cause = claimant(document)
    if cause is None:
        raise NotFoundError(f"{subject} is not recorded here; see `pending` for what to explain")
    if "reversed_by" in fields:
        written = text(fields["reversed_by"], "reversed_by")
        out["reversed_by"] = _id_of(document_of(part, written, field="reversed_by"))
    if "amount" in fields:
        out["amount"] = amount(fields["amount"], cause.currency, "amount", least=_POSITIVE)
    refund = cause.originator_id if isinstance(cause, RefundEvent) else None
    return ledger.explain(validated(Explanation, out), stamp, refund=refund)


def _how(value: Any) -> How:
    if value not in list(How):
        raise InvalidInputError("how", f"expected one of {', '.join(How)}, got {short(value)}")
    return How(value)


def _id_of(document: Document) -> DocumentId:
    return DocumentId(half=document.half, series=document.series, number=document.number)
