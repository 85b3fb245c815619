"""The habits of CONTRIBUTING.md that a machine can keep."""

import ast
from collections import Counter

import pytest

from support.tree import (
    PACKAGES,
    ROOT,
    base_classes,
    class_constants,
    decorators,
    functions,
    named,
    parsed,
    public_definitions,
    python_files,
)

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
FOLDERS = {"ledger", "projections", "adapters", "tests", "scripts"}
MADE_BY_TOOLS = {"build", "dist", "htmlcov", "__pycache__"}
CODE = python_files(*PACKAGES.values())
PURE = python_files(PACKAGES["ledger"], PACKAGES["projections"])
EVERYTHING = python_files(*(ROOT / folder for folder in sorted(FOLDERS)))
TOPICS = ROOT / "tests" / "ledger" / "event_topics.txt"

# Modules without a test file of their own: the module, the test that covers it, a comment why.
TESTED_ELSEWHERE: dict[str, str] = {}


def test_a_file_stays_short() -> None:
    refuse(
        [
            f"{named(path)}: {lines} lines"
            for path in EVERYTHING
            if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
        ],
        f"split it by what it is about; the limit is {LONGEST_FILE} lines, the aim 300",
    )


def test_a_function_stays_short() -> None:
    refuse(
        [
            f"{named(path)}:{function.lineno} {function.name}: {lines} lines"
            for path in EVERYTHING
            for function in functions(path)
            if (lines := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
        ],
        f"give a part of it its own name; the limit is {LONGEST_FUNCTION} lines, the aim 40",
    )


def test_every_module_opens_by_saying_what_it_is_for() -> None:
    refuse(
        [named(path) for path in EVERYTHING if not opens_with_a_sentence(parsed(path))],
        "open the module with a docstring sentence that ends in a full stop",
    )


def test_whatever_is_public_says_what_it_does() -> None:
    refuse(
        [
            f"{named(path)}:{node.lineno} {name}"
            for path in CODE
            for name, node in public_definitions(parsed(path).body)
            if not decorators(node) & {"overload", "override", "setter"}
            and not opens_with_a_sentence(node)
        ],
        "give it a docstring line that ends in a full stop, or make it private",
    )


def test_every_module_has_its_test_file() -> None:
    refuse(
        [
            f"{module}: {test}"
            for module, expected in expected_tests().items()
            for test in [TESTED_ELSEWHERE.get(module, expected)]
            if not (ROOT / test).is_file()
        ],
        "write the test file; where another one covers the module, name it in TESTED_ELSEWHERE",
    )


def test_a_module_named_as_tested_elsewhere_has_no_test_file_of_its_own() -> None:
    expected = expected_tests()
    refuse(
        [
            module
            for module in TESTED_ELSEWHERE
            if module not in expected or (ROOT / expected[module]).is_file()
        ],
        "the module is gone or has its test file now: take it out of TESTED_ELSEWHERE",
    )


def test_stored_event_names_are_the_committed_ones() -> None:
    committed = TOPICS.read_text(encoding="utf-8").split()
    refuse(
        sorted(set(stored_topics().values()) ^ set(committed)),
        f"a stored name is forever: add a new one to {named(TOPICS)}, one a line in order, "
        "and never rename or take out one that is there",
    )
    assert committed == sorted(set(committed)), f"{named(TOPICS)} is sorted and names each once"


def test_no_two_events_share_a_stored_name() -> None:
    topics = stored_topics()
    shared = {topic for topic, count in Counter(topics.values()).items() if count > 1}
    refuse(
        [f"{owner}: {topic}" for owner, topic in topics.items() if topic in shared],
        "each event needs a TOPIC of its own",
    )


def test_no_float_comes_near_money() -> None:
    refuse(
        [
            f"{named(path)}:{node.lineno} {ast.unparse(node)}"
            for path in PURE
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.expr) and makes_a_float(node)
        ],
        "use whole minor units or Decimal; the adapters read JSON",
    )


def test_a_lock_names_no_host() -> None:
    refuse(
        [
            f"{named(path)}:{number}: {line}"
            for path in sorted((ROOT / "scripts" / "requirements").iterdir())
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
            if "://" in line or line.startswith(("-i", "-f", "--index", "--extra", "--find"))
        ],
        "make the lock with scripts/lock, which records no address",
    )


@pytest.mark.parametrize("root", PACKAGES)
def test_a_source_root_holds_one_package_of_a_specific_name(root: str) -> None:
    seen = {path.name for path in (ROOT / root).iterdir()} - MADE_BY_TOOLS
    assert seen == {"README.md", PACKAGES[root].name}, (
        f"{root}/ holds its README.md and {PACKAGES[root].name}/ alone"
    )


def test_the_top_level_has_its_five_folders() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - MADE_BY_TOOLS
    assert {name for name in folders if not name.startswith(".")} == FOLDERS, (
        "the top level is fixed: put the new folder inside one of its five"
    )


def refuse(found: list[str], advice: str) -> None:
    """Fail with one line for each thing found, all of them, and what to do about it."""
    assert not found, "\n".join([advice, *found])


def opens_with_a_sentence(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> bool:
    """Tell whether the docstring's first paragraph is a sentence."""
    first = (ast.get_docstring(node) or "").split("\n\n")[0].rstrip()
    return first.endswith((".", "?", "!", ":"))


def expected_tests() -> dict[str, str]:
    """Map each module to the test file that mirrors it."""
    return {
        named(path): f"tests/{root}/{inside.parent.as_posix()}/test_{inside.name}".replace(
            "/./", "/"
        )
        for root, package in PACKAGES.items()
        for path in python_files(package)
        for inside in [path.relative_to(package)]
        if not inside.name.startswith("__")
    }


def stored_topics() -> dict[str, str]:
    """Read the stored name of every event; a class that others extend is no event itself."""
    files = python_files(PACKAGES["ledger"])
    extended = {base for path in files for base in base_classes(path)}
    topics = {
        f"{named(path)} {owner}": topic
        for path in files
        for owner, topic in class_constants(path, "TOPIC").items()
        if owner not in extended
    }
    assert topics, "no event of refund_ledger sets a TOPIC; has the constant been renamed?"
    return topics


def makes_a_float(node: ast.expr) -> bool:
    """Tell whether an expression is a float, or reads JSON the way that makes floats."""
    match node:
        case ast.Constant(value=float()):
            return True
        case ast.Call(func=ast.Name(id="float")):
            return True
        case ast.Attribute(value=ast.Name(id="json"), attr="load" | "loads"):
            return True
    return False
