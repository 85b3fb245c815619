"""What the methods that only look, and Customer.New, accept."""

from typing import Annotated

from pydantic import Field

from refund_adapters.sandbox.messages import (
    Comments,
    CustomerNumber,
    Day,
    Email,
    Message,
    Number,
    PaperNumber,
    Text,
    TypeNumber,
)


class OneDocument(Message):
    """Document.Details and Document.Last; the number is not looked at by Last."""

    document_type: TypeNumber
    document_number: PaperNumber = 0


class OneReceipt(Message):
    """Receipt.Details and Receipt.Last."""

    receipt_type: TypeNumber
    receipt_number: PaperNumber = 0


class PaperList(Message):
    """What both lists take."""

    from_customer_id: int | None = None
    to_customer_id: int | None = None
    from_date: Day | None = None
    to_date: Day | None = None
    from_agent_id: int | None = None
    to_agent_id: int | None = None
    filter_fields: list[object] | None = None
    """Which names it takes is not published; the sandbox reads it and does nothing."""


class DocumentList(PaperList):
    """Document.List."""

    from_document_type: int | None = None
    to_document_type: int | None = None
    from_document_number: int | None = None
    to_document_number: int | None = None


class ReceiptList(PaperList):
    """Receipt.List."""

    crm_user_id: int | None = None
    from_receipt_type: int | None = None
    to_receipt_type: int | None = None
    from_receipt_number: int | None = None
    to_receipt_number: int | None = None


class CustomerGet(Message):
    """Customer.Get: with several members all must match."""

    customer_id: CustomerNumber | None = None
    email: str | None = None
    acc_ref: str | None = None
    id_number: int | None = None
    vat_number: int | None = None


class CustomerNew(Message):
    """Customer.New."""

    last_name: Annotated[Text, Field(max_length=30)]
    first_name: Annotated[Text, Field(max_length=20)] | None = None
    address: Annotated[Text, Field(max_length=30)] | None = None
    city: Annotated[Text, Field(max_length=20)] | None = None
    pob: int | None = None
    zipcode: Annotated[int, Field(ge=0, le=9_999_999)] | None = None
    country: Annotated[Text, Field(max_length=39)] | None = None
    state: Annotated[Text, Field(max_length=10)] | None = None
    foreign_zipcode: Annotated[Text, Field(max_length=7)] | None = None
    phone: Annotated[Text, Field(max_length=15)] | None = None
    phone2: Annotated[Text, Field(max_length=15)] | None = None
    fax: Annotated[Text, Field(max_length=15)] | None = None
    email: Email | None = None
    id_number: Annotated[int, Field(ge=0, le=999_999_999)] | None = None
    vat_number: int | None = None
    agent_id: int | None = None
    project_id: int | None = None
    paying_customer_id: int | None = None
    price_list_id: int | None = None
    comments: Comments | None = None
    customer_type: int | None = None
    pal_code: int | None = None
    acc_ref: str | None = None
    currency_id: Annotated[int, Field(ge=1, le=10)] | None = None
    exampt_vat: bool | None = None
    exempt_vat: bool | None = None
    credit_terms: int | None = None
    credit_days: int | None = None
    discount_percent: Number | None = None
    cust_id: CustomerNumber | None = None


class CustomerBalance(Message):
    """Customer.Balance."""

    customer_id: CustomerNumber


class CustomerDocuments(Message):
    """Customer.OpenDocuments and Customer.ClosedDocuments; customer 0 means all."""

    customer_id: CustomerNumber = 0
    document_type: TypeNumber | None = None
    from_date: Day | None = None
    until_date: Day | None = None
    by_produce_date: bool | None = None
    accounting_only: bool | None = None
    no_accounting: bool | None = None
    agent_id: int | None = None
    klita_mismach: bool | None = None


class TypeList(Message):
    """The catalogues; Document.TypeList may ask for one type."""

    document_type: TypeNumber | None = None
