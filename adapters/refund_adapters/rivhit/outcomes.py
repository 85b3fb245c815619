"""The closed table of outcomes: what an answer, or none, proves about a call that was sent.

A row names everything that it wants to see; the first row that fits decides, and what no row
names is in doubt. Only validation errors that the vendor or a client of the API has documented
as such are refusals: they say that nothing was booked by this attempt. The sources are those of
the vendor's published pages and of public client code; `ours` is what our own wire proves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from refund_adapters.rivhit.client import (
    NO_DATA,
    NO_DATA_FOUND,
    TOKEN_REFUSED,
    TRANSIENT,
    UNAUTHORIZED,
    UNAUTHORIZED_CODE,
)
from refund_adapters.rivhit.envelope import Failure, NoAnswer, Reply, Success
from refund_adapters.rivhit.wire import Fault


class Verdict(StrEnum):
    """What is known of a call afterwards; what was not let in counts as not sent."""

    DONE = "done"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"
    NOT_SENT = "not sent"


class Source(StrEnum):
    """Who says so."""

    OPENAPI = "vendor OpenAPI"
    GUIDE = "vendor guide"
    CLIENTS = "client evidence"
    OURS = "our own wire"
    NOBODY = "nobody: not in the table"


class Shape(StrEnum):
    """What came back."""

    DOCUMENT = "success that names its document"
    NO_DOCUMENT = "success that names no usable document"
    ERROR = "error envelope"
    ERROR_WITH_DATA = "error envelope that carries data"
    NO_ENVELOPE = "something that is no envelope"
    NOTHING = "no answer"


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything about an answer that the table looks at."""

    shape: Shape
    status: int | None = None
    code: int | None = None
    identifier: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; what is None is not looked at."""

    verdict: Verdict
    shape: Shape
    source: Source
    meaning: str
    statuses: frozenset[int] | None = None
    code: int | None = None
    identifier: str | None = None
    fault: Fault | None = None

    def fits(self, seen: Observed) -> bool:
        """Tell whether an answer is what this row is about."""
        return (
            self.shape is seen.shape
            and (self.statuses is None or seen.status in self.statuses)
            and (self.code is None or self.code == seen.code)
            and (self.identifier is None or self.identifier == seen.identifier)
            and (self.fault is None or self.fault is seen.fault)
        )


REFUSAL_CODES: tuple[tuple[int, str, Source], ...] = (
    (-20, "the customer does not exist", Source.CLIENTS),
    (-22, "the customer does not exist", Source.CLIENTS),
    (-23, "the document type does not exist", Source.CLIENTS),
    (-24, "the item does not exist", Source.CLIENTS),
    (-28, "the identity number has a wrong check digit", Source.OPENAPI),
    (-29, "the VAT number is wrong", Source.CLIENTS),
    (-43, "the document type does not exist", Source.CLIENTS),
    (-44, "the reference number is not valid", Source.CLIENTS),
    (-45, "the order is too long", Source.CLIENTS),
    (-46, "the comments are too long", Source.CLIENTS),
    (-51, "prices with and without VAT are mixed", Source.CLIENTS),
    (-52, "the due date is not valid", Source.CLIENTS),
    (-68, "an item's currency is not the document's", Source.CLIENTS),
    (-73, "no VAT account is defined", Source.CLIENTS),
    (-76, "the document does not exist", Source.CLIENTS),
    (-77, "the document number is not valid", Source.CLIENTS),
)
"""Numbers of validation errors."""

REFUSAL_IDENTIFIERS: tuple[str, ...] = (
    *("DOCUMENT_TYPE_NOT_EXISTS", "RECEIPT_TYPE_NOT_EXISTS"),
    *("NOT_SUPPORTED_RECEIPT_TYPE", "CUSTOMER_NOT_EXISTS", "PAYING_CUSTOMER_NOT_EXISTS"),
    *("AGENT_NOT_EXISTS", "PROJECT_NOT_EXISTS", "CRM_USER_ID_NOT_EXISTS", "STORAGE_NOT_EXISTS"),
    *("ITEM_NOT_EXISTS", "SORTCODE_NOT_EXISTS", "MTC_CODE_NOT_EXISTS", "INVALID_MTC_RATE"),
    *("DIFFERENT_MTC_CODES_IN_MTC_DOCUMENT", "INVALID_ASMACHTA", "COMMENTS_SIZE_TO_BIG"),
    *("INVALID_DISCOUNT_TYPE", "INVALID_DISCOUNT_VALUE", "INVALID_NUMBER_ITEMS_RECORDS"),
    *("INVALID_NUMBER_PAYMENTS_RECORDS", "RECEIPT_MISSING_PAYMENTS_RECORDS"),
    *("DIFFERENT_AMOUNT_BETWEEN_INVOICE_AND_RECEIPT", "PAY_CODE_NOT_EXISTS", "INVALID_AMOUNT"),
    *("INVALID_BANK_CODE", "BANK_CODE_NOT_EXISTS", "INVALID_BRANCH_NUM", "INVALID_ACCOUNT_NUM"),
    *("INVALID_CHECK_NUM", "INVALID_ID_NUMBER"),
)
"""Names of validation errors of Document.New and Receipt.New, for numbers that are not known.

Left out: DOCUMENT_CREATE_RECEIPT_ERROR, which may come after the document was made, and
MONTH_IS_CLOSED, which is documented for journals alone.
"""

ENVELOPES = frozenset({200, 500})
"""The HTTP statuses with which error envelopes are documented or were seen."""

LET_NOBODY_IN = ENVELOPES | {400, 401}
"""With a refused token, which status comes is not documented; the envelope says what it means."""

NOT_SENT: tuple[tuple[Fault, str], ...] = (
    (Fault.REFUSED, "nobody listens there"),
    (Fault.NO_ADDRESS, "there was no address to connect to"),
    (Fault.CONNECT_TIMEOUT, "no connection was made, so no request could be written"),
    (Fault.TLS_FAILED, "the request is written only after the connection is encrypted"),
    (Fault.NO_SLOT, "the call waited here for a free connection"),
    (Fault.TOO_LATE, "the connection came too late and was not written to"),
)
"""Faults that are named only when our wire saw no byte of the request leave.

That is the proof, not the kind of error: a connection that was never made carries nothing, as
surely when it timed out as when it was refused.
"""

_DOUBTS = (
    *(
        Row(
            Verdict.IN_DOUBT,
            Shape.ERROR,
            Source.CLIENTS,
            "a passing error of the server; what it had done by then is not known",
            code=code,
        )
        for code in sorted(TRANSIENT, reverse=True)
    ),
    *(
        Row(
            Verdict.IN_DOUBT,
            Shape.ERROR,
            Source.CLIENTS if code < 0 else Source.GUIDE,
            "an empty result is no answer to a call that makes something",
            code=code,
        )
        for code in sorted(NO_DATA)
    ),
    Row(
        Verdict.IN_DOUBT,
        Shape.ERROR,
        Source.GUIDE,
        "an empty result is no answer to a call that makes something",
        identifier=NO_DATA_FOUND,
    ),
    Row(
        Verdict.IN_DOUBT,
        Shape.ERROR,
        Source.CLIENTS,
        "the reference was seen before: the first call with it may have made the document",
        code=-107,
    ),
    Row(
        Verdict.IN_DOUBT,
        Shape.ERROR,
        Source.CLIENTS,
        "the reference was seen before: the first call with it may have made the document",
        identifier="REQUEST_ALREADY_PROCESSED",
    ),
)

TABLE: tuple[Row, ...] = (
    Row(
        Verdict.DONE,
        Shape.DOCUMENT,
        Source.OPENAPI,
        "the document exists",
        statuses=frozenset({200}),
    ),
    *_DOUBTS,
    *(
        Row(Verdict.REFUSED, Shape.ERROR, source, meaning, statuses=ENVELOPES, code=code)
        for code, meaning, source in REFUSAL_CODES
    ),
    *(
        Row(
            Verdict.REFUSED,
            Shape.ERROR,
            Source.GUIDE,
            "the request was not valid",
            statuses=ENVELOPES,
            identifier=identifier,
        )
        for identifier in REFUSAL_IDENTIFIERS
    ),
    # The guide of 2015 names UNAUTHORIZED, 401, for every method, those that write among them: who
    # is not let in makes no document. Today's number is not known. The parts stay due.
    Row(
        Verdict.NOT_SENT,
        Shape.ERROR,
        Source.GUIDE,
        TOKEN_REFUSED,
        statuses=LET_NOBODY_IN,
        code=UNAUTHORIZED_CODE,
    ),
    Row(
        Verdict.NOT_SENT,
        Shape.ERROR,
        Source.GUIDE,
        TOKEN_REFUSED,
        statuses=LET_NOBODY_IN,
        identifier=UNAUTHORIZED,
    ),
    *(
        Row(Verdict.NOT_SENT, Shape.NOTHING, Source.OURS, meaning, fault=fault)
        for fault, meaning in NOT_SENT
    ),
)

ELSE = Row(Verdict.IN_DOUBT, Shape.NOTHING, Source.NOBODY, "not on the list of known outcomes")
"""What holds for everything that no row names."""


def classify(seen: Observed) -> Row:
    """Find the row that decides; `ELSE` where there is none."""
    return next((row for row in TABLE if row.fits(seen)), ELSE)


def observed(reply: Reply, *, names_document: bool) -> Observed:
    """Reduce an answer to what the table looks at."""
    match reply:
        case Success():
            shape = Shape.DOCUMENT if names_document else Shape.NO_DOCUMENT
            return Observed(shape, status=reply.status)
        case Failure():
            return Observed(
                Shape.ERROR if reply.empty else Shape.ERROR_WITH_DATA,
                status=reply.status,
                code=reply.code,
                identifier=reply.identifier,
            )
        case NoAnswer():
            shape = Shape.NOTHING if reply.fault else Shape.NO_ENVELOPE
            return Observed(shape, status=reply.status, fault=reply.fault)
