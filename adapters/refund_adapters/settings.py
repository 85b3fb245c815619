"""Settings, from the environment (REFUND_LEDGER_...) and from flags, checked before use.

No error and no representation of them repeats what may be a secret.
"""

from __future__ import annotations

import getpass
import json
import re
from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from refund_adapters.companies import Companies
from refund_adapters.dispatch.rhythm import Rhythm
from refund_adapters.fields import short
from refund_adapters.rivhit.settings import LIVE_URL, RivhitSettings
from refund_adapters.store.opening import open_store
from refund_adapters.store.sql_store import SqlStore
from refund_ledger.errors import InvalidInputError
from refund_ledger.inputs import invalid
from refund_ledger.money import to_minor
from refund_ledger.policies import DEFAULT_REASONS, Terms

PREFIX = "REFUND_LEDGER_"
SAID_ELSEWHERE = {"company": "COMPANY", "token": "RIVHIT_TOKEN", "base_url": "RIVHIT_URL"}
"""Settings of the Rivhit adapter that have a variable of their own."""

_WITH_INPUT = re.compile(r", got .*", re.DOTALL)


class _Environment(EnvSettingsSource):
    """The environment, in which an object of JSON says each name once.

    Of a company that is named twice one address would go unread, and nobody would know which.
    """

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ARG002 - as the library has it
        def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            for name, count in Counter(name for name, _ in pairs).items():
                if count > 1:
                    raise InvalidInputError(
                        f"{PREFIX}{field_name.upper()}", f"{short(name)} is said more than once"
                    )
            return dict(pairs)

        return json.loads(value, object_pairs_hook=once)


class Settings(BaseSettings):
    """Everything that differs between two installations."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    company: Annotated[str, Field(min_length=1, max_length=60)] = "main"
    """Names the accounting account; document numbers repeat between companies."""
    store: Annotated[str, Field(repr=False)] = "sqlite:///refunds.db"
    """`sqlite:///FILE` (four slashes for an absolute path), `postgresql://USER@HOST/DATABASE?schema=NAME`,
    or `memory:`."""
    stores: Annotated[dict[str, str], Field(repr=False)] = {}
    """Where each company's store is, a JSON object of addresses; it goes before `store`."""
    actor: Annotated[str, Field(max_length=120)] = ""
    """Who acts; the name of the user of this machine where nothing is said."""
    rivhit_url: Annotated[str, Field(repr=False)] = LIVE_URL
    rivhit_token: SecretStr | None = None
    """The API token; never stored, logged or shown."""
    rivhit: Annotated[dict[str, Any], Field(repr=False)] = {}
    """Further settings of the Rivhit adapter as a JSON object: types, currencies, times."""
    reasons: dict[str, str] = {}
    """The catalogue of reasons as a JSON object, code to meaning; a sensible one by default."""
    approval_above: dict[str, str] = {}
    """Currency to amount: refunds above it need a second person, such as {"ILS": "5000.00"}."""
    resend_cancels: Literal["never", "after-proof"] = "never"
    """Whether a Cancel may be sent again once its absence is proven; otherwise a person decides."""
    send_window: Annotated[float, Field(gt=0, le=300)] = 10.0
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 4
    concurrency: Annotated[int, Field(ge=1, le=64)] = 1
    """How many calls one dispatcher has under way at once."""
    calls_per_second: Annotated[float, Field(gt=0, le=1000)] | None = None
    """How many calls one process makes at most, reads included; no limit where nothing is said."""

    patience: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    """Seconds that a command waits for a server of the store which went away meanwhile."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours stands in its place
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - there is no such file
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nor such a folder
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags go before the environment."""
        return init_settings, _Environment(settings_cls)

    @property
    def who(self) -> str:
        """Who acts, where a command does not say; raises `InvalidInputError` where nobody knows."""
        try:
            return self.actor or getpass.getuser()
        except (KeyError, OSError, ImportError):
            raise InvalidInputError(
                "actor",
                f"this machine does not know who you are; say it with --actor or {PREFIX}ACTOR",
            ) from None

    def terms(self) -> Terms:
        """What the company decided about its refunds."""
        limits = {
            currency: _limit(amount, currency) for currency, amount in self.approval_above.items()
        }
        return Terms(reasons=self.reasons or DEFAULT_REASONS, approval_above=limits)

    def rhythm(self) -> Rhythm:
        """How the dispatcher spends its time."""
        return Rhythm(send_window=self.send_window, max_attempts=self.max_attempts)

    def rivhit_settings(self) -> RivhitSettings:
        """The Rivhit account; raises `InvalidInputError` where no token is set."""
        if self.rivhit_token is None:
            raise InvalidInputError(
                f"{PREFIX}RIVHIT_TOKEN", "set it to the API token of your Rivhit account"
            )
        for name, variable in SAID_ELSEWHERE.items():
            if name in self.rivhit:
                raise InvalidInputError(name, f"is said by {PREFIX}{variable}, not inside RIVHIT")
        given = {
            "company": self.company,
            "token": self.rivhit_token,
            "base_url": self.rivhit_url,
            **self.rivhit,
        }
        try:
            account = RivhitSettings.model_validate(given)
        except ValidationError as error:
            raise _without_input(error) from None
        # A call that waits here for a free connection spends its time, and ends in doubt for it.
        enough = max(account.connections, self.concurrency)
        return account.model_copy(update={"connections": enough})

    def open_store(self) -> SqlStore:
        """Open the company's store; raises `InvalidInputError` or `StoreError`."""
        return open_store(self.address, patience=self.patience)

    @property
    def address(self) -> str:
        """Where the company's store is, by the table of stores or else by the one named."""
        return Companies(self.stores).address(self.company) if self.stores else self.store


def _limit(amount: str, currency: str) -> int:
    field = f"approval_above {currency}"
    limit = to_minor(amount, currency, field=field)
    if limit < 0:
        raise InvalidInputError(field, f"expected zero or more, got {short(amount)}")
    return limit


def read_settings(**flags: Any) -> Settings:
    """Read the environment, with flags before it; raises `InvalidInputError` naming the setting."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise _without_input(error) from None
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))
        name = f"{PREFIX}{named[1].upper()}" if named else "settings"
        raise InvalidInputError(name, 'expected a JSON object such as {"a": "b"}') from None


def _without_input(error: ValidationError) -> InvalidInputError:
    """Say what is wrong with a setting and not what was given, which may be a secret."""
    wrong = invalid(error)
    return InvalidInputError(wrong.field, _WITH_INPUT.sub("", wrong.problem))
