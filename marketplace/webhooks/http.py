"""Routes of webhooks (回调通知): endpoints, secrets, delivery log, replay."""

from uuid import UUID

from litestar import Response, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Config, Conn, IfMatch, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.versions import etag
from marketplace.organisations.schemas import Role
from marketplace.webhooks import service
from marketplace.webhooks.schemas import (
    Delivery,
    Endpoint,
    EndpointChange,
    EndpointIn,
    EndpointList,
    NewEndpoint,
    Replayed,
    ReplayIn,
    Rotated,
)

#: Who may have their organisation's changes sent out of the house.
KEEPERS = allow(
    Role.BANK_MAKER,
    Role.VENUE_OPERATOR,
    Role.AGENCY_BIDDER,
    Role.FUND_ADMINISTRATOR,
)


@post(
    "/v1/webhooks",
    opt={"policy": KEEPERS, "shown_once": ("secret",)},
    summary="New endpoint 新增回调地址",
)
async def create_endpoint(
    conn: Conn, caller: Me, now: Now, settings: Config, data: JSONBody[EndpointIn]
) -> NewEndpoint:
    """Have my organisation's changes sent to an https address. The secret is shown once: keep it."""
    return await service.create(conn, caller, data, loopback=settings.webhooks_to_loopback, now=now)


@get("/v1/webhooks", opt={"policy": KEEPERS}, summary="Endpoints 回调地址列表")
async def list_endpoints(reader: Conn, caller: Me) -> EndpointList:
    """My organisation's endpoints, with why one is disabled."""
    return EndpointList(items=await service.of_organisation(reader, caller))


@get("/v1/webhooks/{endpoint_id:uuid}", opt={"policy": KEEPERS}, summary="Endpoint 回调地址")
async def get_endpoint(reader: Conn, caller: Me, endpoint_id: FromPath[UUID]) -> Response[Endpoint]:
    """One endpoint."""
    return _tagged(await service.get(reader, caller, endpoint_id))


@patch("/v1/webhooks/{endpoint_id:uuid}", opt={"policy": KEEPERS}, summary="Change 修改回调地址")
async def change_endpoint(
    conn: Conn,
    caller: Me,
    now: Now,
    settings: Config,
    endpoint_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[EndpointChange],
) -> Response[Endpoint]:
    """Another address, other kinds; off, or on again: what waited meanwhile is sent then."""
    changed = await service.change(
        conn,
        caller,
        endpoint_id,
        data,
        version=if_match,
        loopback=settings.webhooks_to_loopback,
        now=now,
    )
    return _tagged(changed)


@post(
    "/v1/webhooks/{endpoint_id:uuid}/rotate",
    opt={"policy": KEEPERS, "shown_once": ("secret",)},
    summary="New secret 更换密钥",
)
async def rotate_secret(conn: Conn, caller: Me, now: Now, endpoint_id: FromPath[UUID]) -> Rotated:
    """A new secret, shown once. For a day messages carry the signatures of the old and the new one."""
    return await service.rotate(conn, caller, endpoint_id, now=now)


@post("/v1/webhooks/{endpoint_id:uuid}/ping", opt={"policy": KEEPERS}, summary="Ping 测试")
async def ping_endpoint(conn: Conn, caller: Me, now: Now, endpoint_id: FromPath[UUID]) -> Replayed:
    """Send a message of kind `ping` to this endpoint."""
    return await service.ping(conn, caller, endpoint_id, now=now)


@post("/v1/webhooks/{endpoint_id:uuid}/replay", opt={"policy": KEEPERS}, summary="Replay 重发")
async def replay_changes(
    conn: Conn, caller: Me, now: Now, endpoint_id: FromPath[UUID], data: JSONBody[ReplayIn]
) -> Replayed:
    """Send one event, or a range of changes, again; each message has the `webhook-id` of its first time."""
    return await service.replay(conn, caller, endpoint_id, data, now=now)


@get(
    "/v1/webhooks/{endpoint_id:uuid}/deliveries",
    opt={"policy": KEEPERS},
    summary="Delivery log 投递记录",
)
async def list_deliveries(
    reader: Conn, caller: Me, position: At, endpoint_id: FromPath[UUID]
) -> Page[Delivery]:
    """The messages to an endpoint, newest first, each with every attempt and its answer."""
    found = await service.deliveries(
        reader, caller, endpoint_id, after=position.after, limit=position.rows
    )
    return page_of(found, position, key=lambda delivery: delivery.id)


def _tagged(endpoint: Endpoint) -> Response[Endpoint]:
    return Response(endpoint, headers={"ETag": etag(endpoint.version)})


routes: list[HTTPRouteHandler] = [
    create_endpoint,
    list_endpoints,
    get_endpoint,
    change_endpoint,
    rotate_secret,
    ping_endpoint,
    replay_changes,
    list_deliveries,
]
