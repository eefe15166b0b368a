"""Routes of kept searches (检索订阅)."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import signed_in
from marketplace.subscriptions import service
from marketplace.subscriptions.schemas import HitList, Subscription, SubscriptionIn


@post("/v1/search-subscriptions", opt={"policy": signed_in()}, summary="Keep a search 订阅检索")
async def keep_search(
    conn: Conn, caller: Me, now: Now, data: JSONBody[SubscriptionIn]
) -> Response[Subscription]:
    """Keep a search: each lot that is published from now on and holds its words is found for my organisation."""
    made = await service.keep(conn, caller, data, now=now)
    return Response(made, headers={"Location": f"/v1/search-subscriptions/{made.id}"})


@get("/v1/search-subscriptions", opt={"policy": signed_in()}, summary="Kept searches 检索订阅列表")
async def list_kept_searches(reader: Conn, caller: Me, position: At) -> Page[Subscription]:
    """The kept searches of my organisation, newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda each: each.id)


@get(
    "/v1/search-subscriptions/{subscription_id:uuid}/hits",
    opt={"policy": signed_in()},
    summary="Found 订阅命中",
)
async def list_hits(reader: Conn, caller: Me, subscription_id: FromPath[UUID]) -> HitList:
    """What a kept search found, newest first."""
    return HitList(items=await service.hits(reader, caller, subscription_id))


@post(
    "/v1/search-subscriptions/{subscription_id:uuid}/end",
    opt={"policy": signed_in()},
    summary="End 停用订阅",
    status_code=200,
)
async def end_kept_search(
    conn: Conn, caller: Me, now: Now, subscription_id: FromPath[UUID]
) -> Subscription:
    """Keep a search no longer; what it found stays."""
    return await service.end(conn, caller, subscription_id, now=now)


routes: list[HTTPRouteHandler] = [keep_search, list_kept_searches, list_hits, end_kept_search]
