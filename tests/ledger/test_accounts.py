"""The chart of accounts is complete, and an account says what it is."""

from __future__ import annotations

from refund_ledger.accounts import GUARDED, RULES, Account, AccountKind, Book


def test_every_kind_has_its_rule() -> None:
    assert set(RULES) == set(AccountKind)
    for rule in RULES.values():
        assert rule.side in {1, -1}
        assert rule.meaning


def test_what_refunds_compete_for_is_guarded() -> None:
    assert set(GUARDED) == {
        AccountKind.REFUNDABLE,
        AccountKind.COVERED,
        AccountKind.PROMISED_COVER,
        AccountKind.OPEN,
        AccountKind.CREDIT,
        AccountKind.PROMISED_CREDIT,
    }


def test_rights_and_money_are_kept_apart() -> None:
    rights = {kind for kind, rule in RULES.items() if rule.book is Book.RIGHTS}
    assert AccountKind.REFUNDABLE in rights
    assert AccountKind.CREDIT not in rights


def test_an_account_reads_as_a_path_with_its_unit() -> None:
    account = Account("acme", AccountKind.REFUNDABLE, "invoice:1/5", item="line/1/net", unit="ILS")
    assert str(account) == "refundable/invoice:1/5/line/1/net ILS"
    assert account.rule is RULES[AccountKind.REFUNDABLE]
