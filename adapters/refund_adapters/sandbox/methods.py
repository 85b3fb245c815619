"""Which methods there are, what each accepts, and the function that carries it out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from refund_adapters.sandbox import (
    cancels,
    catalogues,
    customers,
    details,
    documents,
    lists,
    receipts,
)
from refund_adapters.sandbox.messages import (
    DocumentCancel,
    DocumentNew,
    Message,
    ReceiptCancel,
    ReceiptNew,
    read,
)
from refund_adapters.sandbox.office import Office
from refund_adapters.sandbox.questions import (
    CustomerBalance,
    CustomerDocuments,
    CustomerGet,
    CustomerNew,
    DocumentList,
    OneDocument,
    OneReceipt,
    ReceiptList,
    TypeList,
)

Request = TypeVar("Request", bound=Message)


@dataclass(frozen=True, slots=True)
class Method(Generic[Request]):
    """One method: the shape of its request, and what it does."""

    accepts: type[Request]
    does: Callable[[Request, Office], dict[str, object]]

    def carry_out(self, fields: Mapping[str, object], office: Office) -> dict[str, object]:
        """Read the request and carry it out; raises ApiError or MalformedRequestError."""
        return self.does(read(self.accepts, fields, office.switches), office)


METHODS: Mapping[str, Method[Any]] = {
    "Document.New": Method(DocumentNew, documents.new_document),
    "Document.Cancel": Method(DocumentCancel, cancels.cancel_document),
    "Document.Details": Method(OneDocument, details.document_details),
    "Document.Last": Method(OneDocument, details.last_document),
    "Document.List": Method(DocumentList, lists.document_list),
    "Document.TypeList": Method(TypeList, catalogues.document_types),
    "Receipt.New": Method(ReceiptNew, receipts.new_receipt),
    "Receipt.Cancel": Method(ReceiptCancel, cancels.cancel_receipt),
    "Receipt.Details": Method(OneReceipt, details.receipt_details),
    "Receipt.Last": Method(OneReceipt, details.last_receipt),
    "Receipt.List": Method(ReceiptList, lists.receipt_list),
    "Receipt.TypeList": Method(TypeList, catalogues.receipt_types),
    "Customer.Get": Method(CustomerGet, customers.get_customer),
    "Customer.New": Method(CustomerNew, customers.new_customer),
    "Customer.Balance": Method(CustomerBalance, customers.balance),
    "Customer.OpenDocuments": Method(CustomerDocuments, customers.open_documents),
    "Customer.ClosedDocuments": Method(CustomerDocuments, customers.closed_documents),
    "Payment.TypeList": Method(TypeList, catalogues.payment_types),
    "Payment.BankList": Method(TypeList, catalogues.banks),
    "Currency.List": Method(TypeList, catalogues.currencies),
    "Accounting.VatRate": Method(TypeList, catalogues.vat_rate),
}
"""All but Status.*, which looks at what was answered and not at the books."""

LAST_REQUEST = "Status.LastRequest"
ALL_REQUESTS = "Status.AllRequests"
STATUS = frozenset(
    f"{method}/{form}" for method in (LAST_REQUEST, ALL_REQUESTS) for form in ("JSON", "json")
)
