"""Settings, from the environment (REFUND_LEDGER_...) and from flags, checked before anything starts."""

from __future__ import annotations

import getpass
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from refund_adapters.protocol import Rhythm
from refund_adapters.rivhit.settings import LIVE_URL, RivhitSettings
from refund_adapters.store.sqlite import SqliteStore
from refund_ledger.asking import invalid
from refund_ledger.errors import InvalidInputError
from refund_ledger.money import to_minor
from refund_ledger.policies import DEFAULT_REASONS, Terms


class Settings(BaseSettings):
    """Everything that differs between two installations."""

    model_config = SettingsConfigDict(
        env_prefix="REFUND_LEDGER_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    company: Annotated[str, Field(min_length=1, max_length=60)] = "main"
    """Names the accounting account; document numbers repeat between companies."""
    store: str = "sqlite:///refunds.db"
    """`sqlite:///FILE` (four slashes for an absolute path) or `memory:`."""
    actor: Annotated[str, Field(max_length=120)] = ""
    """Who acts; the name of the user of this machine where nothing is said."""
    rivhit_url: str = LIVE_URL
    rivhit_token: SecretStr | None = None
    """The API token; never stored, logged or shown."""
    rivhit: dict[str, Any] = {}
    """Further settings of the Rivhit adapter as a JSON object: types, currencies, times."""
    reasons: dict[str, str] = {}
    """The catalogue of reasons as a JSON object, code to meaning; a sensible one by default."""
    approval_above: dict[str, str] = {}
    """Currency to amount: refunds above it need a second person, such as {"ILS": "5000.00"}."""
    resend_cancels: Literal["never", "after-proof"] = "never"
    """Whether a Cancel may be sent again once its absence is proven; otherwise a person decides."""
    send_window: Annotated[float, Field(gt=0, le=300)] = 10.0
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 4

    @property
    def who(self) -> str:
        """Who acts, where a command does not say."""
        return self.actor or getpass.getuser()

    def terms(self) -> Terms:
        """What the company decided about its refunds."""
        limits = {
            currency: to_minor(amount, currency, field=f"approval_above {currency}")
            for currency, amount in self.approval_above.items()
        }
        return Terms(reasons=self.reasons or DEFAULT_REASONS, approval_above=limits)

    def rhythm(self) -> Rhythm:
        """How the dispatcher spends its time."""
        return Rhythm(send_window=self.send_window, max_attempts=self.max_attempts)

    def rivhit_settings(self) -> RivhitSettings:
        """The Rivhit account; raises `InvalidInputError` where no token is set."""
        if self.rivhit_token is None:
            raise InvalidInputError(
                "REFUND_LEDGER_RIVHIT_TOKEN", "set it to the API token of your Rivhit account"
            )
        given = {
            "company": self.company,
            "token": self.rivhit_token,
            "base_url": self.rivhit_url,
            **self.rivhit,
        }
        try:
            return RivhitSettings.model_validate(given)
        except ValidationError as error:
            raise invalid(error) from None

    def open_store(self) -> SqliteStore:
        """Open the store that the settings name; raises `InvalidInputError` or `StoreError`."""
        if self.store == "memory:":
            return SqliteStore(None)
        scheme, _, path = self.store.partition(":///")
        if scheme != "sqlite" or not path or "?" in path or "#" in path:
            raise InvalidInputError(
                "store", f"expected sqlite:///FILE or memory:, got {self.store!r}"
            )
        return SqliteStore(path)


def read_settings(**flags: Any) -> Settings:
    """Read the environment, with flags before it; raises `InvalidInputError` naming the setting."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise invalid(error) from None
