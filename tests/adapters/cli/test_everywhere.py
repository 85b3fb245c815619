"""What every command has: its run, and flags that are expanded for it."""

import inspect
import json
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer

from refund_adapters.cli.everywhere import Run, everywhere
from support.command_line import Terminal


@dataclass(frozen=True, slots=True)
class Group:
    """Two flags that belong together."""

    first: Annotated[str, typer.Option()]
    second: Annotated[int, typer.Option()] = 2


@everywhere
def example(run: Run, *, name: Annotated[str, typer.Argument()], group: Group) -> int:
    """Show what a command sees."""
    assert not run.json
    return len(name) + len(group.first) + group.second


def test_a_command_shows_its_own_flags_and_then_those_of_everybody() -> None:
    names = list(inspect.signature(example).parameters)

    assert names == [
        *("context", "name", "first", "second"),
        *("store", "company", "actor", "json"),
    ]


def test_a_command_gets_its_run_and_its_groups() -> None:
    app = typer.Typer()
    app.command()(example)
    command = typer.main.get_command(app)

    with command.make_context("example", ["--first", "bb", "a"], obj=Run()) as context:
        assert command.invoke(context) == 5


def test_flags_add_up_and_the_later_ones_win() -> None:
    run = Run()

    run.take(store="a", json=True)
    run.take(store="b", company="c")

    assert (run.store, run.company, run.actor, run.json) == ("b", "c", None, True)
    assert run.out.json


def test_a_store_that_is_named_goes_before_the_table_of_stores(terminal: Terminal) -> None:
    terminal.originals()
    elsewhere = f"sqlite:///{terminal.folder}/elsewhere.db"
    terminal.environment["REFUND_LEDGER_STORES"] = json.dumps({"main": elsewhere})

    here = terminal.variables()["REFUND_LEDGER_STORE"]
    assert terminal.json("health", "--store", here)["newest"] == 1
    assert "elsewhere.db" in terminal.refused("health", code=3)


def test_a_machine_that_does_not_know_its_user_asks_for_an_actor(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    terminal.originals()
    terminal.environment["REFUND_LEDGER_ACTOR"] = ""

    assert "actor: this machine does not know who you are" in terminal.refused(
        "withdraw", "a", code=2
    )
