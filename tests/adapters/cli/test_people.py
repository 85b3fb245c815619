"""What people decide about one refund, and what of it is refused."""

import pytest

from refund_adapters.sandbox.core import Sandbox
from support.command_line import SALE, TOO_LONG, Terminal

WAITING = {"REFUND_LEDGER_APPROVAL_ABOVE": '{"ILS": "100.00"}'}
SEEN = ("--seen", "3", "--why", "looked at the books")


def refused_call(online: Terminal, server: Sandbox) -> None:
    """Let the accounting system refuse a refund's first call: the refund waits at version 3."""
    server.faults.script("Document.Cancel", TOO_LONG)
    online.ok("originals", "import", "--invoice-receipt", "6923")
    online.asked()
    assert online.run("dispatch").code == 1


def test_a_second_person_agrees_to_what_was_seen(terminal: Terminal) -> None:
    terminal.environment |= WAITING
    terminal.originals()
    digest = terminal.asked()["digest"]

    approved = terminal.json("approve", "order-1", "--digest", digest[:16], "--actor", "noa")

    assert (approved["status"], approved["approved_by"]) == ("in progress", "noa")
    assert terminal.json("approve", "order-1", "--actor", "noa")["repeated"]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ((), "nobody approves what they asked for themselves"),
        (("--actor", "noa", "--digest", "0" * 64), "look at it again with `show`"),
        (("--actor", "noa", "--digest", "0"), "look at it again with `show`"),
    ],
)
def test_nobody_agrees_alone_or_to_something_else(
    terminal: Terminal, flags: tuple[str, ...], sentence: str
) -> None:
    terminal.environment |= WAITING
    terminal.originals()
    terminal.asked()

    assert sentence in terminal.refused("approve", "order-1", *flags)


def test_a_rejected_request_frees_what_it_held(terminal: Terminal) -> None:
    terminal.environment |= WAITING
    terminal.originals()
    terminal.asked()

    said = terminal.ok("reject", "order-1", "--why", "the goods never came back").out

    assert "order-1 is rejected" in said
    shown = terminal.json("originals", "show", SALE)
    assert shown["sale"]["left"] == {"amount": "292.50", "currency": "ILS"}


def test_a_request_is_withdrawn_while_nothing_was_sent(terminal: Terminal) -> None:
    terminal.originals()
    terminal.asked()

    assert terminal.json("withdraw", "order-1")["status"] == "withdrawn"
    assert "nothing was written" in terminal.ok("withdraw", "order-1").out
    assert "nothing waits for approval" in terminal.refused("approve", "order-1")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("approve", "nothing"), 1, "no refund has the key or the id 'nothing'"),
        (("withdraw", "nothing"), 1, "no refund has the key or the id 'nothing'"),
        (("reject", "order-1", "--why", " "), 1, "say why"),
        (("reject", "order-1", "--why", "no"), 1, "nothing waits for approval"),
        (("resolve", "order-1", "invoice", *SEEN), 2, "decision: say one of"),
        (("resolve", "order-1", "--close", "--send-again", *SEEN), 2, "decision: say one of"),
        (("resolve", "order-1", "invoice", "--close", *SEEN), 2, "part: the whole refund"),
        (("resolve", "order-1", "half", "--send-again", *SEEN), 2, "part: expected invoice or"),
        (("resolve", "order-1", "--send-again", *SEEN), 2, "part: expected invoice or receipt"),
        (("acknowledge", "order-1", "half", "3/1", "--why", "a"), 2, "part: expected"),
        (("acknowledge", "order-1", "invoice", "3", "--why", "a"), 2, "document: expected"),
        (("acknowledge", "order-1", "invoice", "3/1", "--why", "a"), 1, "there is no alert"),
    ],
)
def test_a_decision_that_cannot_be_made_is_refused(
    terminal: Terminal, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    terminal.environment["REFUND_LEDGER_RIVHIT_TOKEN"] = "a-token-of-any-kind"
    terminal.originals()
    terminal.asked()

    assert sentence in terminal.refused(*arguments, code=code)


def test_a_refused_call_is_sent_again_on_a_persons_word(online: Terminal, server: Sandbox) -> None:
    refused_call(online, server)

    assert online.json("resolve", "order-1", "invoice", "--send-again", *SEEN)["version"] == 4
    online.ok("dispatch")

    assert online.json("show", "order-1")["refund"]["status"] == "completed"


def test_a_refund_that_will_not_be_finished_is_closed(online: Terminal, server: Sandbox) -> None:
    refused_call(online, server)

    assert online.json("resolve", "order-1", "--close", *SEEN)["status"] == "closed"

    assert online.ok("pending").out == "nothing waits\n"
    assert online.ok("rebuild").out.endswith("equal\n")


def test_a_decision_on_an_older_look_is_refused(online: Terminal, server: Sandbox) -> None:
    refused_call(online, server)

    assert "has moved from version 2 to 3" in online.refused(
        "resolve", "order-1", "invoice", "--send-again", "--seen", "2", "--why", "a"
    )


def test_a_document_that_is_not_there_did_not_happen(online: Terminal, server: Sandbox) -> None:
    refused_call(online, server)
    happened = ("resolve", "order-1", "invoice", "--happened")

    assert "does not exist" in online.refused(*happened, "3/99999", *SEEN)
    assert "document: expected" in online.refused(*happened, "three", *SEEN, code=2)


def test_without_the_accounting_system_a_decision_waits(online: Terminal, server: Sandbox) -> None:
    refused_call(online, server)
    online.environment |= {
        "REFUND_LEDGER_RIVHIT_URL": "http://127.0.0.1:9",
        "REFUND_LEDGER_RIVHIT": '{"read_attempts": 1}',
    }

    assert "did not answer" in online.refused(
        "resolve", "order-1", "invoice", "--happened", "3/800", *SEEN, code=3
    )
