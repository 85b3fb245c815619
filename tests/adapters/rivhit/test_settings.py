"""The settings: an address that keeps the token safe, and type numbers of a company."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from refund_adapters.rivhit.settings import LIVE_URL, RivhitSettings, checked_url, is_loopback
from refund_adapters.rivhit.wire import Letter
from refund_ledger.errors import InvalidInputError
from refund_ledger.originals import Half, Kind, Method
from support.rivhits import settings

SECRET = "11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    "url",
    [
        LIVE_URL,
        "https://example.com:8443/api/",
        "http://127.0.0.1:8000/api",
        "http://127.9.9.9/api",
        "http://[::1]:8000/api",
        "http://localhost:8000/api",
    ],
)
def test_https_and_loopback_are_accepted(url: str) -> None:
    assert checked_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.rivhit.co.il/online",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
        "https://",
        "https:///api",
        "https://user:secret@example.com/",
        "https://example.com/?token=1",
        "https://example.com/#x",
        "https://example.com:99999/",
        "https://[::1",
        "https://exa mple.com/",
        "",
    ],
)
def test_an_address_that_would_leak_the_token_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        checked_url(url)
    assert refused.value.field == "base_url"
    assert "secret" not in str(refused.value)


def test_settings_refuse_a_plain_http_address_before_anything_else_happens() -> None:
    with pytest.raises(InvalidInputError, match="unencrypted"):
        settings("http://example.com")


def test_a_name_is_only_loopback_if_it_is_localhost() -> None:
    assert is_loopback("localhost")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("loopback")


@pytest.mark.parametrize(
    "token", ["", "short", "with a space in it", "line\nbreak-line", "עברית עברית"]
)
def test_a_token_that_cannot_be_one_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        settings(token=SecretStr(token))
    assert not token or token not in str(refused.value)


def test_the_token_is_in_no_representation() -> None:
    made = settings(token=SecretStr(SECRET))
    assert SECRET not in repr(made)
    assert SECRET not in str(made)
    assert SECRET not in made.model_dump_json()


def test_no_error_about_another_field_shows_the_token() -> None:
    with pytest.raises(ValidationError) as refused:
        RivhitSettings.model_validate({"company": "", "token": SECRET, "unknown": SECRET})
    assert SECRET not in str(refused.value)


def test_type_numbers_say_what_an_original_is() -> None:
    made = settings(invoice_types=(1, 11))
    assert made.kind_of(Half.DOCUMENT, 11) is Kind.INVOICE
    assert made.kind_of(Half.DOCUMENT, 2) is Kind.INVOICE_RECEIPT
    assert made.kind_of(Half.DOCUMENT, 3) is None
    assert made.kind_of(Half.RECEIPT, 3) is Kind.RECEIPT
    assert made.kind_of(Half.RECEIPT, 2) is Kind.INVOICE_RECEIPT
    assert made.series_of(Kind.INVOICE) == (1, 11)


def test_a_payment_type_that_is_written_is_read_the_same_way() -> None:
    made = settings(payment_types={Method.CASH: 31})
    assert made.method(31) is Method.CASH
    assert made.method(4) is Method.CARD
    assert made.method(3) is None
    assert made.method(None) is None


def test_a_document_without_currency_is_in_the_home_currency() -> None:
    made = settings()
    assert made.currency(None) == made.currency(0) == made.currency(1) == "ILS"
    assert made.currency(2) == "USD"
    assert made.currency(77) is None


def test_the_settle_time_is_the_sum_of_all_that_may_still_happen() -> None:
    made = settings(call_limit=10, abandoned_life=20, lists_lag=30, clock_error=4)
    assert made.settle_seconds == 64


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Asia/Nowhere"),
        ("time_zone", "../etc/passwd"),
        ("home_currency", "XYZ"),
        ("home_currency", "JPY"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_at_the_start(field: str, value: str) -> None:
    with pytest.raises(InvalidInputError):
        settings(**{field: value})


@pytest.mark.parametrize(
    "host",
    ["a..b", ".a", "x" * 64 + ".example", "é" * 70 + ".example", "\u200d.example", "xn--zzzzzz.a"],
)
def test_an_address_whose_server_can_have_no_such_name_is_refused(host: str) -> None:
    with pytest.raises(InvalidInputError, match="base_url: no call can be sent there"):
        checked_url(f"https://{host}/x")


@pytest.mark.parametrize("host", ["a.example.", "bücher.example", "[::1]:8080", "10.0.0.7"])
def test_an_address_whose_server_can_have_such_a_name_is_taken(host: str) -> None:
    assert checked_url(f"https://{host}/x") == f"https://{host}/x"


@given(st.text() | st.text(max_size=80).map("https://{}/x".format))
def test_any_text_is_an_address_that_can_be_called_or_a_clear_refusal(text: str) -> None:
    try:
        url = checked_url(text)
    except InvalidInputError:
        return
    assert url.startswith(("https://", "http://"))
    assert Letter(f"{url}/Document.New", {}, {}).url.host.decode().encode("idna")
