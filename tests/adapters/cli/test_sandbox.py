"""The sandbox as a command: it says where it is, serves, and stops when it is told to."""

import signal
import socket
from subprocess import Popen

import pytest

from refund_adapters.cli.sandbox import SANDBOX_TOKEN
from support.command_line import SECRET, Terminal, read_json

DEADLINE = 30.0


def announced(process: Popen[str], last: str) -> str:
    """Read what a server says until a line that begins so."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith(last):
            break
    return said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_person_is_told_how_to_point_the_ledger_at_it(
    terminal: Terminal, number: signal.Signals
) -> None:
    server = terminal.process("sandbox", "--port", "0")
    said = announced(server, "Stop it")
    exports = dict(
        line.strip().removeprefix("export ").split("=")
        for line in said.splitlines()
        if line.strip().startswith("export ")
    )
    terminal.environment |= exports

    terminal.ok("originals", "import", "--invoice-receipt", "6923")
    server.send_signal(number)
    _, err = server.communicate(timeout=DEADLINE)

    assert exports["REFUND_LEDGER_RIVHIT_TOKEN"] == SANDBOX_TOKEN
    assert server.returncode == 0
    assert err == "sandbox: stopped\n"


def test_a_machine_reads_the_address_and_no_secret(terminal: Terminal) -> None:
    terminal.environment["REFUND_LEDGER_RIVHIT_TOKEN"] = SECRET
    server = terminal.process("--json", "sandbox", "--port", "0", "--empty")

    said = announced(server, "{")
    server.terminate()
    server.communicate(timeout=DEADLINE)

    started = read_json(said)
    assert started["url"] == started["address"] + "/online/RivhitOnlineAPI.svc"
    assert started["originals"] == 0
    assert "token" not in started
    assert SECRET not in said


def test_switches_are_listed_with_what_is_unknown(terminal: Terminal) -> None:
    assert "second_cancel" in terminal.ok("sandbox", "--list-switches").out

    listed = terminal.json("sandbox", "--list-switches")["switches"]
    assert {"name": "list_lag_seconds", "default": "0"}.items() <= next(
        one.items() for one in listed if one["name"] == "list_lag_seconds"
    )


def test_a_switch_changes_the_server(terminal: Terminal) -> None:
    server = terminal.process(
        *("--json", "sandbox", "--port", "0", "--switch", "error_http_status=200"),
        *("--switch", "status_for_cancels=absent", "--switch", "html_on_400=false"),
        *("--switch", "list_lag_seconds=1.5", "--switch", "list_limit=null"),
    )

    assert "url" in announced(server, "{")

    server.terminate()
    server.communicate(timeout=DEADLINE)
    assert server.returncode == 0


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--switch", "gravity=off"), "switch: expected NAME=VALUE"),
        (("--switch", "html_on_400"), "switch: expected NAME=VALUE"),
        (("--switch", "error_http_status=404"), "switch error_http_status: "),
        (("--switch", "second_cancel=perhaps"), "switch second_cancel: "),
        (("--switch", "list_lag_seconds=1e99999999999999999999"), "switch list_lag_seconds: "),
        (("--switch", "list_lag_seconds=" + "[" * 20_000), "switch list_lag_seconds: "),
        (("--load", "nothing.jsonl"), "load: nothing.jsonl cannot be read"),
        (("--load", "a.jsonl", "--empty"), "empty: "),
    ],
)
def test_a_server_that_cannot_start_says_why(
    terminal: Terminal, flags: tuple[str, ...], sentence: str
) -> None:
    assert sentence in terminal.refused("sandbox", *flags, code=2)


def test_a_file_in_another_format_is_said_with_its_line(terminal: Terminal) -> None:
    path = terminal.text("\n{}\n", "books.jsonl")

    assert "load: line 2: " in terminal.refused("sandbox", "--load", path, code=2)


def test_a_port_in_use_is_said(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        assert "choose another" in terminal.refused("sandbox", "--port", port, code=2)


def test_signals_are_given_back(terminal: Terminal) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        terminal.run("sandbox", "--port", str(taken.getsockname()[1]))

    assert signal.getsignal(signal.SIGTERM) is before
