"""A chart names every account, and never two as one that it does not mean to."""

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from refund_ledger.accounts import RULES, Account, AccountKind
from refund_ledger.errors import InvalidInputError
from refund_projections.chart import DEFAULT, PLACEHOLDERS, Chart, part_of_name

K = AccountKind
texts = st.text(st.sampled_from(list("aAuUxXN-012F _:/éשß²")), max_size=8) | st.text(max_size=20)
LETTERS = {"Lu", "Ll", "Lo", "Nd"}


def credit_of(customer: str, **columns: str) -> Account:
    return Account("acme", K.CREDIT, customer=customer, unit="ILS", **columns)


def test_every_kind_of_account_has_a_usual_name_and_what_tells_its_accounts_apart() -> None:
    assert set(DEFAULT) == set(RULES)
    assert set(PLACEHOLDERS) == set(RULES)


@given(texts)
@example("")
@example("None")
@example("-None")
@example("N-None")
@example("dana")
@example("N-dana")
@example(" dana")
@example("N -U20-")
def test_a_part_of_a_name_can_be_read_back_so_no_two_texts_share_one(text: str) -> None:
    name = part_of_name(text)
    assert as_it_was(name) == text
    assert unicodedata.category(name[0]) in {"Lu", "Nd"}
    assert all(one == "-" or unicodedata.category(one) in LETTERS for one in name)


def as_it_was(name: str) -> str:
    """Read a part of a name back."""
    if name == "N-None":
        return ""
    if name.startswith("N-X"):
        name = name[3:]
    elif name.startswith("N-") and unicodedata.category(name[2]) in {"Ll", "Lo"}:
        name = name[2:]
    return re.sub(
        "--|-U([0-9A-F]+)-", lambda found: chr(int(found[1], 16)) if found[1] else "-", name
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1001", "1001"),
        ("Acme", "Acme"),
        ("a b", "N-a-U20-b"),
        ("a-b", "N-a--b"),
        ("a_b", "N-a-U5F-b"),
        ("לקוח 7", "N-לקוח-U20-7"),
        (":7", "N-X-U3A-7"),
        ("", "N-None"),
    ],
)
def test_names_stay_readable(text: str, name: str) -> None:
    assert part_of_name(text) == name


@given(texts, texts)
@example("a b", "a-b")
@example("A", "a")
def test_two_customers_never_become_one_account(one: str, other: str) -> None:
    chart = Chart()
    names = {chart.account(credit_of(customer)) for customer in (one, other)}
    assert len(names) == len({one, other})


@given(st.tuples(texts, texts), st.tuples(texts, texts))
def test_two_texts_in_one_name_stay_apart(one: tuple[str, str], other: tuple[str, str]) -> None:
    chart = Chart({"credit": "Liabilities:C-{customer}:{source}"})
    names = {chart.account(credit_of(who, subject=source)) for who, source in (one, other)}
    assert len(names) == len({one, other})


@pytest.mark.parametrize(
    ("account", "name"),
    [
        (Account("acme", K.PAID, "cash", unit="ILS"), "Assets:Paid-cash"),
        (Account("acme", K.PAID, "", unit="ILS"), "Assets:Paid-"),
        (Account("acme", K.PAID, "לאומי 12-3", unit="ILS"), "Assets:Paid-לאומי-U20-12--3"),
        (Account("acme", K.OPEN, "invoice:1/2", customer="7", unit="ILS"), "Assets:Receivable:7"),
        (Account("acme", K.RETURNS, unit="ILS"), "Income:Returns"),
    ],
)
def test_the_usual_chart_names_accounts(account: Account, name: str) -> None:
    assert Chart().account(account) == name


def test_a_chart_can_name_a_kind_by_everything_that_tells_it_apart() -> None:
    for kind, placeholders in PLACEHOLDERS.items():
        name = ":".join(["Equity:Own", *(f"{{{one}}}" for one in placeholders)])
        chart = Chart({str(kind): name})
        account = Account("Co", kind, "Subject", "Refund", "Customer", "Item", "ILS")
        filled = {"customer": "Customer", "refund": "Refund", "item": "Item", "company": "Co"}
        filled["currency"] = "ILS"
        wanted = ["Equity", "Own", *(filled.get(one, "Subject") for one in placeholders)]
        assert chart.account(account).split(":") == wanted


def test_two_kinds_may_share_a_name_where_the_chart_says_so() -> None:
    shared = "Liabilities:Owed:{customer}"
    chart = Chart({"credit": shared, "held_credit": shared})
    held = credit_of("7")._replace(kind=K.HELD_CREDIT, refund="r")
    assert chart.account(held) == chart.account(credit_of("7")) == "Liabilities:Owed:7"


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ({"debt": "Assets:Debt"}, "chart: 'debt' is no kind of account; there are refundable,"),
        ({"open": 7}, "chart open: expected a name such as Assets:Receivable:{customer}, got int"),
        ({"open": "Assets:" + "A" * 200}, "chart open: is longer than 200 characters"),
        ({"open": "Debtors:{customer}"}, "chart open: 'Debtors:{customer}' has to begin with one"),
        ({"open": "Assets"}, "chart open: 'Assets' has to begin with one of Assets, Liabilities"),
        ({"open": "Assets:{customer}{source}"}, "chart open: '{customer}{source}' has to be text"),
        ({"open": "Assets:{customer"}, "chart open: '{customer' has to be text, then at most one"),
        ({"open": "Assets:{customer}s"}, "chart open: '{customer}s' has to be text, then at most"),
        ({"vat": "Assets:{customer}"}, "chart vat: {customer} does not tell such accounts apart"),
        ({"open": "Assets:{}"}, "chart open: {} does not tell such accounts apart"),
        (
            {"open": "Assets:debtors"},
            "chart open: 'debtors' has to begin with a capital or a digit",
        ),
        ({"open": "Assets:A B"}, "chart open: 'A B' has to begin with a capital or a digit"),
        ({"open": "Assets:חייבים"}, "chart open: 'חייבים' has to begin with a capital or a digit"),
        ({"open": "Assets::B"}, "chart open: '' has to begin with a capital or a digit"),
        ({"open": "Assets:c-{customer}"}, "chart open: 'c-{customer}' has to begin with a capital"),
    ],
)
def test_a_name_that_no_tool_takes_is_refused(names: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(complaint)):
        Chart(names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Assets:Bank", "Assets:{customer}"),
        ("Assets:{customer}", "Assets:Bank"),
        ("Assets:{customer}", "Assets:{source}"),
        ("Assets:Due", "Assets:Due:{customer}"),
        ("Assets:Due:{customer}", "Assets:Due"),
        ("Assets:C-{customer}", "Assets:C-7"),
        ("Assets:C-7", "Assets:C-{customer}"),
        ("Assets:C-{customer}", "Assets:C-S{source}"),
        ("Assets:C-S{source}", "Assets:C-{customer}"),
    ],
)
def test_names_that_could_come_to_one_account_are_refused(one: str, other: str) -> None:
    with pytest.raises(
        InvalidInputError, match=r"chart credit: .* may come to the same account as"
    ):
        Chart({"open": one, "credit": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Assets:Due-{customer}", "Assets:Owed-{customer}"),
        ("Assets:C-7", "Assets:D-{customer}"),
        ("Assets:A:{customer}", "Assets:B"),
    ],
)
def test_names_that_stay_apart_are_taken(one: str, other: str) -> None:
    chart = Chart({"open": one, "credit": other})
    assert (chart.names[K.OPEN], chart.names[K.CREDIT]) == (one, other)
