"""Scenes: what a company's books hold, and files of requests about it, right and wrong."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from refund_adapters.files import Numbered
from support.garbage import rows as garbage

CUSTOMERS = ("7", "8")

Scene = tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]
"""What is recorded, what was asked before, and a file that is asked for now."""


def _amount(agorot: int) -> str:
    return f"{agorot // 100}.{agorot % 100:02}"


@st.composite
def originals(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A few sales, each paid at once, in part by receipts, or not yet; and credits."""
    out: list[dict[str, Any]] = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        lines: list[dict[str, Any]] = [
            {
                "number": line,
                "quantity": str(draw(st.integers(1, 4))),
                "net": _amount(draw(st.integers(0, 4000))),
                "vat": _amount(draw(st.integers(0, 700))),
            }
            for line in range(1, draw(st.integers(1, 3)) + 1)
        ]
        total = sum(_agorot(line["net"]) + _agorot(line["vat"]) for line in lines)
        common = {
            "number": number,
            "customer_id": draw(st.sampled_from(CUSTOMERS)),
            "currency": "ILS",
            "issued_on": "2026-02-28",
        }
        if draw(st.booleans()):
            paid = [{"number": 1, "method": "card", "amount": _amount(total)}]
            sale = {"kind": "invoice_receipt", "series": 2, "lines": lines, "payments": paid}
            out.append({"original": common | sale})
        else:
            bought = common | {"kind": "invoice", "series": 1, "lines": lines}
            out.append({"original": bought | {"open": _amount(total)}})
            part = draw(st.integers(0, total))
            closes = [{"sale": f"invoice:1/{number}", "amount": _amount(part)}]
            paid = [{"number": 1, "method": "cash", "amount": _amount(part)}]
            receipt = {"kind": "receipt", "series": 1, "closes": closes, "payments": paid}
            out.append({"original": common | receipt})
    for number in range(draw(st.integers(0, 3))):
        credit = {
            "reference": f"g{number}",
            "customer_id": draw(st.sampled_from(CUSTOMERS)),
            "currency": "ILS",
            "amount": _amount(draw(st.integers(1, 3000))),
            "why": "opening_balance",
            "granted_on": "2026-01-01",
        }
        out.append({"credit": credit})
    return out


def _agorot(amount: str) -> int:
    return int(amount.replace(".", ""))


@st.composite
def asked(draw: st.DrawFn, books: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of a file of requests, right or wrong, its key perhaps that of another."""
    known = [row["original"] for row in books if "original" in row]
    refs = [f"{one['kind']}:{one['series']}/{one['number']}" for one in known]
    row: dict[str, Any] = {
        "key": f"k{draw(st.integers(0, 8))}",
        "reason": draw(st.sampled_from(["complaint"] * 6 + ["whim"])),
    }
    original = draw(st.sampled_from([*refs, *refs, "invoice:1/99"]))
    amount = _amount(draw(st.integers(0, 2500)))
    match draw(st.sampled_from(["whole", "amount", "amount", "line", "both", "credit", "gift"])):
        case "whole":
            row |= {"original": original}
        case "amount":
            row |= {"original": original, "amount": amount}
        case "line":
            line = f"{draw(st.integers(1, 3))}:x{draw(st.integers(1, 2))}"
            row |= {"original": original, "lines": line}
        case "both":
            row |= {"original": original, "receipt": original.replace("invoice", "receipt")}
        case "credit":
            row |= {"kind": "credit", "currency": "ILS", "method": "cash", "amount": amount}
            row |= {"customer_id": draw(st.sampled_from(CUSTOMERS))}
        case _:
            row |= {"kind": "goodwill", "currency": "ILS", "customer_id": "7", "amount": amount}
    return row


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """What is recorded, what was asked before, and a file that is asked for now."""
    books = draw(originals())
    before = draw(st.lists(asked(books), max_size=4))
    odd = garbage(["key", "original", "amount", "lines"])
    file = draw(st.lists(asked(books) | asked(books) | asked(books) | odd, max_size=10))
    return books, before, file


def numbered(rows: list[dict[str, Any]]) -> list[Numbered]:
    """The rows as a file gives them."""
    return [Numbered(number, row) for number, row in enumerate(rows, 1)]
