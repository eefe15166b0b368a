"""Routes of pledge registrations (质押)."""

from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, IfMatch, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.versions import etag
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role
from marketplace.pledges import service
from marketplace.pledges.schemas import (
    NewPledge,
    Pledge,
    PledgeChange,
    PledgeMove,
    RankedPledge,
    RecordedChange,
)

_MAKER = allow(Role.BANK_MAKER)
_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.COLLATERAL,),
)


def _tagged(pledge: Pledge, *, status: int = 200) -> Response[Pledge]:
    headers = {"ETag": etag(pledge.version), "Location": f"/v1/pledges/{pledge.id}"}
    return Response(pledge, status_code=status, headers=headers)


@post("/v1/pledges", opt={"policy": _MAKER}, summary="Enter a pledge 登记质押")
async def register_pledge(
    conn: Conn, caller: Me, now: Now, data: JSONBody[NewPledge]
) -> Response[Pledge]:
    """Enter a pledge of my bank."""
    return _tagged(await service.register(conn, caller, data, now=now), status=201)


@get("/v1/pledges", opt={"policy": _READERS}, summary="Pledge registrations 质押列表")
async def list_pledges(reader: Conn, caller: Me, position: At) -> Page[Pledge]:
    """Those that I may see: my bank's, those consigned to my venue, or all for supervisors."""
    rows = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get("/v1/pledges/{pledge_id:uuid}", opt={"policy": _READERS}, summary="One pledge 质押详情")
async def get_pledge(reader: Conn, caller: Me, pledge_id: FromPath[UUID]) -> Response[Pledge]:
    """One pledge that I may see."""
    return _tagged(await service.get(reader, caller, pledge_id))


@post(
    "/v1/pledges/{pledge_id:uuid}/state",
    opt={"policy": _MAKER},
    summary="Move a pledge 变更质押状态",
)
async def move_pledge(
    conn: Conn, caller: Me, now: Now, pledge_id: FromPath[UUID], data: JSONBody[PledgeMove]
) -> Response[Pledge]:
    """Ask for the cancellation (`cancel_pending`), record it (`cancelled`), or its refusal (`registered`)."""
    return _tagged(
        await service.move(conn, caller, pledge_id, data.state, reason=data.reason, now=now)
    )


@post(
    "/v1/pledges/{pledge_id:uuid}/changes",
    opt={"policy": _MAKER},
    summary="Record a registered change 变更登记",
)
async def change_pledge(
    conn: Conn,
    caller: Me,
    now: Now,
    pledge_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[PledgeChange],
) -> Response[Pledge]:
    """What the office changed in the registration: pledgees, shares, amount, or rights released."""
    changed = await service.change(conn, caller, pledge_id, data, version=if_match, now=now)
    return _tagged(changed, status=201)


@get(
    "/v1/pledges/{pledge_id:uuid}/changes",
    opt={"policy": _READERS},
    summary="Changes of a pledge 变更记录",
)
async def list_changes(reader: Conn, caller: Me, pledge_id: FromPath[UUID]) -> list[RecordedChange]:
    """What was changed in a pledge that I may see, oldest first."""
    return await service.changes_of(reader, caller, pledge_id)


@get(
    "/v1/assets/{asset_id:uuid}/pledges",
    opt={"policy": _READERS},
    summary="Pledges over a right, by rank 某权利的质押顺位",
)
async def list_ranked(reader: Conn, caller: Me, asset_id: FromPath[UUID]) -> list[RankedPledge]:
    """The pledges that stand over a right that I may see, the first to be paid first."""
    return await service.ranked_over(reader, caller, asset_id)


routes: list[HTTPRouteHandler] = [
    register_pledge,
    list_pledges,
    get_pledge,
    move_pledge,
    change_pledge,
    list_changes,
    list_ranked,
]
