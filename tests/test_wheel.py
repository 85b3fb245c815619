"""The wheel owns its three packages and nothing that another distribution could own."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from support.tree import ROOT

OURS = {"refund_ledger", "refund_projections", "refund_adapters"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the project's wheel as a release would, without a network."""
    return build(ROOT, tmp_path_factory.mktemp("dist"))


def test_the_wheel_holds_its_three_packages_alone(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in files_of(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == OURS
    assert len(tops) == len(OURS) + 1


def test_the_wheel_holds_types_and_licence_but_no_tests(wheel: Path) -> None:
    files = files_of(wheel)
    assert {f"{package}/py.typed" for package in OURS} <= files
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files)
    assert not [name for name in files if "test_" in name or "conftest" in name]


@pytest.mark.parametrize("stranger", ["adapters", "ledger", "projections"])
def test_the_wheel_installs_beside_a_public_package_named_as_a_folder_here(
    wheel: Path, stranger: str, tmp_path: Path
) -> None:
    other = build(project_named(stranger, tmp_path / "other"), tmp_path / "dist")
    target = tmp_path / "site"

    install(other, target)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    install(wheel, target)

    assert files_of(other).isdisjoint(files_of(wheel))
    assert {path: path.read_bytes() for path in before} == before
    assert (target / stranger / "__init__.py").is_file()
    assert all((target / package / "__init__.py").is_file() for package in OURS)


def project_named(name: str, folder: Path) -> Path:
    """Write the smallest project whose one package has this name."""
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text('"""Somebody else\'s package."""\n')
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "1.2.0"\n'
    )
    return folder


def build(project: Path, into: Path) -> Path:
    """Build a wheel with the backend itself, which needs nothing that is not installed."""
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(into), cwd=project)
    [wheel] = into.glob("*.whl")
    return wheel


def install(wheel: Path, target: Path) -> None:
    """Install a wheel into a folder of its own, without looking anywhere else."""
    offline = ["--no-index", "--no-deps", "--disable-pip-version-check", "--no-compile"]
    run(
        "-m",
        "pip",
        "install",
        "-q",
        *offline,
        "--target",
        str(target),
        str(wheel),
        cwd=target.parent,
    )


def files_of(wheel: Path) -> set[str]:
    """List what the wheel would write."""
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def run(*arguments: str, cwd: Path) -> None:
    """Run Python with a limit, and show what it said where it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
