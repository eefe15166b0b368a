"""Whence a registration comes: the visitor's network, also behind the operator's proxy (domain 1.6, MON-07)."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.testing import RequestFactory

from marketplace.bidders.origins import origin
from marketplace.edge import identity
from marketplace.edge.identity import Identity
from marketplace.organisations.schemas import SYSTEM_CALLER

_BROWSER = {"user-agent": "a browser"}


def request_from(peer: str, *forwarded: str, key: bool = False) -> Request[Any, Any, Any]:
    """A request of a signed-in browser, or by an API key, to an application behind 1.1.1.0/24 and 10.0.0.0/8."""
    settings = SimpleNamespace(trusted_proxies="1.1.1.0/24,10.0.0.0/8")
    app = Litestar(state=State({"resources": SimpleNamespace(settings=settings)}))
    headers = _BROWSER | ({"x-forwarded-for": ", ".join(forwarded)} if forwarded else {})
    request = RequestFactory(app=app).post("/", headers=headers)
    request.scope["client"] = (peer, 1)
    one = UUID(int=1)
    shown = Identity(
        caller=SYSTEM_CALLER, session_id=None if key else one, api_key_id=one if key else None
    )
    request.scope[identity._SCOPE_KEY] = shown  # type: ignore[literal-required]  # the edge's own key beside ASGI's
    return request


@pytest.mark.parametrize("proxy", ["1.1.1.7", "10.0.0.7"])
def test_two_behind_one_proxy_are_told_apart_by_their_own_networks(proxy: str) -> None:
    """A public proxy makes nobody one with anybody, and one in the house hides nobody."""
    one, same, other = [
        origin(request_from(proxy, address)) for address in ("8.8.4.4", "8.8.4.9", "9.9.9.9")
    ]
    assert one is not None
    assert one == same == origin(request_from("8.8.4.5"))
    assert other not in (None, one)


def test_what_a_visitor_says_of_itself_is_not_believed() -> None:
    """Nor does a program's key tell where anybody sits, nor the house's own network."""
    assert origin(request_from("8.8.4.4", "9.9.9.9")) == origin(request_from("8.8.4.4"))
    assert origin(request_from("8.8.4.4", key=True)) is None
    assert origin(request_from("10.0.0.7", "192.168.1.1")) is None
