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

    async def add(message: Message, _: Scope) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *encoded]

    return add
