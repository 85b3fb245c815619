"""The project's own files, as the tests about the project itself see them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "ledger": ROOT / "ledger" / "refund_ledger",
    "projections": ROOT / "projections" / "refund_projections",
    "adapters": ROOT / "adapters" / "refund_adapters",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


def python_files(*folders: Path) -> list[Path]:
    """List the Python files below the folders, in a fixed order."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def named(path: Path) -> str:
    """Name a file as seen from the project's root."""
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    """Parse a file, once per run."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(path: Path) -> Iterator[Function]:
    """Walk all functions of a file, nested ones too."""
    return (node for node in ast.walk(parsed(path)) if isinstance(node, Function))


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Walk what a reader of the module may use: public functions, classes and their methods."""
    for node in body:
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from public_definitions(node.body, f"{prefix}{node.name}.")


def decorators(node: Definition) -> set[str]:
    """Name the decorators by their last word: override, overload, setter."""
    return {ast.unparse(each).split("(")[0].split(".")[-1] for each in node.decorator_list}


def class_constants(path: Path, name: str) -> dict[str, str]:
    """Read a constant of text from the body of every class of a file that sets it."""
    found: dict[str, str] = {}
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.ClassDef):
            continue
        for line in node.body:
            match line:
                case ast.Assign(targets=[ast.Name(id=target)], value=ast.Constant(value=value)):
                    pass
                case ast.AnnAssign(target=ast.Name(id=target), value=ast.Constant(value=value)):
                    pass
                case _:
                    continue
            if target == name and isinstance(value, str):
                found[node.name] = value
    return found


def base_classes(path: Path) -> set[str]:
    """Name the classes that the classes of a file extend."""
    classes = (node for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef))
    return {base.id for each in classes for base in each.bases if isinstance(base, ast.Name)}
