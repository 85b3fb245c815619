"""The report of a comparison as JSON and CSV; amounts are decimal text, and never floats."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

from refund_adapters.reconcile.reconciling import Accepted, Judged, Outcome
from refund_ledger.events import ReconciliationDone, Tally
from refund_projections.sides import Known, Listed
from refund_projections.wording_of_differences import accept_command, decimal, what, what_to_do

Shape = dict[str, Any]

COLUMNS = (
    *("difference", "document", "refund", "what", "what_to_do", "accept_with"),
    *("accepted_by", "accepted_why", "digest"),
    *("role", "customer_here", "amount_here", "currency_here", "first_day_here", "last_day_here"),
    *("customer_there", "amount_there", "currency_there", "date_there", "kind_there"),
    "cancelled_there",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""


def outcome_shape(outcome: Outcome) -> Shape:
    """The whole comparison as one JSON object."""
    return {
        **run_shape(outcome.run),
        "currency_not_compared": outcome.no_currency,
        "sales_and_receipts_beside": outcome.beside,
        "totals": [
            {
                "role": role.value if role else "unknown here",
                "currency": currency or None,
                "documents_here": total.documents_here,
                "amount_here": decimal(total.amount_here, currency),
                "documents_there": total.documents_there,
                "amount_there": decimal(total.amount_there, currency),
            }
            for (role, currency), total in sorted(
                outcome.totals.items(), key=lambda item: (item[0][0] or "~", item[0][1])
            )
        ],
        "findings": [finding_shape(one) for one in outcome.findings],
    }


def run_shape(run: ReconciliationDone) -> Shape:
    """One comparison as it was recorded."""
    return {
        "clean": run.clean,
        "company": run.company,
        "from": run.since.isoformat(),
        "to": run.until.isoformat(),
        "by": run.actor,
        "at": moment(run.timestamp),
        "run": str(run.originator_id),
        "position": run.position,
        "read_from": run.read_from,
        "documents_here": run.documents_here,
        "documents_there": run.documents_there,
        "matched": run.matched,
        "not_judged": run.not_judged,
        "differences": _counts(run.differences),
        "accepted": _counts(run.accepted),
        "digest_here": run.digest_here,
        "digest_there": run.digest_there,
    }


def finding_shape(judged: Judged) -> Shape:
    """One difference."""
    finding = judged.finding
    return {
        "difference": finding.kind.value,
        "document": str(finding.document) if finding.document else None,
        "refund": judged.key or None,
        "what": what(finding),
        "what_to_do": what_to_do(finding),
        "accept_with": accept_command(finding) or None,
        "accepted": _accepted(judged.accepted),
        "digest": finding.digest,
        "here": _here(finding.here),
        "there": _there(finding.there),
    }


def write_csv(outcome: Outcome, file: BinaryIO) -> int:
    """Write every difference as a row of CSV; returns how many."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in row] for row in _rows(outcome))
    text.detach()
    return len(outcome.findings)


def cell(value: object) -> str:
    """A value that no spreadsheet takes for a formula."""
    written = "" if value is None else str(value)
    return f"'{written}" if written.startswith(FORMULA) else written


def moment(at: datetime) -> str:
    """A time in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _rows(outcome: Outcome) -> Iterator[list[object]]:
    for judged in outcome.findings:
        shape = finding_shape(judged)
        accepted: Shape = shape["accepted"] or {}
        here: Shape = shape["here"] or {}
        there: Shape = shape["there"] or {}
        yield [
            *(shape[name] for name in COLUMNS[:6]),
            accepted.get("by"),
            accepted.get("why"),
            shape["digest"],
            here.get("role"),
            *(here.get(name) for name in ("customer_id", "amount", "currency")),
            here.get("first_day"),
            here.get("last_day"),
            *(there.get(name) for name in ("customer_id", "amount", "currency", "date", "kind")),
            there.get("cancelled"),
        ]


def _here(known: Known | None) -> Shape | None:
    if known is None:
        return None
    return {
        "role": known.role.value,
        "customer_id": known.customer_id,
        "amount": decimal(known.amount, known.currency),
        "currency": known.currency,
        "first_day": known.first.isoformat() if known.first else None,
        "last_day": known.last.isoformat() if known.last else None,
        "known_since": moment(known.at),
    }


def _there(listed: Listed | None) -> Shape | None:
    if listed is None:
        return None
    return {
        "kind": listed.nature.value if listed.nature else None,
        "customer_id": listed.customer_id,
        "amount": decimal(listed.amount, listed.currency),
        "currency": listed.currency,
        "date": listed.issued_on.isoformat(),
        "cancelled": listed.cancelled,
        "markers": sorted(listed.markers),
    }


def _accepted(accepted: Accepted | None) -> Shape | None:
    if accepted is None:
        return None
    return {"by": accepted.by, "why": accepted.why, "at": moment(accepted.at)}


def _counts(tallies: tuple[Tally, ...]) -> dict[str, int]:
    return {tally.kind: tally.count for tally in tallies}
