"""Credit that was granted elsewhere is recorded once, and becomes less once."""

import pytest

from support.command_line import INVOICE, Terminal

GRANT = ("credit", "grant", "opening-1", "--customer", "1001", "--currency", "ILS")
OPENING = ("--why", "opening_balance", "--date", "2026-01-01")
REDUCE = ("credit", "reduce", "opening-1")


def credit(terminal: Terminal) -> str:
    (balance,) = terminal.json("balance", "--customer", "1001")["balances"]
    amount = balance["credit"]["amount"]
    assert isinstance(amount, str)
    return amount


def test_a_credit_is_granted_once(terminal: Terminal) -> None:
    first = terminal.json(*GRANT, *OPENING, "--amount", "50.00")
    again = terminal.json(*GRANT, *OPENING, "--amount", "50.00")

    assert first == {"reference": "opening-1", "outcome": "granted"}
    assert again == {"reference": "opening-1", "outcome": "known"}
    assert credit(terminal) == "50.00"


def test_the_same_reference_with_another_amount_is_refused(terminal: Terminal) -> None:
    terminal.ok(*GRANT, *OPENING, "--amount", "50.00")

    assert "was used before with other content" in terminal.refused(
        *GRANT, *OPENING, "--amount", "51.00"
    )


def test_a_credit_note_names_its_document_and_serves_once(terminal: Terminal) -> None:
    note = ("--why", "credit_note", "--date", "2026-01-01", "--amount", "5.00")
    terminal.ok(*GRANT, *note, "--document", "3/481", "--comment", "זיכוי")

    other = tuple("opening-2" if word == "opening-1" else word for word in GRANT)

    assert "document 3/481 is already taken" in terminal.refused(
        *other, *note, "--document", "3/481"
    )
    terminal.ok(*other, *note, "--document", "3/482")


def test_a_credit_becomes_less_once(terminal: Terminal) -> None:
    terminal.ok(*GRANT, *OPENING, "--amount", "50.00")
    less = (*REDUCE, "--amount", "20.00", "--why", "expired", "--key", "expiry-1")

    assert terminal.json(*less)["outcome"] == "reduced"
    assert terminal.json(*less)["outcome"] == "known"

    assert credit(terminal) == "30.00"
    assert "nothing was written" in terminal.ok(*less).out


def test_a_credit_pays_a_sale(terminal: Terminal) -> None:
    terminal.originals(INVOICE)
    terminal.ok(*GRANT, *OPENING, "--amount", "50.00")

    terminal.ok(
        *(*REDUCE, "--amount", "50.00", "--why", "used_on_sale", "--sale", "invoice:1/17"),
        *("--key", "use-1"),
    )

    (balance,) = terminal.json("balance")["balances"]
    assert balance["open"] == {"amount": "242.50", "currency": "ILS"}
    assert balance["credit"] == {"amount": "0.00", "currency": "ILS"}


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((*GRANT, *OPENING, "--amount", "0"), 2, "amount: "),
        ((*GRANT, *OPENING, "--amount", "1.234"), 2, "amount: 1.234 has more than"),
        ((*GRANT, "--why", "luck", "--date", "2026-01-01", "--amount", "1"), 2, "why: "),
        ((*GRANT, "--why", "overpayment", "--date", "soon", "--amount", "1"), 2, "granted_on: "),
        ((*GRANT, *OPENING, "--amount", "1", "--document", "three"), 2, "document: expected"),
        ((*REDUCE, "--amount", "1", "--why", "luck", "--key", "a"), 2, "why: expected one of"),
        ((*REDUCE, "--amount", "0", "--why", "expired", "--key", "a"), 2, "amount: "),
        (
            ("credit", "reduce", "other", "--amount", "1", "--why", "expired", "--key", "a"),
            1,
            "no credit was granted under 'other'",
        ),
        ((*REDUCE, "--amount", "1", "--why", "used_on_sale", "--key", "a"), 1, "name the sale"),
    ],
)
def test_what_cannot_be_recorded_is_said(
    terminal: Terminal, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    terminal.ok(*GRANT, *OPENING, "--amount", "50.00")

    assert sentence in terminal.refused(*arguments, code=code)

    assert credit(terminal) == "50.00"
