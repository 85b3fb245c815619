"""One refund's whole story, for people and for machines."""

from support.command_line import SALE, Terminal


def test_a_story_tells_who_when_what_and_every_call(online: Terminal) -> None:
    online.ok("originals", "import", "--invoice-receipt", "6923")
    online.asked("order-1", "--comment", "הלקוחה החזירה")
    online.ok("dispatch")

    told = online.ok("show", "order-1").out

    assert told.startswith("order-1 is completed (version 6, id ")
    assert "  reason overcharged: הלקוחה החזירה\n" in told
    assert "asked by dana at 2" in told
    assert "Document.Cancel" in told
    assert '"document_number":6923' in told
    assert "Every part is booked; the refund is complete" in told
    assert "debit +" not in told


def test_a_story_shows_what_each_event_posts(terminal: Terminal) -> None:
    terminal.originals()
    terminal.asked()

    told = terminal.ok("show", "order-1", "--postings").out

    assert f"-292.50  ILS   refundable/{SALE}/payment/1" in told
    (event,) = terminal.json("show", "order-1", "--postings")["story"]
    (posting,) = [one for one in event["postings"] if one["item"] == "payment/1"]
    assert posting == {
        "account": "refundable",
        "subject": SALE,
        "refund": None,
        "customer_id": None,
        "item": "payment/1",
        "amount": "-292.50",
        "unit": "ILS",
    }


def test_a_story_is_found_by_key_and_by_id(terminal: Terminal) -> None:
    terminal.originals()
    refund = terminal.asked()

    by_key, by_id = terminal.json("show", "order-1"), terminal.json("show", refund["id"])

    assert by_key == by_id
    assert by_key["refund"]["digest"] == refund["digest"]
    assert "no refund has the key or the id" in terminal.refused("show", "other")


def test_why_a_second_person_has_to_agree_is_told(terminal: Terminal) -> None:
    terminal.environment["REFUND_LEDGER_APPROVAL_ABOVE"] = '{"ILS": "100.00"}'
    terminal.originals()
    terminal.asked()
    assert "a second person has to agree: 292.50 ILS is above" in terminal.ok("show", "order-1").out

    terminal.ok("approve", "order-1", "--actor", "noa")

    assert ", approved by noa" in terminal.ok("show", "order-1").out
