"""Errors as the command line says them: one sentence, an exit code, and never a traceback.

Exit codes: 0 done; 1 refused, or something differs or is left; 2 the input cannot be read; 3 the
store or the accounting system cannot be used now; 70 a mistake in this software; 130 and 141
interrupted, by the person or because nobody reads the output any more.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any

import typer

DONE, LEFT, USAGE, UNAVAILABLE, BROKEN, INTERRUPTED, UNREAD = 0, 1, 2, 3, 70, 130, 141

DEBUG = "REFUND_LEDGER_DEBUG"
"""Set to 1, an unexpected error is shown with its whole traceback."""

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""Typer brings its own click, or uses the public one; this is it either way."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, ready to be said."""

    code: int
    kind: str
    message: str
    field: str = ""
    more: dict[str, Any] = default(default_factory=dict)

    def shape(self) -> dict[str, Any]:
        """The object that `--json` prints on stderr."""
        return {
            "error": {
                "kind": self.kind,
                "field": self.field or None,
                "message": self.message,
                **self.more,
                "exit_code": self.code,
            }
        }


def failure_of(error: BaseException) -> Failure | None:
    """Say what an error means to the person in front of it; none where it is unexpected."""
    from refund_adapters.accounting import UnavailableError
    from refund_adapters.store.errors import StoreError
    from refund_ledger import errors

    text = str(error)
    match error:
        case errors.InvalidInputError():
            return Failure(USAGE, "invalid_input", text, error.field)
        case errors.NotFoundError():
            return Failure(LEFT, "not_found", text)
        case errors.KeyReusedError():
            digests = {"first_digest": error.first_digest, "second_digest": error.second_digest}
            return Failure(LEFT, "key_reused", text, more=digests)
        case errors.RefusedError():
            kind = _kind(error)
            return Failure(LEFT, kind, text, more={"reasons": list(error.reasons)})
        case StoreError() | UnavailableError() | errors.ConflictError():
            return Failure(UNAVAILABLE, _kind(error), text)
        case errors.InvariantError():
            return Failure(BROKEN, _kind(error), text)
        case errors.LedgerError():
            return Failure(LEFT, _kind(error), text)
        case _:
            return None


def usage_failure(error: Any) -> Failure:
    """Say what is wrong with the command line itself."""
    where = error.ctx.command_path if getattr(error, "ctx", None) else "refund-ledger"
    message = error.format_message().rstrip(".")
    named = getattr(getattr(error, "param", None), "name", "") or ""
    return Failure(USAGE, "usage", f"{message}; see `{where} --help`", named)


def unexpected(error: BaseException) -> Failure:
    """Say that this software has a mistake, and how to see it."""
    return Failure(
        BROKEN,
        "unexpected",
        f"stopped at something unforeseen ({type(error).__name__}); what was saved before stands. "
        f"Set {DEBUG}=1 and run it again for the detail",
    )


def say(failure: Failure, *, as_json: bool) -> int:
    """Put a failure on stderr and return its exit code."""
    from refund_adapters.cli.output import visible

    if as_json:
        text = json.dumps(failure.shape(), ensure_ascii=True)
    else:
        text = f"refund-ledger: {visible(failure.message)}"
    with contextlib.suppress(OSError):  # The code says it too, where nobody can read the words.
        print(text, file=sys.stderr)  # noqa: T201 - stderr is where errors belong
    return failure.code


def wants_traceback() -> bool:
    """Whether the person asked for the detail of unexpected errors."""
    return os.environ.get(DEBUG, "") not in {"", "0"}


def _kind(error: BaseException) -> str:
    """A stable word for machines, from the class: `StoreFullError` is `store_full`."""
    name = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
