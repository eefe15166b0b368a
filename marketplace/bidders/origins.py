"""Whence a registration was sent, as far as it tells one bidder from another."""

from typing import Any

from litestar import Request

from marketplace.conflicts.rules import origin_of
from marketplace.edge.addresses import address_of
from marketplace.edge.identity import identity_of


def origin(request: Request[Any, Any, Any]) -> str | None:
    """Network and browser; None where they tell nothing. Behind a listed proxy, the visitor's own network."""
    identity = identity_of(request)
    return origin_of(
        address_of(request),
        request.headers.get("user-agent", ""),
        is_browser=identity is not None and identity.session_id is not None,
    )
