"""Settings come from the environment and from flags, are checked, and never show a secret."""

from __future__ import annotations

import getpass
import os
import traceback
from pathlib import Path

import pytest

from refund_adapters.settings import Settings, read_settings
from refund_ledger.errors import InvalidInputError, LedgerError
from refund_ledger.policies import DEFAULT_REASONS

SECRET = "5ecret-t0ken-that-nobody-may-see"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that says nothing yet."""
    for name in [name for name in os.environ if name.startswith("REFUND_LEDGER_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def say(environment: pytest.MonkeyPatch, **variables: str) -> None:
    """Set variables of the ledger."""
    for name, value in variables.items():
        environment.setenv(f"REFUND_LEDGER_{name}", value)


def test_the_defaults_are_a_file_in_this_folder_and_the_user_of_this_machine() -> None:
    settings = read_settings()

    assert (settings.store, settings.company) == ("sqlite:///refunds.db", "main")
    assert settings.who == getpass.getuser()
    assert settings.terms().reasons == DEFAULT_REASONS
    assert settings.rhythm().send_window == 10.0


def test_flags_win_over_the_environment(environment: pytest.MonkeyPatch) -> None:
    say(environment, COMPANY="acme", ACTOR="dana", STORE="memory:")

    settings = read_settings(company="other", actor=None)

    assert (settings.company, settings.who, settings.store) == ("other", "dana", "memory:")


def test_terms_are_read_from_json(environment: pytest.MonkeyPatch) -> None:
    say(environment, REASONS='{"oops": "a slip"}', APPROVAL_ABOVE='{"ILS": "5000.00", "JPY": "9"}')

    terms = read_settings().terms()

    assert terms.reasons == {"oops": "a slip"}
    assert terms.approval_above == {"ILS": 500_000, "JPY": 9}


def test_where_nobody_knows_the_user_an_actor_is_asked_for(
    environment: pytest.MonkeyPatch,
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    environment.setattr(getpass, "getuser", nobody)

    with pytest.raises(InvalidInputError, match="actor: this machine does not know who you are"):
        _ = read_settings().who


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("RIVHIT", "{bad", "REFUND_LEDGER_RIVHIT: expected a JSON object"),
        ("REASONS", "text", "REFUND_LEDGER_REASONS: expected a JSON object"),
        ("STORES", '{"acme": "memory:", "acme": "sqlite:///a.db"}', "STORES: 'acme' is said more"),
        ("RIVHIT", '{"a": {"b": 1, "b": 2}}', "REFUND_LEDGER_RIVHIT: 'b' is said more than once"),
        ("RIVHIT", "[1]", "rivhit: "),
        ("APPROVAL_ABOVE", '{"ILS": 5000}', "approval_above.ILS: "),
        ("SEND_WINDOW", "0", "send_window: "),
        ("SEND_WINDOW", "soon", "send_window: "),
        ("MAX_ATTEMPTS", "21", "max_attempts: "),
        ("RESEND_CANCELS", "always", "'never' or 'after-proof'"),
        ("COMPANY", "", "company: "),
        ("COMPANY", "x" * 61, "company: "),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(
    environment: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    say(environment, **{name: value})

    with pytest.raises(InvalidInputError) as refused:
        read_settings()

    assert sentence in str(refused.value)
    assert ", got" not in str(refused.value)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ('{"ILS": "a lot"}', "approval_above ILS: expected a plain decimal"),
        ('{"ILS": "-1"}', "approval_above ILS: expected zero or more, got '-1'"),
        ('{"QQQ": "1"}', "'QQQ' is not an ISO 4217 code"),
    ],
)
def test_a_limit_that_is_no_amount_is_named(
    environment: pytest.MonkeyPatch, limits: str, sentence: str
) -> None:
    say(environment, APPROVAL_ABOVE=limits)

    with pytest.raises(InvalidInputError, match=sentence):
        read_settings().terms()


# --- the store ------------------------------------------------------------------------------------


def test_a_store_is_a_file_or_memory(tmp_path: Path) -> None:
    read_settings(store="memory:").open_store().close()
    read_settings(store=f"sqlite:///{tmp_path}/refunds.db").open_store().close()

    assert (tmp_path / "refunds.db").is_file()


# --- the accounting system ------------------------------------------------------------------------


def test_the_account_is_built_of_its_settings(environment: pytest.MonkeyPatch) -> None:
    say(environment, COMPANY="acme", RIVHIT_TOKEN=SECRET, RIVHIT='{"call_limit": 5}')

    account = read_settings().rivhit_settings()

    assert (account.company, account.call_limit) == ("acme", 5)
    assert account.token.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("given", "concurrency", "connections"),
    [("{}", 64, 64), ('{"connections": 1}', 8, 8), ('{"connections": 90}', 8, 90)],
)
def test_no_call_waits_for_a_connection_that_another_one_holds(
    environment: pytest.MonkeyPatch, given: str, concurrency: int, connections: int
) -> None:
    say(environment, RIVHIT_TOKEN=SECRET, RIVHIT=given, CONCURRENCY=str(concurrency))

    assert read_settings().rivhit_settings().connections == connections


def test_without_a_token_the_variable_is_named() -> None:
    with pytest.raises(InvalidInputError, match="REFUND_LEDGER_RIVHIT_TOKEN: set it"):
        read_settings().rivhit_settings()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        f"https://user:{SECRET}@example.com",
        f"https://example.com/?token={SECRET}",
    ],
)
def test_an_address_that_would_show_the_token_is_refused(
    environment: pytest.MonkeyPatch, url: str
) -> None:
    say(environment, RIVHIT_TOKEN=SECRET, RIVHIT_URL=url)
    settings = read_settings()

    with pytest.raises(InvalidInputError, match="base_url: ") as refused:
        settings.rivhit_settings()

    assert SECRET not in str(refused.value)
    assert SECRET not in repr(settings)


def test_loopback_needs_no_encryption(environment: pytest.MonkeyPatch) -> None:
    say(environment, RIVHIT_TOKEN=SECRET, RIVHIT_URL="http://127.0.0.1:8769/x/")

    assert read_settings().rivhit_settings().base_url == "http://127.0.0.1:8769/x"


@pytest.mark.parametrize("name", ["token", "company", "base_url"])
def test_what_has_a_variable_of_its_own_is_not_said_inside_json(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    say(environment, RIVHIT_TOKEN=SECRET, RIVHIT=f'{{"{name}": "{SECRET}"}}')

    with pytest.raises(InvalidInputError, match=f"{name}: is said by REFUND_LEDGER_") as refused:
        read_settings().rivhit_settings()

    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "variables",
    [
        {"RIVHIT_TOKEN": SECRET},
        {"RIVHIT_TOKEN": f"{SECRET} "},
        {"RIVHIT_TOKEN": f"{SECRET}\n{SECRET}"},
        {"RIVHIT_TOKEN": SECRET, "RIVHIT": f'{{"api_token": "{SECRET}"}}'},
        {"RIVHIT_TOKEN": SECRET, "RIVHIT": f'{{"call_limit": "{SECRET}"}}'},
        {"RIVHIT_TOKEN": SECRET, "RIVHIT": f'["{SECRET}"]'},
        {"RIVHIT_TOKEN": SECRET, "RIVHIT": f'{{"token": "{SECRET}'},
        {"RIVHIT_TOKEN": SECRET, "RIVHIT": f'{{"time_zone": "{SECRET}"}}'},
        {"RIVHIT_TOKEN": SECRET, "STORE": f"postgresql://dana:{SECRET}@db/refunds"},
    ],
)
def test_no_error_and_no_representation_shows_a_secret(
    environment: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    say(environment, **variables)
    shown = ""
    try:
        settings = read_settings()
        shown = repr(settings) + str(settings)
        shown += repr(settings.rivhit_settings())
        settings.open_store().close()
    except LedgerError as error:
        shown += "".join(traceback.format_exception(error))

    # A time zone is no place for a secret, and its name is what has to be put right.
    if "time_zone" not in variables.get("RIVHIT", ""):
        assert SECRET not in shown


def test_settings_do_not_change_after_they_were_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().company = "other"  # type: ignore[misc]
