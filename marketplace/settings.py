"""The settings of a process: read once, from `LUOCHUI_*` variables and flags; a misspelled one stops the start."""

import difflib
import os
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec

from kit.errors import LuochuiError

PREFIX = "LUOCHUI_"
DurabilityMode = Literal["local", "replicated", "journalled", "journalled+standby", "relaxed"]
_Positive = msgspec.Meta(ge=1)


class SettingsError(LuochuiError):
    """The settings cannot be used. / 配置有误。"""

    code = "settings"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that an operator may choose. Passwords inside URLs never appear in `repr`."""

    database_url: str
    redis_url: str  # the bid engine's server
    queue_url: str | None = (
        None  # the worker's server, another one; None: this process puts nothing there
    )
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8080
    public_origin: str | None = (
        None  # what browsers see, e.g. https://luochui.example; None: http://host:port
    )
    data_dir: str = ".luochui"
    signing_key_path: str | None = None  # 32 bytes, the venue's Ed25519 key
    #: Where the last checkpoints are remembered outside the database, on another disk than it; None: nowhere.
    witness_dir: str | None = None
    durability_mode: DurabilityMode | None = None  # None: local, on a Cluster replicated
    #: What `replicated` may give way to while replicas are away; None: bids are refused meanwhile.
    durability_degrade_to: Literal["journalled"] | None = None
    shards: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 64
    grace_ms: Annotated[int, msgspec.Meta(ge=2000, le=2000)] = (
        2000  # part of the contract, not a choice
    )
    projector_lag_max_ms: Annotated[int, _Positive] = 10_000  # beyond it, not ready
    database_pool_max: Annotated[int, msgspec.Meta(ge=8)] = 16
    database_timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    session_idle_minutes: Annotated[int, _Positive] = 30
    session_hours: Annotated[int, _Positive] = 12
    second_factor_required: Literal["nobody", "staff", "everybody"] = (
        "nobody"  # who can do nothing before theirs is on
    )
    trusted_proxies: str = ""  # addresses and networks whose X-Forwarded-For is believed, by commas
    # tests and rehearsals only: webhooks may go to this machine, by plain http
    webhooks_to_loopback: bool = False
    drain_seconds: Annotated[int, _Positive] = 10
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    failpoints: str | None = None  # tests only; kit.failpoints reads it

    @property
    def origin(self) -> str:
        """Scheme, host and port under which browsers see us, without a slash at the end."""
        return self.public_origin or f"http://{self.host}:{self.port}"

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us by https; then cookies say `Secure` and the site asks for https alone."""
        return self.origin.startswith("https://")

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        for name in ("database_url", "redis_url", "queue_url"):
            shown[name] = _without_password(shown[name])
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def load_settings(environ: Mapping[str, str] = os.environ, **flags: object) -> Settings:
    """The settings from the environment; a flag that is not None wins. Raises SettingsError."""
    given: dict[str, object] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value != ""
    }
    given |= {name: value for name, value in flags.items() if value is not None}
    for name in given.keys() - set(Settings.__struct_fields__):
        near = difflib.get_close_matches(name, Settings.__struct_fields__, n=1)
        hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
        raise SettingsError(
            f"{PREFIX}{name.upper()} is not a setting{hint}",
            f"未知配置项 {PREFIX}{name.upper()}{hint}",
        )
    try:
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_describe(str(error)), f"配置有误：{_describe(str(error))}") from error
    _check_origin(settings.origin)
    return settings


def _describe(message: str) -> str:
    text, _, place = message.partition(" - at `$.")
    if place:
        return f"{PREFIX}{place.rstrip('`').upper()}: {text}"
    if text.startswith("Object missing required field"):
        return f"{PREFIX}{text.split('`')[1].upper()} is not set"
    return text


def _check_origin(origin: str) -> None:
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
        raise SettingsError(
            f"{PREFIX}PUBLIC_ORIGIN: {origin!r} must be scheme and host alone, such as https://luochui.example"
        )


def _without_password(url: str | None) -> str | None:
    if url is None or "@" not in url:
        return url
    parts = urlsplit(url)
    name = parts.username or ""
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(
        (parts.scheme, f"{name}:***@{place}", parts.path, parts.query, parts.fragment)
    )
