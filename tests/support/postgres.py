"""A real PostgreSQL server for tests: started, stopped, killed, and started again.

It needs no container and no rights: as root the server runs as "nobody". A watcher ends the server
and takes its folder away when the tests end, also when their process is killed.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from support.postgres_found import Installation, available
from support.processes import kill_family

PATIENCE = 30.0
# The whole name of a socket has at most 103 bytes on some systems; ours adds about 30.
LONGEST_PLACE = 60
STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
ALWAYS = {
    "listen_addresses": "",
    "max_connections": "100",
    # In the data folder, so that nothing of a killed server stays behind in the machine's memory.
    "dynamic_shared_memory_type": "mmap",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
IPC_RMID = 0
# Each line that it reads names the running server, 0 for none. It acts on "end", or when no line
# can come any more because the tests' process is dead.
WATCHER = """
trap '' INT TERM HUP
while read -r line && [ "$line" != end ]; do server=$line; done
[ "${server:-0}" = 0 ] || kill -QUIT "$server" 2>/dev/null
tries=0
until rm -rf "$1" 2>/dev/null && [ ! -e "$1" ]; do
  tries=$((tries + 1)); [ "$tries" -lt 100 ] || exit 1
  sleep 0.1
done
"""


class PostgresFailedError(Exception):
    """The server did not do what was asked; the message holds the end of its log."""


class Server:
    """One server with a data folder of its own, which lives until `close`.

    Only a durable server keeps every commit when it is killed; the other sort is for speed.
    """

    def __init__(
        self,
        installation: Installation | None = None,
        *,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.installation = installation or available()[0]
        self.durable = durable
        self._settings = ALWAYS | ({} if durable else NOT_DURABLE) | dict(settings or {})
        self._programs = self.installation.programs
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """Where the server keeps its data, its socket and its log."""
        if self._folder is None:
            raise PostgresFailedError("the server has no folder: start it first")
        return self._folder

    @property
    def pid(self) -> int:
        """The server's first process."""
        if self._process is None:
            raise PostgresFailedError("the server is not running: start it first")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server was started and has not ended since."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start, and wait for it to accept connections; after `stop` or `kill`, on its data."""
        if self.running:
            raise PostgresFailedError("the server is running already: stop or kill it first")
        if self._folder is None:
            self._make_folder()
        options = [part for pair in self._settings.items() for part in ("-c", "=".join(pair))]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-k", self.folder, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the tests, which then stop the server themselves.
                start_new_session=True,
                **self._as_owner(),
            )
        self._tell_watcher(self._process.pid)
        self._wait_until_ready(self._process)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """End in order (fast), or at once, so that the next start recovers (immediate)."""
        if self._process is None:
            return
        self._process.send_signal(STOP_SIGNALS[mode])
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise PostgresFailedError(f"the server did not stop ({mode}): {self.log()}") from error
        self._forget_process()

    def kill(self) -> None:
        """Kill all its processes at one moment; return when they are gone."""
        if self._process is None:
            return
        memory = " ".join(self._status_lines()[6:7]).split()
        # Each process of a server leads a group of its own, so no group reaches them all.
        kill_family(self._process.pid, PATIENCE)
        self._process.wait(PATIENCE)
        self._forget_process()
        if memory:
            # The next start would take the shared memory away, but there may be no next start.
            ctypes.CDLL(None).shmctl(int(memory[1]), IPC_RMID, None)

    def close(self) -> None:
        """Stop, and take the folder away, with all data."""
        try:
            self.stop("immediate")
        finally:
            if self._watcher is not None:
                self._watcher.communicate(b"end\n", timeout=PATIENCE)
            folder, self._folder, self._watcher = self._folder, None, None
        if folder is not None and folder.exists():
            raise PostgresFailedError(f"the folder of the server could not be removed: {folder}")

    def dsn(self, database: str = "postgres") -> str:
        """Say how psycopg reaches a database of this server, by its socket."""
        return make_conninfo(host=str(self.folder), port=5432, user="postgres", dbname=database)

    def log(self, last: int = 2000) -> str:
        """Read the end of what the server wrote."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-last:]

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _make_folder(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pg-", dir=_place()))
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", WATCHER, "watcher", self._folder],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        owner = self._as_owner()
        if "user" in owner:
            os.chown(self._folder, owner["user"], owner["group"])
            self._programs = self.installation.reachable_by(owner, copy=self._folder / "programs")
        made = subprocess.run(
            [
                *(self._programs / "initdb", "-D", self._data, "--no-sync"),
                *("-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * PATIENCE,
            **owner,
        )
        if made.returncode:
            raise PostgresFailedError(f"initdb of {self.installation} failed: {made.stderr}")

    def _as_owner(self) -> dict[str, Any]:
        """Say as whom, where and with which environment the server's processes run."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        # The server looks for certificates in its home, which must not be root's.
        environ |= {"HOME": str(self.folder), "LC_ALL": "C"}
        run: dict[str, Any] = {"cwd": self.folder, "env": environ}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            run |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        return run

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            status = self._status_lines()
            # A killed server leaves the file of its own process behind.
            if status[:1] == [str(process.pid)] and status[7:] in (["ready"], ["standby"]):
                return
            if process.poll() is not None:
                self._forget_process()
                raise PostgresFailedError(f"{self.installation} did not start: {self.log()}")
            if time.monotonic() > deadline:
                self.kill()
                raise PostgresFailedError(f"{self.installation} is not ready: {self.log()}")
            time.sleep(0.005)

    def _status_lines(self) -> list[str]:
        """Read what the server says of itself: process first, shared memory 7th, status 8th."""
        try:
            text = (self._data / "postmaster.pid").read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        return [line.strip() for line in text.splitlines()]

    def _forget_process(self) -> None:
        self._process = None
        self._tell_watcher(0)

    def _tell_watcher(self, pid: int) -> None:
        if self._watcher is None or self._watcher.stdin is None:
            raise PostgresFailedError("the server has no watcher: start it first")
        self._watcher.stdin.write(b"%d\n" % pid)
        self._watcher.stdin.flush()


@contextmanager
def new_database(server: Server) -> Iterator[str]:
    """Make an empty database, say how to reach it, and drop it with whoever is still in it."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)))
    try:
        yield server.dsn(name)
    finally:
        # A test that killed the server takes its databases with it.
        if server.running:
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _place() -> str:
    """Choose where folders go: sockets have short names, and other users must get there."""
    chosen = Path(tempfile.gettempdir())
    closed = [path for path in (chosen, *chosen.parents) if not path.stat().st_mode & stat.S_IXOTH]
    if len(str(chosen)) > LONGEST_PLACE or (os.geteuid() == 0 and closed):
        return "/tmp"  # noqa: S108 - a folder of our own is made in it.
    return str(chosen)
