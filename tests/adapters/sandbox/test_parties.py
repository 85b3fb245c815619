"""A paper finds its customer, and may print another name than the card's."""

import pytest

from refund_adapters.sandbox.papers import Customer, Key
from refund_adapters.sandbox.parties import id_number_is_valid
from support.sandboxes import Api, api, document


def known() -> Api:
    books = api()
    cards: dict[int, dict[str, object]] = {
        1: {"id_number": 123456782, "email": "one@example.com"},
        2: {"email": "two@example.com", "acc_ref": "A2"},
        3: {"phone": "03-5550000"},
    }
    for number, more in cards.items():
        card = Customer.model_validate(more | {"customer_id": number, "last_name": "x"})
        books.sandbox.books.customers[number] = card
    return books


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"find_by_id": True, "id_number": 123456782}, 1),
        ({"find_by_mail": True, "email_to": "two@example.com"}, 2),
        ({"find_by_acc_ref": True, "acc_ref": "A2"}, 2),
        ({"find_by_phone": True, "phone": "03-5550000"}, 3),
        (
            {
                "find_by_id": True,
                "id_number": 123456782,
                "find_by_mail": True,
                "email_to": "two@example.com",
            },
            1,
        ),
    ],
)
def test_a_card_is_found_by_what_the_request_allows(asked: dict[str, object], found: int) -> None:
    made = known().ok("Document.New", **document(customer_id=0, **asked))
    assert made["customer_id"] == found


def test_a_card_is_not_found_by_what_the_request_does_not_allow() -> None:
    asked = document(customer_id=0, id_number=123456782, email_to="two@example.com")
    assert "-20" in known().refused("Document.New", **asked)


def test_a_check_makes_no_card() -> None:
    books = known()
    books.ok("Document.New", **document(customer_id=0, create_customer=True, check_only=True))
    assert max(books.sandbox.books.customers) == 1001


def test_the_request_overrides_the_name_on_this_paper_only() -> None:
    books = api()
    books.invoice(last_name="לוי", first_name="דוד")
    assert books.sandbox.books.documents[Key(1, 1)].customer_name == "דוד לוי"
    assert books.sandbox.books.customers[1001].last_name == "כהן"


@pytest.mark.parametrize(("number", "valid"), [(123456782, True), (123456789, False), (0, True)])
def test_an_identity_number_has_a_check_digit(number: int, *, valid: bool) -> None:
    assert id_number_is_valid(number) is valid
