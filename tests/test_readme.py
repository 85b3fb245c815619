"""What the README shows is true: its example runs, its row can be read, its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from refund_adapters.cli.main import app
from refund_adapters.settings import PREFIX, Settings
from support.pages import section

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def block(language: str, number: int = 0) -> str:
    """One code block of the README."""
    return str(re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)[number])


def test_the_first_example_runs_and_says_what_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.jsonl").write_text(block("json"), "utf-8")

    exec(compile(block("python"), "README.md", "exec"), {})  # noqa: S102 - the README's own code

    assert capsys.readouterr().out.splitlines() == [
        "invoice_receipt:2/6923 recorded",
        "in progress 4237 763",
    ]


def test_the_two_commands_are_there_and_can_be_run() -> None:
    for line in block("sh").splitlines():
        script = ROOT / line.split()[0]
        assert script.stat().st_mode & 0o100, script


def test_every_command_that_the_readme_names_exists() -> None:
    table = re.findall(r"^\| (`.*?) \|", section(README, "The command"), re.MULTILINE)
    named = {name.split()[0] for row in table for name in re.findall(r"`([a-z ]+)`", row)}
    known = typer.main.get_command(app)
    assert isinstance(known, typer.core.TyperGroup)
    assert named == set(known.commands), "and it names them all"


def test_every_setting_is_named() -> None:
    named = set(re.findall(rf"`{PREFIX}([A-Z_]+)`", README))
    assert named == {name.upper() for name in Settings.model_fields}
