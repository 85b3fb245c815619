"""Identities come from the seed, and mail goes where there is an address."""

from decimal import Decimal
from uuid import UUID

from refund_adapters.sandbox.office import signed
from refund_adapters.sandbox.papers import Customer
from refund_adapters.sandbox.switches import Sign
from support.sandboxes import api, document


def test_identities_are_guids_that_differ_and_repeat_with_the_seed() -> None:
    def drawn() -> list[object]:
        books = api()
        return [books.ok("Document.New", **document())["document_identity"] for _ in range(3)]

    first = drawn()
    assert first == drawn()
    assert len(set(first)) == 3
    assert all(UUID(str(identity)).version == 4 for identity in first)


def test_a_customer_without_an_address_gets_no_mail() -> None:
    books = api()
    books.sandbox.books.customers[5] = Customer(customer_id=5, last_name="x")
    books.invoice(customer_id=5)
    books.invoice(customer_id=5, email_to="other@example.com")
    assert [mail.to for mail in books.sandbox.books.mails] == ["other@example.com"]


def test_only_the_amounts_of_credits_change_their_sign() -> None:
    five = Decimal(5)
    assert signed(-five, Sign.POSITIVE, credit=True) == 5
    assert signed(-five, Sign.NEGATIVE, credit=True) == -5
    assert signed(five, Sign.POSITIVE, credit=False) == 5


def test_a_currency_that_the_company_lacks_is_refused() -> None:
    shekels = api().sandbox.company.currencies[:1]
    books = api(company={"currencies": shekels})
    asked = document({"quantity": 1, "price_mtc": 1}, currency_id=2)
    assert "MTC_CODE_NOT_EXISTS" in books.refused("Document.New", **asked)


def test_a_currency_has_a_rate_of_its_own_where_the_request_names_none() -> None:
    books = api()
    books.invoice({"quantity": 1, "price_mtc": 10}, currency_id=2)
    assert books.sandbox.books.balance(1001) == 37
