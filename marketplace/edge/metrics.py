"""Counters of requests, by route and never by address: /metrics is for operators."""

import time
from typing import Any

from litestar import Request, Response, get
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from marketplace.edge.policies import allow
from marketplace.organisations.schemas import Role

_REQUESTS = Counter("luochui_http_requests", "Requests answered.", ["method", "route", "status"])
_SECONDS = Histogram(
    "luochui_http_seconds",
    "Time to the first byte of the answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)


class RequestMetrics:
    """Middleware that counts answers and their time."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count its answer as it starts."""
        began = time.perf_counter()
        # Every route of ours is HTTP; the default is for the types.
        method, route = str(scope.get("method", "")), scope["path_template"]

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                _REQUESTS.labels(method, route, str(message["status"])).inc()
                _SECONDS.labels(method, route).observe(time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, count)


@get(
    "/metrics",
    opt={"policy": allow(Role.PLATFORM_ADMINISTRATOR, Role.AUDITOR)},
    include_in_schema=False,
)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """All counters of this process, and how far the journal is behind now, in the Prometheus text format.

    Scraped with an API key.
    """
    await request.app.state.resources.measure()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
