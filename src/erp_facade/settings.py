"""The facade's configuration: one YAML file, overridden by environment variables `ERP_FACADE_…`.

Unknown keys are refused and every problem is reported at once. Secrets come from the environment or from files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


class SettingsError(Exception):
    """The configuration cannot be used; `problems` names every reason with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the configuration cannot be used:\n" + "\n".join(f"  - {p}" for p in problems))
        self.problems = problems


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name} is not an IANA time zone") from error
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]


def _host_and_port(address: str) -> str:
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65_535:
        raise ValueError(f"{address} is not host:port with a port of at most 65535")
    return address


Address = Annotated[str, AfterValidator(_host_and_port)]


def _file_url(url: str) -> str:
    # The URL is not repeated: one of a database server holds a password.
    path = url.removeprefix("sqlite:///")
    if path == url or not path or path.startswith((":memory:", "?")):
        raise ValueError("the store must be a file: sqlite:///path")
    return url


class Section(BaseModel):
    """A part of the configuration: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Listen(Section):
    """Where the servers listen, as host:port; port 0 takes a free one. Loopback unless tokens are configured."""

    grpc: Address = "127.0.0.1:50051"
    http: Address = "127.0.0.1:8080"


class Token(Section):
    """A client and the SHA-256 of its bearer token, in hexadecimal."""

    client: str = Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    roles: frozenset[Literal["caller", "admin"]] = frozenset({"caller"})
    requests_per_second: int | None = Field(default=None, ge=1)


class Plant(Section):
    """A site that ships; dates of its lines are local to its time zone."""

    time_zone: Zone = "UTC"


class BusinessUnit(Section):
    """A selling unit that callers know; dates of document headers are local to its time zone."""

    time_zone: Zone = "UTC"
    currencies: frozenset[str] = Field(min_length=1)
    plants: dict[str, Plant] = Field(min_length=1)


class KeyRuleSettings(Section):
    """How one kind of key is translated: exactly one of the rules, identity when none is named."""

    table: Path | None = None
    """A CSV file with the columns `key` and `erp_key`."""
    map: dict[str, str] | None = None
    zero_pad: int | None = Field(default=None, ge=1, le=40)
    prefix: str = ""

    @model_validator(mode="after")
    def _one_rule(self) -> KeyRuleSettings:
        named = [n for n in ("table", "map", "zero_pad") if getattr(self, n) is not None]
        if len(named) > 1:
            raise ValueError(f"only one of {', '.join(named)} can be given")
        if self.prefix and self.zero_pad is None:
            raise ValueError("prefix goes with zero_pad")
        return self


class CrossReferenceSettings(Section):
    """The cross-reference of one backend, by kind of key."""

    customer: KeyRuleSettings = KeyRuleSettings()
    product: KeyRuleSettings = KeyRuleSettings()
    plant: KeyRuleSettings = KeyRuleSettings()
    unit: KeyRuleSettings = KeyRuleSettings()


class BackendSettings(Section):
    """A configured ERP: the adapter's name, its own settings, and the cross-reference."""

    adapter: str
    settings: dict[str, Any] = {}
    cross_reference: CrossReferenceSettings = CrossReferenceSettings()


class StoreSettings(Section):
    """The facade's own store."""

    url: Annotated[str, AfterValidator(_file_url)] = "sqlite:///var/erp-facade.db"


class LimitSettings(Section):
    """What one process takes at a time."""

    concurrent_calls: int = Field(default=1000, ge=1)
    call_seconds: float = Field(default=9.5, gt=0, le=120)
    """Deadline of a call that names none, and the longest that a CreateOrder waits for the booking."""
    create_wait_seconds: float = Field(default=5.0, ge=0, le=60)
    price_validity_seconds: float = Field(default=900, gt=0)


class DualRunSettings(Section):
    """How much the shadow may use."""

    deadline_seconds: float = Field(default=5.0, gt=0)
    in_flight: int = Field(default=8, ge=1)
    queue: int = Field(default=1000, ge=1)
    sync_lag_seconds: float = Field(default=0.5, ge=0)


class DispatchSettings(Section):
    """How orders are sent."""

    workers: int = Field(default=32, ge=1)
    attempt_seconds: float = Field(default=30.0, gt=0, le=60)
    """Shorter than a lease, which an attempt must not outlast."""
    booking_horizon_seconds: float = Field(default=86_400, gt=0)
    key_retention_days: int = Field(default=400, ge=1)
    possible_duplicate_hours: int = Field(default=24, ge=0)
    first_reference_number: int = Field(default=1, ge=1)
    """Where numeric references start: above every number that the ERP's interface has seen."""


class LogSettings(Section):
    """Where log lines go and from which level on."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    file: Path | None = None
    """Standard error when absent."""


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix="ERP_FACADE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    listen: Listen = Listen()
    tokens: tuple[Token, ...] = ()
    deployment_key: SecretStr | None = Field(default=None, min_length=16)
    """Makes references and page tokens; kept beside the store when absent."""
    business_units: dict[str, BusinessUnit] = Field(min_length=1)
    units: frozenset[str] = frozenset({"EA"})
    backends: dict[str, BackendSettings] = Field(min_length=1)
    routes_file: Path | None = None
    """Rows for the first start, when the store has none."""
    store: StoreSettings = StoreSettings()
    limits: LimitSettings = LimitSettings()
    dual_run: DualRunSettings = DualRunSettings()
    dispatch: DispatchSettings = DispatchSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment override the file."""
        return env_settings, init_settings

    @model_validator(mode="after")
    def _one_client_for_a_token(self) -> Settings:
        clients: dict[str, str] = {}
        for token in self.tokens:
            other = clients.setdefault(token.sha256, token.client)
            if other != token.client:
                raise ValueError(f"tokens: {other} and {token.client} have the same token")
        return self

    @model_validator(mode="after")
    def _loopback_without_tokens(self) -> Settings:
        if self.tokens:
            return self
        for name in ("grpc", "http"):
            host = getattr(self.listen, name).rpartition(":")[0]
            if host not in ("127.0.0.1", "localhost", "[::1]"):
                raise ValueError(f"listen.{name} is {host}: without tokens only loopback may listen")
        return self


def load_settings(path: Path) -> Settings:
    """Read the configuration file; raise SettingsError with every problem."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{path} cannot be read: {error.strerror}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path} is not YAML: {error}"]) from error
    if not isinstance(content, Mapping):
        raise SettingsError([f"{path} holds no keys"])
    return settings_from(content, base=path.parent)


def settings_from(content: Mapping[str, Any], *, base: Path) -> Settings:
    """Return the configuration of a mapping; relative paths are taken from `base`."""
    try:
        settings = Settings(**_absolute(content, base))
    except ValidationError as error:
        raise SettingsError([f"{_place(e['loc'])}: {e['msg']}" for e in error.errors()]) from error
    return settings


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "configuration"


def _absolute(content: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """Return the content with the paths that it names made absolute."""

    def fix(value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping):
            return {k: fix(v, str(k)) for k, v in value.items()}
        if key in ("table", "routes_file", "file") and isinstance(value, str):
            return str((base / value).resolve())
        if (
            key == "url"
            and isinstance(value, str)
            and value.startswith("sqlite:///")
            and value[10:11] not in ("/", ":")
        ):
            return f"sqlite:///{(base / value[10:]).resolve()}"
        return value

    return {k: fix(v, str(k)) for k, v in content.items()}
