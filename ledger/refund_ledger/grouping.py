"""Grouping: many commands judged one after another and saved as one, each with its own answer."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar
from uuid import UUID

from refund_ledger.accounts import Account, AccountKind
from refund_ledger.errors import JUDGED, MOVED, ClaimedError, LedgerError
from refund_ledger.events import Event
from refund_ledger.rehearsing import RehearsalStore
from refund_ledger.storing import Append, GroupStore, Store, Wanted

T = TypeVar("T")
C_co = TypeVar("C_co", covariant=True)

TRIES = 3
"""How often a group is judged again as a whole because others were faster, before it is halved."""

Found = Mapping[UUID, list[Event]]


class Command(Protocol[C_co]):
    """One command of a group: what it will read, and how it is done on a store."""

    def streams(self) -> Iterable[UUID]:
        """The streams that it reads."""
        ...

    def wanted(self, found: Found) -> Wanted:
        """What else it reads, once its streams are known."""
        ...

    def on(self, store: Store) -> C_co:
        """Do it."""
        ...


def together(commands: Sequence[Command[T]], company: str, store: Store) -> list[T | LedgerError]:
    """Do commands one after another, as few saves as possible; an error is one command's answer.

    The answers, and what is saved, are those of doing each alone in this order. Where others saved
    meanwhile, the group is judged again; where that does not help, its halves are. What is the
    matter with all, such as a store that is gone, is raised: nothing of the group is saved then,
    or all that was acceptable, and each command may be given again.
    """
    if len(commands) <= 1 or not isinstance(store, GroupStore):
        return [_answer(command, store) for command in commands]
    with _uncollected():
        return _together(commands, company, store)


def _together(
    commands: Sequence[Command[T]], company: str, store: GroupStore
) -> list[T | LedgerError]:
    for _ in range(TRIES):
        try:
            return _as_one(commands, company, store)
        except MOVED:
            continue
        except ClaimedError:
            break  # Some document is taken; whose command that is, its half shows.
    half = len(commands) // 2
    first = together(commands[:half], company, store)
    return [*first, *together(commands[half:], company, store)]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave the search for cycles until a group is done.

    All that a group makes lives until its end and is bounded by its size; looked through again and
    again meanwhile, it cost a sixth of the group's time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _as_one(
    commands: Sequence[Command[T]], company: str, store: GroupStore
) -> list[T | LedgerError]:
    overlay = _Overlay(_ahead(commands, company, store))
    answers: list[T | LedgerError] = []
    refused: dict[int, list[_Question]] = {}
    for number, command in enumerate(commands):
        answer = _answer(command, overlay)
        if isinstance(answer, LedgerError):
            answer, refused[number] = _overheard(command, overlay)
        answers.append(answer)
    rest_on = {
        number: [(question, _ask(overlay, question)) for question in asked]
        for number, asked in refused.items()
    }
    if overlay.batches:
        store.append(*overlay.batches)
    if refused:
        # A refusal rests on nothing that the save asserts: it is said only if all that it read is
        # still so, but for what this group took. Else others came between, and it is asked anew.
        now = _ahead([commands[number] for number in refused], company, store)
        for number, told in rest_on.items():
            if any(answer != _ask(now, question) for question, answer in told):
                answers[number] = _answer(commands[number], store)
    return answers


def _answer(command: Command[T], store: Store) -> T | LedgerError:
    try:
        return command.on(store)
    except JUDGED as error:
        return error


def _ahead(commands: Sequence[Command[T]], company: str, store: GroupStore) -> Store:
    def then(found: Found) -> Wanted:
        each = [command.wanted(found) for command in commands]
        return Wanted(
            frozenset(subject for one in each for subject in one.subjects),
            frozenset(customer for one in each for customer in one.customers),
        )

    streams = dict.fromkeys(stream for command in commands for stream in command.streams())
    return store.ahead(company, streams, then)


# --- what a group has taken so far ----------------------------------------------------------------

_Question = tuple[str, tuple[Any, ...], dict[str, Any]]


def _ask(store: Store, question: _Question) -> object:
    name, values, columns = question
    return getattr(store, name)(*values, **columns)


def _overheard(command: Command[T], store: Store) -> tuple[T | LedgerError, list[_Question]]:
    """Do a command that is refused once more, for all that it reads."""
    overheard = _Overheard(store)
    return _answer(command, overheard), overheard.asked


class _Overlay(RehearsalStore):
    """A rehearsal that remembers what has to be saved."""

    def __init__(self, below: Store) -> None:
        super().__init__(below)
        self.batches: list[Append] = []

    def append(self, *batches: Append) -> None:
        super().append(*batches)
        self.batches += batches


class _Overheard:
    """A store that remembers what it was asked."""

    def __init__(self, below: Store) -> None:
        self._below = below
        self.asked: list[_Question] = []

    def append(self, batch: Append) -> None:
        self._below.append(batch)

    def about(self, company: str, streams: Sequence[UUID], subjects: Sequence[str]) -> Store:  # noqa: ARG002
        return self

    def stream(self, stream: UUID) -> list[Event]:
        self.asked.append(("stream", (stream,), {}))
        return self._below.stream(stream)

    def balance(self, account: Account) -> int:
        self.asked.append(("balance", (account,), {}))
        return self._below.balance(account)

    def credits(self, company: str, customer: str, unit: str) -> list[tuple[str, int]]:
        self.asked.append(("credits", (company, customer, unit), {}))
        return self._below.credits(company, customer, unit)

    def total(self, company: str, kind: AccountKind, **columns: str) -> int:
        self.asked.append(("total", (company, kind), columns))
        return self._below.total(company, kind, **columns)
