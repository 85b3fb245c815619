"""What every command has: the flags that are accepted before and after its name, and its run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from refund_adapters.cli.output import Output

if TYPE_CHECKING:
    from refund_adapters.desk import Desk
    from refund_adapters.questions import Questions
    from refund_adapters.settings import Settings

PANEL = "Everywhere (before or after the command)"

StoreFlag = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Where the ledger is kept: sqlite:///FILE, or "
        "postgresql://USER@HOST/DATABASE?schema=NAME. Or REFUND_LEDGER_STORE; "
        "sqlite:///refunds.db where nothing is said.",
        rich_help_panel=PANEL,
    ),
]
CompanyFlag = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Which accounting account. Or REFUND_LEDGER_COMPANY; main where nothing is said.",
        rich_help_panel=PANEL,
    ),
]
ActorFlag = Annotated[
    str | None,
    typer.Option(
        metavar="WHO",
        help="Who acts, for the audit trail. Or REFUND_LEDGER_ACTOR; the user of this machine.",
        rich_help_panel=PANEL,
    ),
]
JsonFlag = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Answer in JSON, one object a line; amounts are decimal text. Errors too, on stderr.",
        rich_help_panel=PANEL,
    ),
]

C = TypeVar("C", bound=Callable[..., int])


@dataclass(slots=True)
class Run:
    """One run of a command: its flags, its settings, and where its answer goes."""

    store: str | None = None
    company: str | None = None
    actor: str | None = None
    json: bool = False
    out: Output = field(default_factory=Output)

    def take(
        self,
        *,
        store: str | None = None,
        company: str | None = None,
        actor: str | None = None,
        json: bool = False,
    ) -> None:
        """Take flags in; those after the command's name win."""
        self.store = self.store if store is None else store
        self.company = self.company if company is None else company
        self.actor = self.actor if actor is None else actor
        self.json = self.json or json
        self.out = Output(json=self.json)

    def settings(self, **flags: Any) -> Settings:
        """Read the environment and the flags; raises `InvalidInputError` naming the setting."""
        from refund_adapters.settings import read_settings

        flags |= {"store": self.store, "company": self.company, "actor": self.actor}
        found = read_settings(**flags)
        # The store that was named goes before the table; a flag would only be added to it.
        return found if self.store is None else found.model_copy(update={"stores": {}})

    @contextmanager
    def desk(self, *, calls: bool = False, creates: bool = False, **flags: Any) -> Iterator[Desk]:
        """Open the desk; a store that is missing is made only where `creates` says so.

        `flags` are settings that only one command has a flag for.
        """
        from refund_adapters.desk import Desk
        from refund_adapters.store.opening import check_there

        settings = self.settings(**flags)
        if not creates:
            check_there(settings.address)
        with Desk.from_settings(settings, calls=calls) as desk:
            yield desk

    @contextmanager
    def questions(self, what: str) -> Iterator[Questions]:
        """Open a store only to ask; long readings show a bar."""
        from refund_adapters.questions import Questions

        with self.desk() as desk, self.out.progress(what) as tick:
            yield Questions(desk.store, desk.company, heard=tick)


def everywhere(command: C) -> C:
    """Give a command its run, and the flags that are accepted everywhere.

    The command is written as `def show(run: Run, *, key: ...) -> int`; Typer sees the context in
    place of the run, and the flags behind the command's own. A parameter that is a dataclass is
    seen as one flag for each of its fields.
    """

    @functools.wraps(command)
    def with_flags(context: typer.Context, **given: Any) -> int:
        run: Run = context.find_root().obj
        run.take(**{flag.name: given.pop(flag.name) for flag in flags})
        for name, group in groups.items():
            inside = {one.name: given.pop(one.name) for one in fields(group)}
            given[name] = group(**inside)
        return command(run, **given)

    _, *own = inspect.signature(command, eval_str=True).parameters.values()
    context, *flags = inspect.signature(_flags, eval_str=True).parameters.values()
    groups: dict[str, Any] = {
        one.name: one.annotation for one in own if is_dataclass(one.annotation)
    }
    shown = [context, *(flag for one in own for flag in _expanded(one)), *flags]
    with_flags.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    with_flags.__annotations__ = {one.name: one.annotation for one in shown}
    return with_flags  # type: ignore[return-value]


def _flags(
    context: typer.Context,
    *,
    store: StoreFlag = None,
    company: CompanyFlag = None,
    actor: ActorFlag = None,
    json: JsonFlag = False,
) -> None:
    """Show Typer the flags that every command has."""


def _expanded(parameter: inspect.Parameter) -> Iterator[inspect.Parameter]:
    """The parameter itself, or one for each field of its dataclass."""
    if not is_dataclass(parameter.annotation):
        yield parameter
        return
    hints = get_type_hints(parameter.annotation, include_extras=True)
    for one in fields(parameter.annotation):
        default = parameter.empty if one.default is MISSING else one.default
        yield inspect.Parameter(
            one.name, parameter.KEYWORD_ONLY, default=default, annotation=hints[one.name]
        )
