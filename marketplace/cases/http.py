"""Routes of defaulted loans (案件)."""

from uuid import UUID

from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from marketplace.cases import service
from marketplace.cases.schemas import Case, CaseUpdate, NewCase
from marketplace.edge.cursors import Page, page_of
from marketplace.edge.dependencies import At, Conn, IfMatch, Me, Now
from marketplace.edge.policies import allow
from marketplace.edge.versions import etag
from marketplace.organisations.authorities import Area
from marketplace.organisations.schemas import Role

_MAKER = allow(Role.BANK_MAKER)
_READERS = allow(
    Role.BANK_MAKER,
    Role.BANK_CHECKER,
    Role.VENUE_OPERATOR,
    Role.VENUE_CHECKER,
    Role.RISK_BEARER,
    Role.RISK_CHECKER,
    Role.PLEDGOR,
    Role.REGULATOR,
    Role.AUDITOR,
    areas=(Area.LOANS,),
)


def _tagged(case: Case, *, status: int = 200) -> Response[Case]:
    headers = {"ETag": etag(case.version), "Location": f"/v1/cases/{case.id}"}
    return Response(case, status_code=status, headers=headers)


@post("/v1/cases", opt={"policy": _MAKER}, summary="Enter a case 登记案件")
async def register_case(
    conn: Conn, caller: Me, now: Now, data: JSONBody[NewCase]
) -> Response[Case]:
    """Enter a case of my bank."""
    return _tagged(await service.register(conn, caller, data, now=now), status=201)


@get("/v1/cases", opt={"policy": _READERS}, summary="Defaulted loans 案件列表")
async def list_cases(reader: Conn, caller: Me, position: At) -> Page[Case]:
    """Those that I may see: my bank's, consigned to my venue, whose loss I share, that I owe, or that I oversee."""
    rows = await service.page(reader, caller, after=position.after, limit=position.rows)
    return page_of(rows, position, key=lambda row: row.id)


@get("/v1/cases/{case_id:uuid}", opt={"policy": _READERS}, summary="One case 案件详情")
async def get_case(reader: Conn, caller: Me, case_id: FromPath[UUID]) -> Response[Case]:
    """One case that I may see."""
    return _tagged(await service.get(reader, caller, case_id))


@put("/v1/cases/{case_id:uuid}", opt={"policy": _MAKER}, summary="Update a case 更新案件")
async def update_case(
    conn: Conn,
    caller: Me,
    now: Now,
    case_id: FromPath[UUID],
    if_match: IfMatch,
    data: JSONBody[CaseUpdate],
) -> Response[Case]:
    """What moved in a loan of my bank: what is owed, demand, limitation, grade, flags; with a reason."""
    return _tagged(await service.update(conn, caller, case_id, data, version=if_match, now=now))


routes: list[HTTPRouteHandler] = [register_case, list_cases, get_case, update_case]
