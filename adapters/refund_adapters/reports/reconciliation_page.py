"""The report of a comparison as one page of HTML that an accountant prints and files.

It asks for nothing from anywhere and runs nothing. Whatever other systems and people wrote is
escaped, and set apart so that its reading direction turns nothing around it.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import BinaryIO

from refund_adapters.reconcile.reconciling import Judged, Outcome
from refund_adapters.reports.reconciliation import moment
from refund_ledger.events import Tally
from refund_projections.sides import Known, Listed
from refund_projections.wording_of_differences import (
    accept_command,
    decimal,
    money,
    what,
    what_to_do,
)
from refund_projections.wording_of_differences import days as dated

STYLE = """
@page { size: A4 landscape; margin: 12mm; }
* { box-sizing: border-box; }
body { font: 14px/1.45 system-ui, "Segoe UI", Arial, sans-serif; color: #111; background: #fff;
  max-width: 1200px; margin: 0 auto; padding: 24px; }
h1 { font-size: 22px; margin: 0 0 4px; }
h2 { font-size: 16px; margin: 28px 0 8px; }
.result { font-size: 16px; font-weight: 600; border: 2px solid; padding: 8px 12px; margin: 12px 0; }
.clean { color: #14532d; } .differs { color: #7f1d1d; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #bbb; padding: 4px 8px; text-align: start; vertical-align: top; }
th { background: #eee; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0; }
dt { color: #555; } dd { margin: 0; overflow-wrap: anywhere; }
code { font: 12px/1.4 ui-monospace, Consolas, monospace; overflow-wrap: anywhere; }
.note { color: #555; }
tr.accepted td { color: #555; }
thead { display: table-header-group; } tr { break-inside: avoid; }
@media print { body { padding: 0; max-width: none; font-size: 11px; } code { font-size: 9px; }
  th { background: #eee; -webkit-print-color-adjust: exact; print-color-adjust: exact; } }
"""
ENDING = "Written by the refund ledger. It links what both sides hold, and has posted nothing."
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def write_page(outcome: Outcome, file: BinaryIO) -> int:
    """Write the page; returns how many differences are on it."""
    file.write(page(outcome).encode())
    return len(outcome.findings)


def page(outcome: Outcome) -> str:
    """The whole page."""
    run = outcome.run
    days = f"{run.since} to {run.until}"
    title = f"Reconciliation of {run.company}, {days}"
    fresh = [one for one in outcome.findings if one.accepted is None]
    accepted = [one for one in outcome.findings if one.accepted is not None]
    body = "\n".join(
        (
            f"<h1>Reconciliation of {own(run.company)}, {text(days)}</h1>",
            _result(outcome),
            "<h2>What was compared</h2>",
            _compared(outcome),
            "<h2>Totals</h2>",
            _totals(outcome),
            _by_kind(run.differences, run.accepted),
            _differences("Differences", fresh),
            _differences("Differences that were accepted", accepted),
            f'<p class="note">{ENDING}</p>',
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en" dir="ltr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def text(value: object) -> str:
    """Text for the page: escaped, and without characters that nobody sees."""
    seen = "".join(
        " " if character in "\n\r\t" else character
        for character in str(value)
        if character in "\n\r\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"}
    )
    return html.escape(seen, quote=True)


def own(value: object) -> str:
    """Text of somebody else, whose reading direction ends with it."""
    return f'<bdi dir="auto">{text(value)}</bdi>'


# --- parts of the page ----------------------------------------------------------------------------


def _result(outcome: Outcome) -> str:
    found = sum(tally.count for tally in outcome.run.differences)
    if outcome.clean:
        return '<p class="result clean">Nothing differs.</p>'
    word = "difference" if found == 1 else "differences"
    return f'<p class="result differs">{found} {word} to look at.</p>'


def _compared(outcome: Outcome) -> str:
    run = outcome.run
    facts: list[tuple[str, str]] = [
        ("Company", own(run.company)),
        ("Period", text(f"{run.since} to {run.until}, both days counted in")),
        ("Compared by", own(run.actor)),
        ("Compared at", text(moment(run.timestamp))),
        ("The ledger", text(f"up to event {run.position}: {run.documents_here} documents")),
        ("Accounting system", f"{own(run.read_from)}: {run.documents_there} documents"),
        ("Match", text(f"{run.matched} documents")),
        ("Digest of the ledger's side", f"<code>{text(run.digest_here)}</code>"),
        ("Digest of the other side", f"<code>{text(run.digest_there)}</code>"),
        ("Recorded as", f"<code>{text(run.originator_id)}</code>"),
    ]
    if outcome.beside:
        facts.append(("Not compared", text(f"{outcome.beside} sales and receipts not known here")))
    if run.not_judged:
        facts.append(("Not judged", text(f"{run.not_judged} documents too new for the lists")))
    if outcome.no_currency:
        facts.append(("Currency", text(f"not said for {outcome.no_currency} matching documents")))
    return (
        "<dl>" + "".join(f"<dt>{text(name)}</dt><dd>{fact}</dd>" for name, fact in facts) + "</dl>"
    )


def _totals(outcome: Outcome) -> str:
    rows = [
        (
            text(role.value if role else "unknown here"),
            text(currency or "not said"),
            str(total.documents_here),
            text(decimal(total.amount_here, currency)),
            str(total.documents_there),
            text(decimal(total.amount_there, currency)),
        )
        for (role, currency), total in sorted(
            outcome.totals.items(), key=lambda item: (item[0][0] or "~", item[0][1])
        )
    ]
    heads = ("Documents", "Currency", "Here", "Amount here", "There", "Amount there")
    return _table(heads, rows, numbers={2, 3, 4, 5})


def _by_kind(differences: Sequence[Tally], accepted: Sequence[Tally]) -> str:
    fresh = {tally.kind: tally.count for tally in differences}
    known = {tally.kind: tally.count for tally in accepted}
    if not fresh and not known:
        return ""
    kinds = list(dict.fromkeys([*fresh, *known]))
    rows = [(text(kind), str(fresh.get(kind, 0)), str(known.get(kind, 0))) for kind in kinds]
    return "<h2>By kind</h2>" + _table(("Kind", "To look at", "Accepted"), rows, numbers={1, 2})


def _differences(title: str, found: Sequence[Judged]) -> str:
    if not found:
        return ""
    heads = ("Document", "Kind", "Refund", "Here", "There", "What, and what to do")
    rows = [
        (
            text(one.finding.document or "none"),
            text(one.finding.kind),
            own(one.key),
            _here(one.finding.here),
            _there(one.finding.there),
            _told(one),
        )
        for one in found
    ]
    of = "accepted" if found[0].accepted else ""
    return f"<h2>{text(title)} ({len(found)})</h2>" + _table(heads, rows, of=of)


def _told(judged: Judged) -> str:
    finding, accepted = judged.finding, judged.accepted
    said = own(what(finding))
    if accepted:
        who = f"{own(accepted.by)}, {text(moment(accepted.at))}"
        return f"{said}<br>Accepted by {who}: {own(accepted.why)}"
    command = accept_command(finding)
    accept = f"<br>Or accept it: <code>{text(command)}</code>" if command else ""
    return f"{said}<br><b>{own(what_to_do(finding))}</b>{accept}"


def _here(known: Known | None) -> str:
    if known is None:
        return "&ndash;"
    amount = text(money(known.amount, known.currency))
    return f"{text(known.role)}<br>{amount}<br>customer {own(known.customer_id)}<br>{dated(known)}"


def _there(listed: Listed | None) -> str:
    if listed is None:
        return "&ndash;"
    amount = text(money(listed.amount, listed.currency))
    flag = "<br>shown as cancelled" if listed.cancelled else ""
    kind = text(listed.nature or "either kind")
    customer = own(listed.customer_id)
    return f"{kind}<br>{amount}<br>customer {customer}<br>{listed.issued_on}{flag}"


def _table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Collection[int] = (),
    of: str = "",
) -> str:
    """A table of cells that are HTML already."""

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f'<{tag} class="number">{each}</{tag}>' if at in numbers else f"<{tag}>{each}</{tag}>"
            for at, each in enumerate(row)
        )

    opening = f'<tr class="{of}">' if of else "<tr>"
    head = cells("th", [text(name) for name in heads])
    lines = "\n".join(f"{opening}{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{lines}\n</tbody></table>"
