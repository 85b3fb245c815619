"""What was made outside is recorded once, and what has no place is explained once."""

from support.command_line import SALE, Terminal

NOTE = ("outside", "record", "invoice", "3/900", "--customer", "1001", "--currency", "ILS")
ON = ("--date", "2026-03-01")
EXPLAIN = ("discrepancy", "explain", "invoice", "3/900", "--why", "noa called", "--key", "a")


def test_a_credit_note_made_outside_is_recorded_once(terminal: Terminal) -> None:
    terminal.originals()
    whole = (*NOTE, *ON, "--amount", "58.50", "--original", SALE, "--item", "2:58.50:x1")

    assert terminal.json(*whole) == {"part": "invoice", "name": "3/900", "outcome": "recorded"}
    assert terminal.json(*whole)["outcome"] == "known"
    assert "document 3/900 was recorded before with" in terminal.refused(
        *NOTE, *ON, "--amount", "58.51", "--original", SALE
    )

    (balance,) = terminal.json("balance", "--customer", "1001")["balances"]
    assert balance["credit"]["amount"] == "58.50"
    shown = terminal.json("originals", "show", SALE)
    assert "59" not in str(shown["sale"]["left"])
    assert shown["sale"]["left"]["amount"] == "234.00"
    assert "nothing was written" in terminal.ok(*whole).out


def test_money_that_went_back_by_hand_says_from_where(terminal: Terminal) -> None:
    terminal.originals()
    terminal.ok(
        *("outside", "record", "receipt", "1/90", "--customer", "1001", "--currency", "ILS"),
        *(*ON, "--amount", "10.00", "--original", SALE, "--item", "1:10.00"),
        *("--source-account", "till", "--from", "the bank", "--comment", "by hand"),
    )

    (line,) = terminal.json("statement", "--customer", "1001", "--currency", "ILS")["lines"]
    assert "read from the bank, pays back 10.00 ILS of invoice-receipt 2/6923" in line["what"]


def test_what_nobody_knows_waits_until_it_is_explained(terminal: Terminal) -> None:
    terminal.originals()
    terminal.ok(*NOTE, *ON, "--amount", "40.00", "--vat", "5.81")

    (waiting,) = terminal.json("pending")["pending"]
    assert (waiting["status"], waiting["document"]) == ("unexplained", "document 3/900")
    assert (waiting["refund"], waiting["key"], waiting["part"]) == (None, None, "invoice")
    assert "document 3/900" in terminal.ok("pending").out
    assert "`discrepancy explain invoice 3/900`" in waiting["what_to_do"]

    told = (*EXPLAIN, "--how", "written_off", "--amount", "15.00")
    assert terminal.json(*told) == {"part": "invoice", "name": "3/900", "outcome": "explained"}
    assert terminal.json(*told)["outcome"] == "known"
    rest = ("discrepancy", "explain", "invoice", "3/900", "--why", "agreed", "--key", "b")
    terminal.ok(*rest, "--how", "belongs_elsewhere", "--original", SALE)

    assert terminal.ok("pending").out == "nothing waits\n"
    (balance,) = terminal.json("balance")["balances"]
    assert balance["credit"]["amount"] == "25.00"
    assert "nothing was written" in terminal.ok(*told).out
    terminal.ok("rebuild")


def test_a_document_that_fitted_is_reversed_as_a_whole(terminal: Terminal) -> None:
    terminal.originals()
    terminal.ok(*NOTE, *ON, "--amount", "30.00", "--original", SALE)
    assert terminal.json("balance")["balances"][0]["credit"]["amount"] == "30.00"

    told = (*EXPLAIN, "--how", "reversed", "--by", "3/901")
    assert "as a whole" in terminal.refused(*told, "--amount", "15.00")
    assert terminal.json(*told)["outcome"] == "explained"
    assert terminal.json(*told)["outcome"] == "known"

    assert terminal.json("balance")["balances"] == []
    assert "292.50" in terminal.ok("originals", "show", SALE).out
    assert "30.00 ILS no longer credit but paid" in terminal.ok("trail", "--original", SALE).out
    terminal.ok("rebuild")


def test_what_was_booked_beyond_an_original_is_explained_by_its_document(
    terminal: Terminal,
) -> None:
    terminal.originals()
    terminal.ok(*NOTE, *ON, "--amount", "300.00", "--original", SALE)

    assert "7.50" in terminal.ok("pending").out
    terminal.ok(*EXPLAIN, "--how", "accepted")
    sale = terminal.json("originals", "show", SALE)["sale"]
    assert (sale["excess"]["amount"], sale["allowed"]["amount"]) == ("0.00", "7.50")
    assert (sale["left"]["amount"], sale["in_flight"]["amount"]) == ("0.00", "0.00")


def test_a_credit_that_was_reduced_too_far_is_explained_by_its_reference(
    terminal: Terminal,
) -> None:
    opening = ("--why", "opening_balance", "--date", "2026-01-01", "--amount", "5.00")
    terminal.ok("credit", "grant", "opening-1", "--customer", "1001", "--currency", "ILS", *opening)
    terminal.ok(
        "credit", "reduce", "opening-1", "--amount", "7.00", "--why", "expired", "--key", "r"
    )

    (waiting,) = terminal.json("pending")["pending"]
    assert waiting["what_to_do"].endswith("`discrepancy explain grant opening-1`")
    told = ("discrepancy", "explain", "grant", "opening-1", "--how", "written_off")
    terminal.ok(*told, "--why", "too small to chase", "--key", "a")
    assert terminal.ok("pending").out == "nothing waits\n"


def test_what_cannot_be_is_refused_in_one_sentence(terminal: Terminal) -> None:
    terminal.originals()
    terminal.ok(*NOTE, *ON, "--amount", "40.00")

    assert "how: expected one of" in terminal.refused(*EXPLAIN, "--how", "magic", code=2)
    assert "reversed_by: name the document" in terminal.refused(
        *EXPLAIN, "--how", "reversed", code=2
    )
    assert "40.00 ILS of document 3/900 is left to explain" in terminal.refused(
        *EXPLAIN, "--how", "accepted", "--amount", "41.00"
    )
    assert "is not recorded here" in terminal.refused(
        *("discrepancy", "explain", "receipt", "3/900", "--why", "x", "--key", "a"),
        *("--how", "accepted"),
    )
