"""Routes of concentrated auctions (集中拍卖): arranged, published whole, stopped when a debt is covered."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now, Visitor
from marketplace.edge.policies import allow, public
from marketplace.edge.reach import REACH
from marketplace.organisations.schemas import Role
from marketplace.plans.schemas import Why
from marketplace.sessions import service
from marketplace.sessions.schemas import Consent, Session, SessionIn

_OPERATOR = Role.VENUE_OPERATOR
#: Why what changes here reaches over organisations (`edge.reach`).
_WHY = "A session moves the venue's lots and the consignments of their banks."


def _step(path: str, role: Role, *, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/auction-sessions/{{auction_session_id:uuid}}/{path}",
        "opt": {"policy": allow(role), REACH: _WHY},
        "summary": summary,
        "status_code": 200,
    }


@post(
    "/v1/auction-sessions",
    opt={"policy": allow(_OPERATOR), REACH: _WHY},
    summary="Arrange 编排专场",
)
async def draft_auction_session(
    conn: Conn, caller: Me, now: Now, data: JSONBody[SessionIn]
) -> Response[Session]:
    """Arrange drafted lots: they open together and close one after the other; what must not be split is in one lot."""
    made = await service.draft(conn, caller, data, now=now)
    return Response(made, headers={"Location": f"/v1/auction-sessions/{made.id}"})


@get("/v1/auction-sessions", opt={"policy": public()}, summary="Sessions 专场列表")
async def list_auction_sessions(reader: Conn, visitor: Visitor, position: At) -> Page[Session]:
    """Published sessions, and my venue's drafts; newest first, without their lots."""
    found = await service.page(reader, visitor, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda each: each.id)


@get(
    "/v1/auction-sessions/{auction_session_id:uuid}",
    opt={"policy": public()},
    summary="A session 专场",
)
async def get_auction_session(
    reader: Conn, visitor: Visitor, auction_session_id: FromPath[UUID]
) -> Session:
    """A session with its lots in the order in which they close."""
    return await service.get(reader, visitor, auction_session_id)


@post(**_step("publish", Role.VENUE_CHECKER, summary="Publish 发布专场"))
async def publish_auction_session(
    conn: Conn, caller: Me, now: Now, auction_session_id: FromPath[UUID]
) -> Session:
    """Publish every lot, or none; by another person than who arranged them."""
    return await service.publish(conn, caller, auction_session_id, now=now)


@post(**_step("withdraw", _OPERATOR, summary="Give up 撤销专场"))
async def withdraw_auction_session(
    conn: Conn, caller: Me, now: Now, auction_session_id: FromPath[UUID], data: JSONBody[Why]
) -> Session:
    """Give an unpublished session up; its lots stay drafts."""
    return await service.withdraw(conn, caller, auction_session_id, reason=data.reason, now=now)


@post(**_step("consents", _OPERATOR, summary="Consent 债务人同意全部拍卖"))
async def record_session_consent(
    conn: Conn, caller: Me, now: Now, auction_session_id: FromPath[UUID], data: JSONBody[Consent]
) -> Session:
    """Record that a debtor agrees to the sale of everything, although its debt may be covered before the end."""
    return await service.consent(conn, caller, auction_session_id, data, now=now)


routes: list[HTTPRouteHandler] = [
    draft_auction_session,
    list_auction_sessions,
    get_auction_session,
    publish_auction_session,
    withdraw_auction_session,
    record_session_consent,
]
