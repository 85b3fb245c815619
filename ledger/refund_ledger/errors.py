"""The errors of the ledger: one tree, each with a message fit for the person who meets it.

LedgerError
├── InvalidInputError          what was given cannot be read as what was asked for
├── NotFoundError              nothing is recorded under that name
├── RefusedError               understood, and not allowed; every reason at once
│   ├── KeyReusedError         the same idempotency key came with other content
│   ├── WrongStateError        the refund is past (or not yet at) the point for this
│   └── ClaimedError           the document already serves another part or grant
├── ConflictError              somebody else was faster; decide again on fresh facts
│   ├── StreamMovedError       the stream has grown since it was read
│   ├── BalancesMovedError     a balance that the decision rests on has changed
│   └── GuardError             a guarded account would fall below zero
└── InvariantError             the ledger contradicts itself; it stops rather than post
"""

from __future__ import annotations


class LedgerError(Exception):
    """Something the ledger could not do, said so that a person can act on it."""


class InvalidInputError(LedgerError):
    """A field cannot be read; says which, what was expected and what to do."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}")


class NotFoundError(LedgerError):
    """Nothing is recorded under that name."""


class RefusedError(LedgerError):
    """The ledger understood and refuses; `reasons` holds every one of them."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))


class KeyReusedError(RefusedError):
    """The idempotency key was used, or the document was recorded, before with other content."""

    def __init__(self, key: str, *, first: str, second: str, is_document: bool = False) -> None:
        self.first_digest = first
        self.second_digest = second
        named = f"{key} was recorded" if is_document else f"key {key!r} was used"
        next_ = "what was recorded stands" if is_document else "use a new key for a new request"
        super().__init__(
            f"{named} before with other content (recorded digest {first[:16]}, "
            f"this request {second[:16]}); {next_}"
        )


class WrongStateError(RefusedError):
    """The refund is not at the point where this can be done."""


class ClaimedError(RefusedError):
    """A document of the accounting system already serves another part or grant."""

    def __init__(self, document: str, holder: str) -> None:
        self.document = document
        self.holder = holder
        super().__init__(
            f"{document} is already taken by {holder}; a document serves one part only"
        )


class ConflictError(LedgerError):
    """Somebody else was faster; the decision has to be made again on fresh facts."""


class StreamMovedError(ConflictError):
    """The stream has grown since it was read."""


class BalancesMovedError(ConflictError):
    """A balance that the decision rests on has changed since it was read."""


class GuardError(ConflictError):
    """A guarded account would fall below zero."""

    def __init__(self, account: str, change: int) -> None:
        self.account = account
        self.change = change
        super().__init__(f"{account} does not hold enough for a change of {change}")


class InvariantError(LedgerError):
    """The ledger contradicts itself; nothing was written."""


MOVED = (StreamMovedError, BalancesMovedError, GuardError)
"""What a save is refused with where another was faster."""

JUDGED = (InvalidInputError, NotFoundError, RefusedError, ConflictError)
"""What is the matter with one command; anything else is the matter with all that come with it."""
