"""Charts come from files that people write, and the usual one is such a file."""

import json
from pathlib import Path

import pytest

from refund_adapters.exports import charts
from refund_adapters.exports.charts import read_chart, usual_chart
from refund_ledger.accounts import AccountKind
from refund_ledger.errors import InvalidInputError
from refund_projections.chart import DEFAULT, Chart

TOML = '[accounts]\nopen = "Assets:1100-חייבים:{customer}"\n'


def file(folder: Path, text: str | bytes, name: str = "chart.toml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_chart_is_read_from_toml_and_from_json(tmp_path: Path) -> None:
    names = {"open": "Assets:1100-חייבים:{customer}"}
    wanted = Chart(names).names
    as_json = json.dumps({"accounts": names})
    assert read_chart(file(tmp_path, TOML)).names == wanted
    assert read_chart(file(tmp_path, TOML.encode("utf-8-sig"))).names == wanted
    assert read_chart(file(tmp_path, as_json, "chart.JSON")).names == wanted
    assert wanted[AccountKind.CREDIT] == DEFAULT[AccountKind.CREDIT]


def test_the_usual_chart_is_a_file_that_reads_as_itself(tmp_path: Path) -> None:
    lines = list(usual_chart())
    assert all(line.count("\n") == 1 and line.endswith("\n") for line in lines)
    assert read_chart(file(tmp_path, "".join(lines))).names == DEFAULT


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("chart.yaml", TOML, "chart: chart.yaml: expected a name that ends in .toml or .json"),
        ("chart.toml", "[accounts", "chart: chart.toml cannot be read: Expected ']'"),
        ("chart.json", "{", "chart: chart.json cannot be read: Expecting property name"),
        ("chart.json", '{"a": 1, "a": 2}', "chart: chart.json cannot be read: a name is said more"),
        ("chart.json", "[" * 100_000, "chart: chart.json is nested too deeply"),
        ("chart.json", "[]", "chart: chart.json has to hold a table named accounts and nothing"),
        ("chart.toml", "a = 1", "chart: chart.toml has to hold a table named accounts and nothing"),
        ("chart.toml", f"a = 1\n{TOML}", "chart: chart.toml has to hold a table named accounts"),
        ("chart.toml", b"\xff\xfe", "chart: chart.toml is not UTF-8 text"),
        ("chart.toml", '[accounts]\nvat = "X"', "chart vat: 'X' has to begin with one of Assets"),
        ("chart.toml", "[accounts]\nvat = 1.5", "chart vat: expected a name such as Liabilities"),
    ],
)
def test_a_file_that_is_no_chart_is_refused(
    tmp_path: Path, name: str, text: str | bytes, complaint: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_chart(file(tmp_path, text, name))
    assert str(refused.value).startswith(complaint)


def test_a_chart_that_is_not_there_or_far_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read: No such file or directory"):
        read_chart(tmp_path / "chart.toml")
    monkeypatch.setattr(charts, "LARGEST", 10)
    with pytest.raises(InvalidInputError, match=r"chart\.toml is too large to be a chart"):
        read_chart(file(tmp_path, TOML))
