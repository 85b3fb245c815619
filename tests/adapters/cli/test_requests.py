"""A refund asked for by flags: once, with every reason, and nothing half-written."""

import pytest

from support.command_line import CASH_SALE, INVOICE, SALE, Terminal

ASK = ("request", "--key", "order-1", "--original", SALE)
WHY = ("--reason", "overcharged")


def test_a_refund_is_asked_for_and_reserved(terminal: Terminal) -> None:
    terminal.originals()

    refund = terminal.asked()

    assert refund["status"] == "in progress"
    assert refund["credited"] == {"amount": "292.50", "currency": "ILS"}
    assert refund["vat"] == {"amount": "42.50", "currency": "ILS"}
    assert refund["paid_back"] == {"amount": "292.50", "currency": "ILS"}
    assert [part["way"] for part in refund["parts"]] == ["cancel", "cancel"]
    assert refund["requested_by"] == "dana"
    assert not refund["repeated"]


def test_people_are_told_what_will_happen(terminal: Terminal) -> None:
    terminal.originals()

    said = terminal.ok(*ASK, *WHY).out

    assert said == (
        "order-1 is in progress: customer 1001, invoice_receipt:2/6923, "
        "292.50 ILS (VAT 42.50 ILS) credited and 292.50 ILS paid back\n"
    )


def test_the_same_key_and_content_again_is_nothing_new(terminal: Terminal) -> None:
    terminal.originals()
    first = terminal.asked()

    again = terminal.asked()

    assert again == {**first, "repeated": True}
    assert "nothing was written" in terminal.ok(*ASK, *WHY).out


def test_the_same_key_with_other_content_is_refused_with_both_digests(terminal: Terminal) -> None:
    terminal.originals()
    first = terminal.asked()

    ended = terminal.run("--json", *ASK, *WHY, "--amount", "10.00")

    assert ended.code == 1
    assert ended.error["kind"] == "key_reused"
    assert ended.error["first_digest"] == first["digest"]
    assert ended.error["second_digest"] != first["digest"]
    assert ended.error["first_digest"][:16] in ended.error["message"]
    assert ended.error["second_digest"][:16] in ended.error["message"]


def test_flags_say_lines_quantities_payments_and_method(terminal: Terminal) -> None:
    terminal.originals()

    refund = terminal.asked(
        "order-1",
        "--line",
        "1:x1",
        "--payment",
        "1:50.00",
        "--pay-back",
        "50.00",
        "--method",
        "bank_transfer",
        "--bank",
        "12",
        "--branch",
        "600",
        "--account",
        "123456",
        "--number",
        "77",
        "--source-account",
        "leumi",
        "--not-returned",
        "--comment",
        "הנחה שסוכמה",
    )

    assert refund["lines"] == [
        {
            "line": 1,
            "net": {"amount": "100.00", "currency": "ILS"},
            "vat": {"amount": "17.00", "currency": "ILS"},
            "quantity": "1",
            "returned": "0",
        }
    ]
    assert refund["payments"] == [{"payment": 1, "amount": "50.00", "currency": "ILS"}]
    assert (refund["method"], refund["source_account"]) == ("bank_transfer", "leumi")
    assert refund["comment"] == "הנחה שסוכמה"


def test_a_goodwill_needs_no_ledger_before_it(terminal: Terminal) -> None:
    asked = terminal.json(
        *("request", "--key", "gift-1", "--kind", "goodwill", "--customer", "1001"),
        *("--currency", "ILS", "--amount", "11.70", "--vat", "1.70", "--reason", "goodwill"),
    )

    assert asked["kind"] == "goodwill"
    assert asked["net"] == {"amount": "10.00", "currency": "ILS"}


def test_a_credit_is_paid_out(terminal: Terminal) -> None:
    terminal.ok(
        *("credit", "grant", "opening-1", "--customer", "1001", "--amount", "50.00"),
        *("--currency", "ILS", "--why", "opening_balance", "--date", "2026-01-01"),
    )

    asked = terminal.json(
        *("request", "--key", "payout-1", "--kind", "credit", "--customer", "1001"),
        *("--currency", "ILS", "--amount", "20.00", "--credit", "grant:opening-1"),
        *("--method", "cash", "--reason", "paid_twice"),
    )

    assert asked["paid_back"] == {"amount": "20.00", "currency": "ILS"}
    assert asked["original"] is None


def test_a_dry_run_of_one_request_writes_nothing(terminal: Terminal) -> None:
    terminal.originals()

    assert "nothing was written" in terminal.ok(*ASK, *WHY, "--dry-run").out
    assert terminal.ok("--json", *ASK, *WHY, "--dry-run").shape["dry_run"] is True

    assert "no refund has the key" in terminal.refused("show", "order-1")
    assert "is not on" in terminal.refused(*ASK, *WHY, "--line", "9", "--dry-run")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--amount", "0"), "amount: "),
        (("--amount", "-5.00"), "amount: "),
        (("--amount", "NaN"), "amount: expected a plain decimal"),
        (("--amount", "Infinity"), "amount: expected a plain decimal"),
        (("--amount", "1e3"), "amount: expected a plain decimal"),
        (("--amount", "1.005"), "amount: 1.005 has more than the 2 places of ILS"),
        (("--amount", "9" * 18), "is too large"),
        (("--amount", "5", "--currency", "QQQ"), "is not an ISO 4217 code"),
        (("--line", "one"), "line: expected a whole number"),
        (("--line", "1:x0"), "quantity"),
        (("--payment", "1:0"), "amount"),
        (("--method", "gold"), "method: "),
        (("--kind", "gift"), "kind: "),
        (("--parts", "some"), "parts: "),
        (("--receipt", SALE), "is not a receipt"),
        (("--receipt", "17"), "receipt: expected kind:series/number"),
        (("--vat", "1"), "vat: follows from the original"),
        (("--credit", "grant:a"), "credits: belong to the refund of a credit"),
        (("--bank", "x"), "bank: expected a whole number"),
        (("--account", "12-34"), "account: "),
        (("--comment", "a\x1b[31mb"), "comment: holds the invisible character U+001B"),
        (("--comment", "line\nbreak"), "comment: holds the invisible character U+000A"),
        (("--comment", "right\u202eleft"), "comment: holds the invisible character U+202E"),
        (("--comment", "x" * 201), "comment: "),
        (("--source-account", "x" * 61), "source_account: "),
        (("--total", "ILS=1.00"), "total: confirms a file"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence_and_leaves_nothing(
    terminal: Terminal, flags: tuple[str, ...], sentence: str
) -> None:
    terminal.originals()

    assert sentence in terminal.refused(*ASK, *WHY, *flags, code=2)

    assert terminal.ok("rebuild").out == "rebuilt from 1 events: equal\n"


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--amount", "292.51"), "only 292.50 ILS is left"),
        (("--amount", "5", "--currency", "USD"), "is in ILS; refund it in that currency"),
        (("--line", "3"), "line 3 is not on"),
        (("--line", "1:x3"), ""),
        (("--payment", "2"), ""),
        (("--reason", "because"), "is not in the catalogue"),
        (("--customer", "1002"), "belongs to customer 1001, not 1002"),
    ],
)
def test_what_is_not_allowed_is_refused_and_leaves_nothing(
    terminal: Terminal, flags: tuple[str, ...], sentence: str
) -> None:
    terminal.originals()

    assert sentence in terminal.refused(*ASK, *WHY, *flags)

    assert terminal.ok("rebuild").out == "rebuilt from 1 events: equal\n"


def test_more_than_is_left_after_another_refund_is_refused(terminal: Terminal) -> None:
    terminal.originals()
    terminal.asked("order-1", "--amount", "200.00")

    assert "only 92.50 ILS is left" in terminal.refused(
        "request", "--key", "order-2", "--original", SALE, *WHY, "--amount", "92.51"
    )


def test_every_reason_is_given_at_once(terminal: Terminal) -> None:
    terminal.originals()

    ended = terminal.run(
        *("--json", *ASK, "--reason", "because", "--customer", "1002", "--line", "9")
    )

    assert ended.code == 1
    assert len(ended.error["reasons"]) >= 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--original", SALE, *WHY), "key: name the request with --key"),
        (("--key", "a", "--original", SALE), "reason: say why with --reason"),
        (("--key", "a", *WHY), "currency: say in which currency"),
        (("--key", "", "--original", SALE, *WHY), "key: "),
        (("--key", "k" * 121, "--original", SALE, *WHY), "key: "),
        (("--key", "a", "--original", "17", *WHY), "original: expected kind:series/number"),
    ],
)
def test_what_is_missing_is_asked_for(
    terminal: Terminal, arguments: tuple[str, ...], sentence: str
) -> None:
    terminal.originals()

    assert sentence in terminal.refused("request", *arguments, code=2)


def test_an_unknown_original_is_imported_first(terminal: Terminal) -> None:
    terminal.originals()

    assert "invoice:1/17 is not recorded; import it first" in terminal.refused(
        "request", "--key", "a", "--original", "invoice:1/17", *WHY
    )


def test_an_unknown_customer_has_no_credit(terminal: Terminal) -> None:
    terminal.originals()

    assert "only 0.00 ILS" in terminal.refused(
        *("request", "--key", "a", "--kind", "credit", "--customer", "404", "--currency", "ILS"),
        *("--amount", "5", "--method", "cash", *WHY),
    )


def test_a_refund_that_needs_a_second_person_says_so(terminal: Terminal) -> None:
    terminal.environment["REFUND_LEDGER_APPROVAL_ABOVE"] = '{"ILS": "100.00"}'
    terminal.originals(CASH_SALE, INVOICE)

    said = terminal.ok(*ASK, *WHY).out

    assert "order-1 is awaiting approval" in said
    assert "292.50 ILS is above the limit of 100.00 ILS" in said


def test_the_catalogue_of_reasons_is_listed(terminal: Terminal) -> None:
    assert "returned_goods   the customer sent goods back" in terminal.ok("reasons").out

    terminal.environment["REFUND_LEDGER_REASONS"] = '{"broken": "it arrived broken"}'

    assert terminal.json("reasons") == {
        "reasons": [{"code": "broken", "meaning": "it arrived broken"}]
    }
