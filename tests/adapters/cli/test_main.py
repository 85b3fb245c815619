"""The command as a whole: its help, its flags before and after, and how it ends."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer

from refund_adapters.cli import main as room
from support.command_line import CASH_SALE, INVOICE, SECRET, Terminal


def commands(group: Any, *before: str) -> Iterator[str]:
    """Every command of the program, a group's own behind the group's name."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *before, name)
        else:
            yield " ".join((*before, name))


COMMANDS = tuple(commands(typer.main.get_command(room.app)))
HEAVY = ("httpx", "sqlite3", "uvicorn", "starlette", "eventsourcing", "refund_ledger")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(terminal: Terminal, command: str) -> None:
    shown = " ".join(terminal.ok(*command.split(), "--help").out.split())

    assert "Example" in shown
    assert f"refund-ledger {command}" in shown
    assert "--json" in shown


def test_help_says_what_each_exit_code_means(terminal: Terminal) -> None:
    shown = " ".join(terminal.ok("--help").out.split())

    assert "Ends with: 0 done; 1 refused" in shown
    for command in {name.split()[0] for name in COMMANDS}:
        assert f" {command} " in shown


def test_the_version_is_said(terminal: Terminal) -> None:
    assert terminal.ok("--version").out == f"refund-ledger {version('refund-ledger')}\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from refund_adapters.cli.main import main; main(['request', '--help']); "
        f"sys.exit(','.join(sorted(set({HEAVY!r}) & set(sys.modules))) or 0)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert ended.stderr == ""


def test_flags_stand_before_or_after_the_command(terminal: Terminal) -> None:
    terminal.originals()
    there = f"sqlite:///{terminal.store}"
    terminal.environment["REFUND_LEDGER_STORE"] = "sqlite:///elsewhere.db"

    before = terminal.ok("--json", "--store", there, "originals", "show", "invoice_receipt:2/6923")
    after = terminal.ok("originals", "show", "invoice_receipt:2/6923", "--store", there, "--json")

    assert before.shape == after.shape


def test_a_flag_after_the_command_wins(terminal: Terminal) -> None:
    terminal.originals()
    ask = ("request", "--original", "invoice_receipt:2/6923", "--reason", "overcharged")

    asked = terminal.json("--actor", "noa", *ask, "--key", "a", "--actor", "avi")

    assert asked["requested_by"] == "avi"


def test_companies_are_kept_apart(terminal: Terminal) -> None:
    terminal.originals()

    assert "is not recorded" in terminal.refused(
        "originals", "show", "invoice_receipt:2/6923", "--company", "other"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",),
        ("request", "--fly"),
        ("request", "stray"),
        ("originals",),
        ("originals", "fly"),
        ("show",),
        ("dispatch", "--wait", "soon"),
        ("dispatch", "--wait", "-1"),
        ("resolve", "a", "invoice", "--seen", "x", "--why", "b", "--close"),
        ("request", "--key", "\udcff"),
    ],
)
def test_a_command_line_that_cannot_be_read_ends_with_2(
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    ended = terminal.run(*arguments)

    assert ended.code == 2
    if arguments != ("originals",):
        assert len(ended.err.splitlines()) == 1
        assert terminal.run("--json", *arguments).error["kind"] == "usage"


def test_without_a_command_the_help_is_shown(terminal: Terminal) -> None:
    ended = terminal.run()

    assert ended.code == 2
    assert "Usage: refund-ledger" in ended.out + ended.err


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("REFUND_LEDGER_RIVHIT", "{bad", "REFUND_LEDGER_RIVHIT: expected a JSON object"),
        ("REFUND_LEDGER_REASONS", "[1]", "reasons: "),
        ("REFUND_LEDGER_SEND_WINDOW", "0", "send_window: "),
        ("REFUND_LEDGER_COMPANY", "", "company: "),
        ("REFUND_LEDGER_APPROVAL_ABOVE", '{"ILS": "a lot"}', "approval_above ILS: "),
        ("REFUND_LEDGER_STORE", "refunds.db", "store: expected sqlite:///FILE"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(
    terminal: Terminal, name: str, value: str, sentence: str
) -> None:
    terminal.originals()
    terminal.environment[name] = value

    assert sentence in terminal.refused("pending", code=2)


def test_a_store_that_is_not_there_is_not_made_by_a_question(terminal: Terminal) -> None:
    for command in (("balance",), ("pending",), ("rebuild",), ("show", "a"), ("withdraw", "a")):
        assert "there is no ledger at sqlite:///" in terminal.refused(*command, code=3)

    assert not terminal.store.exists()


def test_a_store_that_is_not_ours_is_left_alone(terminal: Terminal) -> None:
    terminal.store.write_text("a letter to my aunt", encoding="utf-8")

    assert "is not a database" in terminal.refused("balance", code=3)

    assert terminal.store.read_text(encoding="utf-8") == "a letter to my aunt"


def test_a_store_in_a_folder_that_is_missing_is_said(terminal: Terminal) -> None:
    terminal.environment["REFUND_LEDGER_STORE"] = f"sqlite:///{terminal.folder}/no/such/file.db"
    path = terminal.rows({"original": CASH_SALE})

    assert "does not exist" in terminal.refused("originals", "import", path, code=3)


def test_a_store_that_is_read_only_is_said(terminal: Terminal) -> None:
    terminal.originals()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "refunds.db"
        shutil.copyfile(terminal.store, path)
        terminal.environment["REFUND_LEDGER_STORE"] = f"sqlite:///{path}"
        path.chmod(0o444)
        path.parent.chmod(0o555)

        process = terminal.process(
            *("request", "--key", "a", "--original", "invoice_receipt:2/6923"),
            *("--reason", "overcharged"),
            without_rights=True,
        )
        out, err = process.communicate(timeout=30)

        path.parent.chmod(0o700)
    assert (process.returncode, out) == (3, "")
    assert "cannot be written to" in err
    assert len(err.splitlines()) == 1, err


def test_a_store_without_room_is_said_and_nothing_is_half_written(terminal: Terminal) -> None:
    terminal.originals()
    ask = ("request", "--key", "a", "--original", "invoice_receipt:2/6923")

    process = terminal.process(*ask, "--reason", "overcharged", largest_file=4096)
    out, err = process.communicate(timeout=30)

    assert (process.returncode, out) == (3, "")
    assert len(err.splitlines()) == 1, err
    assert terminal.ok("rebuild").out == "rebuilt from 1 events: equal\n"


def test_what_is_unforeseen_says_how_to_see_more(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(room, "_run", broken)

    assert "(ZeroDivisionError)" in terminal.refused("balance", code=70)
    assert "REFUND_LEDGER_DEBUG=1" in terminal.refused("balance", code=70)

    terminal.environment["REFUND_LEDGER_DEBUG"] = "1"
    with pytest.raises(ZeroDivisionError):
        terminal.run("balance")


def test_an_interrupt_ends_with_130(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "_run", interrupted)

    assert terminal.refused("balance", code=130) == "stopped; what was saved before stands"


def test_a_reader_that_goes_away_ends_it_quietly(terminal: Terminal) -> None:
    terminal.originals()
    reading, writing = os.pipe()
    os.close(reading)

    process = terminal.process("rebuild", out=writing)
    os.close(writing)
    _, said = process.communicate(timeout=30)

    assert (process.returncode, said) == (141, "")


@pytest.mark.parametrize("arguments", [("--help",), ("balance", "--help"), ("--version",)])
def test_help_that_nobody_reads_ends_as_quietly(
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    process = terminal.process(*arguments, out=writing)
    os.close(writing)
    _, said = process.communicate(timeout=30)

    assert (process.returncode, said) == (141, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("balance",),
        ("--json", "balance"),
        ("feed",),
        ("export", "events", "--format", "jsonl", "--out", "-"),
        ("--help",),
        ("balance", "--help"),
        ("--version",),
    ],
)
def test_an_output_that_takes_nothing_is_said(
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    terminal.originals(CASH_SALE, *({**INVOICE, "number": number} for number in range(1, 40)))
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        process = terminal.process(*arguments, out=full.fileno())
        _, said = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "the output cannot be written: No space left on device" in said
    assert len(said.splitlines()) == 1, said


def test_letters_that_a_terminal_lacks_do_not_end_a_command(terminal: Terminal) -> None:
    terminal.originals()
    terminal.environment |= {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}

    for flags in ((), ("--json",)):
        process = terminal.process("originals", "show", "invoice_receipt:2/6923", *flags)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        assert "\\u05db\\u05d5\\u05e1" in out


def test_the_token_is_never_shown(terminal: Terminal) -> None:
    terminal.originals()
    terminal.environment |= {
        "REFUND_LEDGER_RIVHIT_TOKEN": SECRET,
        "REFUND_LEDGER_RIVHIT_URL": "http://127.0.0.1:9",
    }

    # Each run looks for the secret in all that was said.
    terminal.run("originals", "import", "--invoice", "1")
    terminal.run("dispatch", "--json")
    terminal.environment["REFUND_LEDGER_RIVHIT"] = f'{{"base_url": 1, "{SECRET[:3]}": 1}}'
    assert terminal.run("dispatch").code == 2
