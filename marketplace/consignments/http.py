"""Routes of consignments (委托处置): the bank's maker drafts and submits, its checker approves, the venue decides."""

from uuid import UUID

from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.consignments import service
from marketplace.consignments.facts import EligibilityFinding
from marketplace.consignments.schemas import Consignment, Refusal, Terms
from marketplace.diligence import service as diligence
from marketplace.diligence.schemas import Cause
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, IfMatch, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.versions import etag
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

_MAKER = allow(Role.BANK_MAKER)
_CHECKER = allow(Role.BANK_CHECKER)
_VENUE = allow(Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_RETURNERS = allow(Role.BANK_CHECKER, Role.VENUE_OPERATOR, Role.VENUE_CHECKER)
_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.DISPOSAL,),
)


def _tagged(consignment: Consignment, *, status: int = 200) -> Response[Consignment]:
    headers = {
        "ETag": etag(consignment.version),
        "Location": f"/v1/consignments/{consignment.id}",
    }
    return Response(consignment, status_code=status, headers=headers)


@post("/v1/consignments", opt={"policy": _MAKER}, summary="Draft a consignment 起草委托")
async def draft_consignment(
    conn: Conn, caller: Me, now: Now, data: JSONBody[Terms]
) -> Response[Consignment]:
    """Begin a consignment of my bank's pledged rights."""
    return _tagged(await service.draft(conn, caller, data, now=now), status=201)


@put(
    "/v1/consignments/{consignment_id:uuid}",
    opt={"policy": _MAKER},
    summary="Change a draft 修改委托",
)
async def change_consignment(
    conn: Conn,
    caller: Me,
    now: Now,
    consignment_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[Terms],
) -> Response[Consignment]:
    """Give a draft, or a consignment that came back, new terms."""
    return _tagged(
        await service.change(conn, caller, consignment_id, data, version=if_match, now=now)
    )


@get("/v1/consignments", opt={"policy": _READERS}, summary="Consignments 委托列表")
async def list_consignments(reader: Conn, caller: Me, position: At) -> Page[Consignment]:
    """Those that I may see: my bank's, those approved for my venue, or all for supervisors."""
    rows = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get(
    "/v1/consignments/{consignment_id:uuid}",
    opt={"policy": _READERS},
    summary="One consignment 委托详情",
)
async def get_consignment(
    reader: Conn, caller: Me, consignment_id: FromPath[UUID]
) -> Response[Consignment]:
    """One consignment that I may see; the reserve price only to its bank and venue."""
    return _tagged(await service.get(reader, caller, consignment_id))


@get(
    "/v1/consignments/{consignment_id:uuid}/eligibility",
    opt={"policy": _READERS},
    summary="Eligibility 合规审查",
)
async def get_eligibility(
    reader: Conn, caller: Me, now: Now, consignment_id: FromPath[UUID]
) -> list[EligibilityFinding]:
    """What the eligibility rules (ELG) hold against it today, each with its evidence and source."""
    consignment = await service.get(reader, caller, consignment_id)
    return await service.eligibility_of(reader, consignment, now=now)


@post(
    "/v1/consignments/{consignment_id:uuid}/submission",
    opt={"policy": _MAKER},
    summary="Submit 提交复核",
    status_code=200,
)
async def submit_consignment(
    conn: Conn, caller: Me, now: Now, consignment_id: FromPath[UUID]
) -> Response[Consignment]:
    """Hand it to my bank's checker; refused unless my bank is the registered pledgee."""
    return _tagged(await service.submit(conn, caller, consignment_id, now=now))


@post(
    "/v1/consignments/{consignment_id:uuid}/approval",
    opt={"policy": _CHECKER},
    summary="Approve 复核通过",
    status_code=200,
)
async def approve_consignment(
    conn: Conn, caller: Me, now: Now, consignment_id: FromPath[UUID]
) -> Response[Consignment]:
    """Hand it to the venue; by another person than the maker."""
    return _tagged(await service.approve(conn, caller, consignment_id, now=now))


@post(
    "/v1/consignments/{consignment_id:uuid}/acceptance",
    opt={"policy": _VENUE},
    summary="Accept 受理",
    status_code=200,
)
async def accept_consignment(
    conn: Conn, caller: Me, now: Now, consignment_id: FromPath[UUID]
) -> Response[Consignment]:
    """Take it on for my venue; refused while an eligibility rule blocks."""
    accepted = await service.accept(conn, caller, consignment_id, now=now)
    await diligence.run(conn, caller, consignment_id, cause=Cause.ACCEPTED, now=now)
    return _tagged(accepted)


@post(
    "/v1/consignments/{consignment_id:uuid}/return",
    opt={"policy": _RETURNERS},
    summary="Return 退回",
    status_code=200,
)
async def return_consignment(
    conn: Conn, caller: Me, now: Now, consignment_id: FromPath[UUID], data: JSONBody[Refusal]
) -> Response[Consignment]:
    """Send it back to the maker with a reason: my bank's checker before approval, the venue after it."""
    return _tagged(
        await service.send_back(conn, caller, consignment_id, reason=data.reason, now=now)
    )


@post(
    "/v1/consignments/{consignment_id:uuid}/withdrawal",
    opt={"policy": allow(Role.BANK_CHECKER)},
    summary="Withdraw 撤回",
    status_code=200,
)
async def withdraw_consignment(
    conn: Conn, caller: Me, now: Now, consignment_id: FromPath[UUID], data: JSONBody[Refusal]
) -> Response[Consignment]:
    """Take it back, with a reason; not while a lot is on sale."""
    return _tagged(
        await service.withdraw(conn, caller, consignment_id, reason=data.reason, now=now)
    )


routes: list[HTTPRouteHandler] = [
    draft_consignment,
    change_consignment,
    list_consignments,
    get_consignment,
    get_eligibility,
    submit_consignment,
    approve_consignment,
    accept_consignment,
    return_consignment,
    withdraw_consignment,
]
