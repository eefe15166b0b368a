"""When a request had wholly arrived: taken before anything is asked about it, so that our own delays are not its own.

The moment is that of the body's last byte. Taken from the headers, a client could hold its body back, watch what
others do, and still count as early. Source: contracts 1 (ingress).
"""

import asyncio
from contextlib import suppress
from typing import cast

from litestar import Request
from litestar.datastructures import State
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

from kit.clock import monotonic_us

_SCOPE_KEY = "luochui.ingress_us"
_BODY_SECONDS_MAX = 5.0
#: The moment of a body that never came whole: longer ago than anything that is still decided.
_TOO_LATE = -60_000_000


class Ingress:
    """Middleware for routes with a small body: takes the body in, notes the moment, and only then passes it on.

    What is longer than `bytes_max` is passed on as it comes: the route refuses it for its size.
    """

    bytes_max = 16 * 1024

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read ahead to the body's end, stamp, and hand out the same messages again."""
        held: list[HTTPReceiveMessage] = []
        arrived_us = _TOO_LATE
        with suppress(TimeoutError):
            async with asyncio.timeout(_BODY_SECONDS_MAX):
                await self._read_ahead(receive, held)
                arrived_us = monotonic_us()
        scope[_SCOPE_KEY] = arrived_us  # type: ignore[literal-required]  # our own key beside ASGI's
        held.reverse()

        async def again() -> HTTPReceiveMessage:
            return held.pop() if held else cast("HTTPReceiveMessage", await receive())

        await self.app(scope, again, send)

    async def _read_ahead(self, receive: Receive, held: list[HTTPReceiveMessage]) -> None:
        size, is_more = 0, True
        while is_more and size <= self.bytes_max:
            message = cast("HTTPReceiveMessage", await receive())
            held.append(message)
            is_more = message["type"] == "http.request" and message.get("more_body", False)
            size += len(message.get("body", b"")) if message["type"] == "http.request" else 0


def ingress_us(request: Request[object, object, State]) -> int:
    """The moment at which the request had arrived, in microseconds of `kit.clock.monotonic_us`."""
    return cast("int", request.scope[_SCOPE_KEY])  # type: ignore[literal-required]  # as above
