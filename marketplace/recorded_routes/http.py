"""Routes of what is recorded only (质权转股权、投贷联动、证券化), and of its cash flows."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.reach import REACH
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.plans.schemas import Why
from marketplace.recorded_routes import service
from marketplace.recorded_routes.schemas import (
    FlowIn,
    RecordedRoute,
    RecordedRouteIn,
    RouteDecision,
)

#: Why what changes here reaches over organisations (`edge.reach`).
WHY = "A recorded route moves the bank's case and its claim."
READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.LOANS,),
)


def _step(path: str, role: Role, *, summary: str) -> dict[str, Any]:
    return {
        "path": f"/v1/recorded-routes/{{route_id:uuid}}/{path}",
        "opt": {"policy": allow(role), REACH: WHY},
        "summary": summary,
        "status_code": 200,
    }


@post(
    "/v1/recorded-routes",
    opt={"policy": allow(Role.BANK_MAKER), REACH: WHY},
    summary="Record 登记处置路径",
)
async def propose_recorded_route(
    conn: Conn, caller: Me, now: Now, data: JSONBody[RecordedRouteIn]
) -> Response[RecordedRoute]:
    """Record an equity conversion, investment-loan linkage or securitisation of my consignment."""
    made = await service.propose(conn, caller, data, now=now)
    return Response(made, headers={"Location": f"/v1/recorded-routes/{made.id}"})


@get("/v1/recorded-routes", opt={"policy": READERS}, summary="Recorded routes 登记路径列表")
async def list_recorded_routes(reader: Conn, caller: Me, position: At) -> Page[RecordedRoute]:
    """Those of my bank, at my venue, or all for supervisors; newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda each: each.id)


@get("/v1/recorded-routes/{route_id:uuid}", opt={"policy": READERS}, summary="One 登记路径")
async def get_recorded_route(reader: Conn, caller: Me, route_id: FromPath[UUID]) -> RecordedRoute:
    """A recorded route with its cash flows."""
    return await service.get(reader, caller, route_id)


@post(**_step("decide", Role.BANK_CHECKER, summary="Decide 复核登记路径"))
async def decide_recorded_route(
    conn: Conn, caller: Me, now: Now, route_id: FromPath[UUID], data: JSONBody[RouteDecision]
) -> RecordedRoute:
    """Agree to what was recorded, or not; by another person than its proposer."""
    return await service.decide(conn, caller, route_id, data, now=now)


@post(**_step("flows", Role.BANK_MAKER, summary="Money came in 登记回款"))
async def add_recorded_flow(
    conn: Conn, caller: Me, now: Now, route_id: FromPath[UUID], data: JSONBody[FlowIn]
) -> RecordedRoute:
    """Enter money that came in, once a reference; it is shared as a recovery."""
    return await service.add_flow(conn, caller, route_id, data, now=now)


@post(**_step("end", Role.BANK_CHECKER, summary="End 登记路径终止"))
async def end_recorded_route(
    conn: Conn, caller: Me, now: Now, route_id: FromPath[UUID], data: JSONBody[Why]
) -> RecordedRoute:
    """No more money is expected on this route."""
    return await service.end(conn, caller, route_id, reason=data.reason, now=now)


routes: list[HTTPRouteHandler] = [
    propose_recorded_route,
    list_recorded_routes,
    get_recorded_route,
    decide_recorded_route,
    add_recorded_flow,
    end_recorded_route,
]
