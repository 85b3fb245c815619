"""What the pages for people show is what happens: each line runs, each answer comes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from refund_adapters.sandbox.core import Sandbox
from refund_adapters.sandbox.loading import load_demo
from refund_adapters.sandbox.server import real_time, seeded, serving
from refund_adapters.store.postgres import PostgresStore
from refund_adapters.store.postgres_address import Address
from support.command_line import CASH_SALE, SALE, SECRET, Terminal
from support.ledger_servers import OWNER, SERVICE, address_of
from support.pages import Shell, blocks, page, run_shown, section, shown
from support.postgres import Server
from support.tree import ROOT

QUICK = {"lists_lag": 0, "clock_error": 0, "abandoned_life": 0, "call_limit": 2}
PAGES = ("README.md", "QUESTIONS.md", "PRODUCTION.md")
LINES = [line for text in map(page, PAGES[1:]) for line in text.splitlines()]


@pytest.fixture
def accounting() -> Iterator[Sandbox]:
    """Serve the demo's originals over HTTP."""
    sandbox = Sandbox(token=SECRET, now=real_time, rng=seeded())
    load_demo(sandbox.books)
    with serving(sandbox):
        yield sandbox


def reaching(accounting: Sandbox) -> dict[str, str]:
    """The settings by which a command finds the accounting system."""
    return {
        "REFUND_LEDGER_ACTOR": "dana",
        "REFUND_LEDGER_RIVHIT_URL": accounting.api_url,
        "REFUND_LEDGER_RIVHIT_TOKEN": SECRET,
        "REFUND_LEDGER_RIVHIT": json.dumps(QUICK),
    }


@pytest.fixture(params=["file", "server"])
def terminal(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    accounting: Sandbox,
) -> Terminal:
    """Sit a person at a terminal over a ledger of each sort."""
    opened = Terminal(tmp_path, capsys, reaching(accounting))
    if request.param == "server":
        opened.environment["REFUND_LEDGER_STORE"] = request.getfixturevalue("postgres_ledger")
    return opened


def test_each_question_has_the_answer_that_the_page_shows(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(terminal.folder)
    for one in shown(page("QUESTIONS.md")):
        run_shown(terminal, one)

    if terminal.store.exists():
        (code,) = blocks(page("QUESTIONS.md"), "python")
        exec(compile(code, "QUESTIONS.md", "exec"), {})  # noqa: S102 - the page's own code
        assert terminal.capture.readouterr().out.splitlines() == ["1004 ILS -209066", "True"]


def shell(tmp_path: Path, server: Server, accounting: Sandbox) -> Shell:
    """A shell of the owner of a server, with the accounts of the page's examples."""
    programs = str(server.installation.programs)
    own = {"PGHOST": str(server.folder), "PGPORT": "5432", "PGUSER": OWNER, "PATH": programs}
    instead = {
        f"postgresql://{role}@db/{database}?schema={schema}": address_of(
            server.dsn(database), user=user, schema=schema
        )
        for role, user in (("owner", OWNER), (SERVICE, SERVICE))
        for database in ("refunds", "restored")
        for schema in ("acme", "bolt")
    }
    return Shell(tmp_path, {**own, **reaching(accounting)}, instead)


def ask_for_one(address: str, terminal: Terminal) -> None:
    """Let there be a refund that a dispatcher has to send."""
    terminal.environment |= {"REFUND_LEDGER_STORE": address, "REFUND_LEDGER_COMPANY": "acme"}
    terminal.originals(CASH_SALE)
    terminal.asked("order-1")


def done(terminal: Terminal) -> bool:
    """Wait until that refund is complete."""
    until = time.monotonic() + 60
    while terminal.json("show", "order-1")["refund"]["status"] != "completed":
        assert time.monotonic() < until
        time.sleep(0.1)
    return True


@pytest.mark.parametrize("name", ["README.md", "PRODUCTION.md"])
def test_the_way_into_production_is_walked_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], accounting: Sandbox, name: str
) -> None:
    text = page(name)
    first = section(text, "Production") if name == "README.md" else text
    lines = [line for block in blocks(first, "sh") for line in block.splitlines()]
    terminal = Terminal(tmp_path, capsys, reaching(accounting))
    with Server() as server, Server() as other:
        address = address_of(server.dsn("refunds"))
        at = shell(tmp_path, server, accounting)
        at.meanwhile = lambda: done(terminal)
        at.stdin = "a secret\na secret\n"
        for line in lines:
            if "createdb restored" in line:
                # Where a backup is restored is another server.
                elsewhere = shell(tmp_path, other, accounting).instead
                at.instead = {**at.instead, **{k: v for k, v in elsewhere.items() if "rest" in k}}
                at.environment["PGHOST"] = str(other.folder)
            if "schema=bolt" in line and "migrate" in line:
                at.environment["PGHOST"] = str(server.folder)
            if "--watch" in line:
                ask_for_one(address, terminal)
            at.run(line)
        assert terminal.json("show", "order-1")["refund"]["status"] == "completed"
        assert has_password(server)
        if name == "PRODUCTION.md":
            assert era_of(address_of(other.dsn("restored"))) == 2


def has_password(server: Server) -> bool:
    """Whether the line that asks for a password has set one."""
    with psycopg.connect(server.dsn()) as superuser:
        row = superuser.execute(
            "SELECT rolpassword IS NOT NULL FROM pg_authid WHERE rolname = %s", (SERVICE,)
        ).fetchone()
    return row == (True,)


def era_of(address: str) -> int:
    """Which era a store is in."""
    store = PostgresStore(address)
    try:
        assert conninfo_to_dict(Address.parse(address).conninfo)["dbname"] == "restored"
        return int(store.ask("SELECT max(era) FROM eras", ())[0][0])
    finally:
        store.close()


def test_the_pages_show_no_command_that_no_test_runs() -> None:
    inside = {line for name in PAGES[1:] for block in every_block(name) for line in block}
    outside = [line for line in LINES if line not in inside]
    assert not [line for line in outside if re.match(r"\s*(\$ )?refund-ledger ", line)]
    assert sum(line.startswith("$ ") for line in inside) > 30
    assert SALE in page("QUESTIONS.md")


def every_block(name: str) -> list[list[str]]:
    """The lines of each block that is run."""
    return [
        block.splitlines()
        for language in ("console", "sh", "python")
        for block in blocks(page(name), language)
    ]


@pytest.mark.parametrize("name", [*PAGES, "CONTRIBUTING.md"])
def test_every_link_to_another_page_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page(name)):
        assert (ROOT / target).exists(), target
