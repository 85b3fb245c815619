"""The queries name the accounts that the ledger has, and nothing that one engine alone knows."""

import re

import pytest

from refund_adapters.archive.queries import Query, text_of
from refund_ledger.accounts import RULES, AccountKind
from refund_projections.credit_balances import POSITION
from refund_projections.sides import Role


def named_in(query: Query) -> set[str]:
    """What stands between quotes, comments left out."""
    text = re.sub(r"--.*", "", text_of(query))
    return set(re.findall(r"'(\w+)'", text))


def test_a_position_is_made_of_the_accounts_that_the_ledger_counts() -> None:
    for query in (Query.BALANCES, Query.STATEMENT):
        kinds = {kind for kind in AccountKind if kind in named_in(query)}
        assert kinds == POSITION
    assert RULES[AccountKind.OPEN].side == 1
    assert {RULES[kind].side for kind in POSITION - {AccountKind.OPEN}} == {-1}


def test_every_role_is_known() -> None:
    roles = {role for role in Role if role in named_in(Query.TALLY)}
    assert roles == set(Role)


@pytest.mark.parametrize("query", Query)
def test_every_query_says_what_it_is_for_and_uses_no_float(query: Query) -> None:
    text = text_of(query)
    assert text.startswith("-- ")
    for word in ("DOUBLE", "FLOAT", "REAL", "AVG", "/", "::", "epoch", "unix_", "json"):
        assert word.lower() not in re.sub(r"--.*", "", text).lower()
