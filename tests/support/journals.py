"""Ledgers for tests of journals, and their sums under the usual names, told a second time here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from projections.histories import COMPANY, Company
from refund_ledger.accounts import Book
from refund_projections.chart import PLACEHOLDERS, Chart
from support.bookkeepers import Balances

AWKWARD = (
    *("a b", "a-b", "a:b", "a--b", "a_b", "A B", "A b", "7", "07", "N-a", "N-X", "None", "N-None"),
    *("לקוח", "לקוח ב", "שָׁלוֹם", "אָ", "Straße", "STRASSE", '"quoted"', "(virtual)", "a;b", "*"),
    *("ä", "a\u0308", "-", "--", "-U2D-", "U2D", "²", "😀", "x" * 60),
)
"""Customers whose accounts must neither be refused nor become one another's."""

OF_CUSTOMERS = {
    "open": "Assets:Receivable",
    "credit": "Liabilities:Credit",
    "held_credit": "Liabilities:HeldCredit",
    "promised_credit": "Liabilities:PromisedCredit",
    "unexplained": "Liabilities:Unexplained",
}
OF_ALL = {
    "returns": "Income:Returns",
    "vat": "Liabilities:VAT",
    "granted": "Equity:Granted",
    "books": "Equity:Books",
    "explained": "Equity:Explained",
}

APART = Chart(
    {
        str(kind): ":".join(["Equity", f"Own-{number}", *(f"{{{one}}}" for one in placeholders)])
        for number, (kind, placeholders) in enumerate(PLACEHOLDERS.items())
    }
)
"""A chart that gives every account of the ledger, as far as a kind tells them apart, its own."""


def our_accounts(company: Company, chart: Chart) -> Balances:
    """What the ledger says that its accounts come to, under the names of a chart."""
    sums: Balances = {}
    for account, amount in company.store.sums(COMPANY):
        key = (chart.account(account), account.unit)
        sums[key] = sums.get(key, 0) + amount
    return {key: total for key, total in sums.items() if total}


def our_sums(company: Company, *, rights: bool = False) -> Balances:
    """What the ledger says that the accounts come to; for customers whose ids are numbers."""
    sums: Balances = {}
    for account, amount in company.store.sums(COMPANY):
        kind = str(account.kind)
        if account.rule.book is Book.RIGHTS:
            name = "Equity:Rights:" + kind.title().replace("_", "")
        elif kind in OF_CUSTOMERS:
            name = f"{OF_CUSTOMERS[kind]}:{account.customer}"
        else:
            name = f"Assets:Paid-{account.subject}" if kind == "paid" else OF_ALL[kind]
        if rights or account.rule.book is Book.MONEY:
            sums[name, account.unit] = sums.get((name, account.unit), 0) + amount
    return {key: total for key, total in sums.items() if total}


def sold_to(*customers: str) -> Company:
    """A company to which each customer owes another amount: 11.70 ILS, twice, three times that."""
    company = Company()
    for number, customer in enumerate(customers, 1):
        company.invoice(number, 1_000 * number, customer_id=customer)
    return company


def of_every_exponent() -> tuple[Company, list[str]]:
    """A company that sells in yen, dinars and shekels, and what its receivables say of each."""
    company = Company()
    for number, currency in enumerate(("JPY", "BHD", "ILS"), 1):
        company.invoice(number, 1_234_567, currency=currency)
    amounts = ("1444443 JPY", "1444.443 BHD", "14444.43 ILS")
    refund = company.ask("in-yen", original="invoice:1/1", currency="JPY", amount=500)
    company.finish(refund)
    return company, [f"Assets:Receivable:7  {amount}" for amount in amounts]


def awkward_names() -> tuple[Company, str, str]:
    """A company with a refund whose key, actor and reason try to break out; and key and reason."""
    company = Company()
    company.grant("old", 500)
    key = '50%, "החזר"; [2020-01-01] date:2020-01-05 | a:b'
    why = 'טעות של "דנה"; (12) C:\\new | 2020-01-01 * x'
    refund = company.ask(key, kind="credit", customer_id="7", amount=100, method="cash")
    company.ledger.withdraw(refund, company.stamp('דנה "ד" \\ כהן'), why=why)
    return company, key, why


def tampered(path: Path, stating: str) -> Iterator[Path]:
    """Copies of a journal, each with one stated sum wrong by one minor unit."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    stated = [number for number, line in enumerate(lines) if stating in line]
    assert stated
    for number in stated[:5]:
        line = lines[number]
        last = max(found.end() for found in re.finditer(r"[0-9]\.[0-9]{2}", line)) - 1
        wrong = str((int(line[last]) + 1) % 10)
        broken = path.with_stem(f"broken-{number}")
        changed = [*lines[:number], line[:last] + wrong + line[last + 1 :], *lines[number + 1 :]]
        broken.write_text("".join(changed), encoding="utf-8")
        yield broken
