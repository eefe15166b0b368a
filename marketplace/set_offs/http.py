"""Routes of set-offs (以物抵债): proposed, decided by another, disposed of in time."""

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
from marketplace.set_offs import service
from marketplace.set_offs.schemas import Disposal, SetOff, SetOffDecision, SetOffIn

#: Why what changes here reaches over organisations (`edge.reach`).
WHY = "A set-off moves the bank's case and what the venue has on sale."
_MAKER, _CHECKER = allow(Role.BANK_MAKER), allow(Role.BANK_CHECKER)
READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.LOANS,),
)


@post("/v1/set-offs", opt={"policy": _MAKER, REACH: WHY}, summary="Propose a set-off 提请以物抵债")
async def propose_set_off(
    conn: Conn, caller: Me, now: Now, data: JSONBody[SetOffIn]
) -> Response[SetOff]:
    """Propose that my bank takes the rights of an unsold consignment, at the failed round's price at least."""
    made = await service.propose(conn, caller, data, now=now)
    return Response(made, headers={"Location": f"/v1/set-offs/{made.id}"})


@get("/v1/set-offs", opt={"policy": READERS}, summary="Set-offs 以物抵债列表")
async def list_set_offs(reader: Conn, caller: Me, position: At) -> Page[SetOff]:
    """Set-offs of my bank, at my venue, or all for supervisors; newest first."""
    found = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(found, position, key=lambda each: each.id)


@get("/v1/set-offs/{set_off_id:uuid}", opt={"policy": READERS}, summary="A set-off 以物抵债")
async def get_set_off(reader: Conn, caller: Me, set_off_id: FromPath[UUID]) -> SetOff:
    """A set-off with its price, and until when the bank must have disposed of what it took."""
    return await service.get(reader, caller, set_off_id)


@post(
    "/v1/set-offs/{set_off_id:uuid}/decide",
    opt={"policy": _CHECKER, REACH: WHY},
    summary="Decide 复核以物抵债",
    status_code=200,
)
async def decide_set_off(
    conn: Conn, caller: Me, now: Now, set_off_id: FromPath[UUID], data: JSONBody[SetOffDecision]
) -> SetOff:
    """Agree to the price shown, or not; by another person than its proposer. The price counts as recovered."""
    return await service.decide(conn, caller, set_off_id, data, now=now)


@post(
    "/v1/set-offs/{set_off_id:uuid}/disposal",
    opt={"policy": _MAKER, REACH: WHY},
    summary="Disposed of 抵债资产处置",
    status_code=200,
)
async def dispose_set_off(
    conn: Conn, caller: Me, now: Now, set_off_id: FromPath[UUID], data: JSONBody[Disposal]
) -> SetOff:
    """Say how my bank disposed of what it had taken."""
    return await service.dispose(conn, caller, set_off_id, disposal=data.disposal, now=now)


routes: list[HTTPRouteHandler] = [
    propose_set_off,
    list_set_offs,
    get_set_off,
    decide_set_off,
    dispose_set_off,
]
