"""The pages of webhooks (回调通知): addresses with their secrets, tests, what was sent and what came back."""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from kit.errors import InvalidInput
from kit.sql import Connection
from marketplace.edge.cursors import Position, page_of
from marketplace.edge.dependencies import At, Config, Conn, Me, Now
from marketplace.edge.policies import POLICY
from marketplace.organisations.schemas import Caller
from marketplace.pages.forms import given
from marketplace.pages.rendering import page
from marketplace.pages.serving import PAGE, form_of, visitor_of
from marketplace.webhooks import service
from marketplace.webhooks.http import KEEPERS
from marketplace.webhooks.rules import ENDPOINTS_MAX
from marketplace.webhooks.schemas import EndpointChange, EndpointIn, EndpointState, Kinds, ReplayIn

_STEPS = {"request_max_body_size": 16 * 1024, **PAGE}
_STATES: Final[dict[str, EndpointState]] = {"on": "enabled", "off": "disabled"}


@get("/webhooks", opt={POLICY: KEEPERS}, **PAGE)
async def endpoints_page(
    request: Request[Any, Any, Any], reader: Conn, caller: Me
) -> Response[str]:
    """The addresses of my organisation, and the form for another one."""
    return page(
        "webhooks.html",
        visitor=visitor_of(request),
        here="/webhooks",
        endpoints=await service.of_organisation(reader, caller),
        endpoints_max=ENDPOINTS_MAX,
    )


@post("/webhooks", opt={POLICY: KEEPERS}, status_code=200, **_STEPS)
async def create_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    settings: Config,
    position: At,
) -> Response[str]:
    """A new address; its secret is shown this once."""
    fields = await form_of(request)
    kinds = kinds_of(fields.pop("kinds", ""))
    wanted = msgspec.structs.replace(given(fields, EndpointIn), kinds=kinds)
    made = await service.create(
        conn, caller, wanted, loopback=settings.webhooks_to_loopback, now=now
    )
    return await _endpoint(request, conn, caller, made.endpoint.id, position, secret=made.secret)


@get("/webhooks/{endpoint_id:uuid}", opt={POLICY: KEEPERS}, **PAGE)
async def endpoint_page(
    request: Request[Any, Any, Any],
    reader: Conn,
    caller: Me,
    position: At,
    endpoint_id: FromPath[UUID],
) -> Response[str]:
    """One address: its state, its forms, and its delivery log, newest first."""
    return await _endpoint(request, reader, caller, endpoint_id, position)


@post("/webhooks/{endpoint_id:uuid}/kinds", opt={POLICY: KEEPERS}, **_STEPS)
async def change_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    settings: Config,
    endpoint_id: FromPath[UUID],
) -> Redirect:
    """Another address or other kinds, or off and on again, over the version that the page showed."""
    fields = await form_of(request)
    version = fields.get("version", "")
    if not (version.isascii() and version.isdigit()):
        raise InvalidInput("version", "load the page again", "请刷新页面")
    if fields.get("turn") in _STATES:
        wanted = EndpointChange(state=_STATES[fields["turn"]])
    else:
        kinds = kinds_of(fields.get("kinds", ""))
        wanted = given({"url": fields.get("url", "")}, EndpointChange)
        wanted = msgspec.structs.replace(wanted, kinds=kinds)
    await service.change(
        conn,
        caller,
        endpoint_id,
        wanted,
        version=int(version),
        loopback=settings.webhooks_to_loopback,
        now=now,
    )
    return _to(endpoint_id)


@post("/webhooks/{endpoint_id:uuid}/rotate", opt={POLICY: KEEPERS}, status_code=200, **_STEPS)
async def rotate_by_form(
    request: Request[Any, Any, Any],
    conn: Conn,
    caller: Me,
    now: Now,
    position: At,
    endpoint_id: FromPath[UUID],
) -> Response[str]:
    """A new secret, shown this once."""
    await form_of(request)
    made = await service.rotate(conn, caller, endpoint_id, now=now)
    return await _endpoint(request, conn, caller, endpoint_id, position, secret=made.secret)


@post("/webhooks/{endpoint_id:uuid}/ping", opt={POLICY: KEEPERS}, **_STEPS)
async def ping_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, endpoint_id: FromPath[UUID]
) -> Redirect:
    """Send a message that says nothing but that it arrived."""
    await form_of(request)
    await service.ping(conn, caller, endpoint_id, now=now)
    return _to(endpoint_id)


@post("/webhooks/{endpoint_id:uuid}/replay", opt={POLICY: KEEPERS}, **_STEPS)
async def replay_by_form(
    request: Request[Any, Any, Any], conn: Conn, caller: Me, now: Now, endpoint_id: FromPath[UUID]
) -> Redirect:
    """Send one message of the log again, or the changes of a range."""
    wanted = given(await form_of(request), ReplayIn)
    await service.replay(conn, caller, endpoint_id, wanted, now=now)
    return _to(endpoint_id)


def kinds_of(text: str) -> list[str]:
    """The kinds of changes that a form names, parted by commas or blanks. Raises InvalidInput."""
    names = text.replace("，", " ").replace(",", " ").split()
    try:
        return msgspec.convert(names, Kinds)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            "kinds",
            "must be kinds of changes, like lot_published",
            "须为变更类型，如 lot_published",
        ) from error


async def _endpoint(
    request: Request[Any, Any, Any],
    conn: Connection,
    caller: Caller,
    endpoint_id: UUID,
    position: Position,
    *,
    secret: str | None = None,
) -> Response[str]:
    found = await service.deliveries(
        conn, caller, endpoint_id, after=position.after, limit=position.rows
    )
    listed = page_of(found, position, key=lambda one: one.id)
    return page(
        "webhook.html",
        visitor=visitor_of(request),
        here="/webhooks",
        endpoint=await service.get(conn, caller, endpoint_id),
        deliveries=listed.items,
        next_cursor=listed.next_cursor,
        secret=secret,
    )


def _to(endpoint_id: UUID) -> Redirect:
    return Redirect(f"/webhooks/{endpoint_id}", status_code=303)


routes: list[HTTPRouteHandler] = [
    endpoints_page,
    create_by_form,
    endpoint_page,
    change_by_form,
    rotate_by_form,
    ping_by_form,
    replay_by_form,
]
