"""The one place that wires: settings become resources, resources and rooms become the application."""

import logging
import signal
from collections.abc import Sequence
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import uvicorn
import uvloop
from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

import marketplace
from kit.errors import NotFound
from marketplace.edge.bodies import StrictRequest
from marketplace.edge.dependencies import DEPENDENCIES
from marketplace.edge.documentation import documentation_routes, openapi_config
from marketplace.edge.guards import check_routes, enforce_policy
from marketplace.edge.headers import security_headers
from marketplace.edge.idempotency import Replayed, on_replayed
from marketplace.edge.identity import AnyConnection
from marketplace.edge.metrics import RequestMetrics, metrics
from marketplace.edge.patience import PatientProtocol, open_many_files
from marketplace.edge.policies import public
from marketplace.edge.problems import EXCEPTION_HANDLERS
from marketplace.edge.readiness import healthz, readyz
from marketplace.edge.transactions import AnswerKeeper
from marketplace.pages.serving import show_missing
from marketplace.resources import Resources, open_desk, open_resources
from marketplace.settings import Settings

__all__ = ["Resources", "create_app", "open_desk", "open_resources", "room_routes", "serve"]

BODY_BYTES_MAX = 1024 * 1024
_STATIC = Path(__file__).parent / "static"
_STATIC_NAMES = frozenset(file.name for file in _STATIC.iterdir())


def create_app(
    resources: Resources, *, routes: Sequence[ControllerRouterHandler] | None = None
) -> Litestar:
    """The application with all rooms, or with `routes`. Raises RouteRefused for one that declares too little."""
    app = Litestar(
        route_handlers=[
            healthz,
            readyz,
            metrics,
            *documentation_routes(),
            create_static_files_router(
                "/static",
                directories=[_STATIC],
                guards=[_refuse_unknown_file],
                opt={"policy": public()},
                include_in_schema=False,
            ),
            *(room_routes() if routes is None else routes),
        ],
        state=State({"resources": resources}),
        request_class=StrictRequest,
        guards=[enforce_policy],
        dependencies=DEPENDENCIES,
        middleware=[RequestMetrics, AnswerKeeper],
        exception_handlers={
            **EXCEPTION_HANDLERS,
            NotFoundException: show_missing,
            Replayed: on_replayed,
        },
        before_send=[security_headers(is_https=resources.settings.is_https)],
        openapi_config=openapi_config(metadata.version("luochui")),
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
        debug=False,
    )
    check_routes(app)
    return app


def _refuse_unknown_file(connection: AnyConnection, _: BaseRouteHandler) -> None:
    """No name but ours is looked up: what is no name of a file at all would be an error of the system's."""
    if connection.scope["path"].removeprefix("/static/") not in _STATIC_NAMES:
        raise NotFound


def room_routes() -> list[ControllerRouterHandler]:
    """The routes and pages of every room: a folder with `http.py` or `pages.py` is one, and needs no other entry."""
    found: list[ControllerRouterHandler] = []
    for room in sorted(
        module.name for module in iter_modules(marketplace.__path__) if module.ispkg
    ):
        for name in ("http", "pages"):
            if find_spec(f"marketplace.{room}.{name}") is not None:
                found += import_module(f"marketplace.{room}.{name}").routes
    return found


def serve(settings: Settings) -> None:
    """Answer requests until SIGTERM or SIGINT; then finish what was begun, and let go of everything."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    open_many_files()
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    # The server gives a signal on to these once it has drained; without them it would end us before we let go.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    async with open_resources(settings) as resources:
        config = uvicorn.Config(
            create_app(resources),
            host=settings.host,
            port=settings.port,
            http=PatientProtocol,
            proxy_headers=False,  # nobody's word about addresses is taken (reliability T50)
            server_header=False,
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=settings.drain_seconds,
        )
        await uvicorn.Server(config).serve()
