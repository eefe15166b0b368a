"""Who is calling: found out once a request, by whatever the request shows (session cookie or API key)."""

from datetime import datetime
from typing import Any, Protocol, cast
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection

from kit.errors import LuochuiError
from marketplace.organisations.schemas import Caller

AnyConnection = ASGIConnection[Any, Any, Any, Any]

_SCOPE_KEY = "luochui.identity"


class Unauthenticated(LuochuiError):
    """Sign in, or send a valid API key. / 请先登录，或提供有效的 API 密钥。"""

    code = "unauthenticated"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A caller, and what proved it. `form_token` must come back with every HTML form of the session.

    With `lacks_second_factor` the caller has no roles until they turn theirs on.
    """

    caller: Caller
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    form_token: str | None = None
    lacks_second_factor: bool = False


class Authenticator(Protocol):
    """Tells who shows these credentials."""

    async def by_session(self, token: str, *, now: datetime) -> Identity | None:
        """The identity behind a session token; None if it is unknown, ended or expired."""
        ...

    async def by_api_key(self, key: str, *, now: datetime) -> Identity | None:
        """The identity behind an API key; None if it is unknown, revoked or expired."""
        ...


def cookie_name(public_origin: str) -> str:
    """The session cookie: bound to host and path by its prefix wherever the site is served by https."""
    return "__Host-luochui" if public_origin.startswith("https://") else "luochui"


async def identify(connection: AnyConnection, *, now: datetime) -> Identity | None:
    """The caller's identity, kept in the request; None without credentials or with a dead session.

    A bad API key is an error at once: whoever sends one means to be known.
    """
    resources = connection.app.state.resources
    authenticator: Authenticator = resources.authenticator
    identity: Identity | None = None
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() == "bearer":
            identity = await authenticator.by_api_key(key.strip(), now=now)
        if identity is None:
            raise Unauthenticated(
                "Authorization: the API key is unknown, expired or revoked; send `Bearer lc_live_...`",
                "Authorization：API 密钥无效、已过期或已吊销",
            )
    else:
        token = connection.cookies.get(cookie_name(resources.settings.origin))
        if token:
            identity = await authenticator.by_session(token, now=now)
    connection.scope[_SCOPE_KEY] = identity  # type: ignore[literal-required]  # our own key beside ASGI's
    return identity


def identity_of(connection: AnyConnection) -> Identity | None:
    """What `identify` found earlier in this request."""
    return cast("Identity | None", connection.scope.get(_SCOPE_KEY))
