"""Sealing, keeping a head elsewhere, and verifying with it, as people and pipelines do."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.command_line import CASH_SALE, INVOICE, Terminal
from support.tampering import Specimen


@pytest.fixture
def kept(terminal: Terminal) -> Path:
    """A sealed ledger with an original and a request, and the file its head is kept in."""
    terminal.originals()
    terminal.asked()
    terminal.ok("seal")
    return keep(terminal)


def keep(terminal: Terminal, name: str = "head.json") -> Path:
    """Keep the newest head in a file."""
    return Path(terminal.text(terminal.ok("head").out, name))


def test_sealing_says_how_much_and_what_to_keep(terminal: Terminal) -> None:
    terminal.originals()
    terminal.asked()

    sealed = terminal.json("seal")

    assert (sealed["sealed"], sealed["size"]) == (2, 2)
    assert len(sealed["root"]) == 64
    assert sealed["sealed_at"].endswith("Z")
    again = terminal.ok("seal").out
    assert again.startswith(f"sealed 0 events\nthe tree of 2 events has the root {sealed['root']}")
    assert "refund-ledger head > FILE" in again


def test_a_head_is_one_object_for_people_and_machines(terminal: Terminal, kept: Path) -> None:
    head = json.loads(kept.read_text("utf-8"))

    assert head["refund_ledger_head"] == 1
    assert (head["company"], head["size"]) == ("main", 2)
    assert terminal.json("head") == head


def test_without_a_head_there_is_nothing_to_keep(terminal: Terminal) -> None:
    assert "there is no ledger at" in terminal.refused("head", code=3)
    terminal.originals()
    assert "nothing is sealed yet; run `refund-ledger seal` first" in terminal.refused("head")


def test_a_ledger_without_events_is_intact_and_has_nothing_to_seal(terminal: Terminal) -> None:
    terminal.ok("originals", "import", terminal.rows(name="none.jsonl"))

    sealed = terminal.json("seal")

    assert sealed == {"sealed": 0, "size": 0, "root": None, "sealed_at": None}
    assert terminal.ok("seal").out == "sealed 0 events\n"
    assert "verified 0 events: nothing differs" in terminal.ok("verify").out


def test_what_is_not_sealed_and_not_compared_is_said(terminal: Terminal, kept: Path) -> None:
    terminal.originals(INVOICE)

    without = terminal.ok("verify").out
    assert without.startswith("verified 3 events: nothing differs\n1 of them are not sealed yet;")
    assert "no head from elsewhere was compared" in without

    compared = terminal.ok("verify", "--head", str(kept)).out
    assert "the first 2 events are those whose head was kept elsewhere" in compared
    assert "no head" not in compared

    terminal.ok("seal")
    newer = keep(terminal, "newer.json")
    shape = terminal.json("verify", "--head", str(kept), "--head", str(newer))
    assert shape.pop("root") == json.loads(newer.read_text("utf-8"))["root"]
    assert shape == {
        "intact": True,
        "events": 3,
        "sealed": 3,
        "unsealed": 0,
        "heads": 2,
        "kept_heads": 2,
        "differences": [],
    }


def test_what_differs_is_told_and_ends_with_1(terminal: Terminal, kept: Path) -> None:
    ledger = Specimen(terminal.store)
    ledger.meddle("UPDATE postings SET amount = amount + 1 WHERE kind = 'recorded'")
    ledger.meddle("UPDATE stored_events SET state = x'7b7d' WHERE notification_id = 2")

    ended = terminal.run("verify", "--head", str(kept))

    assert ended.code == 1
    assert ended.out.startswith("verified 2 events: 2 kinds differ\n  changed event: event 1 (")
    assert "at position 2 is not what was saved" in ended.out
    assert "\n  postings: event 1 (original.recorded) of " in ended.out
    assert "the first 2 events" not in ended.out

    machine = terminal.run("--json", "verify")
    assert machine.code == 1
    assert machine.shape["intact"] is False
    changed, postings = machine.shape["differences"]
    assert (changed["kind"], changed["position"], changed["places"]) == ("changed_event", 2, 1)
    assert (postings["kind"], postings["position"], postings["places"]) == ("postings", 1, 1)


def test_nothing_is_sealed_after_an_event_that_was_changed(terminal: Terminal) -> None:
    terminal.originals()
    Specimen(terminal.store).meddle("UPDATE stored_events SET topic = 'original.payed'")

    said = terminal.refused("seal")

    assert "event 1 (original.payed) of " in said
    assert "nothing from it on is sealed. Run `refund-ledger verify`" in said


def test_a_history_written_anew_is_found_by_the_kept_head(terminal: Terminal, kept: Path) -> None:
    ledger = Specimen(terminal.store)
    ledger.take_out(2, with_meaning=True)
    ledger.seal_anew()

    assert terminal.run("verify").code == 0
    ended = terminal.run("verify", "--head", str(kept))
    assert ended.code == 1
    assert "reaches further than the store, which has 1 sealed events" in ended.out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "head: expected the JSON object that `refund-ledger head` prints"),
        ('{"refund_ledger_head": 9}', "refund_ledger_head: expected 1, got 9 (in "),
        ("{HEAD, 'size': 0}", "head: expected the JSON object"),
    ],
)
def test_a_file_that_is_no_head_ends_with_2(
    terminal: Terminal, kept: Path, text: str, sentence: str
) -> None:
    other = terminal.text(text, "other.json")
    said = terminal.refused("verify", "--head", str(kept), "--head", other, code=2)
    assert sentence in said
    assert "other.json" in said


def test_a_file_that_cannot_be_read_ends_with_2(terminal: Terminal, kept: Path) -> None:
    assert "cannot be read: No such file" in terminal.refused("verify", "--head", "no", code=2)
    assert "cannot be read: Is a directory" in terminal.refused("verify", "--head", "/", code=2)
    kept.write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8 text" in terminal.refused("verify", "--head", str(kept), code=2)


def test_the_head_of_another_company_is_no_proof(terminal: Terminal, kept: Path) -> None:
    said = terminal.refused("verify", "--head", str(kept), "--company", "other", code=2)
    assert "is a head of 'main', and this is 'other'" in said


def test_a_store_that_cannot_be_reached_ends_with_3(terminal: Terminal) -> None:
    assert "there is no ledger at" in terminal.refused("verify", code=3)
    assert "there is no ledger at" in terminal.refused("seal", code=3)
    terminal.originals(CASH_SALE)
    with closing(sqlite3.connect(terminal.store)) as connection:
        connection.execute("PRAGMA application_id = 7")
    assert "database of something else" in terminal.refused("verify", code=3)
