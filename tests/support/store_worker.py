"""A process of its own that works on a store: one command a line in, one answer a line out."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from refund_adapters.store.postgres_address import Address
from refund_adapters.store.postgres_migrations import migrate
from refund_ledger.errors import LedgerError
from refund_ledger.refund import Waits
from support.books import Books

NOBODY = 65534


class Worker:
    """Does what each line says; an error of the ledger is an answer too."""

    def __init__(self) -> None:
        self.books: Books | None = None

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do one command."""
        do = asked.pop("do")
        try:
            return {"done": getattr(self, do)(**asked)}
        except LedgerError as error:
            return {"error": type(error).__name__, "says": str(error)}

    # --- the commands -----------------------------------------------------------------------------

    def open(self, path: str) -> None:
        """Open a store, creating it where it is missing."""
        self.books = Books(path)

    def migrate(self, address: str, service: str) -> list[int]:
        """Make the tables of a ledger on a server; says which steps were run."""
        return migrate(Address.parse(address), service=service)

    def ask(self, key: str, **fields: Any) -> str:
        """Request a refund."""
        return str(self._books().ask(key, **fields))

    def grant(self, reference: str, amount: int) -> str:
        """Record a granted credit."""
        return self._books().grant(reference, amount)

    def work_until(self, name: str, stop: str) -> list[str]:
        """Grant credits and ask for them until a file appears; what was acknowledged, in order."""
        books, done, customer = self._books(), list[str](), f"customer of {name}"
        while not Path(stop).exists():
            key = f"{name}/{len(done)}"
            books.grant(key, 5, customer_id=customer)
            done.append(f"grant:{key}")
            books.ask(key, kind="credit", customer_id=customer, amount=3, method="cash")
            done.append(key)
        return done

    def count(self) -> int:
        """How many events there are."""
        return len(self._books().events())

    def take(self, worker: str, seconds: float, limit: int) -> list[str]:
        """Take calls in hand."""
        books = self._books()
        taken = books.store.take(
            books.company, Waits.SEND, worker=worker, seconds=seconds, limit=limit
        )
        return [str(call.refund) for call in taken]

    def lose_rights(self) -> None:
        """Go on as a user without any rights, where this one has all."""
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)

    def fill_the_disk(self, size: int) -> None:
        """From now on no file grows beyond a size, as on a disk that is full."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    def _books(self) -> Books:
        if self.books is None:
            raise RuntimeError("open a store first")
        return self.books


def main() -> None:
    """Answer line by line until there are no more."""
    worker = Worker()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(worker.answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
