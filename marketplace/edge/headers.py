"""Headers that every answer carries, refusals and files too."""

from collections.abc import Awaitable, Callable

from litestar.types import Message, Scope

_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)


def security_headers(*, is_https: bool) -> Callable[[Message, Scope], Awaitable[None]]:
    """A hook: no script or style but our own files, no framing, no guessing of types, no referrer elsewhere."""
    headers = {
        "content-security-policy": _CONTENT_SECURITY_POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if is_https:
        headers["strict-transport-security"] = "max-age=31536000"
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def add(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        own = list(message["headers"])
        is_api = scope["path"].startswith("/v1")
        if is_api and not any(name.lower() == b"cache-control" for name, _ in own):
            own.append((b"cache-control", b"no-store"))  # answers depend on who asks
        message["headers"] = [*own, *encoded]

    return add
