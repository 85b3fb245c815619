"""What the tests of the command line share: a terminal, and an accounting server behind it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.server import ROOT, real_time, seeded, serving
from support.command_line import SECRET, Terminal

EVERYWHERE = bool(os.environ.get("CI"))
"""Whether each test runs on a server too; a desk runs one story with every command there."""
ABOUT_A_FILE = frozenset(
    {
        "test_a_database_of_something_else_is_left_alone",
        "test_a_damaged_event_is_said",
        "test_a_file_needs_no_such_command",
        "test_a_history_written_anew_is_found_by_the_kept_head",
        "test_a_replay_that_differs_names_every_account",
        "test_a_store_of_a_newer_version_is_left_alone",
        "test_a_store_that_cannot_be_reached_ends_with_3",
        "test_a_store_that_is_not_ours_is_left_alone",
        "test_a_store_that_is_not_there_is_not_made",
        "test_a_store_that_is_not_there_is_not_made_by_a_question",
        "test_a_store_that_is_read_only_is_said",
        "test_a_store_without_room_is_said_and_nothing_is_half_written",
        "test_an_event_that_is_not_what_was_saved_is_said_and_ends_with_1",
        "test_flags_stand_before_or_after_the_command",
        "test_nothing_is_sealed_after_an_event_that_was_changed",
        "test_text_is_utf8_whatever_the_terminal_says",
        "test_the_data_is_what_the_store_holds_in_whole_minor_units",
        "test_the_health_of_a_file_is_told",
        "test_the_ledger_itself_is_never_written_over",
        "test_there_is_nothing_to_export_where_there_is_no_ledger",
        "test_what_differs_beyond_the_most_that_is_named_is_counted",
        "test_what_differs_is_told_and_ends_with_1",
        "test_without_a_head_there_is_nothing_to_keep",
    }
)
"""Tests that look into the file, or need it to be missing or spoiled."""
BRING_THEIR_OWN = frozenset(
    {"test_companies", "test_on_a_server", "test_outages", "test_storing", "test_watching"}
)
"""Modules whose tests choose their store themselves."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let a terminal's tests run on a server too."""
    own = metafunc.module.__name__.rpartition(".")[2] in BRING_THEIR_OWN
    name = metafunc.function.__name__
    if EVERYWHERE and not own and "terminal" in metafunc.fixturenames and name not in ABOUT_A_FILE:
        metafunc.parametrize("terminal", ["file", "server"], indirect=True)


@pytest.fixture
def terminal(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """Sit a person at a terminal without an accounting system."""
    opened = Terminal(tmp_path, capsys)
    if getattr(request, "param", "file") == "server":
        opened.environment["REFUND_LEDGER_STORE"] = request.getfixturevalue("postgres_ledger")
    yield opened
    opened.close()


@pytest.fixture
def server() -> Iterator[Sandbox]:
    """Serve the demo's originals over HTTP."""
    sandbox = Sandbox(token=SECRET, now=real_time, rng=seeded())
    load_demo(sandbox.books)
    with serving(sandbox):
        yield sandbox


@pytest.fixture
def online(terminal: Terminal, server: Sandbox) -> Terminal:
    """Sit a person at a terminal whose ledger reaches the server."""
    terminal.environment |= {
        "REFUND_LEDGER_RIVHIT_URL": server.base_url + ROOT.rstrip("/"),
        "REFUND_LEDGER_RIVHIT_TOKEN": SECRET,
    }
    return terminal
